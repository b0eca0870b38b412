/* Which rows hold an ingredient, and which hold two: an inverted index, and what it must be asked. */

#ifndef BARCART_PAIR_INDEX_H
#define BARCART_PAIR_INDEX_H

#include "native.h"

/* A row in a list, and one bit of 64 for each ingredient that it holds: it tells without a look at the
 * row that the row holds none of some. */
struct posting {
    int64_t row;
    uint64_t signature;
};

struct pair_index {
    /* Rows by ingredient: those of ingredient j are rows[start[j]:start[j + 1]]. */
    const int64_t *start;
    const struct posting *rows;
    /* Rows by pair of ingredients, in a hash table with open addressing of a power of two of slots:
     * those of the pair in slot s are pair_rows[pair_start[s]:pair_start[s + 1]]. */
    const uint64_t *pairs;
    const int64_t *pair_start;
    const struct posting *pair_rows;
    uint64_t last_slot;
    /* Rows with too many ingredients to list their pairs: always candidates. */
    const int32_t *long_rows;
    int64_t n_long_rows;
    /* substitutes[i, r]: the ingredient with the r-th lowest cost from ingredient i. */
    const int32_t *substitutes;
    int64_t n_substitutes;
};

enum { MOST_MASKS = 8 };

/* Rows found, each once. Those marked as seen beforehand are left out. */
struct candidates {
    int64_t count;
    int32_t *rows;
    /* seen[row] == stamp marks what the present query has found. */
    int32_t *seen, stamp;
    /* A row's signature must share a bit with each of these. */
    uint64_t masks[MOST_MASKS];
    int n_masks;
};

/* Add a superset of the rows whose distance from the query is at most the limit. Return false, having
 * added none, where going through all rows promises to be cheaper. */
bool find_candidates(int64_t query, int64_t n_rows, struct rows rows, struct costs costs,
                     double limit, const struct pair_index *index, struct candidates *found);

/* Add rows that share pairs of ingredients with the query, the heaviest first, until there are enough;
 * whatever rows there are where too few do. */
void find_likely(int64_t query, int64_t n_rows, struct rows rows, struct costs costs, int64_t enough,
                 const struct pair_index *index, struct candidates *found);

#endif
