/* lightgbm.h: a booster of LightGBM, read from its text form.
 *
 * HOW IT WORKS  model_to_string() writes lines of `key=values`, first of the whole, then of each
 * tree between a line `Tree=` and the next; a pickled Booster holds that text, and save_model()
 * writes it. */
#ifndef MC_IMPORT_LIGHTGBM_H
#define MC_IMPORT_LIGHTGBM_H
#include "import/boost/boost.h"

typedef struct mc_lgbm {
    const mc_value *est;          /* for messages */
    mc_bytes header, trees;       /* text of the whole; of the trees, from the first `Tree=` on */
    size_t n_features, n_columns; /* trees an iteration */
    bool averages;                /* random forests */
    mc_bytes categories;          /* of pandas' categorical columns: JSON, or nothing */
} mc_lgbm;

MC_MUST_CHECK mc_status mc_lgbm_read(const mc_value *est, mc_bytes text, mc_lgbm *out,
                                     mc_error *err);

/* Sums, or of random forests means unless `raw`, of the first `n_rounds` iterations (SIZE_MAX:
 * all): (n, n_columns). */
MC_MUST_CHECK mc_status mc_lgbm_sums(mc_lowering *to, const mc_lgbm *lgbm, size_t n_rounds,
                                     bool raw, const mc_sym *x, mc_sym *out, mc_error *err);

/* Adds to counts (n_features) how many nodes of these iterations split on each, with a gain. */
MC_MUST_CHECK mc_status mc_lgbm_count_splits(mc_lowering *to, const mc_lgbm *lgbm, size_t n_rounds,
                                             double *counts, mc_error *err);

/* Columns that were categorical in a frame of pandas hold values; here their codes. */
MC_MUST_CHECK mc_status mc_lgbm_codes(mc_lowering *to, const mc_lgbm *lgbm, const mc_sym *x,
                                      mc_sym *out, mc_error *err);

/* What stands behind "key=" in a block of lines; false if no line begins so. */
bool mc_lgbm_line(mc_bytes block, const char *key, mc_bytes *out);
/* Cuts the next word, between spaces, off `text`; false at its end. */
bool mc_lgbm_word(mc_bytes *text, mc_bytes *out);
#endif
