"""Throw damaged files at everything that reads them: imports, databases, and the tree builder.

    python -m benchmarks.fuzz_imports --seconds 120

Starts from the sample and damages it: flips, cuts, repeats and swaps bytes, exchanges values for
those of other types, nests deeply, makes cycles, orphans and wrong paths. A reader may accept the
result or refuse it by its documented errors; anything else is a crash. The last line on stdout is
one JSON object; the exit code is 1 if anything crashed. The seed is in it.
"""

import argparse
import gzip
import io
import json
import random
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import URL

from api.db.check import check_dataset
from api.db.database import Database
from api.db.dataset import read_dataset
from api.db.errors import DatabaseError
from api.db.exchange.export_files import to_json_document, write_csv_directory
from api.db.exchange.planning import plan_import
from api.db.exchange.resolve import to_dataset
from api.db.exchange.sources import read_bytes
from api.db.exchange.sources.own_csv import read_csv_directory
from api.db.exchange.sources.own_json import read_json_document
from api.db.migrations import upgrade
from api.db.write import write_dataset
from barcart import build_ingredient_tree
from benchmarks.small_database import first_recipes

VALUES: tuple[Any, ...] = (
    None, "", " ", 0, -1, 1, 2**31, 2**63, 2**200, -0.0, 1e308, 1e-320, "NaN", "inf", "-inf",
    "1e999", True, [], {}, [1], {"a": 1}, "a" * 10_000, "\x00",
    "'", '"', "=1+1", "../..", "/1/", "//", "{name}", "%s", "1; DROP TABLE recipes", "\u202e", "ⅷ",
)  # fmt: skip
PIECES = (b"\x00", b"\xff", b'"', b"'", b",", b"\n", b"\r", b"{", b"[", b"]", b"}", b"\xef\xbb\xbf",
          b"9" * 400, b"-", b"null", b"NaN", b"Infinity", b"1e999", b"[" * 5000)  # fmt: skip


_YAML = """
- name: Negroni
  tags: [stirred, !!str bitter]
  ingredients:
    - 1 1/2 oz gin
    - {ingredient: Campari, amount: 1.5, unit: oz, optional: true}
  date: 2001-02-03
  at: 1:30:00
"""
_MARKDOWN = """---
tags: [stirred]
---
# Negroni

| amount | ingredient |
| --- | --- |
| 1 oz | gin |

## Daiquiri
- 2 oz rum
- 1 oz lime juice

Method: shake. Glass: Coupe
"""
_TOML = """[[recipes]]
name = "Negroni"
ingredients = ["1 oz gin", "1 oz Campari"]
"""
_XML = """<?xml version="1.0"?><recipes><recipe id="1"><name>Negroni</name><ingredients>
<ingredient amount="30" unit="ml">Gin</ingredient><ingredient amount="30" unit="ml">Campari
</ingredient></ingredients></recipe></recipes>"""
_PAGE = """<!doctype html><html><head><script type="application/ld+json">{"@type": "Recipe",
"name": "Negroni", "recipeIngredient": ["1 oz gin", "1 oz Campari"], "author": {"name": "A"}}
</script></head><body><h2>Negroni</h2><table><tr><td rowspan=2>1 oz<td>gin<tr><td>Campari</table>
</body></html>"""
_TABLE = "Drink;Ingredient 1;Amount 1;Ingredient 2;Amount 2\nNegroni;Gin;3 cl;Campari;3,0 cl\n"
_COOKLANG = ">> title: Negroni\nStir @gin{30%ml} and @Campari{30%ml} in a #glass{}.\n"
_SCRIPT = "// all\nexport default [{name: 'Negroni', ingredients: ['1 oz gin', '1 oz Campari']}];\n"


def _sheet() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.create_sheet()
    for row in (("Drink", "Ingredient", "Amount"), ("Negroni", "Gin", 30), (None, "Campari", 30)):
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _shapes() -> list[bytes]:
    """Return a small collection in each shape that imports recognize."""
    texts = [_YAML, _MARKDOWN, _TOML, _XML, _PAGE, _TABLE, _COOKLANG, _SCRIPT]
    plain = [text.encode() for text in texts]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number, data in enumerate(plain):
            archive.writestr(f"{number}.txt", data)
    return [*plain, gzip.compress(plain[0]), stream.getvalue(), _sheet()]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Return bytes with one to four faults."""
    found = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(found) + 1)
        kind = dice.randrange(5)
        if kind == 0 and found:
            at %= len(found)
            found[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del found[at : at + dice.choice((1, 10, 1000, len(found)))]
        elif kind == 2:
            found[at:at] = dice.choice(PIECES)
        elif kind == 3:
            found[at:at] = found[at : at + dice.randint(1, 2000)]
        else:
            other = dice.randrange(len(found) + 1)
            found[at : at + 40], found[other : other + 40] = (
                found[other : other + 40],
                found[at : at + 40],
            )
    return bytes(found)


class Fuzzer:
    """Material, and one method for each reader."""

    def __init__(self, directory: Path, dice: random.Random) -> None:
        self.directory, self.dice = directory, dice
        dataset = first_recipes(15)
        write_csv_directory(dataset, directory / "csv")
        self.csv = {path: path.read_bytes() for path in (directory / "csv").iterdir()}
        self.json = to_json_document(dataset)
        self.shapes = _shapes()
        path = directory / "made.db"
        database = Database(URL.create("sqlite", database=str(path)))
        upgrade(database.engine)
        with database.engine.begin() as connection:
            write_dataset(connection, dataset)
        database.dispose()
        self.database = path.read_bytes()
        self.tree = pd.DataFrame(
            {
                "ingredient_id": dataset.ingredients["id"].astype(object),
                "ingredient_name": dataset.ingredients["name"].astype(object),
                "ingredient_path": dataset.ingredients["path"].astype(object),
                "substitution_level": 1.0,
            }
        ).astype(object)

    def csv_files(self) -> str:
        """Damage one CSV file of a directory."""
        victim = self.dice.choice(sorted(self.csv))
        for path, data in self.csv.items():
            path.write_bytes(damaged(data, self.dice) if path == victim else data)
        return self._imported(read_csv_directory(self.directory / "csv"))

    def json_bytes(self) -> str:
        """Damage a JSON document's bytes."""
        path = self.directory / "fuzz.json"
        path.write_bytes(damaged(self.json.encode(), self.dice))
        return self._imported(read_json_document(path))

    def json_values(self) -> str:
        """Exchange values of a JSON document for those of other types."""
        document = json.loads(self.json)
        for _ in range(self.dice.randint(1, 3)):
            node: Any = document
            while True:
                key = self.dice.choice([*node] if isinstance(node, dict) else [*range(len(node))])
                below = node[key]
                if isinstance(below, (dict, list)) and below and self.dice.random() < 0.85:
                    node = below
                    continue
                node[key] = self.dice.choice(VALUES)
                break
        path = self.directory / "fuzz.json"
        path.write_text(json.dumps(document))
        return self._imported(read_json_document(path))

    def shapes_bytes(self) -> str:
        """Damage a file of another program, and plan its import."""
        try:
            plan = plan_import(
                read_bytes(damaged(self.dice.choice(self.shapes), self.dice), "fuzz")
            )
        except DatabaseError:
            return "refused"
        return self._imported(plan.collection)

    def database_bytes(self) -> str:
        """Damage a database file's bytes."""
        path = self.directory / "fuzz.db"
        path.write_bytes(damaged(self.database, self.dice))
        try:
            with Database(URL.create("sqlite", database=str(path))).snapshot() as connection:
                check_dataset(read_dataset(connection))
        except DatabaseError:
            return "refused"
        return "accepted"

    def trees(self) -> str:
        """Give an ingredient table cycles, orphans, wrong paths, odd values."""
        frame = self.tree.copy()
        paths = frame["ingredient_path"].tolist()
        for _ in range(self.dice.randint(1, 4)):
            row = self.dice.randrange(len(frame))
            column = self.dice.choice([*frame.columns])
            frame.at[row, column] = self.dice.choice(
                [self.dice.choice(VALUES), self.dice.choice(paths), f"{self.dice.choice(paths)}1/"]
            )
        try:
            build_ingredient_tree(frame)
        except ValueError:
            return "refused"
        return "accepted"

    def _imported(self, raw: Any) -> str:
        dataset, faults = to_dataset(raw)
        errors = [fault for fault in faults if fault.severity == "error"]
        if dataset is None and not errors:
            raise AssertionError("refused without a reason")
        return "refused" if errors else "accepted"


def fuzz(
    seconds: float, seed: int, directory: Path, inputs: int | None = None
) -> tuple[dict[str, Counter[str]], list[str]]:
    """Fuzz each reader in turn; return the outcomes, and the crashes."""
    fuzzer = Fuzzer(directory, random.Random(seed))
    readers: list[Callable[[], str]] = [
        fuzzer.csv_files, fuzzer.json_bytes, fuzzer.json_values, fuzzer.shapes_bytes,
        fuzzer.database_bytes, fuzzer.trees,
    ]  # fmt: skip
    outcomes: dict[str, Counter[str]] = {reader.__name__: Counter() for reader in readers}
    crashes: list[str] = []
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end and (inputs is None or done < inputs):
        for reader in readers:
            try:
                outcomes[reader.__name__][reader()] += 1
            except Exception as error:
                outcomes[reader.__name__]["crashed"] += 1
                crashes.append(f"{reader.__name__}: {type(error).__name__}: {str(error)[:200]}")
        done += 1
    return outcomes, crashes


def main() -> None:
    """Parse the command line, run, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        outcomes, crashes = fuzz(arguments.seconds, arguments.seed, Path(directory))
    tried = sum(sum(counts.values()) for counts in outcomes.values())
    print(
        json.dumps(
            {
                "seed": arguments.seed,
                "inputs": tried,
                "outcomes": outcomes,
                "crashes": Counter(crashes).most_common(20),
            }
        )
    )
    sys.exit(1 if crashes else 0)


if __name__ == "__main__":
    main()
