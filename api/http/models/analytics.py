"""Shapes of the analytics. The data are the artifacts as published; these models describe them."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.http.models.paging import NextCursor
from api.jobs.run_status import RunRecord

DataT = TypeVar("DataT")

_SNAPSHOT_ID = "20260101T120000.000000Z-0a1b2c3d"


class MapQuality(BaseModel):
    """How well a map preserves the distances it was drawn from."""

    model_config = ConfigDict(extra="allow")

    neighbors: int = Field(description="Number of neighbors compared.", examples=[10])
    knn_preservation: float = Field(
        description="Share of neighbors that are also neighbors on the map.", examples=[0.61]
    )
    trustworthiness: float = Field(
        description="1 if no recipe appears closer than it is.", examples=[0.97]
    )
    median_shift: float | None = Field(
        default=None,
        description="Median distance recipes moved since the previous map.",
        examples=[0.02],
    )


class Metadata(BaseModel):
    """The origin of a result."""

    snapshot_id: str = Field(examples=[_SNAPSHOT_ID])
    generated_at: datetime = Field(description="When it was published (UTC).")
    stale: bool = Field(
        description=(
            "Whether the recipes have changed since. Also true for a moment after any write, until "
            "the data have been compared."
        )
    )
    schema_version: int = Field(description="Version of the artifacts' format.", examples=[1])
    quality: MapQuality | None = Field(default=None, description="Only for maps.")


class Envelope(BaseModel, Generic[DataT]):
    """A result and its origin."""

    data: DataT
    metadata: Metadata


class RecordPage(BaseModel, Generic[DataT]):
    """A page of an artifact's records."""

    items: list[DataT]
    next_cursor: NextCursor


class IngredientUsage(BaseModel):
    """Recipes that use an ingredient."""

    ingredient_id: int = Field(examples=[7])
    ingredient_name: str = Field(examples=["Gin"])
    path: str = Field(
        description="IDs from the root down to the ingredient itself.", examples=["/1/7/"]
    )
    parent_id: int | None = Field(examples=[1])
    direct_usage: int = Field(description="Recipes that name it.", examples=[31])
    hierarchical_usage: int = Field(
        description="Recipes that name it or anything below it, each counted once.", examples=[44]
    )
    has_children: bool


class ComplexityBin(BaseModel):
    """The number of recipes with a certain number of ingredients."""

    ingredient_count: int = Field(examples=[4])
    recipe_count: int = Field(examples=[37])


class MapPoint(BaseModel):
    """A recipe on a map."""

    recipe_id: int = Field(examples=[12])
    recipe_name: str = Field(examples=["Negroni"])
    x: float = Field(examples=[4.1273])
    y: float = Field(examples=[-0.532])
    ingredients: list[str] = Field(
        description="Names, by descending volume.", examples=[["Gin", "Campari"]]
    )


class TreeNode(BaseModel):
    """An ingredient with everything below it."""

    id: str = Field(description="The ingredient's ID; `root` at the top.", examples=["7"])
    name: str = Field(examples=["Gin"])
    edge_weight: float | None = Field(default=None, description="Null at the root.")
    recipe_count: int = Field(description="Recipes that name it.", examples=[31])
    hierarchical_recipe_count: int = Field(
        description="Recipes that name it or anything below it.", examples=[44]
    )
    children: list["TreeNode"] | None = Field(default=None, description="Null for leaves.")


class PlanStep(BaseModel):
    """One change that turns a recipe into another."""

    kind: Literal["swap", "add", "leave out"]
    measure: str = Field(description="In the recipe's own unit.", examples=["1 oz"])
    ml: float = Field(examples=[29.6])
    from_: str | None = Field(alias="from", examples=["Gin"])
    to: str | None = Field(examples=["Bourbon"])


class KeptPart(BaseModel):
    """A part of a recipe that stays."""

    measure: str = Field(examples=["1 oz"])
    ml: float = Field(examples=[29.6])
    name: str = Field(examples=["Campari"])


class SimilarRecipe(BaseModel):
    """A recipe similar to another."""

    recipe_id: int = Field(examples=[13])
    recipe_name: str = Field(examples=["Boulevardier"])
    distance: float = Field(examples=[0.214])
    plan: list[str] = Field(
        description="The steps in words: swaps, then what to add, then what to leave out.",
        examples=[["1 oz Gin -> Bourbon"]],
    )
    steps: list[PlanStep] = Field(description="The same steps, in parts.")
    keep: list[KeptPart] = Field(
        description="What stays; with what is swapped and left out it adds up to the recipe."
    )


class SimilarRecipes(BaseModel):
    """The recipes most similar to one."""

    recipe_id: int = Field(examples=[12])
    recipe_name: str = Field(examples=["Negroni"])
    similar: list[SimilarRecipe]


class Substitute(BaseModel):
    """A substitute for an ingredient."""

    ingredient_id: int = Field(examples=[9])
    ingredient_name: str = Field(examples=["Aperol"])
    relation: Literal["kind", "more general", "sibling", "swap"] = Field(
        description="Its place in the ingredient tree: a more special or more general name of the "
        "same, the same family, or none of these (a swap that recipes show)."
    )
    rating: Literal["excellent", "good", "in a pinch"]
    rate: float = Field(description="Expected exchanges per use.", examples=[0.41])
    low: float = Field(description="Lower end of the rate's 95 % interval.", examples=[0.27])
    high: float = Field(description="Upper end.", examples=[0.58])
    support: int = Field(
        description="Pairs of near variants of one drink that use one or the other.", examples=[5]
    )
    weak: bool = Field(description="Whether fewer than three pairs support it.")
    members: list[str] = Field(description="Sorts that count as this kind: any of them works.")
    cost: float = Field(description="Learned; smaller is closer.", examples=[0.31])


class IngredientName(BaseModel):
    """An ingredient."""

    ingredient_id: int = Field(examples=[77])
    ingredient_name: str = Field(examples=["Tanqueray"])


class Substitutes(BaseModel):
    """An ingredient's substitutes."""

    ingredient_id: int = Field(examples=[7])
    ingredient_name: str = Field(examples=["Gin"])
    members: list[str] = Field(
        description="Sorts that count as this kind: any of them works.", examples=[["Tanqueray"]]
    )
    verdict: Literal["substitutes", "none"] = Field(
        description='"none" if the recipes show no good substitute.'
    )
    substitutes: list[Substitute] = Field(
        description="The ingredient's own family first, then other swaps; best first."
    )
    answered_for: IngredientName | None = Field(
        default=None,
        description=(
            "The requested ingredient, where it is too rare and the substitutes are those of an "
            "ingredient above it in the tree."
        ),
    )


class AtlasGroup(BaseModel):
    """A base spirit; it determines the color on the map."""

    key: str = Field(examples=["gin"])
    label: str = Field(examples=["Gin"])
    shape: str = Field(examples=["circle"])


class AtlasRecipes(BaseModel):
    """Recipes, in columns of equal length."""

    id: list[int]
    name: list[str]
    group: list[int] = Field(description="Positions in `groups`.")
    ingredients: list[list[int]] = Field(description="Positions in `names`.")


class AtlasRegion(BaseModel):
    """A neighborhood of a map."""

    x: float
    y: float
    name: str
    size: int
    level: int = Field(description="0 for the coarsest; finer names are for closer views.")


class AtlasNearest(BaseModel):
    """Each recipe's nearest by the learned distance, nearest first, in the recipes' order."""

    row: list[list[int]] = Field(description="Positions in `recipes`.")
    distance: list[list[float]]


class AtlasMap(BaseModel):
    """One map's columns, in the order of the recipes."""

    key: Literal["manhattan", "em"]
    x: list[float | None] = Field(description="In [-1, 1]; null for a recipe not on this map.")
    y: list[float | None]
    regions: list[AtlasRegion]


class AtlasUsage(BaseModel):
    """A top-level ingredient."""

    id: str
    name: str
    direct: int
    total: int
    group: int


class IngredientCosts(BaseModel):
    """What an ingredient costs to replace; the rows together are a symmetric matrix."""

    ingredient_id: int = Field(examples=[7])
    ingredient_name: str = Field(examples=["Gin"])
    costs: list[float] = Field(
        description="Of replacing it by each ingredient, in the order of the records; its own is 0."
    )


class Atlas(BaseModel):
    """All data of the map page."""

    groups: list[AtlasGroup]
    distance: Literal["learned", "tree", "manhattan"] = Field(
        description="Which distance the learned map shows: the best on this collection."
    )
    names: list[str] = Field(description="Ingredient names.")
    recipes: AtlasRecipes
    near: AtlasNearest
    maps: list[AtlasMap]
    tree: list[Annotated[list[Any], Field(min_length=6, max_length=6)]] = Field(
        description="Rows of: parent's row or -1, ID, name, direct, total, group; parents first."
    )
    usage: list[AtlasUsage]
    complexity: list[Annotated[list[int], Field(min_length=2, max_length=2)]] = Field(
        description="Pairs of number of ingredients and number of recipes."
    )


class SnapshotSummary(BaseModel):
    """A published snapshot."""

    snapshot_id: str = Field(examples=[_SNAPSHOT_ID])
    created_at: datetime
    schema_version: int
    code_version: str | None
    counts: dict[str, int] = Field(examples=[{"cocktail_space_count": 101}])
    foreign: bool = Field(
        default=False, description="Whether it was computed from another database."
    )
    bytes: int = Field(description="Total size of its artifacts.", examples=[183021])
    artifacts: list[str] = Field(examples=[["cocktail-space", "ingredient-usage"]])
    quality: dict[str, dict[str, Any]] = Field(
        description="By map: how well it preserves distances, and how well distances find a hidden "
        "ingredient."
    )


class RefreshState(BaseModel):
    """The state of the refresh."""

    state: Literal["idle", "waiting", "running"]
    job_id: str | None = Field(description="Its ID in the local queue; null on AWS.")
    stage: str | None = Field(examples=["Learning what ingredients cost to replace"])
    stage_number: int | None = Field(examples=[5])
    stage_count: int | None = Field(examples=[10])
    step: str | None = Field(examples=["iteration 3: delta 0.012"])
    started_at: datetime | None


class AnalyticsStatus(BaseModel):
    """What is published, whether it is up to date, and the state of the refresh."""

    snapshot: SnapshotSummary | None = Field(description="Null before the first refresh.")
    stale: bool = Field(description="Whether the recipes have changed since it was published.")
    foreign: bool = Field(
        default=False,
        description="Whether it was computed from another database; it is not shown then.",
    )
    refresh: RefreshState
    history: list[RunRecord] = Field(description="Recent refreshes, newest first.")
    snapshots: list[SnapshotSummary] = Field(description="Retained snapshots, newest first.")


class RefreshAccepted(BaseModel):
    """An accepted request for a refresh."""

    via: Literal["lambda", "local-queue"] = Field(
        description="`lambda`: AWS Batch runs it; `local-queue`: this machine's worker runs it."
    )
    job_id: str | None = Field(description="Null on AWS, where only Batch knows it.")
    absorbed: bool | None = Field(
        description="Whether a job that was already waiting covers this request."
    )
