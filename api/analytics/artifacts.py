"""The artifacts: their names, and how each is computed from the analysis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.analysis.analysis import Analysis
from api.analysis.atlas import build_atlas
from api.analysis.bar.learned_map import LearnedMap
from api.analysis.bar.neighbor_graph import NeighborGraph
from api.analysis.cocktail_space import PreviousMap
from api.analysis.ingredient_tree import tree_with_counts
from api.analytics.background import in_background
from api.analytics.progress import Reporter, Stages
from api.storage.records import Spool

ARTIFACT_NAMES = (
    "ingredient-usage",
    "recipe-complexity",
    "cocktail-space",
    "cocktail-space-em",
    "ingredient-tree",
    "recipe-similar",
    "ingredient-substitutes",
    "ingredient-costs",
)
#: Artifacts that grow with the recipes and are read one record at a time, and the field to find it.
RECORD_KEYS = {"recipe-similar": "recipe_id", "ingredient-substitutes": "ingredient_id"}
#: What the map page draws, derived from the others. Computed here and not on request, because
#: naming the neighborhoods needs libraries that the API does without.
ATLAS = "atlas"

_STAGES = (
    "Counting ingredient usage",
    "Counting recipe complexity",
    "Building the ingredient tree",
    "Learning what ingredients cost to replace",
    "Finding similar recipes",
    "Finding substitutes",
    "Drawing both maps",
    "Naming the maps' neighborhoods",
)


@dataclass(frozen=True)
class Computed:
    """The content of a snapshot.

    Attributes
    ----------
    artifacts
        JSON values by name; those that are encoded already are in the spool.
    counts
        Item counts, for people.
    details
        Facts about an artifact that the manifest records, such as a map's quality.
    """

    artifacts: dict[str, Any]
    counts: dict[str, int]
    details: dict[str, dict[str, Any]]


def stage_count() -> int:
    """Return the number of stages of :func:`compute_artifacts`."""
    return len(_STAGES)


def compute_artifacts(
    analysis: Analysis,
    stage: Stages,
    reporter: Reporter,
    previous: Mapping[str, PreviousMap],
    spool: Spool,
) -> Computed:
    """Compute every artifact from one consistent reading of the database.

    ``previous`` holds the published maps by artifact; starting from them keeps points in place.
    Artifacts of many records are encoded into ``spool`` as they are computed.
    """
    names = iter(_STAGES)
    with stage(next(names)):
        usage = analysis.get_ingredient_usage_stats(all_ingredients=True)
        top_level = [record for record in usage if record["parent_id"] is None]
    with stage(next(names)):
        complexity = analysis.get_recipe_complexity_distribution()
    with stage(next(names)):
        tree = tree_with_counts(usage, sum(bin_["recipe_count"] for bin_ in complexity))
    with stage(next(names)):
        analysis.learn_ground_metric(on_iteration=reporter.step)
    with stage(next(names)):
        # Maps are drawn in C, on one processor each; meanwhile much of what follows is Python.
        by_volume = in_background(
            lambda: analysis.compute_cocktail_space(previous.get("cocktail-space"))
        )
        by_cost = in_background(
            lambda: analysis.compute_cocktail_space_em(previous.get("cocktail-space-em"))
        )
        similar = spool.write_records(
            ((recipe_id, record.encode()) for recipe_id, record in analysis.recipe_similar_json()),
            summary=lambda: NeighborGraph.from_records(analysis.nearest_recipes()).to_bytes(),
        )
    with stage(next(names)):
        substitutes = analysis.compute_ingredient_substitutes()
        costs = spool.encode(analysis.ingredient_costs())
    with stage(next(names)):
        manhattan, learned = by_volume.result(), by_cost.result()
    artifacts = {
        "ingredient-usage": top_level,
        "recipe-complexity": complexity,
        "cocktail-space": manhattan.points,
        "cocktail-space-em": learned.points,
        "ingredient-tree": tree,
        "recipe-similar": similar,
        "ingredient-substitutes": substitutes,
        "ingredient-costs": costs,
    }
    with stage(next(names)):
        known = {name: last.names for name, last in previous.items()}
        atlas = build_atlas(
            {**artifacts, "recipe-similar": analysis.nearest_recipes()},
            known,
            learned.quality.get("completion", {}).get("published", "learned"),
            analysis.compute_recipe_strengths(tree),
        )
        artifacts[ATLAS] = spool.encode(
            atlas, summary=lambda: LearnedMap.from_atlas(atlas).to_bytes()
        )

    return Computed(
        artifacts=artifacts,
        counts={
            "ingredient_stats_count": len(top_level),
            "complexity_stats_count": len(complexity),
            "cocktail_space_count": len(manhattan.points),
            "cocktail_space_em_count": len(learned.points),
            "ingredient_tree_nodes": len(usage),
        },
        details={"cocktail-space": manhattan.quality, "cocktail-space-em": learned.quality},
    )
