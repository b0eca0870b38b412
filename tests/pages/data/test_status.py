"""The status page: what is published, a refresh from the button to the new snapshot."""

from pathlib import Path

import httpx2
from playwright.sync_api import Route

from tests.pages.conftest import TOKEN, Served, Site, Visiting, serving


def test_shows_the_published_snapshot(any_server: Served, visit: Visiting) -> None:
    page = visit(any_server, "/status").page
    page.get_by_text("Up to date", exact=True).wait_for()
    # The verdict comes first; figures for operators are folded away.
    assert page.locator("main h1, main .verdict").all_inner_texts() == ["Status", "Up to date"]
    assert page.locator("#snapshots-table").is_hidden()
    page.locator("#technical summary").first.click()
    page.locator("#quality tr").nth(1).wait_for()
    for row in page.locator("#quality tr").all():
        kept, trustworthiness = (float(row.locator("td").nth(n).inner_text()) for n in (0, 1))
        assert 0 < kept <= 1
        assert 0.5 < trustworthiness <= 1
    assert page.locator("#snapshots tr.current").count() == 1
    assert "No refresh is running." in page.locator("#run-state").inner_text()


def test_a_refresh_from_the_button_to_its_snapshot(
    sample_site: Site, tmp_path: Path, visit: Visiting
) -> None:
    with serving(sample_site.copy(tmp_path / "site"), worker=True) as served:
        page = visit(served, f"/status#token={TOKEN}").page
        page.get_by_text("Up to date", exact=True).wait_for()
        before = page.locator("#snapshots tr").count()
        line = {"ingredient_id": 4, "unit_id": 1, "amount": 30}
        served.write("POST", "recipes", {"name": "Since Then", "ingredients": [line]})
        page.get_by_role("button", name="Refresh now").click()
        page.locator(".done").wait_for()
        page.locator("#run-progress").wait_for(timeout=20_000)
        page.locator("#run-progress").wait_for(state="hidden", timeout=60_000)
        page.get_by_text("Up to date", exact=True).wait_for(timeout=20_000)
        page.wait_for_function(
            "n => document.querySelectorAll('#snapshots tr').length > n", arg=before
        )
        assert "Succeeded" in (page.locator("#history tr").first.text_content() or "")


def test_refused_token_prompts_again(own_server: Served, visit: Visiting) -> None:
    found = visit(own_server, "/status#token=not-the-token-of-this-server")
    found.page.get_by_role("button", name="Refresh now").click()
    found.page.get_by_text("The token was not accepted.").wait_for()
    found.forgive("401")


def test_completion_is_described_in_words(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, "/status")
    page = found.page
    status = httpx2.get(f"{sample_server.url}/api/v1/analytics/status").json()

    def answer(route: Route) -> None:
        completion = {
            "learned": 0.3,
            "tree": 0.25,
            "manhattan": 0.2,
            "queries": 600,
            "published": "learned",
        }
        status["snapshot"]["quality"]["cocktail-space-em"]["completion"] = completion
        route.fulfill(json=status)

    page.route("**/api/v1/analytics/status", answer)
    found.goto("/status")
    page.get_by_text("Technical details").click()
    words = page.locator("#completion").inner_text()
    assert "50 % better than the Manhattan distance" in words
    assert "20 % better than the ingredient tree" in words
    assert "600 hidden ingredients" in words
    assert page.locator("#completion-figures dd").all_inner_texts() == ["0.300", "0.250", "0.200"]


def test_status_loads_no_map(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, "/recipes")
    asked: list[str] = []
    found.page.on("request", lambda request: asked.append(request.url))
    found.goto("/status")
    found.page.get_by_text("Up to date", exact=True).wait_for()
    assert any("/analytics/status" in url for url in asked)
    assert not any("cocktail-space" in url or "atlas" in url for url in asked)
