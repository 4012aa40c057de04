/* cache_log.h: the lines that a cache writes, for people to read.
 *
 * No lock, no allocation; without the cache lock held, since the sink may be slow. */
#ifndef MC_CACHE_LOG_H
#define MC_CACHE_LOG_H
#include "cache/cache_state.h"

/* True if a line of that level goes anywhere: asked first where lines are frequent. */
bool mc_cache_logs(const mc_cache *cache, mc_log_level level);
/* `facts` are all of the event but its message, which is made here. */
void mc_cache_say(const mc_cache *cache, const mc_event *facts, const char *format, ...)
    MC_PRINTF(3, 4);

#define MC_SIZE_TEXT 40
/* "0.19 MB", "80 MB": of 2^20 bytes, as in --memory-budget. Returns `text`. */
const char *mc_show_size(uint64_t bytes, char text[MC_SIZE_TEXT]);
/* "12,345". Returns `text`. */
const char *mc_show_count(uint64_t count, char text[MC_SIZE_TEXT]);

/* "cache: 12,345 hits, 3 misses, 1 of 1 models ready, 0.19 MB of 80 MB" */
void mc_cache_say_summary(const mc_cache *cache, const mc_cache_stats *stats);
#endif
