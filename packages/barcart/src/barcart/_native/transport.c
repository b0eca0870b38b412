/* The transportation simplex.
 *
 * Masses are multiples of 2**-52 and sum to one (see barcart.transport.Supports). Sums and
 * differences of such numbers within [0, 1] are exact in a double, hence so is every flow below: the
 * ratio test sees true ties, and a flow that ought to be zero is zero.
 *
 * That makes the textbook proof of termination hold for the program as it runs, not only on paper.
 * The basis stays *strongly feasible* (Cunningham 1976: each arc without flow points toward the
 * root), which the choice of the leaving arc maintains; then no basis can recur so long as each
 * entering arc truly has a negative reduced cost. Potentials are path sums taken afresh from the
 * tree, never updated in place, so that their rounding error and that of a reduced cost together
 * stay below rounding_bound(), and an arc has to beat that bound to enter. By the same bound the
 * result can exceed the optimum at most.
 *
 * W. H. Cunningham (1976), A network simplex method, Mathematical Programming 11, 105-116.
 * R. K. Ahuja, T. L. Magnanti, J. B. Orlin (1993), Network Flows, chapter 11. */

#include <math.h>
#include <stdlib.h>

#include "native.h"

/* Fewest arcs priced before the best of them enters the basis; small problems are priced whole. */
enum { PRICING_BLOCK = 512 };

static const double ROUNDOFF = 0x1p-53;

struct workspace *new_workspace(int64_t capacity)
{
    const size_t cap = capacity > 0 ? (size_t)capacity : 1;
    const size_t n_doubles = cap * cap + 8 * cap, n_ints = 17 * cap;
    struct workspace *ws =
        malloc(sizeof *ws + n_doubles * sizeof(double) + n_ints * sizeof(int32_t));
    if (!ws)
        return NULL;
    double *doubles = (double *)(ws + 1);
    ws->cost = doubles, doubles += cap * cap;
    ws->supply = doubles, doubles += cap;
    ws->demand = doubles, doubles += cap;
    ws->shared = doubles, doubles += cap;
    ws->best = doubles, doubles += cap;
    ws->flow = doubles, doubles += 2 * cap;
    ws->potential = doubles, doubles += 2 * cap;
    int32_t *ints = (int32_t *)doubles;
    ws->source_id = ints, ints += cap;
    ws->sink_id = ints, ints += cap;
    ws->shared_id = ints, ints += cap;
    ws->open_sink = ints, ints += cap;
    ws->best_sink = ints, ints += cap;
    ws->parent = ints, ints += 2 * cap;
    ws->depth = ints, ints += 2 * cap;
    ws->child = ints, ints += 2 * cap;
    ws->after = ints, ints += 2 * cap;
    ws->before = ints, ints += 2 * cap;
    ws->order = ints;
    return ws;
}

/* Bound the error of a reduced cost: (N + 2)**2 unit roundoffs of the largest cost.
 *
 * A path sum of d costs is off by at most u * max(cost) * d**2 / 2, the two paths of one arc have at
 * most N - 1 arcs together, and the subtractions add 4 N + 2 roundoffs at most. */
static double rounding_bound(double n_nodes, double largest_cost)
{
    return (n_nodes + 2.0) * (n_nodes + 2.0) * ROUNDOFF * largest_cost;
}

/* The position in ws->cost of the arc between two nodes, one of them a source, the other a sink. */
static int32_t arc_between(int32_t one, int32_t other, int32_t n, int32_t m)
{
    return one < n ? one * m + other - n : other * m + one - n;
}

static void attach(int32_t node, int32_t new_parent, struct workspace *ws)
{
    const int32_t first = ws->child[new_parent];
    ws->parent[node] = new_parent;
    ws->after[node] = first;
    ws->before[node] = -1;
    if (first >= 0)
        ws->before[first] = node;
    ws->child[new_parent] = node;
}

static void detach(int32_t node, struct workspace *ws)
{
    const int32_t before = ws->before[node], after = ws->after[node];
    if (before >= 0)
        ws->after[before] = after;
    else
        ws->child[ws->parent[node]] = after;
    if (after >= 0)
        ws->before[after] = before;
}

/* Find the cheapest of the open sinks of a source. */
static void find_best_sink(int32_t source, int32_t m, int32_t n_open, struct workspace *ws)
{
    const double *cost = ws->cost + (size_t)source * m;
    int32_t low_sink = ws->open_sink[0];
    double low = cost[low_sink];
    for (int32_t position = 1; position < n_open; position++) {
        const int32_t sink = ws->open_sink[position];
        if (cost[sink] < low) {
            low = cost[sink];
            low_sink = sink;
        }
    }
    ws->best[source] = low;
    ws->best_sink[source] = low_sink;
}

/* Build a strongly feasible starting tree by the least-cost rule; return its root.
 *
 * Each step ships all it can along the cheapest arc between open nodes and closes one of the two. A
 * closed node becomes the child of the one that stays open, so the steps, read backwards, list the
 * tree from its root. In a tie the sink closes, except the last one: then an arc without flow always
 * has its source below, i.e. points toward the root, as strong feasibility demands. */
static int32_t start_basis(int32_t n, int32_t m, struct workspace *ws)
{
    double *supply = ws->supply, *demand = ws->demand;
    int32_t n_open = m;
    for (int32_t j = 0; j < m; j++)
        ws->open_sink[j] = j;
    for (int32_t i = 0; i < n; i++)
        find_best_sink(i, m, n_open, ws);
    for (int32_t n_closed = 0; n_closed < n + m - 1; n_closed++) {
        int32_t source = 0;
        double low = INFINITY;
        for (int32_t i = 0; i < n; i++) {
            if (ws->best[i] < low) {
                low = ws->best[i];
                source = i;
            }
        }
        const int32_t sink = ws->best_sink[source];
        if (supply[source] < demand[sink] || (supply[source] == demand[sink] && n_open == 1)) {
            demand[sink] -= supply[source];
            ws->flow[source] = supply[source];
            ws->parent[source] = n + sink;
            ws->order[n_closed] = source;
            ws->best[source] = INFINITY;
            continue;
        }
        supply[source] -= demand[sink];
        ws->flow[n + sink] = demand[sink];
        ws->parent[n + sink] = source;
        ws->order[n_closed] = n + sink;
        n_open--;
        int32_t position = 0;
        while (ws->open_sink[position] != sink)
            position++;
        ws->open_sink[position] = ws->open_sink[n_open];
        for (int32_t i = 0; i < n; i++)
            if (ws->best_sink[i] == sink && ws->best[i] < INFINITY)
                find_best_sink(i, m, n_open, ws);
    }
    return n + ws->open_sink[0];
}

/* Set a node's depth and potential from those of its parent. */
static void settle(int32_t node, int32_t n, int32_t m, struct workspace *ws)
{
    const int32_t above = ws->parent[node];
    ws->depth[node] = ws->depth[above] + 1;
    ws->potential[node] = ws->cost[arc_between(node, above, n, m)] - ws->potential[above];
}

/* Fill in depths, potentials and child lists of the starting tree, from the root down. */
static void init_tree(int32_t n, int32_t m, int32_t root, struct workspace *ws)
{
    for (int32_t node = 0; node < n + m; node++)
        ws->child[node] = -1;
    ws->parent[root] = -1;
    ws->depth[root] = 0;
    ws->potential[root] = 0.0;
    for (int32_t step = n + m - 2; step >= 0; step--) {
        const int32_t node = ws->order[step];
        settle(node, n, m, ws);
        attach(node, ws->parent[node], ws);
    }
}

/* Send flow around the cycle that the entering arc closes and exchange the blocking arc.
 *
 * Of several blocking arcs the last one on the way round, from the top of the cycle in the direction
 * of the entering arc, leaves: this keeps the tree strongly feasible. */
static void pivot(int32_t entering_source, int32_t entering_sink, int32_t n, int32_t m,
                  struct workspace *ws)
{
    double *flow = ws->flow;
    const int32_t *parent = ws->parent, *depth = ws->depth;
    int32_t left = entering_source, right = n + entering_sink;
    int32_t leaving_left = -1, leaving_right = -1;
    double delta_left = INFINITY, delta_right = INFINITY;
    while (left != right) {
        if (depth[left] >= depth[right]) {
            if (left < n && flow[left] < delta_left) {
                delta_left = flow[left];
                leaving_left = left;
            }
            left = parent[left];
        } else {
            if (right >= n && flow[right] <= delta_right) {
                delta_right = flow[right];
                leaving_right = right;
            }
            right = parent[right];
        }
    }
    const int32_t top = left;
    const double delta = delta_right < delta_left ? delta_right : delta_left;
    if (delta > 0.0) {
        for (int32_t node = entering_source; node != top; node = parent[node])
            flow[node] += node < n ? -delta : delta;
        for (int32_t node = n + entering_sink; node != top; node = parent[node])
            flow[node] += node < n ? delta : -delta;
    }
    const bool on_right = delta_right <= delta_left;
    const int32_t subtree = on_right ? n + entering_sink : entering_source;
    const int32_t leaving = on_right ? leaving_right : leaving_left;
    /* Turn the path from the entering arc to the leaving one, so that it hangs the other way. */
    int32_t node = subtree, new_parent = on_right ? entering_source : n + entering_sink;
    double new_flow = delta;
    for (;;) {
        const int32_t old_parent = parent[node];
        const double old_flow = flow[node];
        detach(node, ws);
        attach(node, new_parent, ws);
        flow[node] = new_flow;
        if (node == leaving)
            break;
        new_parent = node;
        new_flow = old_flow;
        node = old_parent;
    }
    /* Walk the moved subtree in preorder along the lists. */
    node = subtree;
    for (;;) {
        settle(node, n, m, ws);
        if (ws->child[node] >= 0) {
            node = ws->child[node];
            continue;
        }
        while (node != subtree && ws->after[node] < 0)
            node = parent[node];
        if (node == subtree)
            return;
        node = ws->after[node];
    }
}

/* Pivot until no reduced cost is negative beyond rounding. */
static void optimize(int32_t n, int32_t m, double largest_cost, struct workspace *ws)
{
    const double tolerance = rounding_bound(n + m, largest_cost);
    const int32_t rows_in_block = PRICING_BLOCK / m > 1 ? PRICING_BLOCK / m : 1;
    const double *sink_potential = ws->potential + n;
    int32_t row = 0, unsuccessful = 0;
    while (unsuccessful < n) {
        double lowest = -tolerance;
        int32_t entering_source = -1, entering_sink = -1;
        const int32_t left = n - unsuccessful;
        for (int32_t priced = left < rows_in_block ? left : rows_in_block; priced > 0; priced--) {
            const double *cost = ws->cost + (size_t)row * m;
            const double level = ws->potential[row];
            for (int32_t j = 0; j < m; j++) {
                const double reduced = cost[j] - level - sink_potential[j];
                if (reduced < lowest) {
                    lowest = reduced;
                    entering_source = row;
                    entering_sink = j;
                }
            }
            row = row + 1 == n ? 0 : row + 1;
            unsuccessful++;
        }
        if (entering_source >= 0) {
            unsuccessful = 0;
            pivot(entering_source, entering_sink, n, m, ws);
        }
    }
}

/* Solve the n x m transport problem in the workspace exactly; return its cost.
 *
 * Reads cost (row by row), supply and demand, and uses the latter two up. Leaves the optimal plan as
 * the tree's flow and parent; the root alone has the parent -1. */
static double solve(int32_t n, int32_t m, double largest_cost, struct workspace *ws)
{
    const int32_t root = start_basis(n, m, ws);
    ws->parent[root] = -1;
    if (n > 1 && m > 1) {
        init_tree(n, m, root, ws);
        optimize(n, m, largest_cost, ws);
    }
    double total = 0.0;
    for (int32_t node = 0; node < n + m; node++)
        if (ws->parent[node] >= 0)
            total += ws->flow[node] * ws->cost[arc_between(node, ws->parent[node], n, m)];
    return total;
}

/* A transport problem in the workspace. */
struct problem {
    int32_t n, m, n_shared;
    double largest_cost;
};

static void add_source(struct problem *problem, int32_t ingredient, double mass,
                       struct workspace *ws)
{
    ws->source_id[problem->n] = ingredient;
    ws->supply[problem->n++] = mass;
}

static void add_sink(struct problem *problem, int32_t ingredient, double mass, struct workspace *ws)
{
    ws->sink_id[problem->m] = ingredient;
    ws->demand[problem->m++] = mass;
}

/* Gather the problem of moving row p onto row q.
 *
 * With `cancel` the mass both rows have on one ingredient stays where it is. That loses nothing if,
 * and in general only if, the cost is a metric: going through the shared ingredient is then never
 * cheaper than going directly. */
static struct problem load_pair(int64_t p, int64_t q, struct rows rows, struct costs costs,
                                bool cancel, struct workspace *ws)
{
    struct problem problem = {0, 0, 0, 0.0};
    int64_t s = rows.indptr[p], t = rows.indptr[q];
    const int64_t s_end = rows.indptr[p + 1], t_end = rows.indptr[q + 1];
    while (cancel && s < s_end && t < t_end) {
        const int32_t source = rows.indices[s], sink = rows.indices[t];
        if (source < sink) {
            add_source(&problem, source, rows.mass[s++], ws);
        } else if (sink < source) {
            add_sink(&problem, sink, rows.mass[t++], ws);
        } else {
            const double left = rows.mass[s++], right = rows.mass[t++];
            ws->shared_id[problem.n_shared] = source;
            ws->shared[problem.n_shared++] = left < right ? left : right;
            if (left > right)
                add_source(&problem, source, left - right, ws);
            else if (right > left)
                add_sink(&problem, sink, right - left, ws);
        }
    }
    for (; s < s_end; s++)
        add_source(&problem, rows.indices[s], rows.mass[s], ws);
    for (; t < t_end; t++)
        add_sink(&problem, rows.indices[t], rows.mass[t], ws);
    for (int32_t i = 0; i < problem.n; i++) {
        const double *cost = costs.value + ws->source_id[i] * costs.size;
        for (int32_t j = 0; j < problem.m; j++) {
            const double value = cost[ws->sink_id[j]];
            ws->cost[(size_t)i * problem.m + j] = value;
            if (value > problem.largest_cost)
                problem.largest_cost = value;
        }
    }
    return problem;
}

static double solve_problem(const struct problem *problem, struct workspace *ws)
{
    if (problem->n == 0 || problem->m == 0)
        return 0.0;
    return solve(problem->n, problem->m, problem->largest_cost, ws);
}

double emd_pair(int64_t p, int64_t q, struct rows rows, struct costs costs, bool cancel,
                struct workspace *ws)
{
    const struct problem problem = load_pair(p, q, rows, costs, cancel, ws);
    return solve_problem(&problem, ws);
}

int emd_pairs(const int64_t *pairs, int64_t begin, int64_t end, const int64_t *indptr,
              const int32_t *indices, const double *mass, int64_t longest, const double *cost,
              int64_t n_ingredients, bool cancel, double *distances)
{
    const struct rows rows = {indptr, indices, mass};
    const struct costs costs = {cost, n_ingredients};
    struct workspace *ws = new_workspace(longest);
    if (!ws)
        return -1;
    for (int64_t pair = begin; pair < end; pair++)
        distances[pair] = emd_pair(pairs[2 * pair], pairs[2 * pair + 1], rows, costs, cancel, ws);
    free(ws);
    return 0;
}

/* The part of a plan written so far, ordered by source, then target. */
struct plan {
    int64_t count;
    int32_t *sources, *targets;
    double *flows;
};

static void insert_flow(struct plan *plan, int32_t source, int32_t target, double flow)
{
    int64_t slot = plan->count++;
    for (; slot > 0; slot--) {
        const int32_t before = plan->sources[slot - 1];
        if (before < source || (before == source && plan->targets[slot - 1] <= target))
            break;
        plan->sources[slot] = before;
        plan->targets[slot] = plan->targets[slot - 1];
        plan->flows[slot] = plan->flows[slot - 1];
    }
    plan->sources[slot] = source;
    plan->targets[slot] = target;
    plan->flows[slot] = flow;
}

/* As emd_pairs, and write each plan from offsets[pair] on.
 *
 * The n + m entries reserved suffice: a tree has n + m - 1 arcs, and each canceled ingredient takes
 * at least one node away. */
int plan_pairs(const int64_t *pairs, int64_t begin, int64_t end, const int64_t *indptr,
               const int32_t *indices, const double *mass, int64_t longest, const double *cost,
               int64_t n_ingredients, bool cancel, double *distances, const int64_t *offsets,
               int64_t *counts, int32_t *sources, int32_t *targets, double *flows)
{
    const struct rows rows = {indptr, indices, mass};
    const struct costs costs = {cost, n_ingredients};
    struct workspace *ws = new_workspace(longest);
    if (!ws)
        return -1;
    for (int64_t pair = begin; pair < end; pair++) {
        const struct problem problem =
            load_pair(pairs[2 * pair], pairs[2 * pair + 1], rows, costs, cancel, ws);
        const int32_t n = problem.n, n_nodes = n > 0 && problem.m > 0 ? n + problem.m : 0;
        const int64_t start = offsets[pair];
        struct plan plan = {0, sources + start, targets + start, flows + start};
        distances[pair] = solve_problem(&problem, ws);
        for (int32_t s = 0; s < problem.n_shared; s++)
            insert_flow(&plan, ws->shared_id[s], ws->shared_id[s], ws->shared[s]);
        for (int32_t node = 0; node < n_nodes; node++) {
            const int32_t above = ws->parent[node];
            if (above < 0 || ws->flow[node] == 0.0)
                continue;
            insert_flow(&plan, ws->source_id[node < n ? node : above],
                        ws->sink_id[(node < n ? above : node) - n], ws->flow[node]);
        }
        counts[pair] = plan.count;
    }
    free(ws);
    return 0;
}

/* Whether some cost[i, j] exceeds cost[i, k] + cost[k, j] by more than the slack. */
bool triangle_violation(const double *cost, int64_t m, double slack)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k < m; k++) {
            const double *direct = cost + i * m, *second_leg = cost + k * m;
            const double first_leg = direct[k] + slack;
            double worst = 0.0;
            for (int64_t j = 0; j < m; j++) {
                const double excess = direct[j] - second_leg[j] - first_leg;
                worst = excess > worst ? excess : worst;
            }
            if (worst > 0.0)
                return true;
        }
    }
    return false;
}
