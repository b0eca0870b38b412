"""Importing recipes through the page."""

import httpx2
from playwright.sync_api import FilePayload, expect

from tests.pages.conftest import Served, Visiting

CSV = "recipe,ingredient,measure\nPage Sour,Gin,6 cl\nPage Sour,Zorbl,1 oz\nNegroni,Gin,3 cl\n"


def test_a_file_is_previewed_reviewed_and_imported(own_server: Served, visit: Visiting) -> None:
    page = visit(own_server, "/recipes/import", writer=True).page
    file = FilePayload(name="bar.csv", mimeType="text/csv", buffer=CSV.encode())
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#summary")).to_contain_text("Recognized: CSV, a row an ingredient")
    expect(page.locator("#summary")).to_contain_text("1 recipe to create")
    expect(page.locator("#details")).to_contain_text("Negroni")
    assert httpx2.get(f"{own_server.url}/api/v1/recipes?q=page+sour").json()["items"] == []

    page.get_by_label("Zorbl (1 line)").fill("Campari")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    (made,) = httpx2.get(f"{own_server.url}/api/v1/recipes?q=page+sour").json()["items"]
    assert made["ingredients"] == ["Gin", "Campari"]


def test_an_unknown_file_is_explained(own_server: Served, visit: Visiting) -> None:
    found = visit(own_server, "/recipes/import", writer=True)
    file = FilePayload(name="x.txt", mimeType="text/plain", buffer=b"hello")
    found.page.get_by_label("File").set_input_files(file)
    found.page.get_by_role("button", name="Preview").click()
    expect(found.page.locator("#problem")).to_contain_text("no recipes")
    found.forgive("422")
