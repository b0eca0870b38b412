"""Texts to plain values: JSON, an object a line, scripts, YAML, TOML and XML."""

import re
import tomllib
from typing import Any
from xml.etree import ElementTree

import yaml

from api.db.exchange.sources.json_text import parse_json

_COMMENT = re.compile(r"^\s*//[^\n]*$|/\*.*?\*/", re.MULTILINE | re.DOTALL)
#: Far above any recipe's.
_DEEPEST = 100
_SCRIPT = re.compile(r"(?:=|\bdefault|\(|return)\s*(?=[\[{])")
_TOML = re.compile(r"^\s*(\[\[?[^\]\n]+\]\]?|[\w.\"'-]+\s*=\s*\S.*)\s*(#.*)?$", re.MULTILINE)


def read_json(text: str) -> Any:
    """Return the value of a JSON text, or the values of an object a line.

    Raises
    ------
    ValueError
        If it is neither.
    """
    try:
        return parse_json(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        try:
            return [parse_json(line) for line in lines]
        except ValueError:
            pass
        raise


def read_script(text: str) -> Any:
    """Return the list or object that a script assigns or exports, or that is a script's JSON.

    Raises
    ------
    ValueError
        If there is none.
    """
    text = _COMMENT.sub("", text).strip()
    match = None if text[:1] in "[{" else _SCRIPT.search(text)
    inner = text[match.end() :].rstrip().rstrip(";)").rstrip() if match else text
    # Keys without quotes, single quotes, NaN and commas at the end are YAML, too.
    return read_yaml(inner.replace("\t", " "))


class _Loader(yaml.SafeLoader):
    """Loads plain values; refuses aliases, with which a short text becomes a huge one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not supported")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"a key occurs twice in the object at line {line}")
        return found


def read_yaml(text: str) -> Any:
    """Return the value of a YAML text; several documents are a list.

    Raises
    ------
    ValueError
        If it is not YAML, or gives a key of one object twice.
    """
    if _is_deep(text):
        raise ValueError("it is nested too deeply")
    try:
        documents = [one for one in yaml.load_all(text, _Loader) if isinstance(one, (dict, list))]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return documents[0] if len(documents) == 1 else documents or None


def _is_deep(text: str) -> bool:
    """Return whether brackets open that often: the reader's time grows with their square."""
    depth = 0
    for mark in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if mark in "[{" else max(0, depth - 1)
        if depth > _DEEPEST:
            return True
    return False


def is_toml(text: str) -> bool:
    """Return whether the first line that says something is one of TOML."""
    lines = (line for line in text.splitlines() if line.strip() and line.strip()[0] != "#")
    return _TOML.fullmatch(next(lines, "")) is not None


def read_toml(text: str) -> Any:
    """Return the value of a TOML text.

    Raises
    ------
    ValueError
        If it is not TOML.
    """
    return tomllib.loads(text)


def read_xml(text: str) -> Any:
    """Return XML as objects: an element's attributes, children by tag, and text.

    Elements of one tag are a list, and so are the children of an element that has one kind of them.

    Raises
    ------
    ValueError
        If it is not XML, or declares entities, with which a short text becomes a huge one.
    """
    if "<!ENTITY" in text:
        raise ValueError("entities are not supported")
    try:
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))  # noqa: S314 - no entities
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
    return {_tag(root): _element(root)}


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _element(element: ElementTree.Element) -> Any:
    text = (element.text or "").strip()
    children = list(element)
    tags = {_tag(child) for child in children}
    if not children:
        return {**element.attrib, "name": text} if element.attrib else text
    if (
        len(tags) == 1
        and not element.attrib
        and (len(children) > 1 or _tag(element).rstrip("s") == next(iter(tags)))
    ):
        return [_element(child) for child in children]
    found: dict[str, Any] = dict(element.attrib)
    for tag in sorted(tags):
        values = [_element(child) for child in children if _tag(child) == tag]
        found[tag] = values[0] if len(values) == 1 else values
    return found
