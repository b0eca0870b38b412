"""Logs go to stderr, always; stdout carries only the result."""

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: Libraries whose INFO messages are of use only to their own developers.
_CHATTY = ("botocore", "boto3", "urllib3", "numba", "alembic", "s3transfer", "filelock")


def configure_logging(level: int = logging.INFO) -> None:
    """Send this process's log to stderr."""
    logging.basicConfig(level=level, format=_FORMAT, stream=sys.stderr, force=True)
    # In the log, warnings can be found and searched.
    logging.captureWarnings(True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
