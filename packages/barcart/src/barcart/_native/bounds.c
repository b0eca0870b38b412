#include <math.h>

#include "bounds.h"

void describe_query(int64_t query, struct rows rows, struct costs costs, struct view view)
{
    const int64_t begin = rows.indptr[query], end = rows.indptr[query + 1];
    double *closest = view.closest, *held = view.held, *second = view.extra;
    for (int64_t j = 0; j < costs.size; j++) {
        closest[j] = INFINITY;
        second[j] = INFINITY;
        held[j] = 0.0;
    }
    for (int64_t s = begin; s < end; s++) {
        const double *cost = costs.value + rows.indices[s] * costs.size;
        const double mass = rows.mass[s];
        /* Without branches, so that compilers can do several ingredients at once. */
        for (int64_t j = 0; j < costs.size; j++) {
            const double value = cost[j], low = closest[j], next = second[j];
            const double beaten = value < next ? value : next;
            second[j] = value < low ? low : beaten;
            held[j] = value < low ? mass : held[j];
            closest[j] = value < low ? value : low;
        }
    }
    /* With a single ingredient the whole unit fits, and no second is ever asked for. */
    for (int64_t j = 0; j < costs.size; j++)
        view.extra[j] = end - begin > 1 ? second[j] - closest[j] : 0.0;
}

double bound_from_query(int64_t query, int64_t y, struct rows rows, struct costs costs)
{
    double bound = 0.0;
    for (int64_t s = rows.indptr[query]; s < rows.indptr[query + 1]; s++) {
        const double *cost = costs.value + rows.indices[s] * costs.size;
        double low = INFINITY, second = INFINITY, held = 1.0;
        for (int64_t t = rows.indptr[y]; t < rows.indptr[y + 1]; t++) {
            const double value = cost[rows.indices[t]];
            if (value < low) {
                second = low;
                low = value;
                held = rows.mass[t];
            } else if (value < second) {
                second = value;
            }
        }
        bound += rows.mass[s] * low;
        if (rows.mass[s] > held)
            bound += (rows.mass[s] - held) * (second - low);
    }
    return bound;
}

/* Both bounds between a query and every row. */
void emd_bounds(int64_t query, const int64_t *indptr, int64_t n_rows, const int32_t *indices,
                const double *mass, const double *cost, int64_t n_ingredients, double *scratch,
                double *to_query, double *from_query)
{
    const struct rows rows = {indptr, indices, mass};
    const struct costs costs = {cost, n_ingredients};
    const struct view view = {scratch, scratch + n_ingredients, scratch + 2 * n_ingredients};
    describe_query(query, rows, costs, view);
    for (int64_t y = 0; y < n_rows; y++) {
        to_query[y] = bound_to_query(y, rows, view);
        from_query[y] = bound_from_query(query, y, rows, costs);
    }
}
