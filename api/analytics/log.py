"""Where the commands' logs go: stderr, always; stdout carries the result alone."""

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: Libraries that say at INFO what only their own developers want to know.
_CHATTY = ("botocore", "boto3", "urllib3", "numba", "alembic", "s3transfer", "filelock")


def configure_logging(level: int = logging.INFO) -> None:
    """Send this process's log to stderr."""
    logging.basicConfig(level=level, format=_FORMAT, stream=sys.stderr, force=True)
    # Warnings are for developers unless they are ours: in the log they can be found, and searched.
    logging.captureWarnings(True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
