/* metrics.h: what is counted, and how it is shown to Prometheus.
 *
 * Each worker counts in a block of its own (*owned*: one writer, no lock, no shared cache line); a
 * scrape adds the blocks up with relaxed loads.
 *
 * Series are bounded, however many models there are: when a block is full, further label sets count
 * as model="other"; so do models that come into use after MC_SHOWN_MAX others. Who has a series
 * keeps it, so no counter ever falls. Registered models that nobody used have none. */
#ifndef MC_METRICS_H
#define MC_METRICS_H
#include <stdatomic.h>

#include "serve/buffer.h"
#include "serve/peers.h"
#include "serve/shadow.h"

#define MC_SERIES_MAX 512  /* label sets of requests_total a worker; a power of two */
#define MC_TIMED_MAX  512  /* models a worker with a duration histogram of their own */
#define MC_SHOWN_MAX  1024 /* models with samples of their own in the other families */
#define MC_N_BUCKETS  14   /* of the duration histogram, without +Inf */

typedef struct mc_metrics mc_metrics;

/* @param n_workers  threads that count, in this process
 * @param peers      the other processes, with as many each, or NULL: borrowed */
MC_MUST_CHECK mc_status mc_metrics_create(uint32_t n_workers, const mc_peers *peers,
                                          mc_metrics **out, mc_error *err);
/* Bytes of mc_peers.numbers. */
size_t mc_metrics_shared_size(uint32_t n_processes, uint32_t n_workers);
void mc_metrics_destroy(mc_metrics *metrics);

/* What is counted about one answered prediction request. */
typedef struct mc_sample {
    const char *model, *version; /* "" when there is none */
    const char *protocol;
    uint32_t http;
    uint64_t duration_ns;
} mc_sample;

/* On the worker's thread. No allocation, no lock. */
void mc_metrics_count(mc_metrics *metrics, uint32_t worker, const mc_sample *sample);
uint64_t mc_metrics_requests(const mc_metrics *metrics); /* so far */

/* Which bucket of the duration histograms counts that. */
size_t mc_bucket_of(uint64_t duration_ns);

/* What others count and the scrape shows too. */
typedef struct mc_gauges {
    mc_cache *cache;
    mc_shadow *shadow; /* may be NULL */
    uint64_t request_memory;
    const uint32_t *connections; /* (n_workers): open now, of each worker */
} mc_gauges;

/* Writes what this process has where the others see it; without others nothing. */
void mc_metrics_publish(mc_metrics *metrics, const mc_gauges *gauges);

/* Adds to `values` (MC_N_MODEL_NUMBERS: numbers.h), which this process has counted, what the others
 * have published of a model, and what those before this one had counted. */
void mc_metrics_add_peers(const mc_metrics *metrics, const char *key, uint64_t *values);

/* Appends the exposition, in Prometheus' text format 0.0.4 or as OpenMetrics 1.0. */
MC_MUST_CHECK mc_status mc_metrics_expose(mc_metrics *metrics, const mc_gauges *gauges,
                                          bool open_metrics, mc_buffer *out, mc_error *err);
#endif
