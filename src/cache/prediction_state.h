/* prediction_state.h: what a prediction cache consists of; for the files of it only.
 *
 * *Guarded*: the store and the flight by locks of their own, the rest by its atomics. */
#ifndef MC_CACHE_PREDICTION_STATE_H
#define MC_CACHE_PREDICTION_STATE_H
#include "cache/prediction.h"
#include "cache/prediction_flight.h"
#include "cache/prediction_store.h"
#include "cache/prediction_use.h"

#define MC_PREDICTION_USES 1024u /* models that are remembered; a power of two */

struct mc_predictions {
    mc_prediction_store *store;   /* owned */
    mc_prediction_flight *flight; /* owned */
    bool always;
    uint64_t base_ns, kilobyte_ns; /* of a look-up: alone, and for each 1024 bytes of key */
    _Atomic uint64_t hits, misses; /* rows */
    mc_use uses[MC_PREDICTION_USES];
};
#endif
