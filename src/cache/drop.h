/* drop.h: models that leave memory while their names stay: how, why, and what is told of it. */
#ifndef MC_CACHE_DROP_H
#define MC_CACHE_DROP_H
#include "cache/cache_state.h"

/* A model on its way out, and what the line about it says. */
typedef struct mc_dropped {
    mc_model *model;  /* the reference that was published; NULL: nothing was dropped */
    const char *name; /* the entry's: lives as long as the cache */
    uint64_t bytes;
} mc_dropped;

/* Hides the entry's model, and shows it again if a request got hold of it in that instant: then it
 * is in use and stays. Requests that see nothing meanwhile wait for the lock and find it. */
mc_dropped mc_drop_unheld_locked(mc_cache *cache, mc_entry *entry, mc_drop why);
/* The same, whoever holds it: they finish on it. Nothing when nothing is published. */
mc_dropped mc_drop_any_locked(mc_cache *cache, mc_entry *entry, mc_drop why);

/* Releases the model; its bytes are back if nobody held it. `text` goes on after "model NAME ".
 * Says nothing when nothing was dropped. Without the lock. */
void mc_drop_finish(mc_cache *cache, const mc_dropped *dropped, const char *event,
                    const char *text);

/* Drops what is due by idle_unload_ms. Gives the lock up meanwhile if there is any.
 * @return when to look again; UINT64_MAX: not before a model is loaded or settings change. */
uint64_t mc_drop_idle_locked(mc_cache *cache);
#endif
