/* Lower bounds on the earth mover's distance, for any non-negative cost, metric or not.
 *
 * M. J. Kusner et al. (2015), From word embeddings to document distances, ICML (relaxed transport).
 * K. Atasu, T. Mittelholzer (2019), Linear-complexity data-parallel earth mover's distance
 * approximations, ICML (relaxations that keep the capacity of each arc). */

#ifndef BARCART_BOUNDS_H
#define BARCART_BOUNDS_H

#include "native.h"

/* What a query row looks like from each ingredient: the cost to its closest ingredient, the mass
 * that this one holds, and what the second closest costs more. */
struct view {
    double *closest, *held, *extra;
};

void describe_query(int64_t query, struct rows rows, struct costs costs, struct view view);

/* Bound the distance between row y and the described query from below.
 *
 * Each ingredient of y is served by the query's closest one up to what that one holds, the rest at
 * the price of the second closest: a relaxation, as no other constraint is kept. Without the limit it
 * would be the relaxed word mover's distance of Kusner et al. */
static inline double bound_to_query(int64_t y, struct rows rows, struct view view)
{
    double bound = 0.0;
    for (int64_t t = rows.indptr[y]; t < rows.indptr[y + 1]; t++) {
        const int32_t j = rows.indices[t];
        const double rest = rows.mass[t] - view.held[j];
        bound += rows.mass[t] * view.closest[j] + (rest > 0.0 ? rest : 0.0) * view.extra[j];
    }
    return bound;
}

/* Bound it in the other direction: each ingredient of the query is served by those of y. */
double bound_from_query(int64_t query, int64_t y, struct rows rows, struct costs costs);

#endif
