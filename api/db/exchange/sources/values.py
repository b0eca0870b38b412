"""Texts to plain values: JSON, an object a line, scripts, YAML, TOML and XML."""

import re
import tomllib
from typing import TYPE_CHECKING, Any

import yaml
from defusedxml import DefusedXmlException, ElementTree

from api.db.exchange.sources.json_text import parse_json
from api.db.exchange.time_limit import check_time

if TYPE_CHECKING:  # nothing is parsed with it
    from xml.etree.ElementTree import Element  # nosec B405

_COMMENT = re.compile(r"^[ \t]*//[^\n]*$", re.MULTILINE)
#: Far above any recipe's.
_DEEPEST = 100
#: Far above any configuration; its reader cannot be ended.
_LONGEST_TOML = 500_000
_LONGEST_TOML_LINE = 5_000
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
    text = _COMMENT.sub("", _without_long_comments(text)).strip()
    match = None if text[:1] in "[{" else _SCRIPT.search(text)
    inner = text[match.end() :].rstrip().rstrip(";)").rstrip() if match else text
    # Keys without quotes, single quotes, NaN and commas at the end are YAML, too.
    return read_yaml(inner.replace("\t", " "))


def _without_long_comments(text: str) -> str:
    parts, end = [], 0
    while (start := text.find("/*", end)) >= 0 and (close := text.find("*/", start + 2)) >= 0:
        parts.append(text[end:start])
        end = close + 2
    return "".join(parts) + text[end:]


#: What PyYAML raises on values that are not of the type that they say: ``!!bool x``.
_YAML_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_MAX_DIGITS = 300


class _Loader(yaml.SafeLoader):
    """Loads plain values; refuses aliases, with which a short text becomes a huge one."""

    def fetch_more_tokens(self) -> None:
        check_time()
        super().fetch_more_tokens()

    def construct_scalar(self, node: Any) -> Any:
        # 1:1:1... is a number to the base of 60; its cost grows with the square of its length.
        if len(node.value) > _MAX_DIGITS and node.tag.rpartition(":")[2] in ("int", "float"):
            raise yaml.YAMLError("a number is too long")
        return super().construct_scalar(node)

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
    except (yaml.YAMLError, *_YAML_FAULTS) as error:
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
    if len(text) > _LONGEST_TOML or max(map(len, text.splitlines())) > _LONGEST_TOML_LINE:
        raise ValueError("it is too long for TOML")
    return tomllib.loads(text)


def read_xml(text: str) -> Any:
    """Return XML as objects: an element's attributes, children by tag, and text.

    Elements of one tag are a list, and so are the children of an element that has one kind of them.

    Raises
    ------
    ValueError
        If it is not XML, or declares entities, with which a short text becomes a huge one.
    """
    try:
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    except DefusedXmlException as error:
        raise ValueError("entities are not supported") from error
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
    return {_tag(root): _element(root)}


def _tag(element: "Element") -> str:
    return element.tag.rpartition("}")[2]


def _element(element: "Element") -> Any:
    check_time()
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
    by_tag: dict[str, list[Any]] = {tag: [] for tag in sorted(tags)}
    for child in children:
        by_tag[_tag(child)].append(_element(child))
    for tag, values in by_tag.items():
        found[tag] = values[0] if len(values) == 1 else values
    return found
