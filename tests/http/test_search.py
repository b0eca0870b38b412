"""The search finds what people type: at the API and on the pages that need no script."""

import html

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize(
    ("kind", "typed", "first"),
    [
        ("ingredients", "rum", "Rum"),
        ("ingredients", "gin", "Gin"),
        ("ingredients", "simple", "Simple Syrup"),
        ("ingredients", "triple sec", "Triple Sec"),
        ("ingredients", "campri", "Campari"),
        ("recipes", "negrni", "Negroni"),
        ("recipes", "dry mart", "Dry Martini"),
    ],
)
def test_the_first_answer_is_meant(
    sample_client: TestClient, kind: str, typed: str, first: str
) -> None:
    found = sample_client.get(f"/api/v1/{kind}", params={"q": typed}).json()["items"]
    assert found[0]["name"] == first
    page = html.unescape(sample_client.get(f"/{kind}/all", params={"q": typed}).text)
    assert first in page


def test_an_ingredient_finds_its_recipes(sample_client: TestClient) -> None:
    for path in ("/api/v1/recipes", "/recipes/all"):
        assert "Americano" in sample_client.get(path, params={"q": "campari"}).text
