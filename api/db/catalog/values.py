"""Typed values from untyped columns: SQLite stores anything anywhere."""

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def as_text(value: object) -> str | None:
    """Return text that JSON can represent, or None."""
    if value is None:
        return None
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text.encode("utf-8", "replace").decode()


def as_number(value: object) -> float | None:
    """Return a finite number, or None."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def as_time(value: object) -> str | None:
    """Return a time in UTC as ISO 8601, or None."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    # SQLite stores no time zone; all its times are UTC.
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def version(written: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    """Return an entity tag in two halves: a hash of the written fields and one of everything shown.

    A write is refused if the first half has changed (:func:`same_version`). A new rating or a
    renamed unit changes only the second half: no write would undo it.
    """
    return f"{_digest(written)}.{_digest(shown)}"


def same_version(one: str, other: str) -> bool:
    """Return whether two entity tags have the same written fields."""
    return one.split(".")[0] == other.split(".")[0]


def _digest(value: Mapping[str, Any]) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()[:16]
