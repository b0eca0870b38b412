"""Everything that is computed from one state of the recipes."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

from api.analysis.cocktail_space import CocktailSpace, PreviousMap, em_space, manhattan_space
from api.analysis.completion import (
    Completion,
    completion_scores,
    describe,
    published_metric,
)
from api.analysis.complexity import complexity_distribution
from api.analysis.ground_metric import (
    Checkpoints,
    GroundMetric,
    PairEngine,
    cost_records,
    ground_problem,
    learn_ground_metric,
)
from api.analysis.recipe_lines import RecipeLines, recipe_lines
from api.analysis.recipe_volumes import RecipeVolumes, recipe_volumes
from api.analysis.similar_recipes import nearest_recipes, similar_recipes_json
from api.analysis.strength import recipe_strengths
from api.analysis.substitutes import ingredient_substitutes
from api.analysis.usage import ingredient_usage, usage_records
from api.db.frames import Dataset
from barcart.exchanges import exchange_evidence


class Analysis:
    """The analytics of one dataset.

    Every answer is computed from the same dataset, so the answers agree. Slow results are computed
    once.

    Parameters
    ----------
    dataset
        The recipes.
    engine
        Where the EM's distances and plans are computed; this process if None. The results are the
        same.
    checkpoints
        Where the EM's state is saved, so that a later process can resume; not saved if None.
    """

    def __init__(
        self,
        dataset: Dataset,
        engine: PairEngine | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._dataset = dataset
        self.engine = engine
        self.checkpoints = checkpoints

    @property
    def dataset(self) -> Dataset:
        """The recipes that this analyzes."""
        return self._dataset

    def get_ingredient_usage_stats(
        self, parent_id: int | None = None, all_ingredients: bool = False
    ) -> list[dict[str, Any]]:
        """Return how many recipes use each ingredient.

        Parameters
        ----------
        parent_id
            Return the children of this ingredient; None returns the roots of the tree.
        all_ingredients
            Return every ingredient and ignore ``parent_id``.

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
        return self.compute_cocktail_space().points

    def compute_cocktail_space_umap_em(self) -> list[dict[str, Any]]:
        """Map the recipes by the Earth Mover's Distance under a learned ground metric.

        Leaves that allow substitution count as their parent. Same records as
        :meth:`compute_cocktail_space_umap`.
        """
        return self.compute_cocktail_space_em().points

    def compute_cocktail_space(self, previous: PreviousMap | None = None) -> CocktailSpace:
        """Return the Manhattan map with its quality, resembling the ``previous`` one."""
        return manhattan_space(self._volumes, self.dataset, previous)

    def compute_cocktail_space_em(
        self,
        previous: PreviousMap | None = None,
        on_iteration: Callable[[str], None] | None = None,
    ) -> CocktailSpace:
        """Return the learned map with its quality, resembling the ``previous`` one."""
        space = em_space(self._volumes, self.learn_ground_metric(on_iteration), previous)
        if self._completion is not None:
            space = replace(space, quality=space.quality | {"completion": asdict(self._completion)})
        return space

    def compute_recipe_strengths(self, tree: Mapping[str, Any]) -> dict[int, float]:
        """Return each recipe's estimated strength (:func:`.strength.recipe_strengths`)."""
        return recipe_strengths(self._volumes, tree)

    def compute_recipe_similar(self) -> Iterator[dict[str, Any]]:
        """Yield each recipe's 10 nearest under the learned distance.

        See :func:`api.analysis.similar_recipes.similar_recipes_json` for the records.
        """
        return (json.loads(record) for _, record in self.recipe_similar_json())

    def recipe_similar_json(self) -> Iterator[tuple[int, str]]:
        """Yield the records of :meth:`compute_recipe_similar` as they are published, by id."""
        return similar_recipes_json(self._volumes, self._lines, self.learn_ground_metric())

    def nearest_recipes(self) -> Iterator[dict[str, Any]]:
        """Yield the same as :meth:`compute_recipe_similar`, ids and distances alone."""
        return nearest_recipes(self.learn_ground_metric(), list(self._volumes.names))

    def compute_ingredient_substitutes(self) -> list[dict[str, Any]]:
        """Return each ingredient's substitutes, its own family first.

        See :func:`api.analysis.substitutes.ingredient_substitutes` for the records.
        """
        metric = self.learn_ground_metric()
        evidence = exchange_evidence(metric.volumes, metric.fit.cost_matrix, metric.tree)
        return ingredient_substitutes(metric, self.dataset.ingredients, self._lines, evidence)

    def ingredient_costs(self) -> Iterator[dict[str, Any]]:
        """Yield the costs that distances are made of, a row an ingredient.

        See :func:`api.analysis.ground_metric.cost_records` for the records.
        """
        return cost_records(self.learn_ground_metric())

    def learn_ground_metric(
        self, on_iteration: Callable[[str], None] | None = None
    ) -> GroundMetric:
        """Return the ingredient costs learned by EM; the first call learns and measures them.

        Where the tree does better on this collection, the best distance takes their place; see
        :mod:`api.analysis.completion`.
        """
        if self._ground_metric is None:
            problem = ground_problem(self._volumes, self.dataset.ingredients)
            learned = learn_ground_metric(problem, on_iteration, self.engine, self.checkpoints)
            self._completion = completion_scores(problem)
            if on_iteration is not None:
                on_iteration(describe(self._completion))
            self._ground_metric = published_metric(learned, problem, self._completion)
        return self._ground_metric

    _ground_metric: GroundMetric | None = None
    _completion: Completion | None = None

    @cached_property
    def _lines(self) -> RecipeLines:
        return recipe_lines(self._volumes, self.dataset, self.learn_ground_metric())

    @cached_property
    def _usage(self) -> list[dict[str, Any]]:
        return usage_records(
            ingredient_usage(self.dataset.ingredients, self.dataset.recipe_ingredients)
        )

    @cached_property
    def _volumes(self) -> RecipeVolumes:
        return recipe_volumes(self.dataset)
