"""Analytics queries: everything that is asked of the recipes, from one reading of them."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from api.db.check import check_dataset
from api.db.database import Database
from api.db.dataset import Dataset, read_dataset
from api.db.errors import DatasetError
from api.db.queries.cocktail_space import (
    CocktailSpace,
    PreviousMap,
    em_space,
    manhattan_space,
)
from api.db.queries.complexity import complexity_distribution
from api.db.queries.fingerprint import dataset_fingerprint
from api.db.queries.ground_metric import (
    Checkpoints,
    GroundMetric,
    PairEngine,
    learn_ground_metric,
)
from api.db.queries.recipe_volumes import RecipeVolumes, recipe_volumes
from api.db.queries.similar_recipes import NeighborPlans, neighbor_plans, similar_recipes
from api.db.queries.substitutes import ingredient_substitutes
from api.db.queries.usage import ingredient_usage, usage_records


class AnalyticsQueries:
    """The analytics of one state of the database.

    The first question reads the whole dataset in one snapshot; every further one is answered from
    that reading, so that answers agree with each other whatever is written meanwhile. Make a new
    instance to see new data.

    Parameters
    ----------
    db
        Where the recipes are.
    engine
        Where the EM's distances and plans are computed; this process if None. The answers are the
        same.
    checkpoints
        Where the EM's state is kept, for a later process to go on from; nowhere if None.
    """

    def __init__(
        self,
        db: Database,
        engine: PairEngine | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self.db = db
        self.engine = engine
        self.checkpoints = checkpoints

    @cached_property
    def dataset(self) -> Dataset:
        """The data as read.

        Raises
        ------
        DatabaseError
            If the database cannot be read.
        DatasetError
            If rows are wrong in a way that leaves no right answer; names each.
        """
        with self.db.snapshot() as connection:
            dataset = read_dataset(connection)
        faults = [fault for fault in check_dataset(dataset) if fault.severity == "error"]
        if faults:
            raise DatasetError(faults)
        return dataset

    def fingerprint(self) -> str:
        """Return a SHA-256 over all the data that the analytics depend on."""
        return dataset_fingerprint(self.dataset)

    def get_ingredient_usage_stats(
        self, parent_id: int | None = None, all_ingredients: bool = False
    ) -> list[dict[str, Any]]:
        """Return how many recipes use each ingredient.

        Parameters
        ----------
        parent_id
            Answer for the children of this ingredient; None for the roots of the tree.
        all_ingredients
            Answer for every ingredient, whatever ``parent_id`` says.

        Returns
        -------
        list of dict
            ``ingredient_id``, ``ingredient_name``, ``path``, ``parent_id``, ``direct_usage``
            (recipes naming it), ``hierarchical_usage`` (distinct recipes naming it or any
            descendant), ``has_children``; by ``hierarchical_usage``, the most used first.
        """
        if all_ingredients:
            return list(self._usage)
        return [record for record in self._usage if record["parent_id"] == parent_id]

    def get_recipe_complexity_distribution(self) -> list[dict[str, int]]:
        """Return ``ingredient_count`` and ``recipe_count``, the fewest ingredients first."""
        return complexity_distribution(self.dataset.recipe_ingredients)

    def compute_cocktail_space_umap(self) -> list[dict[str, Any]]:
        """Map the recipes by the Manhattan distance of their volume fractions.

        Returns
        -------
        list of dict
            ``recipe_id``, ``recipe_name``, ``x``, ``y`` and ``ingredients`` (names, the largest
            volume first), by recipe id.
        """
        return self.cocktail_space().points

    def compute_cocktail_space_umap_em(self) -> list[dict[str, Any]]:
        """Map the recipes by the Earth Mover's Distance under a learned ground metric.

        Leaves that allow substitution count as their parent. Same records as
        :meth:`compute_cocktail_space_umap`.
        """
        return self.cocktail_space_em().points

    def cocktail_space(self, previous: PreviousMap | None = None) -> CocktailSpace:
        """Return the Manhattan map with its quality, resembling the ``previous`` one."""
        return manhattan_space(self._volumes, self.dataset, previous)

    def cocktail_space_em(
        self,
        previous: PreviousMap | None = None,
        on_iteration: Callable[[str], None] | None = None,
    ) -> CocktailSpace:
        """Return the learned map with its quality, resembling the ``previous`` one."""
        return em_space(self._volumes, self.ground_metric(on_iteration), previous)

    def compute_recipe_similar(self) -> list[dict[str, Any]]:
        """Return each recipe's 10 nearest under the learned distance.

        See :func:`api.db.queries.similar_recipes.similar_recipes` for the records.
        """
        return similar_recipes(self._volumes, self.ground_metric(), self._neighbor_plans)

    def compute_ingredient_substitutes(self) -> list[dict[str, Any]]:
        """Return each ingredient's nearest by learned cost.

        See :func:`api.db.queries.substitutes.ingredient_substitutes` for the records.
        """
        return ingredient_substitutes(self.ground_metric(), self._neighbor_plans)

    def ground_metric(self, on_iteration: Callable[[str], None] | None = None) -> GroundMetric:
        """Return the ingredient costs learned by EM; the first call learns them."""
        if self._ground_metric is None:
            self._ground_metric = learn_ground_metric(
                self._volumes,
                self.dataset.ingredients,
                on_iteration,
                self.engine,
                self.checkpoints,
            )
        return self._ground_metric

    _ground_metric: GroundMetric | None = None

    @cached_property
    def _neighbor_plans(self) -> NeighborPlans:
        return neighbor_plans(self.ground_metric())

    @cached_property
    def _usage(self) -> list[dict[str, Any]]:
        return usage_records(
            ingredient_usage(self.dataset.ingredients, self.dataset.recipe_ingredients)
        )

    @cached_property
    def _volumes(self) -> RecipeVolumes:
        return recipe_volumes(self.dataset)
