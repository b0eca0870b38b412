"""The catalog on both databases: writes read back unchanged, invalid ones are refused."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import URL, text

from api.db.catalog import ingredients, ratings, recipes, tags, units
from api.db.catalog.drafts import (
    IngredientDraft,
    LineDraft,
    RatingDraft,
    RecipeDraft,
    TagDraft,
    UnitDraft,
)
from api.db.catalog.errors import (
    ChangedError,
    ConflictError,
    InvalidError,
    NotFoundError,
    OutdatedSchemaError,
)
from api.db.catalog.search import RecipeSearch
from api.db.catalog.writing import writing
from api.db.check import check_dataset
from api.db.database import Database
from api.db.dataset import read_dataset
from api.db.errors import DatabaseError
from api.db.fingerprint import dataset_fingerprint
from api.db.migrations import upgrade

NASTY = [
    "Robert'); DROP TABLE recipes;--",
    '100% _pure_ \\ "quoted"',
    "Crème 🍸 Piña",
    "'; --",
    "%",
]


def _tree(database: Database) -> dict[str, int]:
    """Spirits > Gin > {Tanqueray, Beefeater}; Bitters."""
    made: dict[str, int] = {}
    with writing(database) as connection:
        for name, parent, substitutable in (
            ("Spirits", None, False),
            ("Gin", "Spirits", False),
            ("Tanqueray", "Gin", True),
            ("Beefeater", "Gin", True),
            ("Bitters", None, False),
        ):
            draft = IngredientDraft(
                name=name,
                parent_id=made[parent] if parent else None,
                allow_substitution=substitutable,
            )
            made[name] = ingredients.create_ingredient(connection, draft).id
        made["Ounce"] = units.create_unit(
            connection, UnitDraft(name="Ounce", conversion_to_ml=29.5735)
        ).id
    return made


def _recipe(database: Database, name: str, *ids: int, **more: Any) -> recipes.Recipe:
    lines = [LineDraft(ingredient_id=one, amount=1) for one in ids]
    with writing(database) as connection:
        return recipes.create_recipe(connection, RecipeDraft(name=name, ingredients=lines, **more))


def _paths(database: Database) -> dict[str, str]:
    with database.snapshot() as connection:
        found = ingredients.list_ingredients(connection, limit=100).items
    return {one.name: one.path for one in found}


def test_recipe_round_trip(database: Database) -> None:
    ids = _tree(database)
    draft = RecipeDraft(
        name="Pink Gin",
        description="Two things.",
        instructions="Stir.\nStrain.",
        image_url="https://example.com/a.jpg",
        source="Navy",
        source_url="https://example.com/b?c=d#e",
        ingredients=[
            LineDraft(ingredient_id=ids["Tanqueray"], unit_id=ids["Ounce"], amount=2),
            LineDraft(ingredient_id=ids["Bitters"]),
        ],
        tags=["stirred", "Classic", "STIRRED"],
    )
    with writing(database) as connection:
        made = recipes.create_recipe(connection, draft)
    with database.snapshot() as connection:
        assert recipes.get_recipe(connection, made.id) == made
    assert made.tags == ["stirred", "Classic"]
    assert [line.ingredient_name for line in made.ingredients] == ["Tanqueray", "Bitters"]
    assert [line.volume_ml for line in made.ingredients] == [pytest.approx(59.147), 1.0]
    assert recipes.draft_of(made) == draft.model_copy(update={"tags": ["stirred", "Classic"]})


def test_new_description_keeps_the_fingerprint(database: Database) -> None:
    ids = _tree(database)
    made = _recipe(database, "Gin", ids["Gin"], ids["Bitters"])
    with database.snapshot() as connection:
        before = dataset_fingerprint(read_dataset(connection))
    draft = recipes.draft_of(made)
    with writing(database) as connection:
        recipes.update_recipe(connection, made.id, draft.model_copy(update={"description": "x"}))
    with database.snapshot() as connection:
        assert dataset_fingerprint(read_dataset(connection)) == before
    shorter = draft.model_copy(update={"ingredients": draft.ingredients[1:]})
    with writing(database) as connection:
        changed = recipes.update_recipe(connection, made.id, shorter)
    assert [line.ingredient_name for line in changed.ingredients] == ["Bitters"]


def test_dangling_references_are_named_by_line(database: Database) -> None:
    ids = _tree(database)
    lines = [
        LineDraft(ingredient_id=ids["Gin"]),
        LineDraft(ingredient_id=2**63 - 1, unit_id=2**40),
    ]
    with pytest.raises(InvalidError) as caught, writing(database) as connection:
        recipes.create_recipe(connection, RecipeDraft(name="X", ingredients=lines, tags=["new"]))
    assert [fault.field for fault in caught.value.faults] == [
        "ingredients[1].ingredient_id",
        "ingredients[1].unit_id",
    ]
    assert all(fault.remedy for fault in caught.value.faults)
    with database.snapshot() as connection:
        assert recipes.search_recipes(connection, RecipeSearch()).items == []
        assert tags.list_tags(connection).items == []


def test_names_round_trip_exactly(database: Database) -> None:
    for name in NASTY:
        tag = name.replace(";", "")
        _recipe(database, name, tags=[tag])
        with writing(database) as connection:
            units.create_unit(connection, UnitDraft(name=name))
            ingredients.create_ingredient(connection, IngredientDraft(name=name))
    with database.snapshot() as connection:
        for name in NASTY:
            found = recipes.search_recipes(
                connection, RecipeSearch(q=name, tag=[name.replace(";", "")])
            ).items
            assert [one.name for one in found if one.name == name] == [name]
            assert name in {one.name for one in units.list_units(connection, q=name).items}
            listed = ingredients.list_ingredients(connection, q=name).items
            assert name in {one.name for one in listed}
        everything = recipes.search_recipes(connection, RecipeSearch()).items
    assert {one.name for one in everything} == set(NASTY)


@pytest.mark.parametrize(
    ("create", "draft"),
    [
        (units.create_unit, UnitDraft),
        (tags.create_tag, TagDraft),
        (ingredients.create_ingredient, IngredientDraft),
    ],
)
def test_names_are_unique_in_any_case(database: Database, create: Any, draft: Any) -> None:
    with writing(database) as connection:
        create(connection, draft(name="Pêche"))
        create(connection, draft(name="Peche"))  # another word
    with pytest.raises(ConflictError) as caught, writing(database) as connection:
        create(connection, draft(name=" PE\u0302CHE "))
    assert [fault.field for fault in caught.value.faults] == ["name"]
    assert "Pêche" in caught.value.detail


def test_descendants_move_with_their_ancestor(database: Database) -> None:
    ids = _tree(database)
    with writing(database) as connection:
        moved = IngredientDraft(name="Gin", parent_id=ids["Bitters"])
        ingredients.update_ingredient(connection, ids["Gin"], moved)
    above = f"/{ids['Bitters']}/{ids['Gin']}/"
    paths = _paths(database)
    assert paths["Gin"] == above
    assert paths["Tanqueray"] == f"{above}{ids['Tanqueray']}/"
    with database.snapshot() as connection:
        assert [f for f in check_dataset(read_dataset(connection)) if f.severity == "error"] == []


def test_cycle_is_refused(database: Database) -> None:
    ids = _tree(database)
    before = _paths(database)
    for below in ("Spirits", "Gin", "Tanqueray"):
        draft = IngredientDraft(name="Other", parent_id=ids[below])
        with pytest.raises(InvalidError) as caught, writing(database) as connection:
            ingredients.update_ingredient(connection, ids["Spirits"], draft)
        assert caught.value.faults[0].field == "parent_id"
        assert "below itself" in caught.value.faults[0].message
    assert _paths(database) == before


def test_too_deep_a_tree_is_refused(database: Database) -> None:
    def chain() -> None:
        parent = None
        with writing(database) as connection:
            for depth in range(300):
                draft = IngredientDraft(name=f"Depth {depth}", parent_id=parent)
                parent = ingredients.create_ingredient(connection, draft).id

    with pytest.raises(InvalidError) as caught:
        chain()
    assert "too deep" in caught.value.faults[0].message
    assert _paths(database) == {}


def test_used_rows_cannot_be_deleted(database: Database) -> None:
    ids = _tree(database)
    with writing(database) as connection:
        line = LineDraft(ingredient_id=ids["Bitters"], unit_id=ids["Ounce"], amount=1)
        recipes.create_recipe(connection, RecipeDraft(name="Fizz", ingredients=[line]))
    for delete, identifier, user in (
        (ingredients.delete_ingredient, ids["Bitters"], "Fizz"),
        (ingredients.delete_ingredient, ids["Gin"], "Tanqueray"),
        (units.delete_unit, ids["Ounce"], "Fizz"),
    ):
        with pytest.raises(ConflictError, match=user), writing(database) as connection:
            delete(connection, identifier)
    with writing(database) as connection:
        ingredients.delete_ingredient(connection, ids["Beefeater"])
    assert "Beefeater" not in _paths(database)


def test_deleting_a_recipe_deletes_its_rows(database: Database) -> None:
    ids = _tree(database)
    made = _recipe(database, "Fizz", ids["Gin"], tags=["tall"])
    with writing(database) as connection:
        ratings.rate(connection, made.id, "me", RatingDraft(rating=4))
        recipes.delete_recipe(connection, made.id)
    with database.snapshot() as connection:
        for table in ("recipes", "recipe_ingredients", "recipe_tags", "ratings"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        with pytest.raises(NotFoundError, match=str(made.id)):
            recipes.get_recipe(connection, made.id)


def test_outdated_write_is_refused(database: Database) -> None:
    ids = _tree(database)
    made = _recipe(database, "Fizz", ids["Gin"])
    with writing(database) as connection:
        # A new rating is shown, but no write would undo it.
        ratings.rate(connection, made.id, "me", RatingDraft(rating=4))
        rated = recipes.get_recipe(connection, made.id)
        draft = recipes.draft_of(made).model_copy(update={"name": "Gin Fizz"})
        recipes.update_recipe(connection, made.id, draft, [made.version])
    assert rated.version != made.version
    with pytest.raises(ChangedError), writing(database) as connection:
        recipes.update_recipe(connection, made.id, draft, ["other", made.version])
    with pytest.raises(ChangedError), writing(database) as connection:
        recipes.delete_recipe(connection, made.id, ["other", made.version])
    with writing(database) as connection:
        recipes.delete_recipe(
            connection, made.id, ["other", recipes.get_recipe(connection, made.id).version]
        )


def test_one_rating_per_user(database: Database) -> None:
    made = _recipe(database, "Fizz")
    with writing(database) as connection:
        assert ratings.rate(connection, made.id, "me", RatingDraft(rating=2))[1] is True
        assert ratings.rate(connection, made.id, "me", RatingDraft(rating=4))[1] is False
        ratings.rate(connection, made.id, "you", RatingDraft(rating=5))
    with database.snapshot() as connection:
        found = ratings.list_ratings(connection, recipe_id=made.id).items
        assert [(one.user_id, one.rating) for one in found] == [("me", 4), ("you", 5)]
        assert all(one.created_at and one.created_at.endswith("+00:00") for one in found)
        assert recipes.get_recipe(connection, made.id).rating == ratings.RatingSummary(4.5, 2)
    with writing(database) as connection:
        ratings.unrate(connection, made.id, "me")
    with pytest.raises(NotFoundError), writing(database) as connection:
        ratings.unrate(connection, made.id, "me")


def test_names_changed_by_other_programs_are_found(database: Database) -> None:
    made = _recipe(database, "Piña")
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE recipes SET name = 'Creme'"))
        connection.execute(text("INSERT INTO recipes (name) VALUES ('cremeux')"))
    with database.snapshot() as connection:
        found = recipes.search_recipes(connection, RecipeSearch(q="CRÈME")).items
        assert [one.name for one in found] == ["Creme", "cremeux"]
        assert recipes.search_recipes(connection, RecipeSearch(q="pina")).items == []
    with writing(database) as connection:
        recipes.delete_recipe(connection, made.id)
    with database.snapshot() as connection:
        query = text("SELECT count(*) FROM recipes WHERE search_name IS NULL")
        assert connection.scalar(query) == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "at least 1"),
        (" \u00a0 ", "empty"),
        ("a\x00b", "U\\+0000"),
        ("a\nb", "U\\+000A"),
        ("abc\u202ednuor", "U\\+202E"),
        ("Gin\U000e0041", "U\\+E0041"),
        ("x" * 201, "at most 200"),
        ("\ufb2c" * 150, "longer than 200"),  # composing takes it apart into three
    ],
)
def test_unreadable_names_are_refused(name: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        RecipeDraft(name=name)


@pytest.mark.parametrize("draft", [RecipeDraft, IngredientDraft, UnitDraft, TagDraft])
@pytest.mark.parametrize(
    "name",
    ["G\u0456n", "\u0410bsinthe", "Old T\u03bfm", "Campar\u0456 Soda", "\u13a0perol", "R\u057dm"],
)
def test_words_of_two_alphabets_are_refused(draft: Any, name: str) -> None:
    with pytest.raises(ValidationError, match="two alphabets"):
        draft(name=name)


@pytest.mark.parametrize(
    "name",
    [
        "\u0421\u0430\u0445\u0430\u0440",  # sugar, of look-alikes alone
        "\u041c\u043e\u0445\u0438\u0442\u043e Fresh",
        "\u039f\u03cd\u03b6\u03bf",
        "\u6885\u9152 Spritz",
        "\u30cf\u30a4\u30dc\u30fc\u30ebX",
        "Pi\u00f1a",
        "5 \u00b5l",
        "\u05e2\u05e8\u05e7",
        "\u0928\u0940\u0902\u092c\u0942",
    ],
)
def test_names_of_any_script_are_accepted(name: str) -> None:
    assert RecipeDraft(name=name).name == name


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ("Coca", "\u0421\u043e\u0441\u0430"),
        ("\u0421\u043e\u0441\u0430", "Coca"),
        ("\u0412\u0410\u041c", "Bam"),
        ("\u039f\u039c\u039f", "\u041e\u041c\u041e"),
        ("Gin", "\uff27\uff49\uff4e"),
        ("Gin", "G\u034fin"),
        ("Gin", "G\u200din"),
        ("Gin", "Gin\u115f"),
        ("G\ufe0fin", "Gin"),
    ],
)
def test_look_alikes_are_the_same_name(database: Database, taken: str, name: str) -> None:
    with writing(database) as connection:
        units.create_unit(connection, UnitDraft(name=taken))
    with (
        pytest.raises(ConflictError, match="already has the name"),
        writing(database) as connection,
    ):
        units.create_unit(connection, UnitDraft(name=name))


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ValidationError):
        RecipeDraft(name="\ud800")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.com",
        "https://",
        "https://a b",
        "http://x/\"'>",
    ],
)
def test_only_web_links_are_accepted(url: str) -> None:
    with pytest.raises(ValidationError, match="web address"):
        RecipeDraft(name="x", source_url=url)


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), 1e7, "two"])
def test_amounts_are_finite_and_not_negative(amount: Any) -> None:
    with pytest.raises(ValidationError):
        LineDraft(ingredient_id=1, amount=amount)


def _adopted(real_db_path: Path, tmp_path: Path) -> Database:
    copy = tmp_path / "real.db"
    shutil.copyfile(real_db_path, copy)
    return Database(URL.create("sqlite", database=str(copy)))


def test_foreign_database_is_read_only_until_migrated(real_db_path: Path, tmp_path: Path) -> None:
    database = _adopted(real_db_path, tmp_path)
    with database.snapshot() as connection:
        (found,) = recipes.search_recipes(connection, RecipeSearch(q="mai tai garret")).items
        recipe = recipes.get_recipe(connection, found.id)
        assert recipe.ingredients
        assert (recipe.tags, recipe.rating.count, recipe.image_url) == ([], 0, None)
        assert tags.list_tags(connection).items == []
        assert ratings.list_ratings(connection).items == []
        assert recipes.search_recipes(connection, RecipeSearch(tag=["x"])).items == []
    expected = pytest.raises(OutdatedSchemaError, match="cocktaildb db migrate")
    with expected, writing(database) as connection:
        recipes.delete_recipe(connection, found.id)
    upgrade(database.engine)
    with pytest.raises(ConflictError) as caught, writing(database) as connection:
        recipes.create_recipe(connection, RecipeDraft(name=found.name))
    assert [fault.field for fault in caught.value.faults] == ["name"]
    with writing(database) as connection:
        recipes.delete_recipe(connection, found.id)
        recipes.create_recipe(connection, RecipeDraft(name=found.name))
    database.dispose()


def test_missing_database_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    database = Database(URL.create("sqlite", database=str(path)))
    with pytest.raises(DatabaseError, match="No database"), writing(database):
        pass
    assert not path.exists()


def test_odd_values_do_not_break_reads(database: Database) -> None:
    if database.sqlite_path is None:
        pytest.skip("PostgreSQL takes no such values")
    ids = _tree(database)
    made = _recipe(database, "Odd", ids["Gin"])
    with closing(sqlite3.connect(database.sqlite_path)) as raw, raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute("UPDATE recipe_ingredients SET amount = 'much'")
        raw.execute(
            "INSERT INTO recipe_ingredients (recipe_id, ingredient_id, amount) "
            "VALUES (?, 999, 9e999)",
            (made.id,),
        )
        raw.execute("UPDATE recipes SET description = x'ff00'")
    with database.snapshot() as connection:
        found = recipes.get_recipe(connection, made.id)
    assert [line.amount for line in found.ingredients] == [None, None]
    assert found.ingredients[1].ingredient_name == "ingredient 999"
