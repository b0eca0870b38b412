"""Single records of the current snapshot's artifacts."""

import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from api.http.problems import Problem
from api.http.published import LoadedSnapshot, Published
from api.http.tree_index import no_ingredient, tree_index
from api.storage.serialization import to_bytes


def find_record(loaded: LoadedSnapshot, name: str, key: str, identifier: int) -> bytes | None:
    """Return one of an artifact's records as JSON; None if it has no such record.

    A large artifact has an index and is read a record at a time. The records of a small one are
    kept, each encoded, so that no value is kept twice.
    """

    def reader() -> Callable[[int], bytes | None]:
        if loaded.manifest.artifacts[name].records_sha256 is not None:
            return loaded.record_reader(name)
        return {record[key]: to_bytes(record) for record in loaded.value(name)}.get

    return loaded.derived(name, reader)(identifier)


def record_page(
    loaded: LoadedSnapshot, name: str, key: str, after: int, limit: int
) -> tuple[list[bytes], int | None]:
    """Return the records that follow an identifier, and the last one's if there are more.

    They are ordered by identifier, so that pages of two snapshots fit together.
    """

    def read_ids() -> Sequence[int]:
        if loaded.manifest.artifacts[name].records_sha256 is not None:
            return loaded.record_ids(name)
        return sorted(record[key] for record in loaded.value(name))

    ids = loaded.derived((name, "ids"), read_ids)
    start = bisect_right(ids, after)
    chosen = ids[start : start + limit]
    found = [find_record(loaded, name, key, identifier) for identifier in chosen]
    more = start + limit < len(ids)
    return [one for one in found if one is not None], chosen[-1] if more else None


def record(published: Published, name: str, key: str, identifier: int) -> dict[str, Any] | None:
    """Return one record of the current snapshot; None if there is no such record or snapshot."""

    def find(loaded: LoadedSnapshot) -> bytes | None:
        if name not in loaded.manifest.artifacts:
            return None
        return find_record(loaded, name, key, identifier)

    found = published.read(find)
    if found is None:
        return None
    value: dict[str, Any] = json.loads(found)
    return value


def find_substitutes(loaded: LoadedSnapshot, ingredient_id: int) -> bytes:
    """Return an ingredient's substitutes, or those of its nearest ancestor that has some.

    Raises
    ------
    Problem
        404 if the ingredient is unknown, or none are known.
    """

    def find(identifier: int) -> bytes | None:
        return find_record(loaded, "ingredient-substitutes", "ingredient_id", identifier)

    own = find(ingredient_id)
    if own is not None:
        return own
    index = tree_index(loaded)
    if ingredient_id not in index:
        raise no_ingredient(ingredient_id)
    for above in index.ancestors(ingredient_id):
        found = find(above)
        if found is not None:
            record = json.loads(found)
            record["answered_for"] = {
                "ingredient_id": ingredient_id,
                "ingredient_name": index.name(ingredient_id),
            }
            return to_bytes(record)
    raise Problem(
        404,
        "Not found",
        f"No substitutes are known for {index.name(ingredient_id)} (ingredient {ingredient_id}) or "
        f"for any ingredient above it in the tree.",
    )
