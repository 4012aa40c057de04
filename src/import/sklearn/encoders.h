/* encoders.h: inverse_transform of OneHotEncoder and OrdinalEncoder. */
#ifndef MC_SKLEARN_ENCODERS_H
#define MC_SKLEARN_ENCODERS_H
#include "import/sklearn/lower.h"

MC_MUST_CHECK mc_status mc_one_hot_back(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                        mc_answer *out, mc_error *err);
MC_MUST_CHECK mc_status mc_ordinal_back(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                        mc_answer *out, mc_error *err);

/* Runs of cells, a run a column, and the step that picks one of each by code. */
typedef struct mc_picks {
    mc_cell *cells; /* arena */
    uint32_t *runs; /* (n_columns + 1) */
    size_t n, n_columns;
    bool is_object; /* they stay cells, even if all are numbers of one type */
} mc_picks;
MC_MUST_CHECK mc_status mc_picks_start(mc_lowering *to, size_t n_columns, size_t n_cells,
                                       mc_picks *out, mc_error *err);
/* The next cell of the run of column j; columns in order. */
void mc_picks_add(mc_picks *picks, size_t j, mc_cell cell);
MC_MUST_CHECK mc_status mc_emit_picks(mc_lowering *to, const mc_picks *picks, const mc_sym *codes,
                                      unsigned flags, mc_sym *out, mc_error *err);
#endif
