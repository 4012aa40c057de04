/* cache.h: the room's door for src/api. What a cache does is in modelcache.h (mc_cache_*). */
#ifndef MC_CACHE_CACHE_H
#define MC_CACHE_CACHE_H
#include "cache/loader.h"

/* mc_cache_create() with what reads model files: copied, and closed with the cache; it stays the
 * caller's where this fails. `options` may be NULL: defaults.
 * @return MC_OK; MC_E_BAD_REQUEST when the options ask for what this version does not know;
 * MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_cache_new(const mc_cache_options *options, const mc_loader *loader,
                                     mc_cache **out, mc_error *err);
#endif
