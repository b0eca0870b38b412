"""The threat model names tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
NAMED = re.findall(
    r"`((?:tests/)?[a-z_/]*test_[a-z_0-9]+(?:\.py)?|tests/[a-z_/]+)`",
    (TESTS.parent / "docs/threat-model.md").read_text(encoding="utf-8"),
)


def test_named_tests_exist() -> None:
    files = list(TESTS.rglob("test_*.py"))
    functions = {
        name
        for file in files
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(NAMED) > 30
    for name in NAMED:
        if "/" in name:
            assert (TESTS.parent / name).exists(), name
        elif name.endswith(".py"):
            assert name in {file.name for file in files}, name
        else:
            assert name in functions, name
