"""Answers about a shelf of bottles."""

from pydantic import BaseModel, Field


class IngredientRef(BaseModel):
    """An ingredient by id and name."""

    ingredient_id: int
    ingredient_name: str


class RecipeRef(BaseModel):
    """A recipe by id and name."""

    recipe_id: int
    recipe_name: str


class MakeableRecipe(RecipeRef):
    """A recipe that the shelf makes."""

    ingredient_count: int = Field(description="Distinct ingredients.")
    rating: float | None = Field(description="Mean rating, 1 to 5.")
    distance: float | None = Field(
        description="From the recipe named by `like`, along the nearest relatives."
    )


class MakeableRecipes(BaseModel):
    """What the shelf makes now."""

    recipes: list[MakeableRecipe]


class Unlocks(IngredientRef):
    """A bottle and the recipes that only it is missing from."""

    unlocks: int = Field(description="How many recipes.")
    recipes: list[RecipeRef]


class KindOption(IngredientRef):
    """A kind that could replace bottles: any bottle of it will do."""

    bottles: list[IngredientRef]
    gained: int = Field(description="How many more recipes the shelf would make.")


class NextBottles(BaseModel):
    """What to buy next."""

    one_away: list[Unlocks] = Field(description="Every bottle that alone unlocks recipes.")
    shopping_list: list[Unlocks] = Field(
        description="Bottles in order: each the best one once those before it are there."
    )
    kinds: list[KindOption]


class Replacement(IngredientRef):
    """What to pour instead, in the measure of the line."""

    family: bool = Field(description="Whether it is of the same kind.")
    rating: str = Field(description="`excellent`, `good` or `in a pinch`.")
    support: int = Field(description="Pairs of near variants that exchange the two.")


class RecipeFix(RecipeRef):
    """A drink that the missing bottle affects."""

    ingredient: IngredientRef = Field(description="What the recipe asks for.")
    amount: float | None
    unit: str | None
    replacement: Replacement | None = Field(description="None if the shelf has no good stand-in.")


class Without(BaseModel):
    """What an empty bottle changes."""

    affected: list[RecipeFix]


class ShoppingNeed(RecipeRef):
    """A recipe that would use a bottle, and what it still needs."""

    missing: list[IngredientRef]


class BottleStock(IngredientRef):
    """How a bottle is used."""

    serves: int = Field(description="Recipes that the shelf makes with it.")
    wanted_by: int = Field(description="Recipes of the collection that ask for it.")
    recipes: list[RecipeRef]
    would_use: list[ShoppingNeed] = Field(description="The recipes nearest to being makeable.")


class Stock(BaseModel):
    """The shelf by use, unused bottles first."""

    bottles: list[BottleStock]


class NearDuplicatePair(BaseModel):
    """Two drinks closer than the median recipe is to its nearest relative."""

    first: RecipeRef
    second: RecipeRef
    distance: float


class MapGap(BaseModel):
    """A neighborhood of the map that the menu leaves out."""

    region: str
    size: int
    suggestion: RecipeRef


class SingleUse(IngredientRef):
    """An ingredient that one drink of the menu asks for."""

    recipe: RecipeRef


class MenuReport(BaseModel):
    """What to look at before a menu is printed."""

    duplicates: list[NearDuplicatePair]
    gaps: list[MapGap]
    single_use: list[SingleUse]
