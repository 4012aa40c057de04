/* near_heap.c: heaps and sorts of (distance, index) pairs.
 *
 * Oracle   sklearn/utils/_heap.pyx heap_push; sklearn/utils/_sorting.pyx simultaneous_sort,
 *          scikit-learn 1.2 to 1.8 (quicksort) and 1.9 (introsort, two ways).
 * Exact    The same permutation, equal values included: neither sort is stable, so which of two
 *          neighbours at the same distance comes first is what the algorithm makes of it.
 * Cost     O(log k) a push; O(n log n) a sort, quicksort of many equal values O(n^2) as there.
 * Why so   Parts wait on a stack of their own, the longer one first: it holds at most log2(n). */
#include "kernel/near_heap.h"

#include <math.h>

typedef struct pairs {
    double *value, *index;
} pairs;

static inline void swap(pairs p, size_t i, size_t j)
{
    const double value = p.value[i], index = p.index[i];
    p.value[i] = p.value[j];
    p.index[i] = p.index[j];
    p.value[j] = value;
    p.index[j] = index;
}

/* -------------------------------------------------------------------------------- heap ---- */

void mc_near_heap_replace(const mc_near_heap *heap, double value, double index)
{
    double *values = heap->values, *indices = heap->indices;
    size_t at = 0;
    for (size_t child = 1; child < heap->k; child = 2 * at + 1) {
        if (child + 1 < heap->k && values[child] < values[child + 1])
            child++;
        if (!(value < values[child]))
            break;
        values[at] = values[child];
        indices[at] = indices[child];
        at = child;
    }
    values[at] = value;
    indices[at] = index;
}

/* ------------------------------------------------------------------------------- sorts ---- */

typedef struct part {
    size_t first, n, depth_left;
} part;

typedef struct waiting {
    part at[64];
    size_t n;
} waiting;

/* The longer part waits, the shorter one is returned: n halves with each that waits. */
static part shorter(waiting *w, part a, part b)
{
    w->at[w->n++] = a.n > b.n ? a : b;
    return a.n > b.n ? b : a;
}

/* The median of first, middle and last goes to the end, the least of them to the start. */
static double median_to_end(pairs p, size_t n)
{
    const size_t middle = n / 2;
    if (p.value[0] > p.value[n - 1])
        swap(p, 0, n - 1);
    if (p.value[n - 1] > p.value[middle]) {
        swap(p, n - 1, middle);
        if (p.value[0] > p.value[n - 1])
            swap(p, 0, n - 1);
    }
    return p.value[n - 1];
}

static void sort_three(pairs p)
{
    if (p.value[0] > p.value[1]) {
        swap(p, 0, 1);
        if (!(p.value[1] > p.value[2]))
            return;
        swap(p, 1, 2);
        if (p.value[0] > p.value[1])
            swap(p, 0, 1);
    } else if (p.value[1] > p.value[2]) {
        swap(p, 1, 2);
        if (p.value[0] > p.value[1])
            swap(p, 0, 1);
    }
}

/* Where the pivot ends up: what is less lies before it. */
static size_t split_less(pairs p, size_t n)
{
    const double pivot = median_to_end(p, n);
    size_t at = 0;
    for (size_t i = 0; i + 1 < n; i++)
        if (p.value[i] < pivot)
            swap(p, i, at++);
    swap(p, at, n - 1);
    return at;
}

static void quicksort(pairs all, size_t n)
{
    waiting w = {.n = 0};
    for (part now = {0, n, 0};;) {
        const pairs p = {all.value + now.first, all.index + now.first};
        if (now.n > 3) {
            const size_t at = split_less(p, now.n);
            now = shorter(&w, (part){now.first, at, 0},
                          (part){now.first + at + 1, now.n - at - 1, 0});
            continue;
        }
        if (now.n == 2 && p.value[0] > p.value[1])
            swap(p, 0, 1);
        if (now.n == 3)
            sort_three(p);
        if (w.n == 0)
            return;
        now = w.at[--w.n];
    }
}

static void insertion_sort(pairs p, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const double value = p.value[i], index = p.index[i];
        size_t j = i;
        for (; j > 0 && p.value[j - 1] > value; j--) {
            p.value[j] = p.value[j - 1];
            p.index[j] = p.index[j - 1];
        }
        p.value[j] = value;
        p.index[j] = index;
    }
}

static void sift_down(pairs p, size_t root, size_t n)
{
    for (;;) {
        const size_t child = 2 * root + 1;
        size_t most = root;
        if (child < n && p.value[most] < p.value[child])
            most = child;
        if (child + 1 < n && p.value[most] < p.value[child + 1])
            most = child + 1;
        if (most == root)
            return;
        swap(p, root, most);
        root = most;
    }
}

static void heapsort(pairs p, size_t n)
{
    for (size_t start = (n - 2) / 2 + 1; start-- > 0;)
        sift_down(p, start, n);
    for (size_t end = n - 1; end > 0; end--) {
        swap(p, 0, end);
        sift_down(p, 0, end);
    }
}

/* Where the pivot ends up: nothing before it is larger, nothing behind it is less. */
static size_t split_both_ways(pairs p, size_t n)
{
    const double pivot = median_to_end(p, n);
    size_t i = 1, j = n - 2;
    for (;;) {
        while (i <= j && p.value[i] < pivot)
            i++;
        while (i <= j && p.value[j] > pivot)
            j--;
        if (i >= j)
            break;
        swap(p, i++, j--);
    }
    swap(p, i, n - 1);
    return i;
}

#define INSERTION_UP_TO 15

static void introsort(pairs all, size_t n)
{
    waiting w = {.n = 0};
    for (part now = {0, n, 2 * (size_t)log2((double)n)};;) {
        const pairs p = {all.value + now.first, all.index + now.first};
        if (now.n > INSERTION_UP_TO && now.depth_left > 0) {
            const size_t at = split_both_ways(p, now.n), depth = now.depth_left - 1;
            now = shorter(&w, (part){now.first, at, depth},
                          (part){now.first + at + 1, now.n - at - 1, depth});
            continue;
        }
        (now.n > INSERTION_UP_TO ? heapsort : insertion_sort)(p, now.n);
        if (w.n == 0)
            return;
        now = w.at[--w.n];
    }
}

void mc_near_order(double *values, double *indices, size_t n, mc_near_sort sort)
{
    const pairs p = {values, indices};
    if (n < 2)
        return;
    if (sort == MC_NEAR_QUICKSORT)
        quicksort(p, n);
    else
        introsort(p, n);
}

/* --------------------------------------------------------------------- pairs, in full ---- */

static bool pair_less(double value, double index, double other_value, double other_index)
{
    return value < other_value || (value == other_value && index < other_index);
}

/* Puts the pair at the top of a heap of n, and down to where it belongs. */
static void sink_pair(pairs p, size_t n, double value, double index)
{
    size_t at = 0;
    for (size_t child = 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n &&
            pair_less(p.value[child], p.index[child], p.value[child + 1], p.index[child + 1]))
            child++;
        if (!pair_less(value, index, p.value[child], p.index[child]))
            break;
        p.value[at] = p.value[child];
        p.index[at] = p.index[child];
        at = child;
    }
    p.value[at] = value;
    p.index[at] = index;
}

void mc_near_pairs_push(const mc_near_heap *heap, double value, double index)
{
    if (pair_less(value, index, heap->values[0], heap->indices[0]))
        sink_pair((pairs){heap->values, heap->indices}, heap->k, value, index);
}

void mc_near_sort_pairs(double *values, double *indices, size_t n)
{
    const pairs p = {values, indices};
    for (size_t end = n; end-- > 1;) { /* they are a heap already */
        const double value = values[end], index = indices[end];
        values[end] = values[0];
        indices[end] = indices[0];
        sink_pair(p, end, value, index);
    }
}
