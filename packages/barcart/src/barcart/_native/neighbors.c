/* Exact nearest neighbors and ranks. A row is left out only when a lower bound on its distance rules
 * it out by more than the slack, which covers the rounding of both: what is left out would not have
 * entered the list. */

#include <math.h>
#include <stdlib.h>

#include "bounds.h"
#include "neighbors.h"
#include "pair_index.h"

/* Without seeds, so many likely rows are bounded for each neighbor wanted. */
enum { LIKELY_PER_NEIGHBOR = 8 };

/* Without seeds, rows within this part of the first limit are looked at first. */
static const double FIRST_PART = 0.45;

/* Fill in the nearest columns of each row of a dense square distance matrix, self excluded. */
void dense_neighbors(const double *matrix, int64_t n, int64_t k, double *distances,
                     int32_t *indices)
{
    for (int64_t row = 0; row < n; row++) {
        struct nearest nearest = {k, 0, distances + row * k, indices + row * k};
        for (int64_t column = 0; column < n; column++)
            if (column != row)
                insert_neighbor(&nearest, matrix[row * n + column], column);
    }
}

/* What one thread needs to search. */
struct search {
    struct rows rows;
    struct costs costs;
    int64_t n_rows;
    bool cancel;
    double slack;
    struct workspace *ws;
    struct view view;
    /* By row number; only those of the present query's candidates mean anything. */
    double *bounds;
    /* Row numbers, smallest bound on top. */
    int32_t *heap;
    struct candidates found;
};

static void free_search(struct search *search)
{
    free(search->ws);
    free(search->view.closest);
    free(search->bounds);
    free(search->heap);
    free(search->found.rows);
    free(search->found.seen);
}

static bool allocate_search(struct search *search, int64_t longest, bool indexed)
{
    const size_t n = (size_t)search->n_rows, m = (size_t)search->costs.size;
    search->ws = new_workspace(longest);
    search->view.closest = malloc(3 * m * sizeof(double));
    search->bounds = malloc(n * sizeof(double));
    search->heap = malloc(n * sizeof(int32_t));
    search->found = (struct candidates){.rows = NULL, .seen = NULL};
    if (indexed) {
        search->found.rows = malloc(n * sizeof(int32_t));
        search->found.seen = calloc(n, sizeof(int32_t));
    }
    if (!search->ws || !search->view.closest || !search->bounds || !search->heap ||
        (indexed && (!search->found.rows || !search->found.seen))) {
        free_search(search);
        return false;
    }
    search->view.held = search->view.closest + m;
    search->view.extra = search->view.held + m;
    return true;
}

static double distance_between(int64_t query, int64_t y, const struct search *search)
{
    /* The same order for both directions: the same rounding. */
    return query < y ? emd_pair(query, y, search->rows, search->costs, search->cancel, search->ws)
                     : emd_pair(y, query, search->rows, search->costs, search->cancel, search->ws);
}

/* Restore the heap below one changed place. */
static void sift_down(int64_t hole, int64_t size, const double *bounds, int32_t *heap)
{
    const int32_t item = heap[hole];
    for (;;) {
        int64_t below = 2 * hole + 1;
        if (below >= size)
            break;
        if (below + 1 < size && bounds[heap[below + 1]] < bounds[heap[below]])
            below++;
        if (bounds[heap[below]] >= bounds[item])
            break;
        heap[hole] = heap[below];
        hole = below;
    }
    heap[hole] = item;
}

/* Move the rows of a full list to `room`. Their bounds become infinite, so that no later step looks at
 * them again. */
static void take_listed(struct nearest *nearest, int32_t *room, double *bounds)
{
    for (int64_t slot = 0; slot < nearest->k; slot++) {
        room[slot] = nearest->indices[slot];
        bounds[room[slot]] = INFINITY;
    }
    nearest->count = 0;
}

/* Replace the rows in a full list by the same ones with their true distances. `room` holds k rows. */
static void solve_listed(int64_t query, struct nearest *nearest, int32_t *room,
                         struct search *search)
{
    take_listed(nearest, room, search->bounds);
    for (int64_t slot = 0; slot < nearest->k; slot++)
        insert_neighbor(nearest, distance_between(query, room[slot], search), room[slot]);
}

/* Bound all rows, and list the k with the smallest bounds. */
static void list_smallest_bounds(int64_t query, struct nearest *nearest, struct search *search)
{
    nearest->count = 0;
    for (int64_t y = 0; y < search->n_rows; y++) {
        search->bounds[y] = INFINITY;
        if (y != query) {
            search->bounds[y] = bound_to_query(y, search->rows, search->view);
            insert_neighbor(nearest, search->bounds[y], y);
        }
    }
}

/* Add a row to the unordered heap unless a bound rules it out. */
static int64_t consider(int64_t query, int64_t y, double limit, int64_t size,
                        struct search *search)
{
    if (search->bounds[y] > limit)
        return size;
    const double other = bound_from_query(query, y, search->rows, search->costs);
    if (other > limit)
        return size;
    if (other > search->bounds[y])
        search->bounds[y] = other;
    search->heap[size] = (int32_t)y;
    return size + 1;
}

/* Solve the rows of the heap in the order of their bounds, so long as one may enter the list. */
static int64_t solve_heap(int64_t query, int64_t size, struct nearest *nearest,
                          struct search *search)
{
    int64_t n_solved = 0;
    const double *bounds = search->bounds;
    int32_t *heap = search->heap;
    for (int64_t hole = size / 2 - 1; hole >= 0; hole--)
        sift_down(hole, size, bounds, heap);
    while (size > 0 && bounds[heap[0]] <= nearest->distances[nearest->k - 1] + search->slack) {
        const int32_t y = heap[0];
        heap[0] = heap[--size];
        if (size > 0)
            sift_down(0, size, bounds, heap);
        insert_neighbor(nearest, distance_between(query, y, search), y);
        n_solved++;
    }
    return n_solved;
}

/* List k rows that are likely near: of some that share ingredients, those with the smallest bounds. */
static void list_likely(int64_t query, struct nearest *nearest, const struct pair_index *index,
                        struct search *search)
{
    struct candidates *found = &search->found;
    found->count = 0;
    found->stamp++;
    found->seen[query] = found->stamp;
    find_likely(query, search->n_rows, search->rows, search->costs, LIKELY_PER_NEIGHBOR * nearest->k,
                index, found);
    nearest->count = 0;
    for (int64_t c = 0; c < found->count; c++)
        insert_neighbor(nearest, bound_to_query(found->rows[c], search->rows, search->view),
                        found->rows[c]);
}

/* List the rows that may be within the limit, but for the query and those that are solved already. */
static void list_candidates(int64_t query, const struct nearest *solved, double limit,
                            const struct pair_index *index, struct search *search)
{
    struct candidates *found = &search->found;
    found->count = 0;
    found->stamp++;
    found->seen[query] = found->stamp;
    for (int64_t slot = 0; slot < solved->k; slot++)
        found->seen[solved->indices[slot]] = found->stamp;
    if (find_candidates(query, search->n_rows, search->rows, search->costs, limit, index, found))
        return;
    for (int64_t y = 0; y < search->n_rows; y++)
        if (found->seen[y] != found->stamp)
            found->rows[found->count++] = (int32_t)y;
}

/* Solve the rows that the index lists within a limit, unless a bound rules them out; return how many. */
static int64_t solve_within(int64_t query, double limit, struct nearest *nearest,
                            const struct pair_index *index, struct search *search)
{
    const struct candidates *found = &search->found;
    const double longest = nearest->distances[nearest->k - 1] + search->slack;
    int64_t size = 0;
    list_candidates(query, nearest, limit, index, search);
    for (int64_t c = 0; c < found->count; c++) {
        const int32_t y = found->rows[c];
        search->bounds[y] = bound_to_query(y, search->rows, search->view);
        size = consider(query, y, longest, size, search);
    }
    return solve_heap(query, size, nearest, search);
}

/* Complete a full list through the index; return how many transport problems it took.
 *
 * The number of candidates rises steeply with the limit, and likely rows give one that is too large.
 * So a part of it comes first: if k rows are that near, all such rows have been looked at. Otherwise
 * what was found makes the limit of the second try nearly the final one. */
static int64_t search_index(int64_t query, bool seeded, struct nearest *nearest,
                            const struct pair_index *index, struct search *search)
{
    const double *farthest = &nearest->distances[nearest->k - 1];
    const double first = *farthest * (seeded ? 1.0 : FIRST_PART);
    const int64_t n_solved = solve_within(query, first + search->slack, nearest, index, search);
    if (*farthest <= first)
        return n_solved;
    return n_solved + solve_within(query, *farthest + search->slack, nearest, index, search);
}

/* Find the exact nearest rows of one query; return how many transport problems it took.
 *
 * The first k are solved at once, for a good limit: those that the list is seeded with, or that the
 * index finds likely, or without it those of the k smallest bounds. */
static int64_t search_row(int64_t query, struct nearest *nearest, const struct pair_index *index,
                          bool seeded, struct search *search)
{
    describe_query(query, search->rows, search->costs, search->view);
    if (!index)
        list_smallest_bounds(query, nearest, search);
    else if (!seeded)
        list_likely(query, nearest, index, search);
    solve_listed(query, nearest, search->heap, search);
    if (index)
        return nearest->k + search_index(query, seeded, nearest, index, search);
    const double limit = nearest->distances[nearest->k - 1] + search->slack;
    int64_t size = 0;
    for (int64_t y = 0; y < search->n_rows; y++)
        size = consider(query, y, limit, size, search);
    return nearest->k + solve_heap(query, size, nearest, search);
}

/* Search for the queries at order[begin:end]; return how many transport problems it took, -1 without
 * memory. */
int64_t emd_queries(const int64_t *queries, const int64_t *order, int64_t begin, int64_t end,
                    const int64_t *indptr, int64_t n_rows, const int32_t *indices,
                    const double *mass, int64_t longest, const double *cost, int64_t n_ingredients,
                    bool cancel, double slack, int64_t k, double *distances, int32_t *neighbors,
                    const struct pair_index *index, bool seeded)
{
    struct search search = {.rows = {indptr, indices, mass},
                            .costs = {cost, n_ingredients},
                            .n_rows = n_rows,
                            .cancel = cancel,
                            .slack = slack};
    if (!allocate_search(&search, longest, index != NULL))
        return -1;
    int64_t n_solved = 0;
    for (int64_t o = begin; o < end; o++) {
        const int64_t position = order[o];
        struct nearest nearest = {k, 0, distances + position * k, neighbors + position * k};
        n_solved += search_row(queries[position], &nearest, index, seeded, &search);
    }
    free_search(&search);
    return n_solved;
}

/* Sum the absolute differences of two sparse rows in the order of their columns. */
static double manhattan_pair(int64_t p, int64_t q, struct rows rows)
{
    double total = 0.0;
    int64_t s = rows.indptr[p], t = rows.indptr[q];
    const int64_t s_end = rows.indptr[p + 1], t_end = rows.indptr[q + 1];
    while (s < s_end && t < t_end) {
        if (rows.indices[s] < rows.indices[t])
            total += rows.mass[s++];
        else if (rows.indices[t] < rows.indices[s])
            total += rows.mass[t++];
        else
            total += fabs(rows.mass[s++] - rows.mass[t++]);
    }
    while (s < s_end)
        total += rows.mass[s++];
    while (t < t_end)
        total += rows.mass[t++];
    return total;
}

/* Find the exact nearest rows under the L1 distance; return how many pairs were summed up.
 *
 * |x - y| = |x| + |y| - 2 min(x, y) summed over common columns, which the transposed matrix lists.
 * That value is off by rounding, so it serves as the bound and close rows are summed in full. */
int64_t manhattan_queries(const int64_t *queries, int64_t begin, int64_t end, const int64_t *indptr,
                          int64_t n_rows, const int32_t *indices, const double *data,
                          const int64_t *column_ptr, const int32_t *column_rows,
                          const double *column_data, const double *totals, double relative_slack,
                          int64_t k, double *distances, int32_t *neighbors)
{
    const struct rows rows = {indptr, indices, data};
    double *bounds = malloc((size_t)n_rows * sizeof(double));
    int32_t *first = malloc((size_t)k * sizeof(int32_t));
    int64_t n_solved = 0;
    if (!bounds || !first)
        n_solved = -1;
    for (int64_t position = begin; n_solved >= 0 && position < end; position++) {
        const int64_t query = queries[position];
        struct nearest nearest = {k, 0, distances + position * k, neighbors + position * k};
        for (int64_t y = 0; y < n_rows; y++)
            bounds[y] = 0.0;
        for (int64_t s = indptr[query]; s < indptr[query + 1]; s++) {
            const double value = data[s];
            for (int64_t t = column_ptr[indices[s]]; t < column_ptr[indices[s] + 1]; t++)
                bounds[column_rows[t]] += value < column_data[t] ? value : column_data[t];
        }
        for (int64_t y = 0; y < n_rows; y++) {
            const double size = totals[query] + totals[y];
            bounds[y] = y == query ? INFINITY : size - 2.0 * bounds[y] - relative_slack * size;
            if (y != query)
                insert_neighbor(&nearest, bounds[y], y);
        }
        take_listed(&nearest, first, bounds);
        for (int64_t slot = 0; slot < k; slot++)
            insert_neighbor(&nearest, manhattan_pair(query, first[slot], rows), first[slot]);
        n_solved += k;
        for (int64_t y = 0; y < n_rows; y++) {
            if (bounds[y] <= nearest.distances[k - 1]) {
                insert_neighbor(&nearest, manhattan_pair(query, y, rows), y);
                n_solved++;
            }
        }
    }
    free(bounds);
    free(first);
    return n_solved;
}

/* The targets of one query, and how many rows are nearer than each: its rank. */
struct ranking {
    int64_t k;
    const int64_t *targets;
    double *distances;
    int64_t *ranks;
};

/* Raise the rank of each target that row y is nearer than, ties by row number. */
static void count_nearer(int64_t y, double distance, struct ranking ranking)
{
    for (int64_t s = 0; s < ranking.k; s++)
        if (distance < ranking.distances[s] ||
            (distance == ranking.distances[s] && y < ranking.targets[s]))
            ranking.ranks[s]++;
}

/* Fill in the rank of each target among all rows but the query's own, the nearest being 1.
 *
 * A row whose bound exceeds the farthest target's distance is farther than all of them. */
int emd_ranks(const int64_t *queries, int64_t begin, int64_t end, const int64_t *indptr,
              int64_t n_rows, const int32_t *indices, const double *mass, int64_t longest,
              const double *cost, int64_t n_ingredients, bool cancel, double slack, int64_t k,
              const int64_t *targets, int64_t *ranks)
{
    struct search search = {.rows = {indptr, indices, mass},
                            .costs = {cost, n_ingredients},
                            .n_rows = n_rows,
                            .cancel = cancel,
                            .slack = slack};
    double *distances = malloc((size_t)k * sizeof(double));
    if (!distances || !allocate_search(&search, longest, false)) {
        free(distances);
        return -1;
    }
    for (int64_t position = begin; position < end; position++) {
        const int64_t query = queries[position];
        const struct ranking ranking = {k, targets + position * k, distances, ranks + position * k};
        describe_query(query, search.rows, search.costs, search.view);
        double limit = 0.0;
        for (int64_t s = 0; s < k; s++) {
            distances[s] = distance_between(query, ranking.targets[s], &search);
            ranking.ranks[s] = 1;
            limit = distances[s] > limit ? distances[s] : limit;
        }
        limit += slack;
        for (int64_t y = 0; y < n_rows; y++)
            if (y != query && bound_to_query(y, search.rows, search.view) <= limit &&
                bound_from_query(query, y, search.rows, search.costs) <= limit)
                count_nearer(y, distance_between(query, y, &search), ranking);
    }
    free(distances);
    free_search(&search);
    return 0;
}

/* As emd_ranks, under the L1 distance. */
int manhattan_ranks(const int64_t *queries, int64_t begin, int64_t end, const int64_t *indptr,
                    int64_t n_rows, const int32_t *indices, const double *data, int64_t k,
                    const int64_t *targets, int64_t *ranks)
{
    const struct rows rows = {indptr, indices, data};
    double *distances = malloc((size_t)k * sizeof(double));
    if (!distances)
        return -1;
    for (int64_t position = begin; position < end; position++) {
        const int64_t query = queries[position];
        const struct ranking ranking = {k, targets + position * k, distances, ranks + position * k};
        for (int64_t s = 0; s < k; s++) {
            distances[s] = manhattan_pair(query, ranking.targets[s], rows);
            ranking.ranks[s] = 1;
        }
        for (int64_t y = 0; y < n_rows; y++)
            if (y != query)
                count_nearer(y, manhattan_pair(query, y, rows), ranking);
    }
    free(distances);
    return 0;
}
