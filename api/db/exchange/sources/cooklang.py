"""Cooklang, a text whose steps mark ingredients: ``Stir @gin{30%ml} with #ice{}``.

https://cooklang.org/docs/spec/
"""

import re
from typing import Any

from api.db.exchange.drafts import Collection, RecipeRow, Row
from api.db.exchange.sources.columns import RECIPE_MEANINGS, find_columns
from api.db.exchange.sources.content import is_ingredient, share
from api.db.exchange.sources.markdown import front_matter
from api.db.exchange.sources.text import stem_of

_MOST = 0.5
_INGREDIENT = re.compile(r"@(?:([^@#~{}\n]+?)\{([^}]*)\}|([\w'\u2019-]+))(?:\(([^)]*)\))?")
_TOOL = re.compile(r"#(?:([^@#~{}\n]+?)\{[^}]*\}|([\w'\u2019-]+))")
_TIMER = re.compile(r"~([^@#~{}\n]*)\{([^}]*)\}")
_COMMENT = re.compile(r"(?<!\S)--(?!-)[^\n]*$|\[-.*?-\]", re.MULTILINE | re.DOTALL)


def is_cooklang(text: str) -> bool:
    """Return whether a text marks ingredients; scripts have such marks, too."""
    if re.search(r"(?<!\w)@[^@#~{}\n]+\{[^}\n]*\}", text) is None:
        return False
    names = [(match[1] or match[3]).strip() for match in _INGREDIENT.finditer(text)]
    return share(names, is_ingredient) >= _MOST


def read_cooklang(text: str, name: str) -> Collection:
    """Return the recipe of a file; its title is the file's name unless the text has one."""
    about, text = front_matter(text)
    steps = []
    for line in _COMMENT.sub("", text).splitlines():
        if line.startswith(">>"):
            key, _, value = line[2:].partition(":")
            about[key.strip()] = value.strip()
        elif line.strip():
            steps.append(line.strip().lstrip("=").strip())
    body = "\n".join(steps)
    where = stem_of(name)
    columns = find_columns(about, [m for m in RECIPE_MEANINGS if m != "recipe_id"])
    fields = {meaning: str(about[key]) for meaning, key in columns.items() if meaning != "tags"}
    fields["name"] = fields.pop("recipe", "") or where
    fields["instructions"] = _shown(body)
    tags = about.get(columns.get("tags", "")) or []
    names = [str(tag) for tag in tags] if isinstance(tags, list) else str(tags).split(",")
    lines = [
        Row(f"{where}, ingredient {number}", _line(match))
        for number, match in enumerate(_INGREDIENT.finditer(body), 1)
    ]
    return Collection("Cooklang", recipes=[RecipeRow(where, fields, lines, names)])


def _line(match: re.Match[str]) -> dict[str, Any]:
    amount, _, unit = (match[2] or "").partition("%")
    measure = f"{amount.lstrip('=')} {unit}".strip()
    return {"ingredient": (match[1] or match[3]).strip(), "measure": measure or None,
            "note": match[4]}  # fmt: skip


def _shown(text: str) -> str:
    text = _INGREDIENT.sub(lambda match: (match[1] or match[3]).strip(), text)
    text = _TOOL.sub(lambda match: (match[1] or match[2]).strip(), text)
    return _TIMER.sub(lambda match: match[2].replace("%", " ") or match[1], text)
