"""Checks of a dataset: every fault, by row, with its remedy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from api.db.dataset import Dataset
from api.db.errors import Fault

#: Units that imply their volume and need no amount.
_UNITS_WITHOUT_AMOUNT = {"to top", "to rinse"}
_SHOWN_IDS = 8


def check_dataset(
    dataset: Dataset, labels: Mapping[str, Sequence[str]] | None = None
) -> list[Fault]:
    """Return every fault of the data, in a fixed order.

    Parameters
    ----------
    dataset
        The rows.
    labels
        Row names for messages, by table; by default the id.
    """
    found = _Findings(labels or {})
    for table in ("units", "ingredients", "recipes", "recipe_ingredients", "ratings", "tags"):
        _check_ids(found, table, getattr(dataset, table))
    for table in ("units", "ingredients", "tags"):
        _check_names(found, table, getattr(dataset, table), unique=True)
    _check_names(found, "recipes", dataset.recipes, unique=False)
    _check_units(found, dataset.units)
    _check_tree(found, dataset.ingredients)
    _check_lines(found, dataset)
    _check_ratings(found, dataset)
    _check_references(found, "recipe_tags", dataset.recipe_tags, "recipe_id", dataset.recipes)
    _check_references(found, "recipe_tags", dataset.recipe_tags, "tag_id", dataset.tags)
    return found.faults


class _Findings:
    def __init__(self, labels: Mapping[str, Sequence[str]]) -> None:
        self.faults: list[Fault] = []
        self._labels = labels

    def add(
        self,
        table: str,
        frame: pd.DataFrame,
        mask: Any,
        field: str,
        message: str,
        remedy: str,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Add a fault for each row of ``mask``; texts may reference columns in braces."""
        for position in np.flatnonzero(np.asarray(mask, dtype=bool)).tolist():
            values = {str(key): value for key, value in frame.iloc[position].items()}
            self.faults.append(
                Fault(
                    table,
                    self._label(table, frame, position),
                    field,
                    message.format(**values),
                    remedy.format(**values),
                    severity,
                )
            )

    def _label(self, table: str, frame: pd.DataFrame, position: int) -> str:
        if table in self._labels:
            return self._labels[table][position]
        if "id" in frame:
            return f"id {frame['id'].iloc[position]}"
        return f"row {position + 1}"


def _check_ids(found: _Findings, table: str, frame: pd.DataFrame) -> None:
    found.add(
        table,
        frame,
        frame["id"].duplicated(keep=False),
        "id",
        "The id {id} is used by more than one row.",
        "Give each row a unique id.",
    )


def _check_names(found: _Findings, table: str, frame: pd.DataFrame, *, unique: bool) -> None:
    names = frame["name"].fillna("").astype(str).str.strip()
    found.add(table, frame, names == "", "name", "The name is empty.", "Give it a name.")
    found.add(
        table,
        frame,
        (names != "") & names.str.casefold().duplicated(keep=False),
        "name",
        "The name {name!r} is used by more than one row.",
        "Rename one, or merge the two."
        if unique
        else "Nothing to do if they are different recipes; otherwise rename or delete one.",
        "error" if unique else "warning",
    )


def _check_units(found: _Findings, units: pd.DataFrame) -> None:
    conversion = units["conversion_to_ml"]
    found.add(
        "units",
        units,
        conversion.notna() & ~(np.isfinite(conversion) & (conversion > 0)),
        "conversion_to_ml",
        "{conversion_to_ml} is not a valid volume.",
        "Enter the volume of one {name} in ml, or leave it empty if it has no fixed volume.",
    )


def _check_references(
    found: _Findings, table: str, frame: pd.DataFrame, field: str, target: pd.DataFrame
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


def _check_tree(found: _Findings, ingredients: pd.DataFrame) -> None:
    _check_references(found, "ingredients", ingredients, "parent_id", ingredients)
    index = pd.Index(ingredients["id"])
    if not index.is_unique:
        return  # reported; a path would be a guess
    parent = index.get_indexer(ingredients["parent_id"].fillna(-1).astype("int64"))
    cyclic = _on_or_below_a_cycle(parent)
    for cycle in _cycles(parent, cyclic):
        members = np.zeros(len(parent), dtype=bool)
        members[cycle[0]] = True
        names = [str(ingredients["name"].iloc[node]) for node in cycle[:_SHOWN_IDS]]
        chain = " > ".join([*names, "..." if len(cycle) > _SHOWN_IDS else names[0]])
        found.add(
            "ingredients",
            ingredients,
            members,
            "parent_id",
            f"The parents form a cycle: {chain}.".replace("{", "{{").replace("}", "}}"),
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


def _on_or_below_a_cycle(parent: Any) -> Any:
    """Return which nodes never reach a root, doubling the step each round."""
    reached = np.append(parent, -1)  # index -1 is the root's own 'parent'
    for _ in range(max(1, len(parent).bit_length())):
        reached = reached[reached]
    return reached[:-1] >= 0


def _cycles(parent: Any, cyclic: Any) -> Iterable[list[int]]:
    done = ~cyclic
    for start in np.flatnonzero(cyclic).tolist():
        node, seen = start, []
        while not done[node]:
            done[node] = True
            seen.append(node)
            node = int(parent[node])
        if node in seen:
            yield seen[seen.index(node) :]


def ancestor_paths(ids: Sequence[int], parent: Sequence[int], cyclic: Sequence[bool]) -> list[str]:
    """Return each node's path, ``/1/12/``: its ancestors' ids from the root, then its own.

    Parameters
    ----------
    ids
        The nodes' ids.
    parent
        The position of each node's parent; negative for roots.
    cyclic
        Nodes that do not reach a root; their path is empty.
    """
    paths: list[str | None] = ["" if bad else None for bad in cyclic]
    for start in range(len(ids)):
        chain, node = [], start
        while node >= 0 and paths[node] is None:
            chain.append(node)
            node = parent[node]
        prefix = (paths[node] or "/") if node >= 0 else "/"
        for below in reversed(chain):
            prefix = f"{prefix}{ids[below]}/"
            paths[below] = prefix
    return [path or "" for path in paths]


def _check_lines(found: _Findings, dataset: Dataset) -> None:
    lines, table = dataset.recipe_ingredients, "recipe_ingredients"
    _check_references(found, table, lines, "recipe_id", dataset.recipes)
    _check_references(found, table, lines, "ingredient_id", dataset.ingredients)
    _check_references(found, table, lines, "unit_id", dataset.units)
    amount = lines["amount"]
    found.add(
        table,
        lines,
        amount.notna() & ~(np.isfinite(amount) & (amount >= 0)),
        "amount",
        "{amount} is not a valid amount.",
        "Enter a number of zero or more, or leave it empty.",
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


def _check_ratings(found: _Findings, dataset: Dataset) -> None:
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
