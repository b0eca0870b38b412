"""What a page says of the analytics that it shows, or cannot show."""

from dataclasses import dataclass
from typing import Final

from api.http.freshness import STALE
from api.http.problems import Problem
from api.http.published import Published


@dataclass(frozen=True)
class Note:
    """A label with a sentence.

    Attributes
    ----------
    hides
        Whether no figures are shown.
    """

    label: str
    text: str
    hides: bool = False


STALE_NOTE: Final = Note("Stale", STALE)
NOTHING_NOTE: Final = Note(
    "Nothing yet", "Nothing has been computed yet. The first refresh fills this page.", hides=True
)
UNREADABLE_NOTE: Final = Note(
    "Unavailable", "The analytics cannot be read at the moment. Try again later.", hides=True
)


def current_note(published: Published) -> Note | None:
    """Return what to know about the current snapshot; None if it is up to date.

    Raises
    ------
    StorageError
        If it cannot be read.
    """
    try:
        stale = published.read(published.is_stale)
    except Problem as problem:
        return Note(problem.title, problem.detail, hides=True)
    if stale is None:
        return NOTHING_NOTE
    return STALE_NOTE if stale else None
