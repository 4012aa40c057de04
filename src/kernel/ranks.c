/* ranks.c: binary searches without a branch.
 *
 * Why so   Trees that compare float64 need 16 bytes a node. Their thresholds are few, a column:
 *          once a row is a row of ranks, eight bytes do, and sixteen walks fit in a register. Rows
 *          of a column are searched LANES at a time: the steps of a search wait for each other,
 *          those of others do not. */
#include "kernel/ranks.h"

#include <math.h>

#define LANES 8u

/* Loops over lanes: as arrays that are not unrolled they would lie in memory. */
#ifdef __clang__
#define UNROLLED(i, n) _Pragma("clang loop unroll(full)") for (size_t i = 0; (i) < (n); (i)++)
#else
#define UNROLLED(i, n) _Pragma("GCC unroll 8") for (size_t i = 0; (i) < (n); (i)++)
#endif

#define INLINE static inline __attribute__((always_inline))

/* The rank of each of `lanes` numbers, `stride` apart. `base` moves by halves of what is left. */
INLINE void search(const double *x, size_t stride, const double *thresholds, uint32_t n,
                   size_t lanes, float *out)
{
    double value[LANES];
    uint32_t base[LANES] = {0}, left = n;
    for (size_t i = 0; i < lanes; i++)
        value[i] = x[i * stride];
    for (; left > 1; left -= left / 2) {
        const double *middle = thresholds + left / 2 - 1;
        UNROLLED (i, lanes)
            base[i] += left / 2 & -(uint32_t)(middle[base[i]] < value[i]);
    }
    for (size_t i = 0; i < lanes; i++) {
        const uint32_t rank = base[i] + (left == 1 && thresholds[base[i]] < value[i]);
        out[i * stride] = isnan(value[i]) ? (float)NAN : (float)rank;
    }
}

void mc_ranks(const double *x, size_t n_rows, size_t d, const double *thresholds,
              const uint32_t *starts, float *out)
{
    const size_t n_grouped = n_rows - n_rows % LANES;
    for (size_t row = 0; row < n_grouped; row += LANES)
        for (size_t j = 0; j < d; j++)
            search(x + row * d + j, d, thresholds + starts[j], starts[j + 1] - starts[j], LANES,
                   out + row * d + j);
    for (size_t row = n_grouped; row < n_rows; row++)
        for (size_t j = 0; j < d; j++)
            search(x + row * d + j, d, thresholds + starts[j], starts[j + 1] - starts[j], 1,
                   out + row * d + j);
}
