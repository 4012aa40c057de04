/* background.h: reads a model at idle priority, so that a load takes no time from requests.
 *
 * The reading thread may be off the CPU for long while others work. So it must not hold the cache
 * lock, for which requests that miss would then wait: whatever needs the lock (making room under
 * the budget) is done for it by the loader thread, which waits beside it. */
#ifndef MC_CACHE_BACKGROUND_H
#define MC_CACHE_BACKGROUND_H
#include "cache/flight.h"

/* Reads load->source into a model, charged to the cache's budget. `*out` is a reference. */
MC_MUST_CHECK mc_status mc_background_read(mc_cache *cache, mc_load *load, mc_model **out,
                                           mc_error *err);
#endif
