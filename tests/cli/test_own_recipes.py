"""The how-to "Use your own recipes", run as written, ends with one's own recipes on the map."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to.md"
SPIRITS = ("Gin", "White Rum", "Tequila", "Bourbon Whiskey")
SOURS = ("Lime Juice", "Lemon Juice")


def _commands() -> list[list[str]]:
    section = HOW_TO.read_text(encoding="utf-8").split("## Use your own recipes")[1]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    lines = [line.partition("#")[0].split() for line in block[1].splitlines()]
    return [line for line in lines if line]


def _write_recipes(directory: Path) -> set[str]:
    directory.mkdir()
    recipes = [
        {
            "name": f"House {spirit} {number}",
            "ingredients": [
                {"ingredient": spirit, "amount": 45 + 5 * number, "unit": "ml"},
                {"ingredient": SOURS[number % 2], "amount": 20, "unit": "ml"},
                {"ingredient": "Simple Syrup", "amount": 10 + number, "unit": "ml"},
            ],
        }
        for spirit in SPIRITS
        for number in range(3)
    ]
    (directory / "house.json").write_text(json.dumps({"recipes": recipes}))
    return {str(recipe["name"]) for recipe in recipes}


def _get(address: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.documentation
def test_how_to_puts_own_recipes_on_the_map(tmp_path: Path) -> None:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("DB_", "ANALYTICS_"))},
        "PYTHONPATH": str(ROOT),
    }
    cocktaildb = [sys.executable, "-m", "api.cli.main"]

    def run(*arguments: str) -> None:
        done = subprocess.run(
            [*cocktaildb, *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    # As a reader of the tutorial left it: the sample, and its analytics.
    run("db", "init")
    run("refresh")
    own = _write_recipes(tmp_path / "my-recipes")
    commands = _commands()
    assert commands[-1] == ["cocktaildb", "serve"]
    for command in commands[:-1]:
        if command[0] == "export":
            name, _, value = command[1].partition("=")
            environment[name] = value
        else:
            assert command[0] == "cocktaildb"
            run(*command[1:])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [*cocktaildb, "serve", "--port", str(port)],
        cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}/api/v1/analytics"
    seen: set[str] = set()
    try:
        deadline = time.monotonic() + 240
        while seen != own and time.monotonic() < deadline:
            time.sleep(0.5)
            try:
                status, body = _get(f"{base}/cocktail-space-em")
            except (OSError, ValueError):
                continue  # not listening yet
            if status == 404:
                assert body["title"] in ("Analytics of another database", "No analytics yet")
                continue
            assert status == 200, body
            seen = {point["recipe_name"] for point in body["data"]}
            # Never the sample's: not for a moment.
            assert seen <= own
        assert seen == own
    finally:
        server.terminate()
        server.wait(60)
