/* scrape.h: what a daemon's /metrics say, as numbers again. */
#ifndef MC_CLI_SCRAPE_H
#define MC_CLI_SCRAPE_H
#include "base/base.h"

#define MC_SCRAPE_BUCKETS 32

/* Counts of a duration histogram, cumulative; the last bound is infinite. */
typedef struct mc_scraped_times {
    double bounds[MC_SCRAPE_BUCKETS], counts[MC_SCRAPE_BUCKETS]; /* (n) */
    size_t n;
} mc_scraped_times;

/* What is said of a model, or of all. */
typedef struct mc_scraped {
    char name[MC_NAME_MAX]; /* "" for all */
    double hits, misses, loads, load_failures, evictions;
    double bytes, ready, in_flight, waiting, generation, age_s;
    double requests; /* prediction requests answered */
    /* of a name with a canary or a shadow: requests, and rows that the shadow answered too */
    double by_default, by_canary, shadow_compared, shadow_failed, shadow_dropped;
    double shadow_rows, shadow_different, shadow_flips;
    mc_scraped_times times;
} mc_scraped;

/* *Owned*. */
typedef struct mc_scrape {
    mc_scraped all;
    double models, models_ready, memory_limit, memory_used, request_memory, connections;
    mc_scraped *models_by_name; /* (n), owned, in the order of the daemon */
    size_t n, room;
} mc_scrape;

/* Reads Prometheus' text; lines that it does not know are passed over. `text` is cut up. */
MC_MUST_CHECK mc_status mc_scrape_read(mc_scrape *scrape, char *text, mc_error *err);
void mc_scrape_fini(mc_scrape *scrape); /* on zeroed memory too */
const mc_scraped *mc_scrape_find(const mc_scrape *scrape, const char *name);

/* Seconds below which a part `q` (0 to 1) of the requests since `before` (NULL: all) stayed, within
 * the bucket's bounds; negative: there were none. */
double mc_scraped_quantile(const mc_scraped_times *times, const mc_scraped_times *before, double q);
#endif
