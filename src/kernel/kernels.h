/* kernels.h: sums over the columns of pairs of rows, and what kernel methods make of them. */
#ifndef MC_KERNEL_KERNELS_H
#define MC_KERNEL_KERNELS_H
#include "kernel/narrow.h"

typedef enum mc_pair_sum {
    MC_PAIR_DOT,      /* sum of x * y */
    MC_PAIR_SQUARES,  /* sum of (x - y)^2 */
    MC_PAIR_EXPANDED, /* the same as |x|^2 - 2 x.y + |y|^2, not below 0: euclidean_distances() */
    MC_PAIR_ABSOLUTE, /* sum of |x - y| */
    MC_PAIR_CHI2,     /* minus the sum of (x - y)^2 / (x + y), where x + y is not 0 */
    MC_N_PAIR_SUMS
} mc_pair_sum;

/* Training rows are kept in blocks of MC_PAIR_LANES, column by column: a block is (height,
 * MC_PAIR_LANES), its missing rows 0. The height is d, and d + 1 for EXPANDED, whose last line
 * holds the |y|^2. */
#define MC_PAIR_LANES 16u
static inline size_t mc_pair_blocks(size_t n)
{
    return n / MC_PAIR_LANES + (n % MC_PAIR_LANES != 0);
}
static inline size_t mc_pair_height(mc_pair_sum which, size_t d)
{
    return d + (which == MC_PAIR_EXPANDED);
}
/* rows (n, d) -> out (mc_pair_blocks(n) * height, MC_PAIR_LANES), written in full. */
void mc_pair_pack(mc_pair_sum which, const double *rows, size_t n, size_t d, double *out);

/* out (n_rows, n) = the sum of each row of x (n_rows, d) with each of the n packed rows. `which` is
 * below MC_N_PAIR_SUMS. */
void mc_pair_sums(mc_pair_sum which, const double *x, size_t n_rows, size_t d, const double *packed,
                  size_t n, double *out);

/* The same for narrow rows, whose blocks hold no line of |y|^2: the height is always d. DOT and
 * SQUARES are summed as in fused.h. scratch (MC_PAIR_LANES, d + 1 + n_rows). */
void mc_pair_sums_narrow(mc_pair_sum which, const double *x, size_t n_rows, size_t d,
                         const mc_narrow *packed, size_t n, double *scratch, double *out);

/* The same sum of one pair of plain rows (d), bit for bit. */
double mc_pair_sum_of(mc_pair_sum which, const double *x, const double *y, size_t d);

/* out = K - columns - mean of its row + all: KernelCenterer. K and out (n_rows, n), columns (n). */
void mc_center_kernel(const double *k, size_t n_rows, size_t n, const double *columns, double all,
                      double *out);
#endif
