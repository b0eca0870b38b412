"""Realistic recipes in any number, fitted to given ones.

A new recipe is a variation on a given one, as most drinks are: its size and its ingredients' roles
come from a template, ingredients are exchanged within their family as often as the given recipes
use each member, some lines are dropped or borrowed from another recipe, and amounts vary as the
ingredient's amounts vary among the given recipes (log-normally, spread fitted).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

#: How often a line is exchanged within its family, dropped, or one is borrowed.
EXCHANGED, DROPPED, BORROWED = 0.35, 0.10, 0.15


@dataclass(frozen=True)
class RecipeModel:
    """What was fitted.

    Attributes
    ----------
    templates
        Shape (n, m): the given recipes' proportions.
    usage
        Shape (m,): recipes that use each ingredient.
    spread
        Shape (m,): standard deviation of the log amounts of each ingredient.
    families
        Columns of the same parent, by column.
    """

    templates: "sp.csr_array"
    usage: np.ndarray
    spread: np.ndarray
    families: list[np.ndarray]

    @classmethod
    def fit(cls, volumes: "sp.csr_array", parents: list[str]) -> "RecipeModel":
        """Fit to proportions, shape (n, m), and each column's parent."""
        columns = volumes.tocsc()
        usage = np.diff(columns.indptr)
        logs = [
            np.log(columns.data[a:b])
            for a, b in zip(columns.indptr, columns.indptr[1:], strict=False)
        ]
        everywhere = np.concatenate([found - found.mean() for found in logs if found.size > 1])
        spread = np.array([found.std() if found.size >= 5 else everywhere.std() for found in logs])
        of_parent = np.asarray(parents)
        families = [np.flatnonzero(of_parent == parent) for parent in parents]
        return cls(sp.csr_array(volumes), usage, spread, families)

    def draw(self, n: int, seed: int = 0) -> "sp.csr_array":
        """Return n new recipes, shape (n, m); rows sum to 1."""
        random = np.random.default_rng(seed)
        weights = [
            self.usage[family] / self.usage[family].sum() if self.usage[family].sum() else None
            for family in self.families
        ]
        indptr, indices, data = [0], [], []
        n_templates = self.templates.shape[0]

        def lines(row: int) -> tuple[np.ndarray, np.ndarray]:
            span = slice(self.templates.indptr[row], self.templates.indptr[row + 1])
            return self.templates.indices[span], self.templates.data[span]

        for _ in range(n):
            ingredients, amounts = lines(int(random.integers(n_templates)))
            kept = random.random(ingredients.size) >= DROPPED
            kept[int(np.argmax(amounts))] = True
            recipe: dict[int, float] = {}
            chosen = list(zip(ingredients[kept], amounts[kept], strict=True))
            if random.random() < BORROWED * ingredients.size:
                others = lines(int(random.integers(n_templates)))
                which = int(random.integers(others[0].size))
                chosen.append((others[0][which], others[1][which]))
            for ingredient, amount in chosen:
                column = int(ingredient)
                if random.random() < EXCHANGED and weights[column] is not None:
                    column = int(random.choice(self.families[column], p=weights[column]))
                volume = float(amount * np.exp(random.normal(0.0, 0.5 * self.spread[column])))
                recipe[column] = recipe.get(column, 0.0) + volume
            total = sum(recipe.values())
            for column in sorted(recipe):
                indices.append(column)
                data.append(recipe[column] / total)
            indptr.append(len(indices))
        return sp.csr_array(
            (np.array(data), np.array(indices, dtype=np.int32), np.array(indptr)),
            shape=(n, self.templates.shape[1]),
        )
