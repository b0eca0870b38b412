/* Lists of nearest rows. */

#ifndef BARCART_NEIGHBORS_H
#define BARCART_NEIGHBORS_H

#include "native.h"

/* The nearest rows found so far, ordered by distance, then row number; full at k. */
struct nearest {
    int64_t k, count;
    double *distances;
    int32_t *indices;
};

static inline void insert_neighbor(struct nearest *nearest, double distance, int64_t row)
{
    double *distances = nearest->distances;
    int32_t *indices = nearest->indices;
    int64_t slot = nearest->count;
    if (nearest->count == nearest->k) {
        slot = nearest->k - 1;
        if (distance > distances[slot] || (distance == distances[slot] && row > indices[slot]))
            return;
    } else {
        nearest->count++;
    }
    for (; slot > 0; slot--) {
        if (distances[slot - 1] < distance ||
            (distances[slot - 1] == distance && indices[slot - 1] <= row))
            break;
        distances[slot] = distances[slot - 1];
        indices[slot] = indices[slot - 1];
    }
    distances[slot] = distance;
    indices[slot] = (int32_t)row;
}

#endif
