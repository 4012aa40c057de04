/* category_encoders.h: what the files of this folder ask of an encoder: its columns by name. Cells
 * live in the load arena. */
#ifndef MC_CATEGORY_ENCODERS_H
#define MC_CATEGORY_ENCODERS_H
#include "import/sklearn/lower.h"

/* An attribute that must be there, as cells. */
MC_MUST_CHECK mc_status mc_category_cells(mc_lowering *to, const mc_value *est, const char *name,
                                          const mc_cell **out, size_t *out_n, mc_error *err);
bool mc_category_is_among(const mc_cell *cells, size_t n, const mc_cell *wanted);

/* Names of what comes in, or numbers where training saw an array. */
MC_MUST_CHECK mc_status mc_category_inputs(mc_lowering *to, const mc_value *est,
                                           const mc_cell **out, size_t *out_n, mc_error *err);
/* Names of what did not vary in training and is dropped. */
MC_MUST_CHECK mc_status mc_category_dropped(mc_lowering *to, const mc_value *est,
                                            const mc_cell **out, size_t *out_n, mc_error *err);

/* The shape of any encoder of theirs. */
mc_shape_fn mc_shape_category;
#endif
