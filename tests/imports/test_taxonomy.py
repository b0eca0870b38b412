"""The ingredient tree, and what names mean in it."""

import csv
from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.db.taxonomy.matcher import find_ingredient
from api.db.taxonomy.taxonomy import shipped_taxonomy, words_of

NAMES = sorted(shipped_taxonomy().nodes)


def test_tree_holds_six_hundred_ingredients() -> None:
    assert len(NAMES) >= 600
    for node in shipped_taxonomy().nodes.values():
        assert node.path[-1] == node.name
        assert len(set(node.path)) == len(node.path)


def test_every_name_means_one_ingredient() -> None:
    text = (files("api.db.taxonomy") / "ingredients.csv").read_text(encoding="utf-8")
    claims = Counter[tuple[str, ...]]()
    for row in csv.DictReader(text.splitlines()):
        own = {words_of(name) for name in (row["name"], *row["aliases"].split("|")) if name}
        claims.update(own)
    assert [words for words, count in claims.items() if count > 1] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("light rum", "White Rum"),
        ("Rum, dark", "Dark Rum"),
        ("sweet vermouth", "Sweet Vermouth"),
        ("Vermouth - Sweet", "Sweet Vermouth"),
        ("freshly squeezed lime juice", "Lime Juice"),
        ("Lemon juice (freshly squeezed)", "Lemon Juice"),
        ("CREME DE CACAO, WHITE", "Crème de Cacao White"),
        ("Cachaca", "Cachaça"),
        ("Midori melon liqueur", "Melon Liqueur"),
        ("Ketel One Vodka", "Ketel One"),
        ("Cointreau or triple sec", "Cointreau"),
        ("lemon or lime juice", "Lemon Juice"),
        ("white/gold rum", "White Rum"),
        ("Laphroaig 10 year old", "Laphroaig"),
        ("Rye whiskey (100 proof)", "Rye Whiskey"),
        ("151 proof rum", "Overproof Rum"),
        ("Orange spiral", "Orange Peel"),
        ("Mint leaves", "Mint Leaf"),
        ("Rasberry liqueur", "Raspberry Liqueur"),
        ("Angustora bitters", "Angostura Bitters"),
        ("jus de citron vert", "Lime Juice"),
        ("Zumo de limón", "Lemon Juice"),
        ("Maracujasaft", "Passion Fruit Juice"),
        ("Succo d'arancia", "Orange Juice"),
        ("Weißer Rum", "White Rum"),
        ("Eiswürfel", "Ice"),
    ],
)
def test_names_mean_ingredients(name: str, expected: str) -> None:
    match = find_ingredient(name)
    assert match.node is not None
    assert match.node.name == expected
    assert not match.new_child


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Old Grogram rum", "Rum"),
        ("Gin Zorbl", "Gin"),
        ("Giffard Wild Elderflower Liqueur", "Elderflower Liqueur"),
        ("Fentimans Indian tonic water", "Tonic Water"),
        ("Strucchi Dry Vermouth", "Dry Vermouth"),
    ],
)
def test_unknown_names_go_below_their_kind(name: str, kind: str) -> None:
    match = find_ingredient(name)
    assert match.node is not None
    assert (match.node.name, match.how, match.new_child) == (kind, "kind", True)


@pytest.mark.parametrize("name", ["Hoopla", "Cherry Marnier", "?", "", "   ", "42"])
def test_strange_names_stay_unknown(name: str) -> None:
    match = find_ingredient(name)
    assert (match.node, match.how) == (None, "none")


@pytest.mark.parametrize(("one", "other"), [("cherry", "sherry"), ("pear juice", "peach juice")])
def test_known_words_are_no_typing_errors(one: str, other: str) -> None:
    assert find_ingredient(one).node != find_ingredient(other).node


def test_unknown_names_get_suggestions() -> None:
    assert "Maraschino Cherry" in find_ingredient("Cherry Marnier").suggestions


@given(name=st.sampled_from(NAMES), case=st.sampled_from([str.upper, str.lower, str.title, str]))
def test_case_and_descriptions_change_nothing(name: str, case: "type[str]") -> None:
    for written in (case(name), f"  {name} ", f"{name} (optional)", f"large {name}"):
        match = find_ingredient(written)
        assert match.node is not None
        assert match.node.name == name


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_name_is_answered(name: str) -> None:
    match = find_ingredient(name)
    assert (match.node is None) == (match.how == "none")
