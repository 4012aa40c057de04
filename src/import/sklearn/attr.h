/* attr.h: typed attributes of fitted objects. Each getter says what it expected and what it found:
 * "attribute coef_: expected an array (3, 4), found shape (3, 5)". Values live in the load arena.
 */
#ifndef MC_SKLEARN_ATTR_H
#define MC_SKLEARN_ATTR_H
#include "import/sklearn/lower.h"
#include "import/sklearn/lowerings.h"

#define MC_ANY SIZE_MAX /* any size */

/* The attribute, or MC_E_UNSUPPORTED if it is absent. None counts as present. */
MC_MUST_CHECK mc_status mc_attr_need(const mc_value *est, const char *name, const mc_value **out,
                                     mc_error *err);
/* True if the attribute is there and not None. */
bool mc_attr_has(const mc_value *est, const char *name);

/* All items of an array in C order: mc_ndarray_f64(), but a large array that several methods ask
 * for is converted once. */
MC_MUST_CHECK mc_status mc_attr_f64(mc_lowering *to, const mc_ndarray *array, const double **out,
                                    mc_error *err);

/* Arrays and numbers as float64. A vector may be stored as (n,), (1, n), (n, 1) or a number. */
MC_MUST_CHECK mc_status mc_attr_vector(mc_lowering *to, const mc_value *est, const char *name,
                                       size_t n, const double **out, size_t *out_n, mc_error *err);
/* 2-D; a 1-D array counts as one row. */
MC_MUST_CHECK mc_status mc_attr_matrix(mc_lowering *to, const mc_value *est, const char *name,
                                       size_t n_rows, size_t n_cols, const double **out,
                                       size_t *out_rows, size_t *out_cols, mc_error *err);
/* The view itself, for whoever needs dtype or shape. */
MC_MUST_CHECK mc_status mc_attr_array(mc_lowering *to, const mc_value *est, const char *name,
                                      mc_ndarray *out, mc_error *err);
MC_MUST_CHECK mc_status mc_attr_integers(mc_lowering *to, const mc_value *est, const char *name,
                                         size_t n, const int64_t **out, size_t *out_n,
                                         mc_error *err);
/* A 1-D array, list or tuple of any values. */
MC_MUST_CHECK mc_status mc_attr_cells(mc_lowering *to, const mc_value *est, const char *name,
                                      const mc_cell **out, size_t *out_n, mc_error *err);
/* Items of a list, a tuple or an object array. */
MC_MUST_CHECK mc_status mc_attr_items(mc_lowering *to, const mc_value *est, const char *name,
                                      mc_items *out, mc_error *err);
MC_MUST_CHECK mc_status mc_items_of(mc_lowering *to, const mc_value *value, mc_items *out,
                                    mc_error *err);

/* Scalars; absent or None gives the default. */
MC_MUST_CHECK mc_status mc_attr_number(const mc_value *est, const char *name, double otherwise,
                                       double *out, mc_error *err);
MC_MUST_CHECK mc_status mc_attr_integer(const mc_value *est, const char *name, int64_t otherwise,
                                        int64_t *out, mc_error *err);
MC_MUST_CHECK mc_status mc_attr_bool(const mc_value *est, const char *name, bool otherwise,
                                     bool *out, mc_error *err);
/* Text, or {NULL, 0} when absent or no text. */
mc_bytes mc_attr_text(const mc_value *est, const char *name);
bool mc_attr_is_text(const mc_value *est, const char *name, const char *literal);
/* Does set_output(transform="pandas" or "polars") make frames of what its transform answers? */
bool mc_attr_makes_frames(const mc_value *est);
/* Which of `names` (n) the text is; any other text, or none, is refused with the names. */
MC_MUST_CHECK mc_status mc_attr_choice(const mc_value *est, const char *name,
                                       const char *const *names, size_t n, size_t *out,
                                       mc_error *err);
#endif
