"""The base spirit of a recipe, with and without an ingredient tree."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.analysis.base_spirit import BaseSpiritClassifier, base_spirit
from api.analysis.spirit_names import NOT_ALCOHOLIC, group_of_name

FLAT_LIST = Path(__file__).parents[3] / "shared/data/cases/flat_no_spirit.json"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Light rum", "rum"),
        ("Blended whiskey", "whiskey"),
        ("Whisk(e)y", "whiskey"),
        ("Single Malt Scotch", "whiskey"),
        ("Rye", "whiskey"),
        ("Gin (London Dry)", "gin"),
        ("Genièvre", "gin"),
        ("Rum, dark", "rum"),
        ("CACHAÇA", "rum"),
        ("Rhum agricole blanc", "rum"),
        ("Añejo Tequila", "agave"),
        ("Mezcal Joven", "agave"),
        ("Calvados", "brandy"),
        ("Pisco acholado", "brandy"),
        ("Vodka or gin", "vodka"),
        ("Butter-washed bourbon", "whiskey"),
        ("Bourbon with honey", "whiskey"),
        ("Sherry cask whisky", "whiskey"),
        ("Triple-distilled vodka", "vodka"),
        ("Coffee rum", "rum"),
        ("Apple brandy", "brandy"),
        ("Apricot brandy", "liqueur"),
        ("Sloe gin", "liqueur"),
        ("Whisky liqueur", "liqueur"),
        ("Crème de Cassis", "liqueur"),
        ("Triple sec", "liqueur"),
        ("Sweet Vermouth", "wine"),
        ("Absinthe", "rinse"),
        ("Ginger ale", NOT_ALCOHOLIC),
        ("Ginger beer", NOT_ALCOHOLIC),
        ("Rum-raisin syrup", NOT_ALCOHOLIC),
        ("Bourbon vanilla", NOT_ALCOHOLIC),
        ("Scotch bonnet", NOT_ALCOHOLIC),
        ("Whiskey barrel bitters", NOT_ALCOHOLIC),
        ("Sherry vinegar", NOT_ALCOHOLIC),
        ("Maraschino cherry", NOT_ALCOHOLIC),
        ("Non-alcoholic gin", NOT_ALCOHOLIC),
        ("Ginger", None),
        ("Original", None),
        ("Sprite", None),
        ("Virgin olive", None),
        ("Crumbled biscuit", None),
        ("Portobello", None),
        ("", None),
    ],
)
def test_name_gives_the_kind_of_drink(name: str, group: str | None) -> None:
    assert group_of_name(name) == group


def _flat(names: list[str]) -> dict[str, Any]:
    return {"id": "root", "name": "All", "children": [{"id": n, "name": n} for n in names]}


def test_flat_list_gives_base_spirits() -> None:
    tree = _flat(["Light rum", "Lime juice", "Ginger ale", "Blended whiskey"])
    classify = BaseSpiritClassifier(tree)
    assert classify.recipe(["Light rum", "Lime juice"]) == "rum"
    assert classify.recipe(["Ginger ale", "Blended whiskey"]) == "whiskey"
    assert classify.recipe(["Ginger ale", "Lime juice"]) == "other"
    assert classify.node("Light rum") == "rum"


def test_tree_overrides_the_name() -> None:
    def below(parent: str, name: str) -> dict[str, Any]:
        node = {"id": "1", "name": parent, "children": [{"id": "2", "name": name}]}
        return {"id": "root", "name": "All", "children": [node]}

    assert base_spirit(["Brandy"], below("Fruit Liqueur", "Brandy")) == "liqueur"
    assert base_spirit(["Apricot Brandy"], below("Brandy", "Apricot Brandy")) == "brandy"
    assert base_spirit(["Rum syrup"], below("Rum", "Rum syrup")) == "rum"
    assert base_spirit(["Plantation 3 Stars"], below("Rum base", "Plantation 3 Stars")) == "rum"
    assert base_spirit(["Vanilla syrup"], below("Gin pantry", "Vanilla syrup")) == "other"


def test_shared_flat_case_has_spirits() -> None:
    if not FLAT_LIST.exists():
        pytest.skip("../shared/data/cases is not here")
    case = json.loads(FLAT_LIST.read_text())
    classify = BaseSpiritClassifier(_flat([row["name"] for row in case["ingredients"]]))
    groups = {
        recipe["name"]: classify.recipe(
            [
                line["ingredient"]
                for line in sorted(recipe["ingredients"], key=lambda line: -line["amount"])
            ]
        )
        for recipe in case["recipes"]
    }
    assert groups == {"Daiquiri": "rum", "Whiskey Sour": "whiskey", "Rum Old Fashioned": "rum"}
