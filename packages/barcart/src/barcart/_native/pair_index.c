/* Candidates for the neighbors of a query, from an inverted index on pairs of ingredients.
 *
 * Serving ingredient i of the query from row y costs at least its mass times the least cost from i to
 * an ingredient of y. So if y holds none of the r cheapest substitutes N(i) of each i of a set A of
 * the query's ingredients, its distance is at least the sum over A of mass times the cost of the
 * cheapest substitute not in N(i). Where that sum exceeds the limit, a row within the limit must hold
 * an ingredient of N(A), the union; and where it does for two disjoint sets A and B, one of N(A) and
 * one of N(B): a pair, or an ingredient that is in both. Of the rows in those lists, the signature
 * leaves out most that hold nothing of N(C) for another such set C. */

#include <math.h>

#include "pair_index.h"

enum {
    /* Of the query's ingredients, those with the most mass are divided into A and B in every way. */
    MOST_INGREDIENTS = 6,
    N_SETS = 1 << MOST_INGREDIENTS,
    /* A set that needs more substitutes than this is of no use. */
    MOST_SUBSTITUTES = 128,
    /* Rows taken from one list where any neighbor will do. */
    MOST_LIKELY = 1024,
};

/* Looking up a candidate costs so many times what the next row of a scan does. */
static const double COST_OF_CANDIDATE = 3.0;

static uint64_t pair_key(int32_t one, int32_t other)
{
    const uint64_t low = one < other ? one : other, high = one < other ? other : one;
    return (low << 32 | high) + 1; /* 0 marks a free slot */
}

/* The slot of a pair, or the free one where it would be (Fibonacci hashing, Knuth 1973). */
static uint64_t find_slot(uint64_t key, const uint64_t *pairs, uint64_t last_slot)
{
    uint64_t hash = key * 0x9E3779B97F4A7C15;
    uint64_t slot = (hash ^ hash >> 32) & last_slot;
    while (pairs[slot] && pairs[slot] != key)
        slot = (slot + 1) & last_slot;
    return slot;
}

/* Count the rows of each pair into counts[slot], entering the pairs into the table. */
void count_pairs(const int64_t *indptr, const int32_t *indices, int64_t n_rows, int64_t longest,
                 uint64_t *pairs, int64_t *counts, uint64_t last_slot)
{
    for (int64_t row = 0; row < n_rows; row++) {
        const int64_t begin = indptr[row], end = indptr[row + 1];
        for (int64_t s = begin; end - begin <= longest && s < end; s++) {
            for (int64_t t = s + 1; t < end; t++) {
                const uint64_t key = pair_key(indices[s], indices[t]);
                const uint64_t slot = find_slot(key, pairs, last_slot);
                pairs[slot] = key;
                counts[slot]++;
            }
        }
    }
}

static uint64_t bit_of(int32_t ingredient)
{
    return UINT64_C(1) << ((uint32_t)ingredient * UINT32_C(0x9E3779B9) >> 26);
}

/* Write the rows of each ingredient from next[ingredient] on, and those of each pair from
 * next_pair[slot] on; both move along. */
void fill_index(const int64_t *indptr, const int32_t *indices, int64_t n_rows, int64_t longest,
                int64_t *next, struct posting *rows, const uint64_t *pairs, int64_t *next_pair,
                struct posting *pair_rows, uint64_t last_slot)
{
    for (int64_t row = 0; row < n_rows; row++) {
        const int64_t begin = indptr[row], end = indptr[row + 1];
        struct posting posting = {row, 0};
        for (int64_t s = begin; s < end; s++)
            posting.signature |= bit_of(indices[s]);
        for (int64_t s = begin; s < end; s++) {
            rows[next[indices[s]]++] = posting;
            for (int64_t t = s + 1; end - begin <= longest && t < end; t++) {
                const uint64_t key = pair_key(indices[s], indices[t]);
                pair_rows[next_pair[find_slot(key, pairs, last_slot)]++] = posting;
            }
        }
    }
}

/* An ingredient of the query, and how the cost of missing its substitutes rises with their number. */
struct item {
    int32_t ingredient;
    double mass;
    const int32_t *substitutes;
    const double *cost;
};

/* How many of each item's substitutes make up N(A), and what listing their rows costs. */
struct choice {
    int32_t taken[MOST_INGREDIENTS];
    int32_t n_substitutes;
    double n_rows;
    bool suffices;
};

/* The next step of an item: to the next substitute that costs more, past those that cost the same. */
struct next_step {
    int32_t taken;
    double gain, n_rows;
};

static struct next_step step_of(const struct item *item, int32_t taken,
                                const struct pair_index *index)
{
    struct next_step next = {taken, 0.0, 0.0};
    const double cost = item->cost[item->substitutes[taken]];
    while (next.taken + 1 < index->n_substitutes && next.gain == 0.0) {
        const int32_t passed = item->substitutes[next.taken++];
        next.n_rows += (double)(index->start[passed + 1] - index->start[passed]);
        next.gain = item->mass * (item->cost[item->substitutes[next.taken]] - cost);
    }
    return next;
}

/* What serving the items of a set costs at least without the substitutes taken. Summed anew for each
 * step, so that rounding stays within the slack of the limit: increments would add up a rounding for
 * each of up to MOST_SUBSTITUTES steps. */
static double cost_without(int set, const struct item *items, int n_items, const int32_t *taken)
{
    double missed = 0.0;
    for (int i = 0; i < n_items; i++)
        if (set >> i & 1)
            missed += items[i].mass * items[i].cost[items[i].substitutes[taken[i]]];
    return missed;
}

/* Choose few rows to list for a set of items: always the step that gains most per row. */
static struct choice choose(int set, const struct item *items, int n_items, double limit,
                            const struct pair_index *index)
{
    struct choice choice = {.n_substitutes = 0, .n_rows = 0.0, .suffices = false};
    struct next_step next[MOST_INGREDIENTS];
    for (int i = 0; i < n_items; i++) {
        choice.taken[i] = 0;
        if (set >> i & 1)
            next[i] = step_of(&items[i], 0, index);
    }
    while (cost_without(set, items, n_items, choice.taken) <= limit) {
        int best = -1;
        for (int i = 0; i < n_items; i++) {
            if (!(set >> i & 1) || next[i].gain == 0.0 ||
                choice.n_substitutes + next[i].taken - choice.taken[i] > MOST_SUBSTITUTES)
                continue;
            if (best < 0 || next[i].gain * (next[best].n_rows + 1.0) >
                                next[best].gain * (next[i].n_rows + 1.0))
                best = i;
        }
        if (best < 0)
            return choice;
        choice.n_rows += next[best].n_rows;
        choice.n_substitutes += next[best].taken - choice.taken[best];
        choice.taken[best] = next[best].taken;
        next[best] = step_of(&items[best], next[best].taken, index);
    }
    choice.suffices = true;
    return choice;
}

/* The query's ingredients with the most mass. */
static int heaviest(int64_t query, struct rows rows, struct costs costs,
                    const struct pair_index *index, struct item *items)
{
    int n_items = 0;
    for (int64_t s = rows.indptr[query]; s < rows.indptr[query + 1]; s++) {
        int slot = n_items;
        if (n_items == MOST_INGREDIENTS) {
            slot = MOST_INGREDIENTS - 1;
            if (rows.mass[s] <= items[slot].mass)
                continue;
        } else {
            n_items++;
        }
        for (; slot > 0 && items[slot - 1].mass < rows.mass[s]; slot--)
            items[slot] = items[slot - 1];
        const int32_t ingredient = rows.indices[s];
        items[slot] = (struct item){ingredient, rows.mass[s],
                                    index->substitutes + ingredient * index->n_substitutes,
                                    costs.value + ingredient * costs.size};
    }
    return n_items;
}

static void add_row(int32_t row, struct candidates *found)
{
    if (found->seen[row] != found->stamp) {
        found->seen[row] = found->stamp;
        found->rows[found->count++] = row;
    }
}

static void add_postings(const struct posting *postings, int64_t count, struct candidates *found)
{
    for (int64_t p = 0; p < count; p++) {
        int mask = 0;
        while (mask < found->n_masks && postings[p].signature & found->masks[mask])
            mask++;
        if (mask == found->n_masks)
            add_row((int32_t)postings[p].row, found);
    }
}

/* Add rows of an ingredient, at most so many. */
static void add_ingredient(int32_t ingredient, int64_t most, const struct pair_index *index,
                           struct candidates *found)
{
    const int64_t start = index->start[ingredient], count = index->start[ingredient + 1] - start;
    add_postings(index->rows + start, count < most ? count : most, found);
}

static int list_substitutes(const struct choice *choice, const struct item *items, int n_items,
                            int32_t *listed)
{
    int count = 0;
    for (int i = 0; i < n_items; i++)
        for (int32_t r = 0; r < choice->taken[i]; r++)
            listed[count++] = items[i].substitutes[r];
    return count;
}

static void add_pair(int32_t one, int32_t other, int64_t most, const struct pair_index *index,
                     struct candidates *found)
{
    const uint64_t slot = find_slot(pair_key(one, other), index->pairs, index->last_slot);
    const int64_t start = index->pair_start[slot], count = index->pair_start[slot + 1] - start;
    add_postings(index->pair_rows + start, count < most ? count : most, found);
}

static void add_pairs(const int32_t *ones, int n_ones, const int32_t *others, int n_others,
                      const struct pair_index *index, struct candidates *found)
{
    for (int a = 0; a < n_ones; a++) {
        for (int b = 0; b < n_others; b++) {
            if (ones[a] == others[b])
                add_ingredient(ones[a], INT64_MAX, index, found);
            else
                add_pair(ones[a], others[b], INT64_MAX, index, found);
        }
    }
}

/* Rows in the lists of ingredients that both choices hold, which no pair narrows down. */
static double shared_rows(const struct choice *one, const struct choice *other,
                          const struct item *items, int n_items, const struct pair_index *index)
{
    int32_t ones[MOST_SUBSTITUTES], others[MOST_SUBSTITUTES];
    const int n_ones = list_substitutes(one, items, n_items, ones);
    const int n_others = list_substitutes(other, items, n_items, others);
    double total = 0.0;
    for (int a = 0; a < n_ones; a++)
        for (int b = 0; b < n_others; b++)
            if (ones[a] == others[b])
                total += (double)(index->start[ones[a] + 1] - index->start[ones[a]]);
    return total;
}

/* Keep the masks of the sets that suffice, those with the fewest bits. */
static void choose_masks(const struct choice *choices, const struct item *items, int n_items,
                         struct candidates *found)
{
    int bits[MOST_MASKS];
    found->n_masks = 0;
    for (int set = 1; set < 1 << n_items; set++) {
        if (!choices[set].suffices)
            continue;
        uint64_t mask = 0;
        for (int i = 0; i < n_items; i++)
            for (int32_t r = 0; r < choices[set].taken[i]; r++)
                mask |= bit_of(items[i].substitutes[r]);
        int count = 0;
        for (uint64_t rest = mask; rest; rest &= rest - 1)
            count++;
        int slot = found->n_masks;
        if (slot == MOST_MASKS) {
            if (count >= bits[--slot])
                continue;
        } else {
            found->n_masks++;
        }
        for (; slot > 0 && bits[slot - 1] > count; slot--) {
            bits[slot] = bits[slot - 1];
            found->masks[slot] = found->masks[slot - 1];
        }
        bits[slot] = count;
        found->masks[slot] = mask;
    }
}

bool find_candidates(int64_t query, int64_t n_rows, struct rows rows, struct costs costs,
                     double limit, const struct pair_index *index, struct candidates *found)
{
    struct item items[MOST_INGREDIENTS];
    struct choice choices[N_SETS] = {{{0}, 0, 0.0, false}};
    const int n_items = heaviest(query, rows, costs, index, items);
    const int all = (1 << n_items) - 1;
    for (int set = 1; set <= all; set++)
        choices[set] = choose(set, items, n_items, limit, index);
    if (!choices[all].suffices)
        return false;
    /* All items in one set, or a division in two, the first item always in the first. */
    int best = all;
    double fewest = choices[all].n_rows;
    for (int set = 1; set < all; set += 2) {
        const struct choice *one = &choices[set], *other = &choices[all ^ set];
        /* As if ingredients were independent, plus what each look-up costs. */
        double expected = one->n_rows * other->n_rows / (double)n_rows +
                          (double)one->n_substitutes * other->n_substitutes;
        if (one->suffices && other->suffices && expected < fewest) {
            expected += shared_rows(one, other, items, n_items, index);
            if (expected < fewest) {
                fewest = expected;
                best = set;
            }
        }
    }
    if (fewest * COST_OF_CANDIDATE > (double)n_rows)
        return false;
    choose_masks(choices, items, n_items, found);
    int32_t ones[MOST_SUBSTITUTES], others[MOST_SUBSTITUTES];
    const int n_ones = list_substitutes(&choices[best], items, n_items, ones);
    if (best == all) {
        for (int a = 0; a < n_ones; a++)
            add_ingredient(ones[a], INT64_MAX, index, found);
    } else {
        add_pairs(ones, n_ones, others,
                  list_substitutes(&choices[all ^ best], items, n_items, others), index, found);
    }
    for (int64_t r = 0; r < index->n_long_rows; r++)
        add_row(index->long_rows[r], found);
    return true;
}

void find_likely(int64_t query, int64_t n_rows, struct rows rows, struct costs costs, int64_t enough,
                 const struct pair_index *index, struct candidates *found)
{
    struct item items[MOST_INGREDIENTS];
    const int n_items = heaviest(query, rows, costs, index, items);
    found->n_masks = 0;
    for (int b = 1; b < n_items; b++)
        for (int a = 0; a < b && found->count < enough; a++)
            add_pair(items[a].ingredient, items[b].ingredient, MOST_LIKELY, index, found);
    for (int a = 0; a < n_items && found->count < enough; a++)
        add_ingredient(items[a].ingredient, MOST_LIKELY, index, found);
    for (int32_t y = 0; y < n_rows && found->count < enough; y++)
        add_row(y, found);
}
