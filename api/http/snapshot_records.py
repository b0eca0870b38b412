"""Single records of the current snapshot's artifacts."""

import json
from typing import Any

from api.http.published import LoadedSnapshot, Published
from api.storage.serialization import to_bytes


def records(loaded: LoadedSnapshot, name: str, key: str) -> dict[int, bytes]:
    """Return an artifact's records by ID, each encoded, so that no value is kept twice."""
    return loaded.derived(
        name, lambda: {record[key]: to_bytes(record) for record in loaded.value(name)}
    )


def record(published: Published, name: str, key: str, identifier: int) -> dict[str, Any] | None:
    """Return one record of the current snapshot; None if there is no such record or snapshot."""

    def find(loaded: LoadedSnapshot) -> bytes | None:
        if name not in loaded.manifest.artifacts:
            return None
        return records(loaded, name, key).get(identifier)

    found = published.read(find)
    if found is None:
        return None
    value: dict[str, Any] = json.loads(found)
    return value
