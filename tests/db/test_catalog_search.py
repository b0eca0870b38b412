"""Search: results, order and index use."""

import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Connection, text
from sqlalchemy.dialects import sqlite

from api.db.catalog import ingredients, recipes
from api.db.catalog.drafts import IngredientDraft, RecipeDraft
from api.db.catalog.errors import InvalidError
from api.db.catalog.paging import Position, read_cursor
from api.db.catalog.search import RecipeSearch, recipe_query
from api.db.catalog.writing import writing
from api.db.columns import read_table_columns
from api.db.database import Database
from api.db.dataset import build_dataset
from api.db.frames import Dataset
from api.db.migrations import upgrade
from api.db.schema import recipes as recipes_table
from api.db.search_names import KEY_LENGTH, fold, folded_column, search_key
from api.db.write import write_dataset

SPIRITS, GIN, TANQUERAY, BEEFEATER, OLD_TOM, BITTERS, ORANGE, LIME = range(1, 9)
BAR = build_dataset(
    {
        "units": [{"id": 1, "name": "Ounce", "conversion_to_ml": 29.5735}],
        "ingredients": [
            {"id": i, "name": n, "parent_id": p, "path": path, "allow_substitution": s}
            for i, n, p, path, s in [
                (SPIRITS, "Spirits", None, "/1/", False),
                (GIN, "Gin", SPIRITS, "/1/2/", True),  # not a leaf: the flag has no effect
                (TANQUERAY, "Tanqueray", GIN, "/1/2/3/", True),
                (BEEFEATER, "Beefeater", GIN, "/1/2/4/", True),
                (OLD_TOM, "Old Tom", GIN, "/1/2/5/", False),
                (BITTERS, "Bitters", None, "/6/", False),
                (ORANGE, "Orange Bitters", BITTERS, "/6/7/", False),
                (LIME, "Lime", None, "/8/", False),
            ]
        ],
        "recipes": [
            {"id": i, "name": n}
            for i, n in enumerate(
                ["Gimlet", "Dry Martini", "Martinez", "Lime Rickey", "Éclair", "Nothing"], 1
            )
        ],
        "recipe_ingredients": [
            {"id": i, "recipe_id": r, "ingredient_id": g}
            for i, (r, g) in enumerate(
                [
                    (1, GIN), (1, LIME),
                    (2, TANQUERAY), (2, ORANGE),
                    (3, OLD_TOM), (3, ORANGE), (3, ORANGE),
                    (4, LIME),
                    (5, BITTERS), (5, LIME), (5, TANQUERAY),
                ],
                1,
            )
        ],
        "tags": [{"id": 1, "name": "Été"}],
        "recipe_tags": [{"recipe_id": 1, "tag_id": 1}, {"recipe_id": 4, "tag_id": 1}],
    }
)  # fmt: skip


@pytest.fixture
def bar(database: Database) -> Iterator[Connection]:
    with database.engine.begin() as connection:
        write_dataset(connection, BAR)
    with database.snapshot() as connection:
        yield connection


def _search(**conditions: Any) -> RecipeSearch:
    return RecipeSearch(**conditions)


def _names(connection: Connection, **search: Any) -> list[str]:
    page = recipes.search_recipes(connection, _search(**search), limit=100)
    assert page.next_cursor is None
    return [one.name for one in page.items]


def test_conditions_combine(bar: Connection) -> None:
    everything = ["Dry Martini", "Éclair", "Gimlet", "Lime Rickey", "Martinez", "Nothing"]
    searches: list[tuple[list[str], dict[str, Any]]] = [
        (everything, {}),
        (["Éclair"], {"q": "ECLAIR"}),
        (["Dry Martini"], {"q": "tini dry"}),
        (["Dry Martini", "Éclair", "Gimlet", "Martinez"], {"ingredient": [GIN]}),
        (["Dry Martini", "Éclair", "Martinez"], {"ingredient": [SPIRITS, BITTERS]}),
        (["Dry Martini", "Éclair", "Martinez"], {"any_ingredient": [ORANGE, TANQUERAY]}),
        (["Lime Rickey", "Nothing"], {"not_ingredient": [GIN]}),
        (["Gimlet"], {"ingredient": [GIN], "any_ingredient": [LIME], "not_ingredient": [BITTERS]}),
        (["Gimlet", "Lime Rickey"], {"tag": ["ETE"]}),
        (["Lime Rickey"], {"tag": ["été"], "not_ingredient": [SPIRITS]}),
        ([], {"tag": ["été", "other"]}),
    ]
    for wanted, search in searches:
        assert _names(bar, **search) == wanted, search


def test_makeable_recipes(bar: Connection) -> None:
    for wanted, have, missing in [
        (["Lime Rickey"], [LIME], 0),
        # A brand covers a line for its kind.
        (["Gimlet", "Lime Rickey"], [LIME, OLD_TOM], 0),
        # A substitutable brand is covered by its kind and by every sibling.
        (["Dry Martini", "Martinez"], [GIN, ORANGE], 0),
        (["Dry Martini"], [BEEFEATER, ORANGE], 0),
        # A brand that is not substitutable is not covered by a sibling.
        (["Dry Martini", "Martinez"], [OLD_TOM, ORANGE], 0),
        # "Gin" means that any gin will do: it covers at least what each gin does.
        (["Dry Martini", "Martinez"], [SPIRITS, ORANGE], 0),
        (["Éclair", "Gimlet", "Lime Rickey"], [LIME, TANQUERAY, ORANGE][:2], 1),
    ]:
        found = _names(bar, have=have, missing=missing)
        if missing == 0:
            assert found == wanted, (have, missing)
        else:
            assert set(wanted) <= set(found)


def test_missing_ingredients_are_listed(bar: Connection) -> None:
    found = recipes.search_recipes(bar, RecipeSearch(have=[LIME], missing=2)).items
    assert {one.name: one.missing for one in found} == {
        "Éclair": ["Bitters", "Tanqueray"],
        "Gimlet": ["Gin"],
        "Lime Rickey": [],
    }
    assert all(one.missing is None for one in recipes.search_recipes(bar, RecipeSearch()).items)


def test_unknown_ingredients_are_named(bar: Connection) -> None:
    for field in ("ingredient", "any_ingredient", "not_ingredient", "have"):
        with pytest.raises(InvalidError) as caught:
            recipes.search_recipes(bar, _search(**{field: [GIN, 999, 2**63 - 1]}))
        assert [fault.field for fault in caught.value.faults] == [field, field]


def test_pages_are_stable_under_inserts(database: Database) -> None:
    with writing(database) as connection:
        for number in range(10):
            recipes.create_recipe(connection, RecipeDraft(name=f"Same {number // 4}"))
    seen: list[int] = []
    cursor = None
    for step in range(20):
        with database.snapshot() as connection:
            page = recipes.search_recipes(connection, RecipeSearch(), cursor=cursor, limit=3)
        seen += [one.id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        with writing(database) as connection:
            recipes.create_recipe(connection, RecipeDraft(name=f"Before {step}"))
    assert seen == list(range(1, 11))


@given(st.text(max_size=40))
def test_random_text_is_not_a_cursor(cursor: str) -> None:
    with suppress(InvalidError):
        assert read_cursor(cursor).encode() == cursor


@given(
    st.text(max_size=KEY_LENGTH).filter(lambda key: key.isprintable()), st.integers(0, 2**63 - 1)
)
def test_cursor_round_trip(key: str, row: int) -> None:
    position = Position(key, row)
    assert read_cursor(position.encode()) == position


@settings(max_examples=300)
@given(st.text(max_size=30))
def test_folding_is_idempotent(word: str) -> None:
    once = fold(word)
    assert fold(once) == once
    assert fold(unicodedata.normalize("NFD", word)) == fold(unicodedata.normalize("NFC", word))
    assert len(search_key(word)) <= KEY_LENGTH
    assert bool(search_key(word)) == bool(word.strip())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Créme de Cassis", "creme DE cassis"),
        ("Piña", "pina"),
        ("Harry\u2019s", "harrys"),
        ("Barrel\u2010Aged", "barrel aged"),
        ("ΜΎΘΟΣ", "μυθος"),
        ("ЁЖ", "еж"),
        ("Ånd Øl", "and ol"),
        ("İstanbul", "istanbul"),
        ("Straße", "STRASSE"),
    ],
)
def test_accents_fold(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_marks_that_form_letters_stay() -> None:
    assert fold("ガ") != fold("カ")
    assert fold("की") != fold("क")


def test_real_names_are_found(real_db_path: Path) -> None:
    with Database(URL.create("sqlite", database=str(real_db_path))).snapshot() as connection:
        assert "Erick Castro's Piña Colada" in _names(connection, q="pina")
        assert _names(connection, q="creme de canne") == ["Crème de Canne Collins"]
        listed = ingredients.list_ingredients(connection, q="CREME").items
        assert {"Crème De Cassis", "Giffard Crème de Pamplemousse Rose"} <= {x.name for x in listed}
        assert _names(connection, q="navy &")[0] == "Army &\xa0Navy"


def test_full_bar_makes_every_recipe(real_db_path: Path) -> None:
    with Database(URL.create("sqlite", database=str(real_db_path))).snapshot() as connection:
        every = list(connection.scalars(text("SELECT id FROM ingredients")))
        cursor, count = None, 0
        while True:
            page = recipes.search_recipes(
                connection, RecipeSearch(have=every), cursor=cursor, limit=100
            )
            count, cursor = count + len(page.items), page.next_cursor
            if cursor is None:
                break
        made_of_something = "SELECT count(DISTINCT recipe_id) FROM recipe_ingredients"
        assert count == connection.scalar(text(made_of_something))


@settings(max_examples=60, deadline=None)
@given(q=st.text(max_size=12), tag=st.text(max_size=8))
def test_search_text_is_never_sql(q: str, tag: str, shared_sample: Database) -> None:
    with shared_sample.snapshot() as connection:
        search = RecipeSearch(q=q, tag=[tag])
        assert recipes.search_recipes(connection, search).items == []
        if q.strip() and fold(q):
            found = recipes.search_recipes(connection, RecipeSearch(q=q), limit=100).items
            exact = [one for one in found if fold(one.name) == fold(q)]
            assert found[: len(exact)] == exact
        assert connection.scalar(text("SELECT count(*) FROM recipes")) == 101


@pytest.fixture(scope="module")
def shared_sample(sample: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Database:
    from api.db.migrations import upgrade

    path = tmp_path_factory.mktemp("search") / "c.db"
    database = Database(URL.create("sqlite", database=str(path)))
    upgrade(database.engine)
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    database.dispose()
    return database


def _plan(connection: Connection, search: RecipeSearch) -> str:
    shape = read_table_columns(connection)
    key = folded_column(connection, shape, recipes_table)
    query, _ = recipe_query(connection, shape, search)
    query = query.where(key > "m").order_by(key, recipes_table.c.id).limit(50)
    compiled = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    return "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}"))


@pytest.mark.parametrize(
    "search",
    [
        RecipeSearch(),
        RecipeSearch(q="gin"),
        RecipeSearch(ingredient=[1, 2]),
        RecipeSearch(any_ingredient=[1, 2]),
        RecipeSearch(not_ingredient=[1]),
        RecipeSearch(have=[1, 2], missing=1),
        RecipeSearch(tag=["shake"]),
        RecipeSearch(q="a", ingredient=[1], not_ingredient=[2], have=[3], tag=["shake"]),
    ],
)
def test_searches_use_indexes(shared_sample: Database, search: RecipeSearch) -> None:
    with shared_sample.snapshot() as connection:
        plan = _plan(connection, search)
    # Ingredients (and subtrees of them) are few and may be scanned; recipes and lines may not.
    scans = [line for line in plan.splitlines() if line.startswith("SCAN")]
    allowed = ("SCAN ingredients", "SCAN anon_", "SCAN child")
    assert [line for line in scans if not line.startswith(allowed)] == [], plan


def _ingredient_names(connection: Connection, q: str) -> list[str]:
    page = ingredients.list_ingredients(connection, q=q, limit=6)
    return [one.name for one in page.items]


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("rum", "Rum"),
        ("gin", "Gin"),
        ("RUM ", "Rum"),
        ("campri", "Campari"),
        ("lemmon juice", "Lemon Juice"),
    ],
)
def test_suggestions_rank_the_best_first(shared_sample: Database, q: str, first: str) -> None:
    with shared_sample.snapshot() as connection:
        assert _ingredient_names(connection, q)[0] == first


def test_synonyms_find_ingredients(shared_sample: Database) -> None:
    with shared_sample.snapshot() as connection:
        simple = _ingredient_names(connection, "simple")
        assert any("Syrup" in name for name in simple)
        orange = {"Triple Sec", "Cointreau", "Orange Liqueur"}
        assert orange & set(_ingredient_names(connection, "triple sec"))


def test_equal_matches_rank_by_use(shared_sample: Database) -> None:
    with shared_sample.snapshot() as connection:
        found = ingredients.list_ingredients(connection, q="vermouth", limit=100).items
    counts = [one.recipe_count for one in found if one.name != "Vermouth"]
    assert counts == sorted(counts, reverse=True)


def test_recipes_are_found_by_ingredient(shared_sample: Database) -> None:
    with shared_sample.snapshot() as connection:
        assert "Negroni" in _names(connection, q="campari")
        named = _names(connection, q="martini")
        assert all("Martini" in name for name in named[:2])


def test_one_typo_is_forgiven(shared_sample: Database) -> None:
    with shared_sample.snapshot() as connection:
        assert _names(connection, q="negrni")[0] == "Negroni"
        assert _names(connection, q="xyzzyq") == []


def test_ampersand_needs_no_spaces(database: Database) -> None:
    with writing(database) as connection:
        for name in ("B & B", "Brandy", "Bitter & Sweet Bar"):
            recipes.create_recipe(connection, RecipeDraft(name=name))
    with database.snapshot() as connection:
        assert _names(connection, q="b&b")[0] == "B & B"
        assert "Brandy" not in _names(connection, q="b&b")


@pytest.fixture(scope="module")
def joined_names(tmp_path_factory: pytest.TempPathFactory) -> Database:
    path = tmp_path_factory.mktemp("names") / "bar.db"
    database = Database(URL.create("sqlite", database=str(path)))
    upgrade(database.engine)
    with writing(database) as connection:
        for name in ("B & B", "Dark 'n' Stormy", "Corpse Reviver No. 2", "Mai Tai",
                     "Old-Fashioned", "Planter's Punch", "Pi\u00f1a Colada", "Bandit"):  # fmt: skip
            recipes.create_recipe(connection, RecipeDraft(name=name))
    return database


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("b and b", "B & B"),
        ("b+b", "B & B"),
        ("dark and stormy", "Dark 'n' Stormy"),
        ("corpse reviver #2", "Corpse Reviver No. 2"),
        ("maitai", "Mai Tai"),
        ("oldfashioned", "Old-Fashioned"),
        ("planter\u2019s punch", "Planter's Punch"),
        ("colada pina", "Pi\u00f1a Colada"),
    ],
)
def test_names_are_found_as_people_join_them(
    joined_names: Database, typed: str, meant: str
) -> None:
    with joined_names.snapshot() as connection:
        assert _names(connection, q=typed) == [meant]


def test_ranked_pages_are_complete(shared_sample: Database) -> None:
    with shared_sample.snapshot() as connection:
        whole = [
            one.name for one in ingredients.list_ingredients(connection, q="r", limit=100).items
        ]
        paged: list[str] = []
        cursor = None
        while True:
            page = ingredients.list_ingredients(connection, q="r", cursor=cursor, limit=7)
            paged += [one.name for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert paged[: len(whole)] == whole
    assert len(paged) == len(set(paged))


def test_flag_survives_a_bottle_below_its_holder(database: Database) -> None:
    """Tanqueray allows substitution; adding Tanqueray Ten below it must not end that."""
    with database.engine.begin() as connection:
        write_dataset(connection, BAR)
    with database.snapshot() as connection:
        before = _names(connection, have=[BEEFEATER, ORANGE])
    draft = IngredientDraft(name="Tanqueray Ten", parent_id=TANQUERAY, allow_substitution=True)
    with writing(database) as connection:
        ingredients.create_ingredient(connection, draft)
    with database.snapshot() as connection:
        assert _names(connection, have=[BEEFEATER, ORANGE]) == before == ["Dry Martini"]


def test_a_kind_makes_what_each_bottle_makes(bar: Connection) -> None:
    for bottle in (TANQUERAY, BEEFEATER, OLD_TOM):
        for rest in ([], [ORANGE], [LIME], [ORANGE, LIME]):
            assert set(_names(bar, have=[bottle, *rest])) <= set(_names(bar, have=[GIN, *rest]))
