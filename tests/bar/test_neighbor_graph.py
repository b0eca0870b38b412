"""Chains of relatives, against Dijkstra's algorithm, and the graph's bytes."""

from heapq import heappop, heappush

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.analysis.bar.neighbor_graph import NeighborGraph
from api.analysis.bar.published import neighbor_graph

Relatives = dict[int, list[tuple[int, float]]]

#: Sums of these depend on their order, many are equal, and some are nothing.
_distances = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7, 1e-6, 3.0])
graphs: st.SearchStrategy[Relatives] = st.dictionaries(
    st.integers(1, 20), st.lists(st.tuples(st.integers(1, 20), _distances), max_size=5), max_size=15
)


def shortest(relatives: Relatives, start: int) -> dict[int, float]:
    """Return the lengths of the shortest chains, an edge at a time."""
    edges: Relatives = {}
    for recipe_id, near in relatives.items():
        edges.setdefault(recipe_id, [])
        for other, distance in near:
            edges[recipe_id].append((other, distance))
            edges.setdefault(other, []).append((recipe_id, distance))
    settled: dict[int, float] = {}
    queue = [(0.0, start)] if start in edges else []
    while queue:
        length, recipe_id = heappop(queue)
        if recipe_id not in settled:
            settled[recipe_id] = length
            for other, distance in edges[recipe_id]:
                heappush(queue, (length + distance, other))
    return settled


@given(graphs, st.integers(1, 21))
def test_chains_equal_dijkstras(relatives: Relatives, start: int) -> None:
    expected = shortest(relatives, start)
    found = NeighborGraph.of(relatives.items()).chains(start).to(np.arange(1, 23))
    assert found.tolist() == [expected.get(one, np.inf) for one in range(1, 23)]


@given(graphs)
def test_bytes_hold_the_graph(relatives: Relatives) -> None:
    graph = NeighborGraph.of(relatives.items())
    read = NeighborGraph.from_bytes(graph.to_bytes())
    assert read is not None
    for recipe_id, near in relatives.items():
        for other, _ in near:
            known = [
                distance
                for one, another in ((recipe_id, other), (other, recipe_id))
                for near_id, distance in relatives.get(one, ())
                if near_id == another
            ]
            assert read.distance(recipe_id, other) == min(known)
    nearest = [near[0][1] for near in relatives.values() if near]
    assert repr(read.median_nearest) == repr(float(np.median(nearest)) if nearest else np.nan)
    assert read.distance(21, 1) is None
    assert read.to_bytes() == graph.to_bytes()


def test_records_in_any_order_make_one_graph() -> None:
    records = [
        {"recipe_id": one, "similar": [{"recipe_id": 10 - one, "distance": one / 10}]}
        for one in (7, 2, 5)
    ]
    graphs = [NeighborGraph.from_records(ordered) for ordered in (records, records[::-1])]
    assert graphs[0].to_bytes() == graphs[1].to_bytes()


def test_graph_of_unknown_form_is_left_alone() -> None:
    records = [{"recipe_id": 1, "similar": [{"recipe_id": 2, "distance": 0.5}]}]
    for summary in (None, b"graph 2\n", NeighborGraph.from_records(records).to_bytes()):
        assert neighbor_graph(summary, lambda: records).distance(2, 1) == 0.5
