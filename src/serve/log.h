/* log.h: lines to stderr: for people, or one JSON object each:
 *
 *     {"ts":"2026-11-22T10:00:00.000Z","level":"info","event":"loaded","model":"iris",
 *      "generation":2,"bytes":199229,"ms":1.250,"message":"model iris loaded and cached: ..."}
 *
 * `event` is the kind of line; model, generation, bytes and ms are there where they belong to it.
 *
 * *Guarded*: any thread. A line is made on the caller's stack and leaves in one write(): no lock,
 * no allocation. Below the level a call costs one comparison. Of each kind at most so many lines a
 * second are written; a line "suppressed K lines" follows (log_limit.h). */
#ifndef MC_LOG_H
#define MC_LOG_H
#include <stdatomic.h>

#include "serve/log_limit.h"

typedef struct mc_log {
    _Atomic mc_log_level level; /* what is below is dropped */
    atomic_bool json;
    mc_log_limit *limit; /* borrowed; NULL: none */
} mc_log;

static inline bool mc_log_wants(const mc_log *log, mc_log_level level)
{
    /* relaxed: a change is seen late by some, and nothing else hangs on it. */
    return level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

/* Writes one event. */
void mc_log_event(const mc_log *log, const mc_event *event);
/* Likewise; `facts` are all of it but its message. */
void mc_log_tell(const mc_log *log, const mc_event *facts, const char *format, ...) MC_PRINTF(3, 4);
/* Lines of the kind "server". */
void mc_log_line(const mc_log *log, mc_log_level level, const char *message);
void mc_log_print(const mc_log *log, mc_log_level level, const char *format, ...) MC_PRINTF(3, 4);
/* Tells of what was suppressed and not told yet: now and then, and at the end. */
void mc_log_flush(const mc_log *log);

/* A mc_event_fn: `user` is the mc_log. */
void mc_log_hook(void *user, const mc_event *event);
#endif
