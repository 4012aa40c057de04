/* emit_sparse.h: what emit.c does with symbols held as sparse rows. Private to emit.c and to
 * families that choose the form of their weights. */
#ifndef MC_SKLEARN_EMIT_SPARSE_H
#define MC_SKLEARN_EMIT_SPARSE_H
#include "import/sklearn/emit.h"

/* `x` is MC_SYM_SPARSE in the first five; `out` may be `x`. */
MC_MUST_CHECK mc_status mc_sparse_to_numbers(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                             mc_error *err);
/* Cells made of what training saw as numbers. Where the input itself is sparse rows, it must have
 * cells instead: sets to->wants_cells and fails. */
MC_MUST_CHECK mc_status mc_sparse_to_cells(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                           mc_error *err);
MC_MUST_CHECK mc_status mc_sparse_columns(mc_lowering *to, const mc_sym *x, const uint32_t *at,
                                          size_t n, mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_sparse_spread(mc_lowering *to, const mc_sym *x, const uint32_t *at,
                                         size_t width, mc_sym *out, mc_error *err);
/* A step from sparse rows to sparse rows of the same width. */
MC_MUST_CHECK mc_status mc_sparse_step(mc_lowering *to, mc_step step, const mc_sym *x, mc_sym *out,
                                       mc_error *err);
/* Symbols (n), none of them open, side by side: made sparse first. `out` gets kind, buffer and
 * width only. */
MC_MUST_CHECK mc_status mc_sparse_hstack(mc_lowering *to, const mc_sym *x, size_t n, mc_sym *out,
                                         mc_error *err);

/* Open parts, as sparse rows or as numbers. */
MC_MUST_CHECK mc_status mc_close_parts(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                       mc_error *err);

/* Is function(0) 0? Then it is applied to the entries alone. */
bool mc_keeps_zero(mc_unary which, double a, double b);

/* Weights w (k, d) as CSR_LINEAR reads them: feature by feature. */
MC_MUST_CHECK mc_status mc_build_by_feature(mc_lowering *to, const double *w, size_t k, size_t d,
                                            uint32_t *out, mc_error *err);

/* Sparse weights (k, d) as CSR_SPARSE_LINEAR reads them: only features that have one take room. */
typedef struct mc_feature_arrays {
    uint32_t features, indptr, outputs, values; /* ids of arrays */
} mc_feature_arrays;
/* `sparse` is CSR and has fewer than 2**32 items. */
MC_MUST_CHECK mc_status mc_build_features(mc_lowering *to, const mc_sparse *sparse,
                                          mc_feature_arrays *out, mc_error *err);
/* The step on these arrays, still without source and bias. */
mc_step mc_features_step(const mc_feature_arrays *arrays);

/* Does a row of the matrix cost less than with its zeros? CSR with few of its values there. */
bool mc_sparse_is_thin(const mc_sparse *c);
/* x (numbers or sparse rows, as wide as c) @ c.T: one column a row of c, which is thin. */
MC_MUST_CHECK mc_status mc_emit_sparse_product(mc_lowering *to, const mc_sym *x, const mc_sparse *c,
                                               mc_sym *out, mc_error *err);
/* Sums of (x - row of c)^2 for x that is MC_SYM_SPARSE: else as above. */
MC_MUST_CHECK mc_status mc_emit_sparse_squares(mc_lowering *to, const mc_sym *x, const mc_sparse *c,
                                               mc_sym *out, mc_error *err);
#endif
