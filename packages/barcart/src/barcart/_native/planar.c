/* Exact nearest neighbors in the plane: a k-d tree (Bentley 1975) without nodes. The middle of each
 * part of `order` divides it, along x and y in turn. Of equally far points at the end of a list any
 * may be left out: to look at all would take forever where most points coincide. */

#include "neighbors.h"

/* Parts up to this size are not divided. */
enum { LEAF = 8 };

struct plane {
    /* Shape (n, 2). */
    const double *points;
    int32_t *order;
};

static double coordinate(struct plane plane, int64_t place, int axis)
{
    return plane.points[2 * (int64_t)plane.order[place] + axis];
}

/* Put what belongs in the middle there, and nothing larger before it or smaller after it: Hoare's
 * Find (1961). */
static void divide(struct plane plane, int64_t begin, int64_t end, int axis)
{
    const int64_t middle = begin + (end - begin) / 2;
    int64_t low = begin, high = end - 1;
    while (low < high) {
        const double pivot = coordinate(plane, middle, axis);
        int64_t i = low, j = high;
        while (i <= j) {
            while (coordinate(plane, i, axis) < pivot)
                i++;
            while (pivot < coordinate(plane, j, axis))
                j--;
            if (i <= j) {
                const int32_t moved = plane.order[i];
                plane.order[i++] = plane.order[j];
                plane.order[j--] = moved;
            }
        }
        if (j < middle)
            low = i;
        if (middle < i)
            high = j;
    }
}

static void build(struct plane plane, int64_t begin, int64_t end, int axis)
{
    if (end - begin <= LEAF)
        return;
    const int64_t middle = begin + (end - begin) / 2;
    divide(plane, begin, end, axis);
    build(plane, begin, middle, 1 - axis);
    build(plane, middle + 1, end, 1 - axis);
}

static void look_at(struct plane plane, int64_t place, int64_t query, struct nearest *nearest)
{
    const int64_t point = plane.order[place];
    const double dx = plane.points[2 * point] - plane.points[2 * query];
    const double dy = plane.points[2 * point + 1] - plane.points[2 * query + 1];
    if (point != query)
        insert_neighbor(nearest, dx * dx + dy * dy, point);
}

static void visit(struct plane plane, int64_t begin, int64_t end, int axis, int64_t query,
                  struct nearest *nearest)
{
    if (end - begin <= LEAF) {
        for (int64_t place = begin; place < end; place++)
            look_at(plane, place, query, nearest);
        return;
    }
    const int64_t middle = begin + (end - begin) / 2;
    const double beyond = plane.points[2 * query + axis] - coordinate(plane, middle, axis);
    look_at(plane, middle, query, nearest);
    for (int side = 0; side < 2; side++) {
        /* The query's own side first. */
        const bool left = (beyond < 0.0) == (side == 0);
        if (side == 1 && nearest->count == nearest->k &&
            beyond * beyond >= nearest->distances[nearest->k - 1])
            break;
        visit(plane, left ? begin : middle + 1, left ? middle : end, 1 - axis, query, nearest);
    }
}

/* Fill in k nearest points of each query, itself excluded, with their squared distances; ordered by
 * distance, then number. `order` holds the numbers of all points, and is reordered. */
void planar_neighbors(const double *points, int64_t n, int32_t *order, const int64_t *queries,
                      int64_t n_queries, int64_t k, double *distances, int32_t *indices)
{
    const struct plane plane = {points, order};
    build(plane, 0, n, 0);
    for (int64_t row = 0; row < n_queries; row++) {
        struct nearest nearest = {k, 0, distances + row * k, indices + row * k};
        visit(plane, 0, n, 0, queries[row], &nearest);
    }
}
