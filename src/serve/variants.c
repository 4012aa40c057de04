/* variants.c: see variants.h. */
#include "serve/variants.h"

#include <string.h>

void mc_variants_add(mc_cache *cache, mc_shadow *shadow, const char *name,
                     uint64_t values[MC_N_MODEL_NUMBERS])
{
    mc_versions_info info;
    mc_shadow_counts counts;
    if (!mc_cache_versions(cache, name, &info))
        return;
    values[MC_MODEL_TAKEN] += info.taken;
    values[MC_MODEL_TO_CANARY] += info.canary.taken;
    values[MC_MODEL_TO_SHADOW] += info.shadow.taken;
    values[MC_MODEL_CANARY_TURNS] += info.canary.requests;
    values[MC_MODEL_SHADOW_TURNS] += info.shadow.requests;
    if (shadow == NULL || !mc_shadow_find(shadow, name, &counts))
        return;
    values[MC_MODEL_SHADOW_COMPARED] += counts.compared;
    values[MC_MODEL_SHADOW_FAILED] += counts.failed;
    values[MC_MODEL_SHADOW_DROPPED] += counts.dropped;
    values[MC_MODEL_SHADOW_SAME] += counts.rows - counts.different;
    values[MC_MODEL_SHADOW_NUMBERS] += counts.different - counts.flips;
    values[MC_MODEL_SHADOW_FLIPS] += counts.flips;
    /* Doubles that are not negative are in the order of their bits: numbers.h. */
    uint64_t most = 0;
    memcpy(&most, &counts.max_difference, sizeof most);
    if (most > values[MC_MODEL_SHADOW_MOST])
        values[MC_MODEL_SHADOW_MOST] = most;
}

bool mc_variants_any(const uint64_t values[MC_N_MODEL_NUMBERS])
{
    return values[MC_MODEL_TAKEN] + values[MC_MODEL_TO_CANARY] + values[MC_MODEL_TO_SHADOW] > 0;
}

double mc_variants_most(const uint64_t values[MC_N_MODEL_NUMBERS])
{
    double most = 0;
    memcpy(&most, &values[MC_MODEL_SHADOW_MOST], sizeof most);
    return most;
}
