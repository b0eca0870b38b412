"""Logs go to stderr, always; stdout carries only the result."""

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: Libraries whose INFO messages are of use only to their own developers.
_CHATTY = ("botocore", "boto3", "urllib3", "alembic", "s3transfer", "filelock")

#: Control characters: a terminal would obey them. Line breaks are treated by themselves.
_CONTROLS = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)
}


class SafeFormatter(logging.Formatter):
    """Shows what a message quotes as it is: no line break of it begins a new entry.

    Messages quote file names, tokens and paths that others chose. Their control characters are
    escaped, and every further line is indented.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the entry without its traceback."""
        record.message = record.message.translate(_CONTROLS).replace("\n", "\n    ")
        return super().formatMessage(record)


def configure_logging(level: int = logging.INFO) -> None:
    """Send this process's log to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter(_FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # In the log, warnings can be found and searched.
    logging.captureWarnings(True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
