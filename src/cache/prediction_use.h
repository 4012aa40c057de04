/* prediction_use.h: is the prediction cache worth its time for a model? What was measured of it.
 *
 * A use is of one image under one name. All in it is relaxed atomics: a race may count one request
 * twice or not at all, and moves a decision by as much.
 *
 *   (U1) Its first MC_USE_TRIALS requests are computed and timed. A row that costs less than a few
 *        look-ups is never looked up.
 *   (U2) What is looked up is counted in windows of MC_USE_WINDOW rows: what the known rows saved
 *        against what the look-ups and the keeping took. After a window that cost more than it
 *        saved, the next MC_USE_REST rows are computed without the cache, and then it is tried
 *        again: of rows that are never asked twice, one in seventeen pays. A window is long, and
 *        what was kept stays, because an empty cache saves nothing at first. */
#ifndef MC_CACHE_PREDICTION_USE_H
#define MC_CACHE_PREDICTION_USE_H
#include <stdatomic.h>

#include "base/base.h"

#define MC_USE_TRIALS 8u
#define MC_USE_WINDOW 16384u
#define MC_USE_REST   262144u

typedef struct mc_use {
    _Atomic uint64_t owner; /* 0: free */
    _Atomic uint64_t row_ns, look_up_ns;
    _Atomic uint32_t trials;
    _Atomic uint64_t rows, saved_ns, spent_ns; /* of this window */
    _Atomic uint64_t last_saved_ns, last_spent_ns;
    _Atomic uint64_t rest; /* rows that the cache is not asked for any more */
} mc_use;

void mc_use_reset(mc_use *use, uint64_t owner);

/* ON, MEASURING, TOO_CHEAP or RESTING. */
mc_prediction_use mc_use_state(const mc_use *use);
/* The same as a sentence. */
void mc_use_explain(const mc_use *use, char *text, size_t size);

/* Notes that a row was computed in `row_ns`, and would be looked up in `look_up_ns`. @return true
 * after the last trial: (U1) is decided. */
bool mc_use_note_trial(mc_use *use, uint64_t row_ns, uint64_t look_up_ns);
/* Notes that of `n_rows` rows `n_known` were known, and that all but computing took `spent_ns`.
 * @return true when that ended a window that was not worth it. */
bool mc_use_note_rows(mc_use *use, uint64_t n_rows, uint64_t n_known, uint64_t spent_ns);
/* Notes that `n_rows` rows were computed while the cache rests. */
void mc_use_note_rest(mc_use *use, uint64_t n_rows);
#endif
