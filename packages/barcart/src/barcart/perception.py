"""Shares of a recipe as they are perceived, not as they are poured.

Two dashes of bitters are one percent of a Manhattan's volume and far more of its taste. Perceived
intensity grows as a power of the quantity, with an exponent below 1 (Stevens 1957, On the
psychophysical law, Psychological Review 64), and what few drinks contain says more about a drink
than what many do, as in the weights of rare terms in text retrieval (Spärck Jones 1972, A
statistical interpretation of term specificity, Journal of Documentation 28).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from barcart.validation import FloatArray, as_volume_csr

#: Exponent of the shares; docs/method.md says how it was chosen.
GAMMA = 0.2
#: Exponent of the number of recipes that use an ingredient, inverted.
RARITY = 0.15


@dataclass(frozen=True)
class Perception:
    """Weights by which shares are perceived.

    Attributes
    ----------
    gamma
        Exponent of a share, from 0 (only presence counts) to 1 (as poured).
    weights
        float64, shape (m,), positive: weight of each ingredient.
    """

    gamma: float
    weights: FloatArray

    @classmethod
    def fit(cls, volume_matrix: Any, *, gamma: float = GAMMA, rarity: float = RARITY) -> Self:
        """Weigh each ingredient by how few of the recipes use it.

        Parameters
        ----------
        volume_matrix
            Shape (n, m), dense or sparse; totals may differ.
        gamma
            Exponent of a share, 0 to 1.
        rarity
            An ingredient of u recipes weighs (u + 1)^-rarity; 0 weighs all alike.

        Raises
        ------
        ValueError
            If volumes are invalid or a parameter is out of range.
        """
        for name, value in (("gamma", gamma), ("rarity", rarity)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} must be between 0 and 1, not {value!r}")
        volumes = as_volume_csr(volume_matrix)
        uses = np.bincount(volumes.indices, minlength=volumes.shape[1])
        return cls(float(gamma), (uses + np.float64(1.0)) ** -rarity)

    def transform(self, volume_matrix: Any) -> "sp.csr_array[np.float64]":
        """Return the perceived shares of recipes.

        Parameters
        ----------
        volume_matrix
            Shape (n, m), dense or sparse; totals may differ.

        Returns
        -------
        scipy.sparse.csr_array
            float64, shape (n, m), of the same pattern; rows sum to 1.

        Raises
        ------
        ValueError
            If volumes are invalid or the columns are not the ingredients.
        """
        volumes = as_volume_csr(volume_matrix)
        if volumes.shape[1] != self.weights.size:
            raise ValueError(
                f"volume_matrix has {volumes.shape[1]} columns but there are weights for "
                f"{self.weights.size} ingredients; both must list the same ingredients"
            )
        if not volumes.shape[0]:
            return volumes
        starts, lengths = volumes.indptr[:-1], np.diff(volumes.indptr)
        # By the largest first: the total of huge volumes could overflow.
        largest = np.maximum.reduceat(volumes.data, starts)
        perceived = (volumes.data / np.repeat(largest, lengths)) ** self.gamma
        perceived *= self.weights[volumes.indices]
        perceived /= np.repeat(np.add.reduceat(perceived, starts), lengths)
        return sp.csr_array(
            (perceived, volumes.indices.copy(), volumes.indptr.copy()), shape=volumes.shape
        )


def perceived_shares(
    volume_matrix: Any, *, gamma: float = GAMMA, rarity: float = RARITY
) -> "sp.csr_array[np.float64]":
    """Return recipes as perceived: share^gamma, weighted by rarity, renormalized.

    Parameters
    ----------
    volume_matrix
        Shape (n, m), dense or sparse; totals may differ.
    gamma, rarity
        As for `Perception.fit`.

    Returns
    -------
    scipy.sparse.csr_array
        float64, shape (n, m), of the same pattern; rows sum to 1.

    Raises
    ------
    ValueError
        As `Perception.fit`.

    Examples
    --------
    >>> perceived_shares([[0.81, 0.18, 0.01]], gamma=0.5, rarity=0.0).toarray().round(2)
    array([[0.63, 0.3 , 0.07]])
    """
    perception = Perception.fit(volume_matrix, gamma=gamma, rarity=rarity)
    return perception.transform(volume_matrix)
