"""Every page says what it is about where scripts are turned off."""

import re

import httpx2
from playwright.sync_api import Browser

from api.http.app import create_app
from tests.http.routes import operations
from tests.pages.conftest import PHONE, Served

NEEDS = "My bar and editing need JavaScript"
#: What a reader sees of each page: patterns of text.
FACTS = {
    "/": [r"Negroni: .*Campari"],
    "/map": [r"Negroni: .*Campari"],
    "/tree": [r"Campari\W+\d+ recipes"],
    "/bar": [r"The shelf needs JavaScript", r"Substitutes"],
    "/recipes": ["Americano", r"Next page", r"Search"],
    "/recipes?q=campari": [r"Negroni", r"Gin, Campari"],
    "/recipes/new": [NEEDS],
    "/recipes/import": [NEEDS],
    "/recipes/{recipe}": [r"Negroni", r"Campari", r"Close relatives|Relatives"],
    "/recipes/{recipe}/edit": ["Edit recipe", NEEDS],
    "/ingredients": [r"Spirits: \d+ recipes, \d+ directly", "Every ingredient by name"],
    "/ingredients?parent_id={family}": [r"\w+: \d+ recipe"],
    "/ingredients/all": [r"Campari|Next page"],
    "/ingredients/all?q=campari": [r"Campari"],
    "/ingredients/{ingredient}": [r"Campari", r"Negroni", r"Substitutes"],
    "/substitutes": [r"Campari: "],
    "/substitutes?ingredient={ingredient}": [r"Substitutes for Campari"],
    "/status": [r"Up to date", r"\d+ recipes"],
    "/downloads": [r"recipe-similar", r"Parquet|CSV", "Earlier snapshots"],
    "/phone": [r"Point the camera"],
    "/api-docs": [r"/api/v1/recipes"],
}


def test_every_page_is_readable_without_scripts(chromium: Browser, sample_server: Served) -> None:
    def found(kind: str, name: str) -> int:
        listed = httpx2.get(f"{sample_server.url}/api/v1/{kind}", params={"q": name}).json()
        return int(listed["items"][0]["id"])

    ids = {
        "recipe": found("recipes", "Negroni"),
        "ingredient": found("ingredients", "Campari"),
        "family": found("ingredients", "Gin"),
    }
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": PHONE[0], "height": PHONE[1]}
    )
    page = context.new_page()
    faults = {}
    for path, facts in FACTS.items():
        page.goto(sample_server.url + path.format(**ids))
        said = " ".join(page.locator("main, noscript").all_inner_texts())
        said = " ".join(said.split())
        missing = [fact for fact in facts if not re.search(fact, said)]
        if missing or page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            faults[path] = missing, said[:400]
    context.close()
    assert faults == {}


def test_no_page_is_left_out(sample_server: Served) -> None:
    stated = {re.sub(r"\{\w+\}", "1", path.partition("?")[0]) for path in FACTS}
    pages = set()
    for method, route in operations(create_app(sample_server.site.settings)):
        path = re.sub(r"\{[^}]+\}", "1", route)
        if method == "GET" and not path.startswith("/api/"):
            answer = httpx2.get(sample_server.url + path, headers={"accept": "text/html"})
            if answer.status_code == 200 and "text/html" in answer.headers["content-type"]:
                pages.add(path)
    assert len(pages) > 10
    assert pages <= stated
