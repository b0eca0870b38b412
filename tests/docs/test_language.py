"""American spelling, and none of the phrases that were translated instead of written."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Data, whose words are its sources', and files of others. This file has to name what it forbids.
EXEMPT = re.compile(
    r"\.(csv|tsv|json|lock|png|svg|db|xlsx|ini)$|requirements\.txt$|\.min\.js$|LICENSE"
    r"|\.npz$|^docs/history/|^tests/docs/test_language\.py$|^api/db/taxonomy/"
    # Words that users write in their recipes.
    r"|^api/(analysis/(bar_measures|spirit_names)\.py|pages/static/js/amounts\.js)$"
)

TRANSLATED = r"tell(s|ing)? of|told|mend(s|ed|ing)?|what came of"

BRITISH = (
    r"(neighbour|colour|flavour|behaviour|favour|honour|labour|rumour)\w*"
    r"|catalogu\w+|licence\w*|(centi|milli)?litres?|(centi|milli|kilo)?metres?|centre[ds]?"
    r"|(anal|paral)ys(e|es|ed|ing)"
    r"|(normal|recogn|serial|organ|real|optim|summar|initial|minim|maxim|util|general|special"
    r"|capital|central|character|categor|emphas|prior|synchron|standard|visual)is(e|es|ed|ing|ation)"
    r"|cancell(ed|ing)|travell(ed|ing)|modell(ed|ing)|labell(ed|ing)|defence|offence|artefacts?"
    r"|judgement|whilst|amongst|towards"
)


def _lines() -> Iterator[tuple[str, int, str]]:
    """Yield the path, the number and the text of each line that the project wrote."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if EXEMPT.search(name) or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield name, number, line


@pytest.mark.parametrize(
    ("words", "remedy"),
    [(TRANSLATED, "use a plain verb"), (BRITISH, "use the American spelling")],
    ids=["translated", "british"],
)
def test_words_a_native_engineer_would_write(words: str, remedy: str) -> None:
    # Not inside a longer name, but inside snake_case and camelCase ones.
    pattern = re.compile(rf"(?<![A-Za-z])({words})(?![a-z])", re.IGNORECASE)
    found = [
        f"{name}:{number}: {match[0]!r}: {remedy}"
        for name, number, line in _lines()
        if (match := pattern.search(line))
    ]
    assert found == []


def test_test_names_have_at_most_eight_words() -> None:
    names = re.compile(r"^\s*(?:async )?def (test_\w+)\(")
    long = [
        f"{name}:{number}: {match[1]}"
        for name, number, line in _lines()
        if (match := names.match(line)) and len(match[1].split("_")) > 9
    ]
    assert long == []
