/* prediction.h: the prediction cache of a model cache: its store, and what it has measured. */
#ifndef MC_CACHE_PREDICTION_H
#define MC_CACHE_PREDICTION_H
#include "base/base.h"

typedef struct mc_predictions mc_predictions;

/* `*out` is NULL, with MC_OK, where the options ask for none. */
MC_MUST_CHECK mc_status mc_predictions_create(const mc_cache_options *options, mc_predictions **out,
                                              mc_error *err);
void mc_predictions_destroy(mc_predictions *predictions); /* NULL is fine */
/* Fills in the prediction_ numbers. NULL leaves them 0. */
void mc_predictions_add_stats(mc_predictions *predictions, mc_cache_stats *stats);
#endif
