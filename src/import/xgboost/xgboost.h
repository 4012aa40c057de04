/* xgboost.h: a booster of XGBoost, read from what it saves itself as.
 *
 * HOW IT WORKS  A pickled Booster holds the bytes that it saves itself as: JSON, later UBJSON,
 *               {"Model": {...}, "Config": {...}}; the library's own files hold what is inside
 *               "Model". Both are read by file/document.h and become a mc_xgb; the binary form of
 *               older versions is made a document too. */
#ifndef MC_IMPORT_XGBOOST_H
#define MC_IMPORT_XGBOOST_H
#include "import/boost/boost.h"
#include "import/file/document.h"

typedef struct mc_xgb {
    const mc_value *est; /* for messages */
    mc_doc learner;
    mc_doc config;    /* of the learner, in a pickle; else nothing */
    unsigned version; /* 2.1 is 201 */
    size_t n_features, n_groups;
    mc_bytes objective;
    const double *margins; /* (n_groups) float32: where the sums begin */
    const double *scores;  /* (n_groups) float32: base_score as it was stored */
} mc_xgb;

/* `handle` is what the booster saved itself as; borrowed as long as the load. */
MC_MUST_CHECK mc_status mc_xgb_read(mc_lowering *to, const mc_value *est, mc_bytes handle,
                                    mc_xgb *out, mc_error *err);

/* The booster of an estimator, or one itself: read once for an object, and remembered. */
MC_MUST_CHECK mc_status mc_xgb_of(mc_lowering *to, const mc_value *est, const mc_xgb **out,
                                  mc_error *err);

/* Sums of the first `n_rounds` rounds (SIZE_MAX: all), (n, n_groups); x as float32 values. As
 * inplace_predict() adds them, or as predict() of a DMatrix does: they differ for dart alone. */
MC_MUST_CHECK mc_status mc_xgb_sums(mc_lowering *to, const mc_xgb *xgb, size_t n_rounds,
                                    bool in_place, const mc_sym *x, mc_sym *out, mc_error *err);

/* The number of the leaf in each tree of these rounds, (n, n_trees); there must be trees. */
MC_MUST_CHECK mc_status mc_xgb_leaves(mc_lowering *to, const mc_xgb *xgb, size_t n_rounds,
                                      const mc_sym *x, mc_sym *out, mc_error *err);

/* Columns that were categorical in a frame of pandas hold values; here their codes. `missing` is
 * the estimator's, refused beside categories unless it is NaN. */
MC_MUST_CHECK mc_status mc_xgb_codes(mc_lowering *to, const mc_xgb *xgb, double missing,
                                     const mc_sym *x, mc_sym *out, mc_error *err);

/* The binary form of before JSON, as the document that JSON gives; *out_config is written if a
 * pickle's configuration follows it. */
MC_MUST_CHECK mc_status mc_xgb_read_binary(mc_bytes bytes, mc_arena *arena, mc_doc *out,
                                           mc_doc *out_config, mc_error *err);

/* A member of a document as text; {NULL, 0} if it is none. */
mc_bytes mc_xgb_text(const mc_doc *doc);
#endif
