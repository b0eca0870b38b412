"""Compiled inner loops: the transportation simplex, bounds on it, and nearest-neighbor search.

Everything here trusts its input; the public modules check it. All kernels release the GIL and touch
no global state, so that any number of threads may run them side by side: parallelism belongs to the
callers, who hand each thread its own workspace.

They live in one module on purpose. Numba's on-disk cache looks only at the file in which a function
stands, so a kernel calling into a second file would keep running the old code after an edit there.

The transport problem
---------------------
Masses are multiples of 2**-52 and sum to one (see `barcart.transport.Supports`). Sums and
differences of such numbers within [0, 1] are exact in float64, hence so is every flow below: the
ratio test sees true ties, and a flow that ought to be zero is zero.

That makes the textbook proof of termination hold for the program as it runs, not only on paper. The
basis stays *strongly feasible* (Cunningham 1976: each arc without flow points toward the root),
which the choice of the leaving arc maintains; then no basis can recur so long as each entering arc
truly has a negative reduced cost. Potentials are path sums taken afresh from the tree, never
updated in place, so that their rounding error and that of a reduced cost together stay below
``rounding_bound``, and an arc has to beat that bound to enter. By the same bound the result can
exceed the optimum at most.

References
----------
W. H. Cunningham (1976), A network simplex method, Mathematical Programming 11, 105-116.
R. K. Ahuja, T. L. Magnanti, J. B. Orlin (1993), Network Flows, chapter 11.
M. J. Kusner et al. (2015), From word embeddings to document distances, ICML (relaxed transport).
K. Atasu, T. Mittelholzer (2019), Linear-complexity data-parallel earth mover's distance
approximations, ICML (relaxations that keep the capacity of each arc).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

F = TypeVar("F", bound=Callable[..., Any])

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Columns: TypeAlias = npt.NDArray[np.int32]

_KNOWN_OPTIONS = vars(getattr(numba.core.options, "DefaultOptions", object))

#: Turns a checked number into an index that Numba need not test for being negative: the neighbor
#: search of 10,000 recipes takes 14 % less time.
_index = np.uint64

#: Unit roundoff of float64.
ROUNDOFF = 2.0**-53

#: Fewest arcs priced before the best of them enters the basis; small problems are priced whole.
PRICING_BLOCK = 512


def kernel(function: F) -> F:
    """Compile on first use, without reference counts, into the on-disk cache if one can be written.

    ``_nrt=False`` leaves Numba's memory manager out: no kernel can allocate (it wouldn't compile),
    and none pays for the atomic reference counts that passing arrays around otherwise costs, which
    would take four fifths of the time of a small transport problem. The option carries an
    underscore, so a Numba that doesn't know it any more gets the slower, equal code.

    Numba refuses to decorate at all when it finds no writable place for its cache (a read-only
    image without a home directory); compiling anew in each process is better than not starting.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    if "_nrt" in _KNOWN_OPTIONS:
        options["_nrt"] = False
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        compiled = numba.njit(**options)(function)
    return cast(F, compiled)


class Workspace(NamedTuple):
    """Scratch memory of one thread: all that a transport problem of `cap` nodes a side needs.

    Nodes are numbered sources first, then sinks. ``flow[x]`` and ``parent[x]`` describe the tree
    arc above node x; ``child``, ``after`` and ``before`` are the linked lists of children.
    """

    cost: Floats
    supply: Floats
    demand: Floats
    shared: Floats
    flow: Floats
    potential: Floats
    best: Floats
    source_id: Ints
    sink_id: Ints
    shared_id: Ints
    parent: Ints
    depth: Ints
    child: Ints
    after: Ints
    before: Ints
    order: Ints
    open_sink: Ints
    best_sink: Ints


def workspace(cap: int) -> Workspace:
    """Allocate scratch memory for supports of at most `cap` ingredients."""
    cap = max(cap, 1)
    floats: list[Any] = [
        np.empty(size) for size in (cap * cap, cap, cap, cap, 2 * cap, 2 * cap, cap)
    ]
    sizes = (cap, cap, cap, 2 * cap, 2 * cap, 2 * cap, 2 * cap, 2 * cap, 2 * cap, cap, cap)
    return Workspace(*floats, *[np.empty(size, dtype=np.int64) for size in sizes])


@kernel
def rounding_bound(n_nodes: int, largest_cost: float) -> float:
    """Bound the error of a reduced cost: (N + 2)**2 unit roundoffs of the largest cost.

    A path sum of d costs is off by at most u * max(cost) * d**2 / 2, the two paths of one arc have
    at most N - 1 arcs together, and the subtractions add 4 N + 2 roundoffs at most.
    """
    return (n_nodes + 2.0) * (n_nodes + 2.0) * ROUNDOFF * largest_cost


@kernel
def _attach(node: int, new_parent: int, ws: Workspace) -> None:
    first = ws.child[new_parent]
    ws.parent[node] = new_parent
    ws.after[node] = first
    ws.before[node] = -1
    if first >= 0:
        ws.before[first] = node
    ws.child[new_parent] = node


@kernel
def _detach(node: int, ws: Workspace) -> None:
    before = ws.before[node]
    after = ws.after[node]
    if before >= 0:
        ws.after[before] = after
    else:
        ws.child[ws.parent[node]] = after
    if after >= 0:
        ws.before[after] = before


@kernel
def _start_basis(n: int, m: int, ws: Workspace) -> int:
    """Build a strongly feasible starting tree by the least-cost rule; return its root.

    Each step ships all it can along the cheapest arc between open nodes and closes one of the two.
    A closed node becomes the child of the one that stays open, so the steps, read backwards, list
    the tree from its root. In a tie the sink closes, except the last one: then an arc without flow
    always has its source below, i.e. points toward the root, as strong feasibility demands.
    """
    cost, supply, demand = ws.cost, ws.supply, ws.demand
    best, best_sink, open_sink = ws.best, ws.best_sink, ws.open_sink
    order = ws.order
    n_open = m
    for j in range(m):
        open_sink[j] = j
    for i in range(n):
        base = i * m
        low = cost[base]
        low_sink = 0
        for j in range(1, m):
            if cost[base + j] < low:
                low = cost[base + j]
                low_sink = j
        best[i] = low
        best_sink[i] = low_sink
    n_closed = 0
    while n_closed < n + m - 1:
        source = 0
        low = np.inf
        for i in range(n):
            if best[i] < low:
                low = best[i]
                source = i
        sink = best_sink[source]
        if supply[source] < demand[sink] or (supply[source] == demand[sink] and n_open == 1):
            demand[sink] -= supply[source]
            ws.flow[source] = supply[source]
            ws.parent[source] = n + sink
            order[n_closed] = source
            best[source] = np.inf
        else:
            supply[source] -= demand[sink]
            ws.flow[n + sink] = demand[sink]
            ws.parent[n + sink] = source
            order[n_closed] = n + sink
            n_open -= 1
            position = 0
            while open_sink[position] != sink:
                position += 1
            open_sink[position] = open_sink[n_open]
            for i in range(n):
                if best_sink[i] == sink and best[i] < np.inf:
                    base = i * m
                    low_sink = open_sink[0]
                    low = cost[base + low_sink]
                    for position in range(1, n_open):
                        j = open_sink[position]
                        if cost[base + j] < low:
                            low = cost[base + j]
                            low_sink = j
                    best[i] = low
                    best_sink[i] = low_sink
        n_closed += 1
    return int(n + open_sink[0])


@kernel
def _init_tree(n: int, m: int, root: int, ws: Workspace) -> None:
    """Fill in depths, potentials and child lists of the starting tree, from the root down."""
    cost, parent, depth, potential = ws.cost, ws.parent, ws.depth, ws.potential
    for node in range(n + m):
        ws.child[node] = -1
    parent[root] = -1
    depth[root] = 0
    potential[root] = 0.0
    for step in range(n + m - 2, -1, -1):
        node = ws.order[step]
        above = parent[node]
        arc = node * m + above - n if node < n else above * m + node - n
        depth[node] = depth[above] + 1
        potential[node] = cost[arc] - potential[above]
        _attach(node, above, ws)


@kernel
def _pivot(entering_source: int, entering_sink: int, n: int, m: int, ws: Workspace) -> None:
    """Send flow around the cycle that the entering arc closes and exchange the blocking arc.

    Of several blocking arcs the last one on the way round, from the top of the cycle in the
    direction of the entering arc, leaves: this keeps the tree strongly feasible.
    """
    cost, flow, parent, depth, potential = ws.cost, ws.flow, ws.parent, ws.depth, ws.potential
    left = entering_source
    right = n + entering_sink
    delta_left = np.inf
    delta_right = np.inf
    leaving_left = -1
    leaving_right = -1
    while left != right:
        if depth[left] >= depth[right]:
            if left < n and flow[left] < delta_left:
                delta_left = flow[left]
                leaving_left = left
            left = parent[left]
        else:
            if right >= n and flow[right] <= delta_right:
                delta_right = flow[right]
                leaving_right = right
            right = parent[right]
    top = left
    delta = min(delta_left, delta_right)
    if delta > 0.0:
        node = entering_source
        while node != top:
            flow[node] += -delta if node < n else delta
            node = parent[node]
        node = n + entering_sink
        while node != top:
            flow[node] += delta if node < n else -delta
            node = parent[node]
    if delta_right <= delta_left:
        subtree = n + entering_sink
        new_parent = entering_source
        leaving = leaving_right
    else:
        subtree = entering_source
        new_parent = n + entering_sink
        leaving = leaving_left
    # Turn the path from the entering arc to the leaving one round, so that it hangs the other way.
    node = subtree
    new_flow = delta
    while True:
        old_parent = parent[node]
        old_flow = flow[node]
        _detach(node, ws)
        _attach(node, new_parent, ws)
        flow[node] = new_flow
        if node == leaving:
            break
        new_parent = node
        new_flow = old_flow
        node = old_parent
    # Walk the moved subtree in preorder along the lists.
    node = subtree
    while True:
        above = parent[node]
        arc = node * m + above - n if node < n else above * m + node - n
        depth[node] = depth[above] + 1
        potential[node] = cost[arc] - potential[above]
        if ws.child[node] >= 0:
            node = ws.child[node]
        else:
            while node != subtree and ws.after[node] < 0:
                node = parent[node]
            if node == subtree:
                break
            node = ws.after[node]


@kernel
def solve(n: int, m: int, largest_cost: float, ws: Workspace) -> float:
    """Solve the n × m transport problem in the workspace exactly; return its cost.

    Reads ``cost`` (row by row), ``supply`` and ``demand``, and uses the latter two up. Leaves the
    optimal plan as the tree's ``flow`` and ``parent``; the root alone has ``parent`` -1.
    """
    cost, potential = ws.cost, ws.potential
    root = _start_basis(n, m, ws)
    if n == 1 or m == 1:
        ws.parent[root] = -1
    else:
        _init_tree(n, m, root, ws)
        tolerance = rounding_bound(n + m, largest_cost)
        row = 0
        rows_in_block = max(1, PRICING_BLOCK // m)
        unsuccessful = 0
        while unsuccessful < n:
            lowest = -tolerance
            entering_source = -1
            entering_sink = -1
            for _ in range(min(rows_in_block, n - unsuccessful)):
                base = row * m
                level = potential[row]
                for j in range(m):
                    reduced = cost[base + j] - level - potential[n + j]
                    if reduced < lowest:
                        lowest = reduced
                        entering_source = row
                        entering_sink = j
                row += 1
                if row == n:
                    row = 0
                unsuccessful += 1
            if entering_source >= 0:
                unsuccessful = 0
                _pivot(entering_source, entering_sink, n, m, ws)
    total = 0.0
    for node in range(n + m):
        above = ws.parent[node]
        if above >= 0:
            arc = node * m + above - n if node < n else above * m + node - n
            total += ws.flow[node] * cost[arc]
    return total


@kernel
def _load_pair(
    p: int,
    q: int,
    indptr: Ints,
    indices: Columns,
    mass: Floats,
    cost: Floats,
    cancel: bool,
    ws: Workspace,
) -> tuple[int, int, int, float]:
    """Gather the problem of moving row p onto row q; return n, m, shared count, largest cost.

    With `cancel` the mass both rows have on one ingredient stays where it is. That loses nothing
    if, and in general only if, the cost is a metric: going through the shared ingredient is then
    never cheaper than going directly.
    """
    n = 0
    m = 0
    n_shared = 0
    if cancel:
        s = indptr[p]
        t = indptr[q]
        while s < indptr[p + 1] or t < indptr[q + 1]:
            if t == indptr[q + 1] or (s < indptr[p + 1] and indices[s] < indices[t]):
                ws.source_id[n] = indices[s]
                ws.supply[n] = mass[s]
                n += 1
                s += 1
            elif s == indptr[p + 1] or indices[t] < indices[s]:
                ws.sink_id[m] = indices[t]
                ws.demand[m] = mass[t]
                m += 1
                t += 1
            else:
                ws.shared_id[n_shared] = indices[s]
                ws.shared[n_shared] = min(mass[s], mass[t])
                n_shared += 1
                if mass[s] > mass[t]:
                    ws.source_id[n] = indices[s]
                    ws.supply[n] = mass[s] - mass[t]
                    n += 1
                elif mass[t] > mass[s]:
                    ws.sink_id[m] = indices[t]
                    ws.demand[m] = mass[t] - mass[s]
                    m += 1
                s += 1
                t += 1
    else:
        n = indptr[p + 1] - indptr[p]
        m = indptr[q + 1] - indptr[q]
        for i in range(n):
            ws.source_id[i] = indices[indptr[p] + i]
            ws.supply[i] = mass[indptr[p] + i]
        for j in range(m):
            ws.sink_id[j] = indices[indptr[q] + j]
            ws.demand[j] = mass[indptr[q] + j]
    largest = 0.0
    for i in range(n):
        base = i * m
        source = ws.source_id[i]
        for j in range(m):
            value = cost[source, ws.sink_id[j]]
            ws.cost[base + j] = value
            if value > largest:
                largest = value
    return n, m, n_shared, largest


@kernel
def emd_pair(
    p: int,
    q: int,
    indptr: Ints,
    indices: Columns,
    mass: Floats,
    cost: Floats,
    cancel: bool,
    ws: Workspace,
) -> float:
    """Earth mover's distance from row p to row q."""
    n, m, _, largest = _load_pair(p, q, indptr, indices, mass, cost, cancel, ws)
    if n == 0 or m == 0:
        return 0.0
    return solve(n, m, largest, ws)


@kernel
def emd_pairs(
    pairs: Ints,
    begin: int,
    end: int,
    indptr: Ints,
    indices: Columns,
    mass: Floats,
    cost: Floats,
    cancel: bool,
    ws: Workspace,
    distances: Floats,
) -> None:
    """Fill ``distances[begin:end]`` with the distances of the pairs."""
    for pair in range(begin, end):
        p, q = pairs[pair, 0], pairs[pair, 1]
        distances[pair] = emd_pair(p, q, indptr, indices, mass, cost, cancel, ws)


@kernel
def plan_pairs(
    pairs: Ints,
    begin: int,
    end: int,
    indptr: Ints,
    indices: Columns,
    mass: Floats,
    cost: Floats,
    cancel: bool,
    ws: Workspace,
    distances: Floats,
    offsets: Ints,
    counts: Ints,
    sources: Columns,
    targets: Columns,
    flows: Floats,
) -> None:
    """As `emd_pairs`, and write each plan from ``offsets[pair]`` on, ordered by source, target.

    The n + m entries reserved suffice: a tree has n + m - 1 arcs, and each canceled ingredient
    takes at least one node away.
    """
    for pair in range(begin, end):
        n, m, n_shared, largest = _load_pair(
            pairs[pair, 0], pairs[pair, 1], indptr, indices, mass, cost, cancel, ws
        )
        distances[pair] = solve(n, m, largest, ws) if n > 0 and m > 0 else 0.0
        start = offsets[pair]
        count = 0
        for node in range(n_shared + (n + m if n > 0 and m > 0 else 0)):
            if node < n_shared:
                source = target = ws.shared_id[node]
                flow = ws.shared[node]
            else:
                below = node - n_shared
                above = ws.parent[below]
                if above < 0 or ws.flow[below] == 0.0:
                    continue
                source = ws.source_id[min(below, above)]
                target = ws.sink_id[max(below, above) - n]
                flow = ws.flow[below]
            slot = start + count
            while slot > start and (
                sources[slot - 1] > source
                or (sources[slot - 1] == source and targets[slot - 1] > target)
            ):
                sources[slot] = sources[slot - 1]
                targets[slot] = targets[slot - 1]
                flows[slot] = flows[slot - 1]
                slot -= 1
            sources[slot] = source
            targets[slot] = target
            flows[slot] = flow
            count += 1
        counts[pair] = count


@kernel
def triangle_violation(cost: Floats, slack: float) -> bool:
    """Tell whether some cost[i, j] exceeds cost[i, k] + cost[k, j] by more than the slack."""
    m = cost.shape[0]
    for i in range(m):
        for k in range(m):
            first_leg = cost[i, k] + slack
            worst = 0.0
            for j in range(m):
                worst = max(worst, cost[i, j] - cost[k, j] - first_leg)
            if worst > 0.0:
                return True
    return False


# Nearest neighbors -------------------------------------------------------------------------------


@kernel
def insert_neighbor(
    distance: float, index: int, count: int, distances: Floats, indices: Columns
) -> int:
    """Insert into a list ordered by (distance, index), full at its length; return the new count."""
    k = distances.size
    if count == k:
        if distance > distances[k - 1] or (distance == distances[k - 1] and index > indices[k - 1]):
            return count
        slot = k - 1
    else:
        slot = count
        count += 1
    while slot > 0 and (
        distances[slot - 1] > distance
        or (distances[slot - 1] == distance and indices[slot - 1] > index)
    ):
        distances[slot] = distances[slot - 1]
        indices[slot] = indices[slot - 1]
        slot -= 1
    distances[slot] = distance
    indices[slot] = index
    return count


@kernel
def dense_neighbors(
    matrix: Floats, begin: int, end: int, distances: Floats, indices: Columns
) -> None:
    """Fill rows begin to end with the nearest columns of a dense distance matrix, self excluded."""
    for row in range(begin, end):
        count = 0
        for column in range(matrix.shape[1]):
            if column != row:
                count = insert_neighbor(
                    matrix[row, column], column, count, distances[row], indices[row]
                )


@kernel
def _sift_down(hole: int, size: int, bounds: Floats, heap: Ints) -> None:
    """Restore the heap of row numbers, smallest bound on top, below one changed place."""
    item = heap[hole]
    while True:
        below = 2 * hole + 1
        if below >= size:
            break
        if below + 1 < size and bounds[heap[below + 1]] < bounds[heap[below]]:
            below += 1
        if bounds[heap[below]] >= bounds[item]:
            break
        heap[hole] = heap[below]
        hole = below
    heap[hole] = item


@kernel
def _describe_query(
    query: int, indptr: Ints, indices: Columns, mass: Floats, cost: Floats, nearest: Floats
) -> None:
    """Per ingredient: cost to the query's closest, that one's mass, and the extra to its second."""
    begin, end = _index(indptr[query]), _index(indptr[query + 1])
    m = _index(cost.shape[0])
    for j in range(m):
        nearest[j, 0] = np.inf
        nearest[j, 2] = np.inf
    for s in range(begin, end):
        row = _index(indices[s])
        for j in range(m):
            value = cost[row, j]
            if value < nearest[j, 0]:
                nearest[j, 2] = nearest[j, 0]
                nearest[j, 0] = value
                nearest[j, 1] = mass[s]
            elif value < nearest[j, 2]:
                nearest[j, 2] = value
    for j in range(m):
        # With a single ingredient the whole unit fits, and no second is ever asked for.
        nearest[j, 2] = nearest[j, 2] - nearest[j, 0] if end - begin > 1 else 0.0


@kernel
def _bound_to_query(y: int, indptr: Ints, indices: Columns, mass: Floats, nearest: Floats) -> float:
    """Bound the EMD between y and the described query from below, for any cost.

    Each ingredient of y is served by the query's closest one up to what that one holds, the rest at
    the price of the second closest: a relaxation, as no other constraint is kept. Without the limit
    it would be the relaxed word mover's distance of Kusner et al.
    """
    bound = 0.0
    for t in range(_index(indptr[y]), _index(indptr[y + 1])):
        j = _index(indices[t])
        bound += mass[t] * nearest[j, 0] + max(0.0, mass[t] - nearest[j, 1]) * nearest[j, 2]
    return bound


@kernel
def _bound_from_query(
    query: int, y: int, indptr: Ints, indices: Columns, mass: Floats, cost: Floats
) -> float:
    """Bound it in the other direction: each ingredient of the query is served by those of y."""
    bound = 0.0
    begin, end = _index(indptr[y]), _index(indptr[y + 1])
    for s in range(_index(indptr[query]), _index(indptr[query + 1])):
        row = _index(indices[s])
        low = np.inf
        second = np.inf
        held = 1.0
        for t in range(begin, end):
            value = cost[row, _index(indices[t])]
            if value < low:
                second = low
                low = value
                held = mass[t]
            elif value < second:
                second = value
        bound += mass[s] * low
        if mass[s] > held:
            bound += (mass[s] - held) * (second - low)
    return bound


@kernel
def emd_query(
    query: int,
    indptr: Ints,
    indices: Columns,
    mass: Floats,
    cost: Floats,
    cancel: bool,
    slack: float,
    ws: Workspace,
    nearest: Floats,
    bounds: Floats,
    heap: Ints,
    best_distances: Floats,
    best_indices: Columns,
) -> int:
    """Find the exact nearest rows of one query; return how many transport problems it took.

    A row is left out only when its bound exceeds the k-th distance found by more than the slack,
    which covers the rounding of both: what is left out would not have entered the list.
    """
    n_rows = indptr.size - 1
    k = best_distances.size
    _describe_query(query, indptr, indices, mass, cost, nearest)
    # The rows of the k smallest bounds: solving them first gives a good limit at once.
    count = 0
    for y in range(n_rows):
        if y != query:
            bounds[y] = _bound_to_query(y, indptr, indices, mass, nearest)
            if count < k or bounds[y] < best_distances[k - 1]:
                count = insert_neighbor(bounds[y], y, count, best_distances, best_indices)
    bounds[query] = np.inf
    for slot in range(k):
        heap[slot] = best_indices[slot]
        bounds[heap[slot]] = np.inf
    count = 0
    for slot in range(k):
        y = heap[slot]
        distance = emd_pair(min(query, y), max(query, y), indptr, indices, mass, cost, cancel, ws)
        count = insert_neighbor(distance, y, count, best_distances, best_indices)
    n_solved = k
    limit = best_distances[k - 1] + slack
    size = 0
    for y in range(n_rows):
        if bounds[y] <= limit:
            other = _bound_from_query(query, y, indptr, indices, mass, cost)
            if other <= limit:
                bounds[y] = max(bounds[y], other)
                heap[size] = y
                size += 1
    for hole in range(size // 2 - 1, -1, -1):
        _sift_down(hole, size, bounds, heap)
    while size > 0 and bounds[heap[0]] <= best_distances[k - 1] + slack:
        y = heap[0]
        size -= 1
        heap[0] = heap[size]
        _sift_down(0, size, bounds, heap)
        distance = emd_pair(min(query, y), max(query, y), indptr, indices, mass, cost, cancel, ws)
        insert_neighbor(distance, y, k, best_distances, best_indices)
        n_solved += 1
    return n_solved


@kernel
def emd_queries(
    queries: Ints,
    begin: int,
    end: int,
    indptr: Ints,
    indices: Columns,
    mass: Floats,
    cost: Floats,
    cancel: bool,
    slack: float,
    ws: Workspace,
    nearest: Floats,
    bounds: Floats,
    heap: Ints,
    distances: Floats,
    neighbors: Columns,
) -> int:
    """Run `emd_query` for ``queries[begin:end]``, into the same rows of the results."""
    n_solved = 0
    for position in range(begin, end):
        n_solved += emd_query(
            queries[position],
            indptr,
            indices,
            mass,
            cost,
            cancel,
            slack,
            ws,
            nearest,
            bounds,
            heap,
            distances[position],
            neighbors[position],
        )
    return n_solved


@kernel
def manhattan_pair(p: int, q: int, indptr: Ints, indices: Columns, data: Floats) -> float:
    """Sum the absolute differences of two sparse rows in the order of their columns."""
    total = 0.0
    s = indptr[p]
    t = indptr[q]
    while s < indptr[p + 1] or t < indptr[q + 1]:
        if t == indptr[q + 1] or (s < indptr[p + 1] and indices[s] < indices[t]):
            total += data[s]
            s += 1
        elif s == indptr[p + 1] or indices[t] < indices[s]:
            total += data[t]
            t += 1
        else:
            total += abs(data[s] - data[t])
            s += 1
            t += 1
    return total


@kernel
def manhattan_queries(
    queries: Ints,
    begin: int,
    end: int,
    indptr: Ints,
    indices: Columns,
    data: Floats,
    column_ptr: Ints,
    column_rows: Columns,
    column_data: Floats,
    totals: Floats,
    relative_slack: float,
    bounds: Floats,
    heap: Ints,
    distances: Floats,
    neighbors: Columns,
) -> int:
    """Find the exact nearest rows under the L1 distance; return how many pairs were summed up.

    |x - y| = |x| + |y| - 2 min(x, y) summed over common columns, which the transposed matrix lists.
    That value is off by rounding, so it serves as the bound and close rows are summed in full.
    """
    n_rows = indptr.size - 1
    k = distances.shape[1]
    n_solved = 0
    for position in range(begin, end):
        query = queries[position]
        best_distances = distances[position]
        best_indices = neighbors[position]
        for y in range(n_rows):
            bounds[y] = 0.0
        for s in range(indptr[query], indptr[query + 1]):
            value = data[s]
            for t in range(column_ptr[indices[s]], column_ptr[indices[s] + 1]):
                bounds[column_rows[t]] += min(value, column_data[t])
        count = 0
        for y in range(n_rows):
            if y != query:
                size = totals[query] + totals[y]
                bounds[y] = size - 2.0 * bounds[y] - relative_slack * size
                if count < k or bounds[y] < best_distances[k - 1]:
                    count = insert_neighbor(bounds[y], y, count, best_distances, best_indices)
        bounds[query] = np.inf
        for slot in range(k):
            heap[slot] = best_indices[slot]
            bounds[heap[slot]] = np.inf
        count = 0
        for slot in range(k):
            y = heap[slot]
            distance = manhattan_pair(query, y, indptr, indices, data)
            count = insert_neighbor(distance, y, count, best_distances, best_indices)
        n_solved += k
        for y in range(n_rows):
            if bounds[y] <= best_distances[k - 1]:
                distance = manhattan_pair(query, y, indptr, indices, data)
                insert_neighbor(distance, y, k, best_distances, best_indices)
                n_solved += 1
    return n_solved


# True ranks ---------------------------------------------------------------------------------------


@kernel
def _count_nearer(
    y: int, distance: float, targets: Ints, target_distances: Floats, ranks: Ints
) -> None:
    """Raise the rank of each target that row y is nearer than, ties by row number."""
    for s in range(targets.size):
        if distance < target_distances[s] or (distance == target_distances[s] and y < targets[s]):
            ranks[s] += 1


@kernel
def emd_ranks(
    rows: Ints,
    begin: int,
    end: int,
    indptr: Ints,
    indices: Columns,
    mass: Floats,
    cost: Floats,
    cancel: bool,
    slack: float,
    ws: Workspace,
    nearest: Floats,
    target_distances: Floats,
    targets: Ints,
    ranks: Ints,
) -> None:
    """Fill in the rank of each target among all rows but the query's own, the nearest being 1.

    A row whose bound exceeds the farthest target's distance is farther than all of them.
    """
    n_rows = indptr.size - 1
    for position in range(begin, end):
        query = rows[position]
        _describe_query(query, indptr, indices, mass, cost, nearest)
        limit = 0.0
        for s in range(targets.shape[1]):
            y = targets[position, s]
            distance = emd_pair(
                min(query, y), max(query, y), indptr, indices, mass, cost, cancel, ws
            )
            target_distances[s] = distance
            ranks[position, s] = 1
            limit = max(limit, distance)
        limit += slack
        for y in range(n_rows):
            if (
                y != query
                and _bound_to_query(y, indptr, indices, mass, nearest) <= limit
                and _bound_from_query(query, y, indptr, indices, mass, cost) <= limit
            ):
                distance = emd_pair(
                    min(query, y), max(query, y), indptr, indices, mass, cost, cancel, ws
                )
                _count_nearer(y, distance, targets[position], target_distances, ranks[position])


@kernel
def manhattan_ranks(
    rows: Ints,
    begin: int,
    end: int,
    indptr: Ints,
    indices: Columns,
    data: Floats,
    target_distances: Floats,
    targets: Ints,
    ranks: Ints,
) -> None:
    """As `emd_ranks`, under the L1 distance."""
    n_rows = indptr.size - 1
    for position in range(begin, end):
        query = rows[position]
        for s in range(targets.shape[1]):
            target_distances[s] = manhattan_pair(query, targets[position, s], indptr, indices, data)
            ranks[position, s] = 1
        for y in range(n_rows):
            if y != query:
                distance = manhattan_pair(query, y, indptr, indices, data)
                _count_nearer(y, distance, targets[position], target_distances, ranks[position])
