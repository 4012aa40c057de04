/* exposition.h: writing metrics down for Prometheus (text format 0.0.4) or as OpenMetrics 1.0.
 * *Owned* by one scrape. */
#ifndef MC_EXPOSITION_H
#define MC_EXPOSITION_H
#include "serve/metrics.h"
#include "serve/numbers.h"
#include "serve/print.h"

typedef enum mc_metric_id {
#define MC_METRIC(id, name, type, unit, help) MC_METRIC_##id,
#include "serve/metrics.def"
#undef MC_METRIC
    MC_N_METRICS
} mc_metric_id;

typedef struct mc_exposition {
    const mc_metrics *metrics;
    const mc_gauges *gauges;
    bool open_metrics;
    mc_buffer *out;
    mc_error *err;
    mc_status status;           /* the first failure; later calls do nothing */
    mc_numbers *const *numbers; /* (n_numbers): of all processes, this one's too; may be none */
    uint32_t n_numbers, own_numbers;
} mc_exposition;

#define MC_EXPOSE(e, ...)                                            \
    do {                                                             \
        if ((e)->status == MC_OK)                                    \
            (e)->status = mc_print((e)->out, (e)->err, __VA_ARGS__); \
    } while (0)

const char *mc_metric_name(mc_metric_id id); /* "modelcached_..."; static */
/* The lines above the samples of a family. Returns its name, "modelcached_...". */
const char *mc_show_family(mc_exposition *e, mc_metric_id id);
/* A family of one sample. `labels` is "" or "{...}". */
void mc_show_value(mc_exposition *e, mc_metric_id id, const char *labels, uint64_t value);

/* Label values are names of [A-Za-z0-9._-]: versions of model files too, but those are not ours to
 * trust, so they are escaped all the same. */
#define MC_ESCAPED_MAX ((size_t)2 * MC_NAME_MAX)
const char *mc_escape_label(const char *value, char out[MC_ESCAPED_MAX]);

/* A histogram as it is counted: not cumulative; the last bucket is +Inf. */
typedef struct mc_histogram {
    uint64_t buckets[MC_N_BUCKETS + 1];
    uint64_t sum_ns;
} mc_histogram;
/* The samples of one; `labels` is "" or "model=\"iris\"". */
void mc_show_histogram(mc_exposition *e, const char *name, const char *labels,
                       const mc_histogram *histogram);

/* The families that have a sample a model. */
typedef struct mc_shown mc_shown;
void mc_show_models(mc_exposition *e, mc_shown *shown);
/* Writes what this process has of them for the others. */
void mc_publish_models(mc_numbers *numbers, const mc_gauges *gauges, mc_shown *shown);
#endif
