/* encoder_tables.h: the arrays of the steps ONE_HOT and ORDINAL: sorted categories and their codes.
 */
#ifndef MC_SKLEARN_ENCODER_TABLES_H
#define MC_SKLEARN_ENCODER_TABLES_H
#include "image/encoder.h"
#include "import/sklearn/lower.h"

/* Under construction, in the load arena. */
typedef struct mc_encoder_tables {
    const mc_value *est;
    mc_cell *cells;             /* (n): categories of all columns, sorted within each */
    uint32_t *codes;            /* (n) */
    mc_encoder_column *columns; /* (n_columns): first_out ... unknown_code are the caller's */
    size_t n, n_columns, n_outputs;
} mc_encoder_tables;

/* Room for `n_categories` of `n_columns`. */
MC_MUST_CHECK mc_status mc_encoder_start(mc_lowering *to, const mc_value *est, size_t n_columns,
                                         size_t n_categories, mc_encoder_tables *out,
                                         mc_error *err);
/* The categories of column j, in order of columns; codes[i] is that of category i. */
MC_MUST_CHECK mc_status mc_encoder_put(mc_lowering *to, mc_encoder_tables *t, size_t j,
                                       const mc_cell *categories, size_t n, const uint32_t *codes,
                                       mc_error *err);
/* The arrays 0, 1 and 2 of `step`. */
MC_MUST_CHECK mc_status mc_encoder_place(mc_lowering *to, const mc_encoder_tables *t, mc_step *step,
                                         mc_error *err);
/* A step that marks columns (ONE_HOT, SET_INDICATORS, INDICATORS), `width` of them: they are sparse
 * rows if they are more than MC_WIDE. `out` gets kind, buffer and width only. */
MC_MUST_CHECK mc_status mc_emit_marks(mc_lowering *to, mc_step step, size_t width, mc_sym *out,
                                      mc_error *err);
/* BLOCK_ARGMAX over `n` blocks, with array 0 and flags set: from numbers or from sparse rows. */
MC_MUST_CHECK mc_status mc_emit_block_argmax(mc_lowering *to, mc_step step, const mc_sym *x,
                                             size_t n, mc_sym *out, mc_error *err);
#endif
