"""Earth mover's distance in closed form where the ground metric is a tree.

On a tree every edge must carry exactly the difference of the masses below it, so that the optimal
cost is a weighted L1 distance between vectors of subtree masses (Evans, Matsen 2012; Le et al.
2019, Tree-sliced variants of Wasserstein distances). No optimization is left to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from barcart.validation import MAX_COST, FloatArray, IntArray, as_volume_csr


@dataclass(frozen=True)
class TreeMetric:
    """Path lengths between the ingredients of a tree.

    Attributes
    ----------
    parent
        int64, shape (n_nodes,): every node's parent, which has a smaller number; -1 for node 0, the
        root.
    edge_length
        float64, shape (n_nodes,), non-negative: length of the edge to the parent, 0 for the root.
    node_of_ingredient
        int64, shape (m,): the node of each ingredient, i.e. of each column of a volume matrix.
    """

    parent: IntArray
    edge_length: FloatArray
    node_of_ingredient: IntArray

    def __post_init__(self) -> None:
        n_nodes = self.parent.size
        if n_nodes == 0 or self.edge_length.shape != (n_nodes,) or self.parent.shape != (n_nodes,):
            raise ValueError(
                "parent and edge_length must be one-dimensional, of one length, and not empty"
            )
        in_order = (self.parent >= 0) & (self.parent < np.arange(n_nodes))
        if self.parent[0] != -1 or not in_order[1:].all():
            node = 0 if self.parent[0] != -1 else 1 + int(np.argmin(in_order[1:]))
            raise ValueError(
                f"parent of node {node} is {int(self.parent[node])}; node 0 must be the root, with "
                "-1, and every other node must follow its parent"
            )
        faulty = ~((self.edge_length >= 0.0) & (self.edge_length <= MAX_COST / n_nodes))
        if faulty.any():
            node = int(np.argmax(faulty))
            raise ValueError(
                f"edge_length of node {node} is {float(self.edge_length[node])!r}; it must be a "
                "finite non-negative length"
            )
        outside = (self.node_of_ingredient < 0) | (self.node_of_ingredient >= n_nodes)
        if outside.any():
            raise ValueError(
                f"node_of_ingredient[{int(np.argmax(outside))}] is not one of the {n_nodes} nodes"
            )

    @classmethod
    def from_parent_map(
        cls,
        parent_map: Mapping[str, tuple[str | None, float]],
        ingredient_ids: Sequence[str],
    ) -> "TreeMetric":
        """Build the metric from a map node -> (parent, length of the edge to it).

        Parameters
        ----------
        parent_map
            As from `barcart.tree.build_ingredient_tree`; one node, the root, has parent None.
        ingredient_ids
            The nodes of the columns of the volume matrix, in their order.

        Raises
        ------
        ValueError
            If there isn't exactly one root, a parent is missing, nodes form a cycle, a length is
            negative or not finite, or an ingredient isn't in the tree.
        """
        roots = [node for node, (parent, _) in parent_map.items() if parent is None]
        if len(roots) != 1:
            raise ValueError(f"parent_map must have exactly one node without a parent, not {roots}")
        children: dict[str, list[str]] = {node: [] for node in parent_map}
        for node, (parent, length) in parent_map.items():
            if parent is not None:
                if parent not in children:
                    raise ValueError(
                        f"parent_map[{node!r}]: parent {parent!r} is not in the map; add it"
                    )
                children[parent].append(node)
            if not 0.0 <= length <= MAX_COST / len(parent_map):
                raise ValueError(
                    f"parent_map[{node!r}]: edge length {length!r} must be finite and non-negative"
                )
        order = [roots[0]]
        for node in order:  # grows while it is walked: breadth first
            order.extend(children[node])
        if len(order) < len(parent_map):
            stray = min(set(parent_map) - set(order))
            raise ValueError(
                f"parent_map[{stray!r}]: its ancestors form a cycle that never reaches the root"
            )
        number = {node: position for position, node in enumerate(order)}
        unknown = [node for node in ingredient_ids if node not in number]
        if unknown:
            raise ValueError(f"ingredient {unknown[0]!r} is not in parent_map; add it to the tree")
        parents = [parent_map[node][0] for node in order]
        return cls(
            np.array([-1 if p is None else number[p] for p in parents], dtype=np.int64),
            np.array([0.0] + [float(parent_map[node][1]) for node in order[1:]]),
            np.array([number[node] for node in ingredient_ids], dtype=np.int64),
        )

    @property
    def n_ingredients(self) -> int:
        """Number of columns a volume matrix on this tree has."""
        return self.node_of_ingredient.size

    def cost_matrix(self) -> FloatArray:
        """Path lengths between all ingredients.

        Returns
        -------
        numpy.ndarray
            float64, shape (m, m), symmetric bit for bit, zero diagonal. Lengths are only ever
            added, so that nothing cancels.
        """
        n_nodes = self.parent.size
        distances = np.zeros((n_nodes, n_nodes))
        # Every earlier node is no descendant of this one, so its path leads over the parent.
        for node in range(1, n_nodes):
            row = distances[self.parent[node], :node] + self.edge_length[node]
            distances[node, :node] = row
            distances[:node, node] = row
        chosen = self.node_of_ingredient
        return np.ascontiguousarray(distances[np.ix_(chosen, chosen)])

    def embed(self, volume_matrix: Any) -> "sp.csr_array[np.float64]":
        """Map distributions to points whose L1 distances are their earth mover's distances.

        Parameters
        ----------
        volume_matrix
            Shape (n, m), dense or sparse, all rows of the same total.

        Returns
        -------
        scipy.sparse.csr_array
            float64, shape (n, n_nodes): edge length times the mass in the subtree below the edge.

        Raises
        ------
        ValueError
            As `barcart.validation.as_volume_csr`, or if the columns aren't the ingredients.
        """
        volumes = as_volume_csr(volume_matrix)
        if volumes.shape[1] != self.n_ingredients:
            raise ValueError(
                f"volume_matrix has {volumes.shape[1]} columns but the tree has "
                f"{self.n_ingredients} ingredients; both must list the same ingredients"
            )
        embedded = sp.csr_array(volumes @ self._ancestors())
        embedded.data *= self.edge_length[embedded.indices]
        embedded.eliminate_zeros()
        embedded.sort_indices()
        return embedded

    def _ancestors(self) -> "sp.csr_array[np.float64]":
        """Incidence of ingredients (rows) and the edges on their way to the root (columns)."""
        # Not empty lists: a tree may have no ingredient below its root.
        rows: list[IntArray] = [np.empty(0, dtype=np.int64)]
        columns: list[IntArray] = [np.empty(0, dtype=np.int64)]
        ingredient = np.arange(self.n_ingredients)
        node = self.node_of_ingredient
        while ingredient.size:
            below_root = self.parent[node] >= 0
            ingredient, node = ingredient[below_root], node[below_root]
            rows.append(ingredient)
            columns.append(node)
            node = self.parent[node]
        row, column = np.concatenate(rows), np.concatenate(columns)
        shape = (self.n_ingredients, self.parent.size)
        return sp.csr_array((np.ones(row.size), (row, column)), shape=shape)
