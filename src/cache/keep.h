/* keep.h: which models min_resident keeps in memory.
 *
 * Of the resident models that name one resident_set, those of the highest value (evict.h) are kept,
 * as many as the largest min_resident that any member names, resident or not. A model without a set
 * is kept by any min_resident of its own. Kept models are neither evicted, nor shed, nor unloaded
 * for being idle; an unload by hand is obeyed. */
#ifndef MC_CACHE_KEEP_H
#define MC_CACHE_KEEP_H
#include "cache/cache_state.h"

/* Sets `kept` of every resident entry. O(resident models), and O(n log n) of those in sets; O(1) as
 * long as no model names a min_resident. */
void mc_keep_mark_locked(mc_cache *cache);

/* After the settings of a member of `set` have changed, or of one that was: agrees on the largest
 * min_resident. O(entries); O(1) for "". */
void mc_keep_agree_locked(mc_cache *cache, const char *set);
#endif
