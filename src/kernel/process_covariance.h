/* process_covariance.h: the covariance of the rows of a batch, under the kernel of a Gaussian
 * process. */
#ifndef MC_KERNEL_PROCESS_COVARIANCE_H
#define MC_KERNEL_PROCESS_COVARIANCE_H
#include "base/base.h"

/* A kernel as a program over one pair of rows, with a stack of numbers. */
typedef enum mc_covariance_kind {
    MC_COVARIANCE_SUM_OF, /* push the mc_pair_sum `which` of the pair's rows in `source` */
    MC_COVARIANCE_NUMBER, /* push a */
    MC_COVARIANCE_NOISE,  /* push a for a row with itself, else 0 */
    MC_COVARIANCE_MAP,    /* top = the mc_kernel_map `which` of top, a, b */
    MC_COVARIANCE_PLUS,   /* the two on top become their sum */
    MC_COVARIANCE_TIMES,  /* or their product */
    MC_N_COVARIANCE_KINDS
} mc_covariance_kind;

/* As stored: an op is 3 integers {kind, which, source} and 2 numbers {a, b}. */
#define MC_COVARIANCE_FIELDS  3u
#define MC_COVARIANCE_NUMBERS 2u
#define MC_COVARIANCE_DEPTH   64u /* of the stack */
#define MC_COVARIANCE_SOURCES 64u

typedef struct mc_covariance_rows {
    const double *at; /* (n_rows, width); borrowed */
    size_t width;
} mc_covariance_rows;

/* INVARIANTS (checked where an image is verified): every kind, map, sum and source exists, the
 * exponent of POWER_INTEGER is whole, the stack holds what an op takes, never more than
 * MC_COVARIANCE_DEPTH, and one number at the end. Source 0 is what the training rows explain. */
typedef struct mc_covariance {
    const uint32_t *ops;   /* (n_ops, MC_COVARIANCE_FIELDS) */
    const double *numbers; /* (n_ops, MC_COVARIANCE_NUMBERS) */
    const double *scales;  /* (n_deep) */
    size_t n_ops, n_deep;
    mc_covariance_rows rows[MC_COVARIANCE_SOURCES];
} mc_covariance;

/* How the stack changes: {taken, left} of a kind below MC_N_COVARIANCE_KINDS. */
typedef struct mc_stack_effect {
    size_t takes, leaves;
} mc_stack_effect;
mc_stack_effect mc_covariance_effect(mc_covariance_kind kind);

/* out (n_rows, n_rows, n_deep) = (k(x_i, x_j) - v_i . v_j) * scales. Symmetric. O(n_rows^2). */
void mc_covariance_of(const mc_covariance *c, size_t n_rows, double *out);
#endif
