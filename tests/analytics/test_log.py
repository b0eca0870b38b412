"""The log: an entry is one line, or lines that show they belong to it."""

import io
import logging

import pytest

from api.analytics.log import SafeFormatter, configure_logging


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("plain, Piña\tColada", "plain, Piña\tColada"),
        ("x\n2026-01-01 ERROR root: forged", "x\n    2026-01-01 ERROR root: forged"),
        ("x\r\x1b[2Jy\x9b", "x\\x0d\\x1b[2Jy\\x9b"),
    ],
)
def test_message_forges_no_entry(message: str, shown: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(SafeFormatter("%(levelname)s: %(message)s"))
    handler.handle(logging.LogRecord("name", logging.INFO, "", 0, "%s", (message,), None))
    assert stream.getvalue() == f"INFO: {shown}\n"


def test_log_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []  # pytest's own handlers are not to be closed
    try:
        configure_logging()
        logging.getLogger("api.test").info("first\nsecond")
    finally:
        root.handlers = before
        root.setLevel(level)
        logging.captureWarnings(False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("INFO api.test: first\n    second\n")
