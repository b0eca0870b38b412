"""Checks of a dataset: every fault, by row, with its remedy.

Rows from files must follow every rule of :mod:`api.db.rules`. Rows of a database made by another
program need not: only what would make the analytics wrong is an error there. Text that the API or
an import would refuse is a warning, and so is every fault of a table that analytics never read.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from api.db.errors import Fault
from api.db.frames import Dataset
from api.db.rules import LARGEST_AMOUNT, MAX_LINES, MAX_PATH, MAX_TAGS, TEXT_RULES, text_rule
from api.db.search_names import same_name
from api.db.tree import ancestor_paths, find_cycles, on_or_below_cycle, parent_positions

Severity = Literal["error", "warning"]

#: Units that imply their volume and need no amount.
_UNITS_WITHOUT_AMOUNT = {"to top", "to rinse"}
_SHOWN_IDS = 8


def check_dataset(
    dataset: Dataset,
    labels: Mapping[str, Sequence[str]] | None = None,
    *,
    texts: bool = True,
) -> list[Fault]:
    """Return every fault of the data, in a fixed order.

    Parameters
    ----------
    dataset
        The rows.
    labels
        Row names for messages, by table; by default the id.
    texts
        Check the texts of a database, too; they cause warnings only.
    """
    found = Findings(labels or {})
    found.faults += dataset.faults
    # What only the API or an import would refuse.
    strict: Severity = "warning" if dataset.from_database else "error"
    for table in ("units", "ingredients", "recipes", "recipe_ingredients", "ratings", "tags"):
        _check_ids(found, table, getattr(dataset, table), strict)
    for table in ("units", "ingredients", "tags"):
        _check_names(found, table, getattr(dataset, table), unique=True)
    _check_names(found, "recipes", dataset.recipes, unique=False)
    if dataset.from_database and texts:
        for table, columns in TEXT_RULES.items():
            for column in columns:
                _check_texts(found, table, getattr(dataset, table), column)
    _check_units(found, dataset.units)
    _check_tree(found, dataset.ingredients)
    _check_lines(found, dataset)
    _check_sizes(found, dataset, strict)
    check_ratings(found, dataset)
    check_recipe_tags(found, dataset)
    check_shelf_bottles(found, dataset)
    return found.faults


class Findings:
    """Collects faults.

    Parameters
    ----------
    labels
        Row names for messages, by table; by default the id.
    severity
        Of every fault; by default each check decides.
    """

    def __init__(
        self, labels: Mapping[str, Sequence[str]], severity: Severity | None = None
    ) -> None:
        self.faults: list[Fault] = []
        self._positions: dict[str, set[int]] = {}
        self._labels = labels
        self._severity = severity

    def add(
        self,
        table: str,
        frame: pd.DataFrame,
        mask: Any,
        field: str,
        message: str,
        remedy: str,
        severity: Severity = "error",
    ) -> None:
        """Add a fault for each row of ``mask``; texts may reference columns in braces."""
        for position in np.flatnonzero(np.asarray(mask, dtype=bool)).tolist():
            self._positions.setdefault(table, set()).add(position)
            # Column by column: a row as a Series would turn the id 1 into 1.0.
            values = {str(name): _plain(frame[name].iloc[position]) for name in frame.columns}
            self.faults.append(
                Fault(
                    table,
                    self._label(table, frame, position),
                    field,
                    message.format(**values),
                    remedy.format(**values),
                    self._severity or severity,
                )
            )

    def mask(self, table: str, length: int) -> Any:
        """Return which rows of a table have a fault."""
        found = np.zeros(length, dtype=bool)
        found[list(self._positions.get(table, ()))] = True
        return found

    def _label(self, table: str, frame: pd.DataFrame, position: int) -> str:
        if table in self._labels:
            return self._labels[table][position]
        if "id" in frame:
            return f"id {frame['id'].iloc[position]}"
        return f"row {position + 1}"


def _plain(value: Any) -> Any:
    """Return 2.0 as 2, for messages."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _escape(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _check_ids(found: Findings, table: str, frame: pd.DataFrame, strict: Severity) -> None:
    found.add(
        table,
        frame,
        frame["id"].duplicated(keep=False),
        "id",
        "The id {id} is used by more than one row.",
        "Give each row a unique id.",
    )
    found.add(
        table,
        frame,
        frame["id"] < 1,
        "id",
        "The id {id} is less than 1.",
        "Give the row an id of 1 or more, or leave ids out.",
        strict,
    )


def _check_names(found: Findings, table: str, frame: pd.DataFrame, *, unique: bool) -> None:
    names = frame["name"].fillna("").map(same_name).astype(object)
    found.add(table, frame, names == "", "name", "The name is empty.", "Enter a name.")
    found.add(
        table,
        frame,
        (names != "") & names.duplicated(keep=False),
        "name",
        "The name {name!r} is used by more than one row.",
        "Rename one, or merge the two."
        if unique
        else "Nothing to do if they are different recipes; otherwise rename or delete one.",
        "error" if unique else "warning",
    )


def _check_texts(found: Findings, table: str, frame: pd.DataFrame, column: str) -> None:
    """Warn about stored text that the API and imports would refuse or change."""
    rule = text_rule(table, column)
    for position, text in enumerate(frame[column] if rule else ()):
        if text is None or (rule and not (reason := rule.objection(text))):
            continue
        mask = np.zeros(len(frame), dtype=bool)
        mask[position] = True
        found.add(
            table,
            frame,
            mask,
            column,
            _escape(f"{reason}."),
            "Correct it before you edit the row or import an export of it.",
            "warning",
        )


def _check_units(found: Findings, units: pd.DataFrame) -> None:
    conversion = units["conversion_to_ml"]
    found.add(
        "units",
        units,
        conversion.notna() & ~((conversion > 0) & (conversion <= LARGEST_AMOUNT)),
        "conversion_to_ml",
        "{conversion_to_ml} is not a valid volume.",
        "Enter the volume of one {name} in ml, or leave it empty if it has no fixed volume.",
    )


def _check_references(
    found: Findings, table: str, frame: pd.DataFrame, field: str, target: pd.DataFrame
) -> None:
    known = frame[field].isna() | frame[field].isin(target["id"])
    noun = field.removesuffix("_id")
    found.add(
        table,
        frame,
        ~known,
        field,
        f"{noun.capitalize()} {{{field}}} does not exist.",
        f"Add that {noun}, or reference an existing one.",
    )


def _check_tree(found: Findings, ingredients: pd.DataFrame) -> None:
    _check_references(found, "ingredients", ingredients, "parent_id", ingredients)
    if not ingredients["id"].is_unique:
        return  # reported; a path would be a guess
    parent = parent_positions(ingredients["id"], ingredients["parent_id"])
    cyclic = on_or_below_cycle(parent)
    for cycle in find_cycles(parent, cyclic):
        members = np.zeros(len(parent), dtype=bool)
        members[cycle[0]] = True
        names = [str(ingredients["name"].iloc[node]) for node in cycle[:_SHOWN_IDS]]
        chain = " > ".join([*names, "..." if len(cycle) > _SHOWN_IDS else names[0]])
        found.add(
            "ingredients",
            ingredients,
            members,
            "parent_id",
            _escape(f"The parents form a cycle: {chain}."),
            "Give one of them a different parent, or none.",
        )
    dangling = (ingredients["parent_id"].notna() & (parent < 0)).to_numpy(dtype=bool)
    expected = ancestor_paths(ingredients["id"].tolist(), parent.tolist(), cyclic.tolist())
    judged = pd.DataFrame({**ingredients, "expected": expected})
    found.add(
        "ingredients",
        judged,
        (judged["path"] != judged["expected"]) & ~cyclic & ~dangling,
        "path",
        "The path {path!r} contradicts parent_id; it should be {expected!r}.",
        "Set path to {expected!r}, or correct parent_id.",
    )
    found.add(
        "ingredients",
        judged,
        judged["expected"].map(len).astype(int) > MAX_PATH,
        "path",
        f"The ingredient is too deep in the tree: its path is longer than {MAX_PATH} characters.",
        "Choose a parent further up.",
    )


def _check_lines(found: Findings, dataset: Dataset) -> None:
    lines, table = dataset.recipe_ingredients, "recipe_ingredients"
    _check_references(found, table, lines, "recipe_id", dataset.recipes)
    _check_references(found, table, lines, "ingredient_id", dataset.ingredients)
    _check_references(found, table, lines, "unit_id", dataset.units)
    amount = lines["amount"]
    found.add(
        table,
        lines,
        amount.notna() & ~((amount >= 0) & (amount <= LARGEST_AMOUNT)),
        "amount",
        "{amount} is not a valid amount.",
        f"Enter a number from 0 to {LARGEST_AMOUNT:.0f}, or leave it empty.",
    )
    unit_names = dataset.units.drop_duplicates("id").set_index("id")["name"]
    unit = lines["unit_id"].map(unit_names.fillna("").astype(str).str.strip().str.casefold())
    found.add(
        table,
        lines,
        amount.isna() & unit.notna() & ~unit.isin(_UNITS_WITHOUT_AMOUNT),
        "amount",
        "The amount is missing; 1 is assumed.",
        "Enter the amount.",
        "warning",
    )
    found.add(
        table,
        lines,
        amount.notna() & lines["unit_id"].isna(),
        "unit_id",
        "The unit is missing; 'Each' is assumed.",
        "Enter the unit.",
        "warning",
    )
    found.add(
        table,
        lines,
        lines.duplicated(["recipe_id", "ingredient_id"], keep="first"),
        "ingredient_id",
        "Recipe {recipe_id} lists ingredient {ingredient_id} more than once; amounts are added.",
        "Merge the lines unless they are separate steps.",
        "warning",
    )
    found.add(
        "recipes",
        dataset.recipes,
        ~dataset.recipes["id"].isin(lines["recipe_id"]),
        "id",
        "{name!r} has no ingredients and is left out of the analytics.",
        "Add its ingredients, or delete it.",
        "warning",
    )


def _check_sizes(found: Findings, dataset: Dataset, strict: Severity) -> None:
    for frame, most, noun in (
        (dataset.recipe_ingredients, MAX_LINES, "ingredients"),
        (dataset.recipe_tags, MAX_TAGS, "tags"),
    ):
        counts = dataset.recipes["id"].map(frame["recipe_id"].value_counts()).fillna(0)
        found.add(
            "recipes",
            dataset.recipes,
            counts > most,
            noun,
            f"{{name!r}} has more than {most} {noun}.",
            f"Keep at most {most}.",
            strict,
        )


def check_ratings(found: Findings, dataset: Dataset) -> None:
    """Find ratings of missing recipes, out of range, or given twice."""
    ratings = dataset.ratings
    _check_references(found, "ratings", ratings, "recipe_id", dataset.recipes)
    found.add(
        "ratings",
        ratings,
        ~ratings["rating"].between(1, 5),
        "rating",
        "{rating} is not a valid rating.",
        "Enter a whole number from 1 to 5.",
    )
    found.add(
        "ratings",
        ratings,
        ratings.duplicated(["recipe_id", "user_id"], keep="first"),
        "user_id",
        "{user_id!r} rated recipe {recipe_id} more than once.",
        "Keep the later rating.",
    )


def check_recipe_tags(found: Findings, dataset: Dataset) -> None:
    """Find tags of missing recipes and missing tags."""
    for field, target in (("recipe_id", dataset.recipes), ("tag_id", dataset.tags)):
        _check_references(found, "recipe_tags", dataset.recipe_tags, field, target)
    found.add(
        "recipe_tags",
        dataset.recipe_tags,
        dataset.recipe_tags.duplicated(["recipe_id", "tag_id"], keep="first"),
        "tag_id",
        "Recipe {recipe_id} has tag {tag_id} more than once.",
        "Keep one of the rows.",
    )


def check_shelf_bottles(found: Findings, dataset: Dataset) -> None:
    """Find bottles on a shelf that are no ingredients."""
    _check_references(
        found, "shelf_bottles", dataset.shelf_bottles, "ingredient_id", dataset.ingredients
    )
