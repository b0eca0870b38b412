/* The compiled inner loops of barcart, called through ctypes by barcart/_kernels.py, which states
 * what each one does. Everything here trusts its input; the public modules check it. No function
 * touches global state, so any number of threads may run them side by side. */

#ifndef BARCART_NATIVE_H
#define BARCART_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

/* The nonzero entries of sparse rows, columns ascending: row r is entries indptr[r]:indptr[r + 1]. */
struct rows {
    const int64_t *indptr;
    const int32_t *indices;
    const double *mass;
};

/* A square matrix of costs between ingredients. */
struct costs {
    const double *value;
    int64_t size;
};

/* Scratch memory of one thread: all that a transport problem of a capacity of nodes a side needs.
 *
 * Nodes are numbered sources first, then sinks. flow[x] and parent[x] describe the tree arc above
 * node x; child, after and before are the linked lists of children. */
struct workspace {
    double *cost, *supply, *demand, *shared, *flow, *potential, *best;
    int32_t *source_id, *sink_id, *shared_id, *parent, *depth, *child, *after, *before, *order;
    int32_t *open_sink, *best_sink;
};

/* Allocate a workspace in one piece; free() releases it. NULL when there is no memory. */
struct workspace *new_workspace(int64_t capacity);

/* The earth mover's distance from row p to row q. With `cancel`, mass that both hold stays in place:
 * right if, and in general only if, the cost is a metric. */
double emd_pair(int64_t p, int64_t q, struct rows rows, struct costs costs, bool cancel,
                struct workspace *ws);

#endif
