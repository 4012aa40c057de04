/* emit.h: steps on symbols. Thin words over image/builder.h, so that lower functions read like the
 * scikit-learn code that they follow. `out` may be `x`. */
#ifndef MC_SKLEARN_EMIT_H
#define MC_SKLEARN_EMIT_H
#include "import/sklearn/lower.h"
#include "kernel/linear.h"
#include "kernel/special.h"
#include "kernel/unary.h"

/* Models of more input columns than this read sparse rows: what is wider is mostly zeros. */
#define MC_WIDE ((size_t)4096)

/* -- kinds */
/* As numbers: input columns are gathered, sparse rows get their zeros, cells are converted (a text
 * is refused at run time), labels refused here. */
MC_MUST_CHECK mc_status mc_to_numbers(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_to_cells(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err);
/* As sparse rows: numbers are compressed. */
MC_MUST_CHECK mc_status mc_to_sparse(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err);
/* Columns `at` (n) of any kind but labels. */
MC_MUST_CHECK mc_status mc_emit_columns(mc_lowering *to, const mc_sym *x, const uint32_t *at,
                                        size_t n, mc_sym *out, mc_error *err);
/* Columns 0 to n of x. */
MC_MUST_CHECK mc_status mc_emit_first_columns(mc_lowering *to, size_t n, mc_sym *x, mc_error *err);
/* Side by side: cells if one of them is cells; sparse rows if one is and `sparse` says so or the
 * whole is wider than MC_WIDE; else numbers; open (PARTS) while one of them is
 * INPUT, because only who reads it knows. */
MC_MUST_CHECK mc_status mc_emit_hstack(mc_lowering *to, const mc_sym *x, size_t n, bool sparse,
                                       mc_sym *out, mc_error *err);

/* What is still open as an answer: cells, each typed as numpy would hold the whole. */
MC_MUST_CHECK mc_status mc_emit_settled(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                        mc_error *err);

/* check_array(): as numbers, with NaN and infinity refused unless allowed. */
#define MC_FINITE      0u
#define MC_OR_NAN      MC_STEP_ALLOW_NAN
#define MC_OR_INFINITY MC_STEP_ALLOW_INFINITY
MC_MUST_CHECK mc_status mc_emit_check(mc_lowering *to, const mc_sym *x, unsigned allowed,
                                      mc_sym *out, mc_error *err);
/* The same with accept_sparse=True: sparse rows stay sparse rows. */
MC_MUST_CHECK mc_status mc_emit_check_sparse(mc_lowering *to, const mc_sym *x, unsigned allowed,
                                             mc_sym *out, mc_error *err);

/* As they are; what is neither 0 nor 1 is refused. */
MC_MUST_CHECK mc_status mc_emit_check_truths(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                             mc_error *err);

/* A step from numbers to numbers of `width` columns; its source and destination are set here. */
MC_MUST_CHECK mc_status mc_emit_step(mc_lowering *to, mc_step step, const mc_sym *x, size_t width,
                                     mc_sym *out, mc_error *err);

/* x written into an array of the type of `like`, as numpy.empty(dtype=like.dtype) takes it: cut to
 * whole numbers if that holds integers, which perhaps only the rows tell; truth values if it does.
 */
MC_MUST_CHECK mc_status mc_emit_as_type_of(mc_lowering *to, const mc_sym *like, const mc_sym *x,
                                           mc_sym *out, mc_error *err);

/* (n_rows, 1): numpy.einsum("ij,ij->i", x, x), which of truth values is whether one is true. */
MC_MUST_CHECK mc_status mc_emit_row_square(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                           mc_error *err);
/* The flags of CUT for it: what the type of the rows decides. */
uint16_t mc_cut_as(uint32_t as_input);

/* -- arithmetic; `values` (x->n_cols). Sparse rows stay so in multiply, divide, normalize, scatter,
 * and in unary where f(0) is 0; linear takes them and answers numbers; the others give them their
 * zeros.
 */
MC_MUST_CHECK mc_status mc_emit_subtract(mc_lowering *to, const mc_sym *x, const double *values,
                                         mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_add(mc_lowering *to, const mc_sym *x, const double *values,
                                    mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_multiply(mc_lowering *to, const mc_sym *x, const double *values,
                                         mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_divide(mc_lowering *to, const mc_sym *x, const double *values,
                                       mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_unary(mc_lowering *to, const mc_sym *x, mc_unary which, double a,
                                      double b, mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_normalize(mc_lowering *to, const mc_sym *x, mc_norm norm,
                                          mc_sym *out, mc_error *err);
/* x @ w.T + b with w (k, x->n_cols), b (k) or NULL for zeros. */
MC_MUST_CHECK mc_status mc_emit_linear(mc_lowering *to, const mc_sym *x, const double *w,
                                       const double *b, size_t k, mc_sym *out, mc_error *err);
/* Sum over the columns of x * y: (n, 1). */
MC_MUST_CHECK mc_status mc_emit_row_dot(mc_lowering *to, const mc_sym *x, const mc_sym *y,
                                        mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_softmax(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                        mc_error *err);
MC_MUST_CHECK mc_status mc_emit_row_share(mc_lowering *to, const mc_sym *x, mc_zero_rule rule,
                                          mc_sym *out, mc_error *err);
/* p (n, 1) -> [1 - p, p]. */
MC_MUST_CHECK mc_status mc_emit_both_sides(mc_lowering *to, const mc_sym *p, mc_sym *out,
                                           mc_error *err);
/* (weights[0] * x[0] + weights[1] * x[1] ...) / divisor, in order; weights may be NULL. */
MC_MUST_CHECK mc_status mc_emit_sum(mc_lowering *to, const mc_sym *x, size_t n,
                                    const double *weights, double divisor, mc_sym *out,
                                    mc_error *err);
/* out[:, at[j]] = x[:, j], width columns in all, the others 0. */
MC_MUST_CHECK mc_status mc_emit_scatter(mc_lowering *to, const mc_sym *x, const uint32_t *at,
                                        size_t width, mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_constant(mc_lowering *to, const double *row, size_t width,
                                         mc_sym *out, mc_error *err);

/* log(sum of exp) of each row: (n, 1). */
MC_MUST_CHECK mc_status mc_emit_log_sum_exp(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                            mc_error *err);
/* Logarithms of probabilities that are proportional to exp(x). */
MC_MUST_CHECK mc_status mc_emit_log_share(mc_lowering *to, const mc_sym *x, mc_log_share_form form,
                                          mc_sym *out, mc_error *err);
/* As mc_emit_step(), for an answer that is dense whatever the rows were. */
MC_MUST_CHECK mc_status mc_emit_dense_step(mc_lowering *to, mc_step step, const mc_sym *x,
                                           size_t width, mc_sym *out, mc_error *err);

/* -- labels */
MC_MUST_CHECK mc_status mc_emit_argmax(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                       mc_error *err);
/* x > threshold, or >=: label 0 or 1, each column. */
MC_MUST_CHECK mc_status mc_emit_above(mc_lowering *to, const mc_sym *x, double threshold,
                                      bool or_equal, mc_sym *out, mc_error *err);
/* map (n): label -> label. */
MC_MUST_CHECK mc_status mc_emit_map_label(mc_lowering *to, const mc_sym *labels,
                                          const uint32_t *map, size_t n, mc_sym *out,
                                          mc_error *err);
MC_MUST_CHECK mc_status mc_emit_one_hot_label(mc_lowering *to, const mc_sym *labels, size_t width,
                                              mc_sym *out, mc_error *err);
/* classes_ (or another attribute) as a class table. */
MC_MUST_CHECK mc_status mc_emit_classes(mc_lowering *to, const mc_value *classes,
                                        uint32_t *out_table, size_t *out_n, mc_error *err);
/* A class table of integers. */
MC_MUST_CHECK mc_status mc_emit_int_classes(mc_lowering *to, const int64_t *labels, size_t n,
                                            uint32_t *out_table, mc_error *err);
/* The class table [first, second] of integers: -1 and 1 of outlier detectors. */
MC_MUST_CHECK mc_status mc_emit_two_classes(mc_lowering *to, int64_t first, int64_t second,
                                            uint32_t *out_table, mc_error *err);
#endif
