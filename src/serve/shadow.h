/* shadow.h: requests that another version is asked too, behind the back of who asked: its answers
 * are compared with those that were given, and counted.
 *
 * One thread with a bounded queue: what does not fit is dropped and counted, and no request waits.
 * Both versions answer here again, which costs a prediction more and keeps answers nowhere.
 * *Guarded* by its lock. */
#ifndef MC_SHADOW_H
#define MC_SHADOW_H
#include "serve/decode.h"
#include "serve/log.h"

#define MC_SHADOW_JOBS   64                /* that wait */
#define MC_SHADOW_BYTES  ((size_t)1 << 20) /* of a body */
#define MC_SHADOW_MODELS 64                /* with counts of their own */

typedef struct mc_shadow mc_shadow;

/* What became of the requests of a model. */
typedef struct mc_shadow_counts {
    char model[MC_NAME_MAX];
    uint64_t compared, dropped, failed; /* requests */
    uint64_t rows, different, flips;    /* rows; with any difference; with another label */
    double max_difference;              /* of numbers */
} mc_shadow_counts;

MC_MUST_CHECK mc_status mc_shadow_create(mc_cache *cache, const mc_log *log, mc_shadow **out,
                                         mc_error *err);
/* Waits for the comparison under way. NULL is fine. */
void mc_shadow_destroy(mc_shadow *shadow);

/* Takes a request that `model` (borrowed) has answered for `name`; `key` is the shadow. Copies. */
void mc_shadow_offer(mc_shadow *shadow, const char *name, const char *key, mc_model *model,
                     mc_body_kind kind, mc_bytes body);
/* Copies the counts of a model; false if it never had a shadow. */
bool mc_shadow_find(mc_shadow *shadow, const char *model, mc_shadow_counts *out);
#endif
