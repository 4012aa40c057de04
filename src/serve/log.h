/* log.h: lines to stderr, as text or JSON.
 *
 * *Guarded*: any thread. A line is made on the caller's stack and leaves in one write(): no lock,
 * no allocation. Below the level a call costs one comparison. */
#ifndef MC_LOG_H
#define MC_LOG_H
#include <stdatomic.h>

#include "base/base.h"

typedef struct mc_log {
    _Atomic mc_log_level level; /* what is below is dropped */
    atomic_bool json;
} mc_log;

static inline bool mc_log_wants(const mc_log *log, mc_log_level level)
{
    /* relaxed: a change is seen late by some, and nothing else hangs on it. */
    return level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

void mc_log_line(const mc_log *log, mc_log_level level, const char *message);
void mc_log_print(const mc_log *log, mc_log_level level, const char *format, ...) MC_PRINTF(3, 4);

/* A mc_log_fn: `user` is the mc_log. */
void mc_log_hook(void *user, mc_log_level level, const char *message);
#endif
