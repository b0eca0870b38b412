"""Times: with or without an offset, UTC where there is none."""

from datetime import UTC, datetime


def as_utc(value: object) -> datetime:
    """Return a time in UTC; now for None.

    Raises
    ------
    ValueError
        If the value is not a time.

    Examples
    --------
    >>> as_utc("2024-01-31T18:00:00+01:00").isoformat()
    '2024-01-31T17:00:00+00:00'
    """
    if value is None:
        return datetime.now(UTC)
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{str(value)[:80]!r} is not a time") from error
