"""What is wrong with a dataset: every fault, by row, with its remedy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from api.db.dataset import Dataset
from api.db.errors import Fault

#: Units that stand for themselves: an amount adds nothing.
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
        What to call each row, by table; by default its id.
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
        """Add a fault for each row of ``mask``; the texts may name columns in braces."""
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
        "Another row has the id {id}, too.",
        "Give each row an id of its own.",
    )


def _check_names(found: _Findings, table: str, frame: pd.DataFrame, *, unique: bool) -> None:
    names = frame["name"].fillna("").astype(str).str.strip()
    found.add(table, frame, names == "", "name", "The name is empty.", "Give it a name.")
    found.add(
        table,
        frame,
        (names != "") & names.str.casefold().duplicated(keep=False),
        "name",
        "Another row is called {name!r}, too.",
        "Rename one, or merge the two."
        if unique
        else "Nothing, if they are different recipes: analytics keep them apart. Or rename one.",
        "error" if unique else "warning",
    )


def _check_units(found: _Findings, units: pd.DataFrame) -> None:
    conversion = units["conversion_to_ml"]
    found.add(
        "units",
        units,
        conversion.notna() & ~(np.isfinite(conversion) & (conversion > 0)),
        "conversion_to_ml",
        "{conversion_to_ml} is not a volume.",
        "Write how many ml one {name} is, or leave it empty if it has no fixed volume.",
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
        f"There is no {noun} {{{field}}}.",
        f"Add that {noun}, or name one that exists.",
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
            "Give one of them another parent, or none.",
        )
    dangling = (ingredients["parent_id"].notna() & (parent < 0)).to_numpy(dtype=bool)
    expected = ancestor_paths(ingredients["id"].tolist(), parent.tolist(), cyclic.tolist())
    judged = pd.DataFrame({**ingredients, "expected": expected})
    found.add(
        "ingredients",
        judged,
        (judged["path"] != judged["expected"]) & ~cyclic & ~dangling,
        "path",
        "The path {path!r} does not match the parents, which make it {expected!r}.",
        "Set path to {expected!r}, or mend parent_id.",
    )


def _on_or_below_a_cycle(parent: Any) -> Any:
    """Return which nodes never reach a root, by doubling the steps taken."""
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
        Nodes that reach no root; they get an empty path.
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
        "{amount} is not an amount.",
        "Write a number of zero or more, or leave it empty.",
    )
    unit_names = dataset.units.drop_duplicates("id").set_index("id")["name"]
    unit = lines["unit_id"].map(unit_names.fillna("").astype(str).str.strip().str.casefold())
    found.add(
        table,
        lines,
        amount.isna() & unit.notna() & ~unit.isin(_UNITS_WITHOUT_AMOUNT),
        "amount",
        "The amount is missing; one of the unit is assumed.",
        "Write the amount.",
        "warning",
    )
    found.add(
        table,
        lines,
        amount.notna() & lines["unit_id"].isna(),
        "unit_id",
        "The unit is missing; pieces are assumed.",
        "Name the unit, such as 'Each'.",
        "warning",
    )
    found.add(
        table,
        lines,
        lines.duplicated(["recipe_id", "ingredient_id"], keep="first"),
        "ingredient_id",
        "Recipe {recipe_id} names ingredient {ingredient_id} more than once; amounts are added.",
        "Merge the lines, if they are not two steps of the recipe.",
        "warning",
    )
    found.add(
        "recipes",
        dataset.recipes,
        ~dataset.recipes["id"].isin(lines["recipe_id"]),
        "id",
        "{name!r} has no ingredients; it is left out of the maps.",
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
        "{rating} is not a rating.",
        "Write a whole number from 1 to 5.",
    )
    found.add(
        "ratings",
        ratings,
        ratings.duplicated(["recipe_id", "user_id"], keep="first"),
        "user_id",
        "{user_id!r} has rated recipe {recipe_id} before.",
        "Keep the later rating.",
    )
