/* cache_log.c: how the lines look. */
#include "cache/cache_log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE 2048 /* an error with all its contexts fits */

bool mc_cache_logs(const mc_cache *cache, mc_log_level level)
{
    const bool is_heard = cache->log != NULL || cache->event != NULL;
    return is_heard && level >= atomic_load_explicit(&cache->log_level, memory_order_relaxed);
}

void mc_cache_set_log_level(mc_cache *cache, mc_log_level level)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    atomic_store_explicit(&cache->log_level, level, memory_order_relaxed);
}

void mc_cache_say(const mc_cache *cache, const mc_event *facts, const char *format, ...)
{
    if (!mc_cache_logs(cache, facts->level))
        return;
    char line[LINE_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    mc_event event = *facts;
    event.message = line;
    if (cache->event != NULL)
        cache->event(cache->log_user, &event);
    else
        cache->log(cache->log_user, event.level, line);
}

const char *mc_show_size(uint64_t bytes, char text[MC_SIZE_TEXT])
{
    const uint64_t mega = (uint64_t)1 << 20;
    if (bytes % mega == 0)
        (void)snprintf(text, MC_SIZE_TEXT, "%" PRIu64 " MB", bytes / mega);
    else
        (void)snprintf(text, MC_SIZE_TEXT, "%.2f MB", (double)bytes / (double)mega);
    return text;
}

const char *mc_show_count(uint64_t count, char text[MC_SIZE_TEXT])
{
    char digits[MC_SIZE_TEXT];
    const int n_digits = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *at = text;
    for (int i = 0; i < n_digits; i++) {
        if (i > 0 && (n_digits - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return text;
}

void mc_cache_say_summary(const mc_cache *cache, const mc_cache_stats *stats)
{
    char hits[MC_SIZE_TEXT];
    char misses[MC_SIZE_TEXT];
    char used[MC_SIZE_TEXT];
    char budget[MC_SIZE_TEXT] = "no limit";
    if (stats->memory_budget != 0)
        (void)mc_show_size(stats->memory_budget, budget);
    mc_cache_say(cache, &(mc_event){.level = MC_LOG_INFO, .event = "summary"},
                 "cache: %s hits, %s misses, %" PRIu64 " of %" PRIu64 " models ready, %s of %s",
                 mc_show_count(stats->hits, hits), mc_show_count(stats->misses, misses),
                 stats->n_ready, stats->n_models, mc_show_size(stats->memory_used, used), budget);
}
