/* prediction_flight.h: rows that are being computed, so that the same row asked for meanwhile is
 * computed once. For models that take long for a row: others are computed sooner than waited for.
 *
 * A batch claims those of its rows that are not known, all or none. Who finds a row claimed by
 * another waits until that one is given up, looks up again, and computes what is still not known.
 * Nobody waits while they hold a claim, so nobody waits in a circle; who waits is a thread that
 * would compute the same row otherwise.
 *
 * *Guarded* by a lock of its own, held for a few comparisons. */
#ifndef MC_CACHE_PREDICTION_FLIGHT_H
#define MC_CACHE_PREDICTION_FLIGHT_H
#include "cache/prediction_store.h"

/* From here on a row is worth it. */
#define MC_FLIGHT_ROW_NS 100000u
/* Rows of a batch that may be claimed; larger batches claim none. */
#define MC_FLIGHT_ROWS 64u

typedef struct mc_prediction_flight mc_prediction_flight;

MC_MUST_CHECK mc_status mc_prediction_flight_create(mc_prediction_flight **out, mc_error *err);
void mc_prediction_flight_destroy(mc_prediction_flight *flight); /* NULL is fine */

typedef enum mc_claim {
    MC_CLAIM_MINE,  /* all claimed: mc_prediction_release() them */
    MC_CLAIM_OTHER, /* somebody computed one of them; they are through now. None is claimed */
    MC_CLAIM_NONE   /* no place: compute without. None is claimed */
} mc_claim;

/* Claims n <= MC_FLIGHT_ROWS hashed keys, different or not. Waits at most `wait_ns` for others. */
mc_claim mc_prediction_claim(mc_prediction_flight *flight, const mc_prediction_key *const *keys,
                             size_t n, uint64_t wait_ns);
void mc_prediction_release(mc_prediction_flight *flight, const mc_prediction_key *const *keys,
                           size_t n);
/* Waits so far. */
uint64_t mc_prediction_waits(mc_prediction_flight *flight);
#endif
