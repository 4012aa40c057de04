/* prediction.h: the prediction cache of a model cache: its store, and what it has measured. */
#ifndef MC_CACHE_PREDICTION_H
#define MC_CACHE_PREDICTION_H
#include "base/base.h"

typedef struct mc_predictions mc_predictions;

/* `*out` is NULL, with MC_OK, where the options ask for none. */
MC_MUST_CHECK mc_status mc_predictions_create(const mc_cache_options *options, mc_predictions **out,
                                              mc_error *err);
void mc_predictions_destroy(mc_predictions *predictions); /* NULL is fine */
/* Rows of the model `name` may hold `percent` of it. NULL is fine. MC_E_LIMIT, MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_predictions_share(mc_predictions *predictions, const char *name,
                                             uint32_t percent, mc_error *err);
/* Fills in the prediction_ numbers. NULL leaves them 0. */
void mc_predictions_add_stats(mc_predictions *predictions, mc_cache_stats *stats);
#endif
