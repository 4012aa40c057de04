/* log_limit.c: a window of one second for each kind of line. */
#include "serve/log_limit.h"

#include <string.h>

static mc_log_kind *find_kind(mc_log_limit *limit, const char *event)
{
    for (size_t i = 0; i < MC_LOG_KINDS; i++) {
        mc_log_kind *kind = &limit->kinds[i];
        const char *known = NULL;
        /* relaxed: a name is static text, nothing else hangs on it. */
        if (atomic_compare_exchange_strong_explicit(&kind->event, &known, event,
                                                    memory_order_relaxed, memory_order_relaxed) ||
            strcmp(known, event) == 0)
            return kind;
    }
    return &limit->kinds[MC_LOG_KINDS - 1];
}

/* Counts a line in its second; its number there, from 1. A second that is over stays so. */
static uint32_t count_line(mc_log_kind *kind, uint32_t second)
{
    uint64_t now = atomic_load_explicit(&kind->window, memory_order_relaxed), next;
    do {
        const bool is_new = (uint32_t)(now >> 32) < second;
        const uint32_t n = is_new ? 0 : (uint32_t)now;
        next = (is_new ? (uint64_t)second << 32 : now >> 32 << 32) | (n == UINT32_MAX ? n : n + 1);
    } while (!atomic_compare_exchange_weak_explicit(&kind->window, &now, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    return (uint32_t)next;
}

bool mc_log_admit(mc_log_limit *limit, const char *event, uint32_t second, uint64_t *suppressed)
{
    const uint32_t rate = atomic_load_explicit(&limit->rate, memory_order_relaxed);
    *suppressed = 0;
    if (rate == 0)
        return true;
    mc_log_kind *kind = find_kind(limit, event);
    const uint32_t at = count_line(kind, second);
    if (at > rate) {
        (void)atomic_fetch_add_explicit(&kind->suppressed, 1, memory_order_relaxed);
        return false;
    }
    if (at == 1) /* the first of its second tells of those before */
        *suppressed = atomic_exchange_explicit(&kind->suppressed, 0, memory_order_relaxed);
    return true;
}

uint64_t mc_log_take_suppressed(mc_log_limit *limit, size_t at, const char **event)
{
    mc_log_kind *kind = &limit->kinds[at];
    *event = atomic_load_explicit(&kind->event, memory_order_relaxed);
    return atomic_exchange_explicit(&kind->suppressed, 0, memory_order_relaxed);
}
