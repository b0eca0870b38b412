"""JSON Schemas of the artifacts, from the models that describe the API's answers."""

from typing import Any, Final, Literal

from pydantic import TypeAdapter

from api.http.models.analytics import (
    Atlas,
    ComplexityBin,
    IngredientCosts,
    IngredientUsage,
    MapPoint,
    SimilarRecipes,
    Substitutes,
    TreeNode,
)

ArtifactName = Literal[
    "ingredient-usage",
    "recipe-complexity",
    "cocktail-space",
    "cocktail-space-em",
    "ingredient-tree",
    "recipe-similar",
    "ingredient-substitutes",
    "ingredient-costs",
    "atlas",
]

ARTIFACTS: Final[dict[ArtifactName, TypeAdapter[Any]]] = {
    "ingredient-usage": TypeAdapter(list[IngredientUsage]),
    "recipe-complexity": TypeAdapter(list[ComplexityBin]),
    "cocktail-space": TypeAdapter(list[MapPoint]),
    "cocktail-space-em": TypeAdapter(list[MapPoint]),
    "ingredient-tree": TypeAdapter(TreeNode),
    "recipe-similar": TypeAdapter(list[SimilarRecipes]),
    "ingredient-substitutes": TypeAdapter(list[Substitutes]),
    "ingredient-costs": TypeAdapter(list[IngredientCosts]),
    "atlas": TypeAdapter(Atlas),
}


def artifact_schema(name: ArtifactName) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an artifact as published.

    Examples
    --------
    >>> artifact_schema("recipe-complexity")["items"]
    {'$ref': '#/$defs/ComplexityBin'}
    """
    schema = ARTIFACTS[name].json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        **{key: value for key, value in schema.items() if key != "title"},
    }
