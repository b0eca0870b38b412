"""Optional dependencies: what to install where one of them is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

DISTRIBUTION = "cocktaildb-analytics"

Extra = Literal["aws", "dask", "parquet", "postgresql"]


class MissingExtraError(Exception):
    """An optional dependency is not installed; the message names the command that installs it."""


@contextmanager
def requires_extra(extra: Extra, purpose: str) -> Iterator[None]:
    """Turn a failed import of an optional dependency into an error that names the remedy.

    Parameters
    ----------
    extra
        The extra of the distribution that brings the dependency.
    purpose
        What needs it, as the subject of a sentence.

    Raises
    ------
    MissingExtraError
        If an import inside the context fails.

    Examples
    --------
    >>> with requires_extra("dask", "--scheduler"):
    ...     import no_such_module
    Traceback (most recent call last):
    ...
    api.extras.MissingExtraError: --scheduler needs an optional dependency (no_such_module) that is not installed: pip install 'cocktaildb-analytics[dask]'
    """  # noqa: E501
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{purpose} needs an optional dependency ({error.name}) that is not installed: "
            f"pip install '{DISTRIBUTION}[{extra}]'"
        ) from error
