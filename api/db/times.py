"""Times of ratings: with or without an offset, UTC where there is none."""

from datetime import UTC, datetime

import pandas as pd


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
    time = pd.to_datetime(str(value), utc=True, errors="coerce")
    if pd.isna(time):
        raise ValueError(f"{str(value)[:80]!r} is not a time")
    found: datetime = time.to_pydatetime()
    return found
