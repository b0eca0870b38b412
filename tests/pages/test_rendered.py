"""Pages that are readable without JavaScript, and what programs read to find them."""

import io
import json
import re
import threading
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageColor
from sqlalchemy import URL, text

from api.charts.palette import GROUPS, LIGHT_PAPER
from api.db.database import Database
from api.db.frames import Dataset
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.http.app import create_app
from api.pages import pictures
from api.settings import Settings

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def client(sample_client: TestClient) -> TestClient:
    return sample_client


def find(client: TestClient, kind: str, name: str) -> int:
    items = client.get(f"/api/v1/{kind}", params={"q": name}).json()["items"]
    return int(next(item["id"] for item in items if item["name"] == name))


def test_recipe_is_readable_without_scripts(client: TestClient) -> None:
    page = client.get(f"/recipes/{find(client, 'recipes', 'Negroni')}", headers=HTML).text
    assert "<title>Negroni" in page
    assert "Campari" in page
    # Relatives are links to other recipes.
    assert re.search(r'class="similar">\s*<li><a href="/recipes/\d+">', page)


def test_recipe_has_structured_data(client: TestClient) -> None:
    identifier = find(client, "recipes", "Negroni")
    page = client.get(f"/recipes/{identifier}").text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    data = json.loads(found[1])
    assert data["@type"] == "Recipe"
    assert data["url"] == f"http://localhost/recipes/{identifier}"
    assert any("Campari" in line for line in data["recipeIngredient"])


def test_ingredient_page_names_family_and_recipes(client: TestClient) -> None:
    page = client.get(f"/ingredients/{find(client, 'ingredients', 'Campari')}").text
    assert "Negroni" in page
    assert "<h2>Substitutes</h2>" in page
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    data = json.loads(found[1])
    assert data["breadcrumb"]["itemListElement"][-1]["name"] == "Campari"
    recipes = {one["name"]: one["url"] for one in data["mainEntity"]["itemListElement"]}
    negroni = find(client, "recipes", "Negroni")
    assert recipes["Negroni"] == f"http://localhost/recipes/{negroni}"


@pytest.mark.parametrize("path", ["/recipes/999999", "/ingredients/999999", "/nothing/here"])
def test_people_get_a_page_for_missing_addresses(client: TestClient, path: str) -> None:
    response = client.get(path, headers=HTML)
    assert response.status_code == 404
    assert "<h1>Page not found</h1>" in response.text
    assert "Accept" in re.split(", ?", response.headers.get("vary", ""))


@pytest.mark.parametrize("path", ["/recipes/999999", "/ingredients/999999", "/nothing/here"])
def test_programs_get_a_problem_document(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"accept": "application/json"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"]


def test_sitemap_lists_every_recipe_and_ingredient(client: TestClient, sample: Dataset) -> None:
    root = ElementTree.fromstring(client.get("/sitemap.xml").content)
    urls = [node.text or "" for node in root.iter() if node.tag.endswith("loc")]
    assert sum("/recipes/" in url for url in urls) == len(sample.recipes)
    assert sum("/ingredients/" in url for url in urls) == len(sample.ingredients)
    assert all(client.get(url, headers=HTML).status_code == 200 for url in urls[:12])


def test_recipe_is_readable_beside_foreign_analytics(
    client: TestClient, sample: Dataset, tmp_path: Path
) -> None:
    storage = client.app.state.services.storage  # type: ignore[attr-defined]
    database = Database(URL.create("sqlite", database=str(tmp_path / "other.db")))
    upgrade(database.engine)
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
        connection.execute(text("UPDATE recipes SET name = 'Another bar''s drink' WHERE id = 2"))
    database.dispose()
    settings = Settings(
        db_path=tmp_path / "other.db",
        analytics_dir=storage.snapshots.store.root,
        refresh_queue=tmp_path / "queue.db",
        rate_limit="off",
    )
    with TestClient(create_app(settings), base_url="http://localhost") as other:
        page = other.get("/recipes/1", headers=HTML)
        for path in ("/map", "/tree", "/substitutes", "/status"):
            shown = other.get(path, headers=HTML).text
            assert "computed from another database" in shown
            assert not re.search(r'href="/(recipes|ingredients)/\d', shown)
    assert page.status_code == 200
    # Its relatives would be those of another bar.
    assert not re.search(r'class="similar">\s*<li>', page.text)


def test_robots_names_the_sitemap(client: TestClient) -> None:
    assert "Sitemap: http://localhost/sitemap.xml" in client.get("/robots.txt").text


def test_feed_has_the_current_snapshot(client: TestClient) -> None:
    root = ElementTree.fromstring(client.get("/feed.atom").content)
    space = {"a": "http://www.w3.org/2005/Atom"}
    assert len(root.findall("a:entry", space)) == 1
    assert client.get("/llms.txt").text.startswith("# Cocktail atlas")


def test_hostile_names_cannot_leave_the_data(client: TestClient) -> None:
    from api.pages.rendered import _for_html

    assert "</script" not in _for_html({"name": "</script><script>alert(1)</script>"})


def test_manifest_names_an_icon_that_exists(client: TestClient) -> None:
    page = client.get("/map", headers=HTML)
    address = re.search(r'rel="manifest" href="([^"]+)"', page.text)
    assert address
    manifest = client.get(address[1])
    assert manifest.headers["content-type"] == "application/manifest+json"
    content = manifest.json()
    assert client.get(content["start_url"], headers=HTML).status_code == 200
    for icon in content["icons"]:
        assert client.get(icon["src"]).headers["content-type"] == icon["type"]


def test_api_reference_lists_every_operation(client: TestClient) -> None:
    page = client.get("/api-docs", headers=HTML).text
    document = client.get("/openapi.json").json()
    ids = {one["operationId"] for item in document["paths"].values() for one in item.values()}
    assert set(re.findall(r'<details id="([^"]+)">', page)) == ids
    # Each link within the page leads somewhere.
    targets = set(re.findall(r' id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= targets
    assert set(document["components"]["schemas"]) <= targets


@pytest.mark.parametrize(("kind", "name"), [("recipes", "Negroni"), ("ingredients", "Campari")])
def test_link_previews_have_a_drawn_picture(client: TestClient, kind: str, name: str) -> None:
    page = client.get(f"/{kind}/{find(client, kind, name)}", headers=HTML).text
    address = re.search(r'property="og:image" content="(http://localhost/[^"]+)"', page)
    assert address
    answer = client.get(address[1])
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as picture:
        picture.load()  # every checksum fits
        assert picture.size == (1200, 630)
        colors = picture.getcolors(1 << 20) or []
    gin = next(group.light for group in GROUPS if group.key == "gin")
    assert ImageColor.getrgb(gin) in {color for _, color in colors}
    # A mark of its own stands out: most of the picture is paper.
    assert max(colors)[1] == ImageColor.getrgb(LIGHT_PAPER)


def test_a_crowd_of_previews_is_turned_away(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_waiting", threading.BoundedSemaphore(1))
    address = f"/pictures/recipes/{find(client, 'recipes', 'Daiquiri')}.png"
    with pictures._waiting:
        busy = client.get(address)
    assert busy.status_code == 503
    assert busy.headers["retry-after"]
    assert client.get(address).status_code == 200


def test_recipe_that_is_not_mapped_has_no_picture(client: TestClient) -> None:
    assert client.get("/pictures/recipes/999999.png").status_code == 404


def test_huge_maps_are_not_drawn(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MOST_BYTES", 100)
    assert client.get("/pictures/recipes/1.png").status_code == 404


@pytest.mark.parametrize("kind", ["recipes", "ingredients"])
def test_lists_lead_to_every_row(client: TestClient, sample: Dataset, kind: str) -> None:
    start = {"recipes": "/recipes", "ingredients": "/ingredients/all"}[kind]
    path, found = start, set()
    for _ in range(20):
        page = client.get(path, headers=HTML)
        assert page.status_code == 200
        found |= set(re.findall(rf'href="/{kind}/(\d+)"', page.text))
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        if following is None:
            break
        path = unescape(following[1])
    assert found == {str(one) for one in getattr(sample, kind)["id"]}
    named = client.get(start, params={"q": "campari"}).text
    assert 0 < len(set(re.findall(rf'href="/{kind}/(\d+)"', named))) < 50
    assert client.get(start, params={"cursor": "nonsense"}).status_code == 404
    refused = client.get(start, params={"q": "x" * 201}, headers=HTML)
    assert "<h1>Page not found</h1>" in refused.text


def test_ingredient_page_names_its_kinds(client: TestClient) -> None:
    page = client.get(f"/ingredients/{find(client, 'ingredients', 'Gin')}", headers=HTML).text
    assert "<h2>Kinds</h2>" in page
    assert f'href="/ingredients/{find(client, "ingredients", "London Dry Gin")}"' in page
