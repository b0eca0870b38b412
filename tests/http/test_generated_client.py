"""A client generated from the OpenAPI document talks to a real server."""

import json
import subprocess
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.http.server import create_server, listen
from tests.http.conftest import TOKEN, Site

TOOL = Path(__file__).parents[2] / ".tools" / "openapi-python-client" / "bin"
#: CSV files are a body that this generator does not know; it says so and leaves that one out.
KNOWN_WARNINGS = {"WARNING parsing POST /api/v1/recipes/import within recipes."}
#: Reads, writes, pages and refusals, each by a function named after its operation.
PROGRAM = """
import sys
from bar_client import AuthenticatedClient, Client
from bar_client.api.analytics import list_similar_recipes
from bar_client.api.bar import get_shelf, replace_shelf
from bar_client.api.recipes import get_recipe, search_recipes
from bar_client.models import Problem, ShelfDraft

url, token = sys.argv[1:]
client = Client(base_url=url)
page = search_recipes.sync(client=client, q="negroni", limit=5)
recipe = get_recipe.sync(page.items[0].id, client=client)
assert recipe.name == page.items[0].name and recipe.ingredients[0].ingredient_name
similar = list_similar_recipes.sync(client=client, limit=2).data
assert len(similar.items) == 2 and similar.next_cursor and similar.items[0].similar[0].distance > 0
assert isinstance(get_recipe.sync(999_999, client=client), Problem)
writer = AuthenticatedClient(base_url=url, token=token)
kept = replace_shelf.sync(client=writer, body=ShelfDraft(ingredient_ids=[1, 2]))
assert [bottle.ingredient_id for bottle in kept.bottles] == [1, 2]
assert get_shelf.sync(client=writer).to_dict() == kept.to_dict()
print(recipe.name)
"""


def test_generated_client_reads_and_writes(client: TestClient, site: Site, tmp_path: Path) -> None:
    if not TOOL.is_dir():
        pytest.skip("the generator is not installed: make cloud-tools")
    (tmp_path / "openapi.json").write_text(client.get("/openapi.json").text)
    # Formatting what nobody reads would take longer than the rest.
    (tmp_path / "config.json").write_text(
        json.dumps({"post_hooks": [], "package_name_override": "bar_client"})
    )
    command = ["openapi-python-client", "generate", "--path", "openapi.json", "--meta", "none",
               "--config", "config.json", "--output-path", "bar_client"]  # fmt: skip
    made = subprocess.run(
        [TOOL / command[0], *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    warnings = {line for line in made.stdout.splitlines() if line.startswith(("WARNING", "ERROR"))}
    assert warnings <= KNOWN_WARNINGS, made.stdout
    with listen("127.0.0.1", 0) as listening:
        server = create_server(create_app(site.settings()))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            done = subprocess.run(
                [TOOL / "python", "-c", PROGRAM, url, TOKEN],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        finally:
            server.should_exit = True
            thread.join()
    assert done.returncode == 0, done.stderr
    assert "negroni" in done.stdout.lower()
