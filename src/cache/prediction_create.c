/* prediction_create.c: a prediction cache, made, counted and destroyed. How long a look-up takes is
 * measured when it is made. */
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cache/prediction_key.h"
#include "cache/prediction_state.h"

/* The least time of hashing and finding a key of that size. */
static uint64_t time_look_up(mc_prediction_store *store, size_t size)
{
    uint8_t bytes[1024] = {0}, value[64];
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < 64; i++) {
        size_t found = 0;
        mc_prediction_key key = {.data = bytes, .size = size, .owner = 1};
        const uint64_t begin = mc_now_ns();
        mc_prediction_hash(store, &key);
        if (!mc_prediction_get(store, &key, begin, value, sizeof value, &found))
            (void)mc_prediction_put(store, &key, begin, value, sizeof value);
        const uint64_t ns = mc_now_ns() - begin;
        least = ns < least ? ns : least;
    }
    return least;
}

mc_status mc_predictions_create(const mc_cache_options *options, mc_predictions **out,
                                mc_error *err)
{
    const mc_prediction_options how = {.limit = options->prediction_cache,
                                       .ttl_ns = mc_ns_of_ms(options->prediction_ttl_ms)};
    *out = NULL;
    if (how.limit == 0)
        return MC_OK;
    mc_predictions *p = mc_alloc(1, sizeof *p);
    if (p == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a prediction cache");
    p->always = options->prediction_always;
    mc_status status = mc_prediction_store_create(&how, &p->store, err);
    if (status == MC_OK)
        status = mc_prediction_flight_create(&p->flight, err);
    if (status != MC_OK) {
        mc_predictions_destroy(p);
        return status;
    }
    p->base_ns = time_look_up(p->store, 16);
    const uint64_t long_ns = time_look_up(p->store, 1024);
    p->kilobyte_ns = long_ns > p->base_ns ? long_ns - p->base_ns : 0;
    mc_prediction_flush(p->store, 0, true);
    *out = p;
    return MC_OK;
}

void mc_predictions_destroy(mc_predictions *predictions)
{
    if (predictions != NULL) {
        mc_prediction_store_destroy(predictions->store);
        mc_prediction_flight_destroy(predictions->flight);
    }
    mc_free(predictions);
}

mc_status mc_predictions_share(mc_predictions *predictions, const char *name, uint32_t percent,
                               mc_error *err)
{
    return predictions == NULL
               ? MC_OK
               : mc_prediction_share(predictions->store, mc_key_owner(name, ""), percent, err);
}

void mc_predictions_add_stats(mc_predictions *predictions, mc_cache_stats *stats)
{
    if (predictions == NULL)
        return;
    const mc_prediction_counts counts = mc_prediction_count(predictions->store);
    stats->prediction_limit = counts.limit;
    stats->prediction_bytes = counts.bytes;
    stats->prediction_entries = counts.entries;
    stats->prediction_evictions = counts.evictions;
    stats->prediction_share_evictions = counts.share_evictions;
    stats->prediction_hits = atomic_load_explicit(&predictions->hits, memory_order_relaxed);
    stats->prediction_misses = atomic_load_explicit(&predictions->misses, memory_order_relaxed);
}
