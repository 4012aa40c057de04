/* near_heap.h: a heap of the k best candidates, and the sorts of neighbours. Used by neighbors.c.
 *
 * The heap has the largest value on top. A candidate enters if it is less than that. */
#ifndef MC_KERNEL_NEAR_HEAP_H
#define MC_KERNEL_NEAR_HEAP_H
#include "kernel/neighbors.h"

typedef struct mc_near_heap {
    double *values, *indices; /* (k); borrowed */
    size_t k;
    bool admits_equal; /* of equal candidates the last seen stays: scikit-learn's trees up to 1.0 */
} mc_near_heap;

static inline void mc_near_heap_start(const mc_near_heap *heap, double value)
{
    for (size_t i = 0; i < heap->k; i++) {
        heap->values[i] = value;
        heap->indices[i] = 0.0;
    }
}

/* Puts the candidate in the place of the top. */
void mc_near_heap_replace(const mc_near_heap *heap, double value, double index);

static inline void mc_near_heap_push(const mc_near_heap *heap, double value, double index)
{
    if (value < heap->values[0] || (heap->admits_equal && value == heap->values[0]))
        mc_near_heap_replace(heap, value, index);
}

/* Pairs are compared as a whole here: of equal values the lower index is the lesser. A heap of
 * pairs is started, filled and sorted with these alone. */
void mc_near_sort_pairs(double *values, double *indices, size_t n);

void mc_near_pairs_push(const mc_near_heap *heap, double value, double index);
#endif
