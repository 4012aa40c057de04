/* log_limit.h: at most so many lines of one kind a second, and how many were left out.
 *
 * *Guarded* by atomics: any thread, no lock, no allocation. Every line is either admitted or
 * counted, and every count is handed out once. */
#ifndef MC_LOG_LIMIT_H
#define MC_LOG_LIMIT_H
#include <stdatomic.h>

#include "base/base.h"

#define MC_LOG_KINDS 32 /* further ones share the last place */

typedef struct mc_log_kind {
    _Atomic(const char *) event; /* static text; NULL: free */
    _Atomic uint64_t window;     /* the second, and below it the lines in it: 32 bits each */
    _Atomic uint64_t suppressed; /* not told yet */
} mc_log_kind;

/* All zeros is empty: no limit. */
typedef struct mc_log_limit {
    _Atomic uint32_t rate; /* lines of a kind a second; 0: no limit */
    mc_log_kind kinds[MC_LOG_KINDS];
} mc_log_limit;

/* True if a line of `event` may be written in that second. *suppressed is then how many were not
 * since the last that was told, and is the caller's to tell. */
bool mc_log_admit(mc_log_limit *limit, const char *event, uint32_t second, uint64_t *suppressed);

/* Takes what a kind has left out; 0 for nothing. For each `at` below MC_LOG_KINDS. */
uint64_t mc_log_take_suppressed(mc_log_limit *limit, size_t at, const char **event);
#endif
