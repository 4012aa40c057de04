/* kernel_rows.h: kernels of a symbol with training rows, as sklearn.metrics.pairwise and
 * sklearn.gaussian_process.kernels compute them. */
#ifndef MC_SKLEARN_KERNEL_ROWS_H
#define MC_SKLEARN_KERNEL_ROWS_H
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "kernel/kernel_map.h"
#include "kernel/kernels.h"

/* Rows that an estimator was fitted on, dense. */
typedef struct mc_fitted_rows {
    const double *rows; /* (n, d), C order, arena */
    size_t n, d;
} mc_fitted_rows;

/* A matrix attribute, dense or sparse, as dense float64; MC_ANY: any count. */
MC_MUST_CHECK mc_status mc_attr_dense(mc_lowering *to, const mc_value *est, const char *name,
                                      size_t n, size_t d, mc_fitted_rows *out, mc_error *err);
/* (k, n) -> (n, k), in the arena. */
MC_MUST_CHECK mc_status mc_transposed(mc_lowering *to, const double *items, size_t k, size_t n,
                                      const double **out, mc_error *err);

/* -- steps */
/* x -> (fitted->n) sums. Answers are dense. */
MC_MUST_CHECK mc_status mc_emit_pair_sums(mc_lowering *to, const mc_sym *x, mc_pair_sum which,
                                          const mc_fitted_rows *fitted, mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_kernel_map(mc_lowering *to, const mc_sym *x, mc_kernel_map which,
                                           double a, double b, mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_times(mc_lowering *to, const mc_sym *x, const mc_sym *y,
                                      mc_sym *out, mc_error *err);
/* Any step from numbers to `width` dense numbers; step.src is set here. */
MC_MUST_CHECK mc_status mc_emit_kernel_step(mc_lowering *to, mc_step step, const mc_sym *x,
                                            size_t width, mc_sym *out, mc_error *err);
/* Refuses values below `least`, or equal to it. */
MC_MUST_CHECK mc_status mc_emit_check_least(mc_lowering *to, const mc_sym *x, double least,
                                            bool or_equal, mc_sym *out, mc_error *err);

/* -- pairwise kernels by name */
typedef struct mc_pairwise {
    mc_bytes metric; /* "rbf" ...; "poly" and "polynomial" are one */
    double gamma;    /* NaN: the default of the metric: 1 / d, and 1 for chi2 */
    double degree, coef0;
} mc_pairwise;
/* K(x, fitted): (fitted->n). "precomputed" is not among them. */
MC_MUST_CHECK mc_status mc_emit_pairwise(mc_lowering *to, const mc_value *est,
                                         const mc_pairwise *kernel, const mc_sym *x,
                                         const mc_fitted_rows *fitted, mc_sym *out, mc_error *err);
/* The kernel of an estimator whose parameter `kernel` is a name or a kernel of Gaussian processes;
 * `named` says what the parameters of a name are. */
MC_MUST_CHECK mc_status mc_emit_any_kernel(mc_lowering *to, const mc_value *est, mc_pairwise named,
                                           const mc_sym *x, const mc_fitted_rows *fitted,
                                           mc_sym *out, mc_error *err);

/* -- kernels of Gaussian processes: mc_value is Sum, Product, RBF ... */
MC_MUST_CHECK mc_status mc_emit_process_kernel(mc_lowering *to, const mc_value *kernel,
                                               const mc_sym *x, const mc_fitted_rows *fitted,
                                               mc_sym *out, mc_error *err);
/* kernel.diag(x): (1). */
MC_MUST_CHECK mc_status mc_emit_process_diagonal(mc_lowering *to, const mc_value *kernel,
                                                 const mc_sym *x, mc_sym *out, mc_error *err);
/* (kernel(x, x) - explained @ explained.T) * scales (n_deep) of all pairs of rows of a batch. */
MC_MUST_CHECK mc_status mc_emit_process_covariance(mc_lowering *to, const mc_value *kernel,
                                                   const mc_sym *x, const mc_sym *explained,
                                                   const double *scales, size_t n_deep, mc_sym *out,
                                                   mc_error *err);
#endif
