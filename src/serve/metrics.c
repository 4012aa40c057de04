/* metrics.c: counters of each worker, and their exposition.
 *
 * HOW IT WORKS  A worker's block is an open hash table of series. Only its worker adds to it: a new
 *          series is written in full, then published by a release store of `used`, which pairs with
 *          the acquire load in the scrape. Counts are relaxed atomics. A scrape merges the blocks
 * by showing, for each series, the sum over all blocks, at the first block that has it.
 */
#include "serve/metrics.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "serve/print.h"

typedef struct series {
    atomic_bool used;
    uint32_t http;
    const char *protocol; /* static */
    char model[MC_NAME_MAX], version[MC_NAME_MAX];
    _Atomic uint64_t n;
} series;

typedef struct block {
    series all[MC_SERIES_MAX];
    _Atomic uint64_t buckets[MC_N_BUCKETS + 1]; /* not cumulative; the last is +Inf */
    _Atomic uint64_t sum_ns, n;
    size_t n_series; /* read and written by the worker only */
} block;

#define SPARE_SERIES 64 /* kept for model="other" */

struct mc_metrics {
    uint32_t n_workers;
    block **blocks; /* (n_workers), owned */
};

static const struct {
    uint64_t ns;
    const char *le;
} BUCKETS[MC_N_BUCKETS] = {
    {25000, "0.000025"}, {50000, "0.00005"},    {100000, "0.0001"},  {250000, "0.00025"},
    {500000, "0.0005"},  {1000000, "0.001"},    {2500000, "0.0025"}, {5000000, "0.005"},
    {10000000, "0.01"},  {50000000, "0.05"},    {100000000, "0.1"},  {500000000, "0.5"},
    {1000000000, "1.0"}, {10000000000, "10.0"},
};

mc_status mc_metrics_create(uint32_t n_workers, mc_metrics **out, mc_error *err)
{
    mc_metrics *metrics = mc_alloc(1, sizeof *metrics);
    if (metrics != NULL)
        metrics->blocks = mc_alloc(n_workers, sizeof *metrics->blocks);
    bool complete = metrics != NULL && metrics->blocks != NULL;
    for (uint32_t i = 0; complete && i < n_workers; i++) {
        metrics->n_workers = i + 1;
        metrics->blocks[i] = mc_pages_alloc(sizeof(block)); /* touched only as far as it is used */
        complete = metrics->blocks[i] != NULL;
    }
    if (!complete) {
        mc_metrics_destroy(metrics);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for metrics");
    }
    *out = metrics;
    return MC_OK;
}

void mc_metrics_destroy(mc_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (uint32_t i = 0; metrics->blocks != NULL && i < metrics->n_workers; i++)
        mc_pages_free(metrics->blocks[i], sizeof(block));
    mc_free(metrics->blocks);
    mc_free(metrics);
}

/* ----------------------------------------------------------------------------- counting ---- */

/* FNV-1a: few bytes, and no allocation. */
static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return (hash ^ 0xffu) * 16777619u;
}

static bool same_series(const series *s, const mc_sample *sample)
{
    return s->http == sample->http && s->protocol == sample->protocol &&
           strcmp(s->model, sample->model) == 0 && strcmp(s->version, sample->version) == 0;
}

static void write_series(series *s, const mc_sample *sample)
{
    s->http = sample->http;
    s->protocol = sample->protocol;
    (void)snprintf(s->model, sizeof s->model, "%s", sample->model);
    (void)snprintf(s->version, sizeof s->version, "%s", sample->version);
    atomic_store_explicit(&s->used, true, memory_order_release);
}

/* The series of a sample, made when new while there are fewer than `most`; NULL when it is not. */
static series *find_series(block *b, const mc_sample *sample, size_t most)
{
    const uint32_t hash =
        hash_text(hash_text(2166136261u ^ sample->http, sample->model), sample->version);
    for (uint32_t i = 0; i < MC_SERIES_MAX; i++) {
        series *s = &b->all[(hash + i) % MC_SERIES_MAX];
        if (!atomic_load_explicit(&s->used, memory_order_relaxed)) {
            if (b->n_series >= most)
                return NULL;
            b->n_series++;
            write_series(s, sample);
        }
        if (same_series(s, sample))
            return s;
    }
    return NULL;
}

static void bump(_Atomic uint64_t *counter, uint64_t by)
{
    /* One writer: a plain load and store is enough, and cheaper than a locked add. */
    const uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + by, memory_order_relaxed);
}

void mc_metrics_count(mc_metrics *metrics, uint32_t worker, const mc_sample *sample)
{
    block *b = metrics->blocks[worker];
    series *s = find_series(b, sample, MC_SERIES_MAX - SPARE_SERIES);
    if (s == NULL) {
        mc_sample other = *sample;
        other.model = "other";
        other.version = "";
        s = find_series(b, &other, MC_SERIES_MAX);
    }
    if (s != NULL)
        bump(&s->n, 1);
    size_t at = 0;
    while (at < MC_N_BUCKETS && sample->duration_ns > BUCKETS[at].ns)
        at++;
    bump(&b->buckets[at], 1);
    bump(&b->sum_ns, sample->duration_ns);
    bump(&b->n, 1);
}

uint64_t mc_metrics_requests(const mc_metrics *metrics)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < metrics->n_workers; i++)
        n += atomic_load_explicit(&metrics->blocks[i]->n, memory_order_relaxed);
    return n;
}

/* --------------------------------------------------------------------------- exposition ---- */

typedef enum metric_id {
#define MC_METRIC(id, name, type, unit, help) METRIC_##id,
#include "serve/metrics.def"
#undef MC_METRIC
    N_METRICS
} metric_id;

static const struct {
    const char *name, *type, *unit, *help;
} METRICS[N_METRICS] = {
#define MC_METRIC(id, name, type, unit, help) {"modelcached_" name, type, unit, help},
#include "serve/metrics.def"
#undef MC_METRIC
};

typedef struct exposition {
    const mc_metrics *metrics;
    const mc_gauges *gauges;
    bool open_metrics;
    mc_buffer *out;
    mc_error *err;
    mc_status status; /* the first failure; later calls do nothing */
    metric_id family; /* under way, for each_model() */
} exposition;

#define SHOW(e, ...)                                                 \
    do {                                                             \
        if ((e)->status == MC_OK)                                    \
            (e)->status = mc_print((e)->out, (e)->err, __VA_ARGS__); \
    } while (0)

/* In OpenMetrics a counter's family is named without the _total of its samples. */
static void show_family(exposition *e, metric_id id)
{
    const char *name = METRICS[id].name;
    int size = (int)strlen(name);
    if (e->open_metrics && strcmp(METRICS[id].type, "counter") == 0)
        size -= (int)strlen("_total");
    e->family = id;
    SHOW(e, "# HELP %.*s %s\n# TYPE %.*s %s\n", size, name, METRICS[id].help, size, name,
         METRICS[id].type);
    if (e->open_metrics && METRICS[id].unit[0] != '\0')
        SHOW(e, "# UNIT %.*s %s\n", size, name, METRICS[id].unit);
}

/* Label values are names of [A-Za-z0-9._-]: versions of model files too, but those are not ours to
 * trust, so they are escaped all the same. */
#define ESCAPED_MAX ((size_t)2 * MC_NAME_MAX)
static const char *escaped(const char *value, char out[ESCAPED_MAX])
{
    size_t n = 0;
    for (; *value != '\0' && n + 2 < ESCAPED_MAX; value++) {
        const bool newline = *value == '\n';
        if (newline || *value == '\\' || *value == '"')
            out[n++] = '\\';
        if (newline)
            out[n++] = 'n';
        else
            out[n++] = *value;
    }
    out[n] = '\0';
    return out;
}

static uint64_t sum_series(const mc_metrics *metrics, const series *wanted, bool *first,
                           uint32_t from)
{
    const mc_sample key = {.model = wanted->model,
                           .version = wanted->version,
                           .protocol = wanted->protocol,
                           .http = wanted->http};
    uint64_t n = 0;
    *first = true;
    for (uint32_t i = 0; i < metrics->n_workers; i++) {
        for (size_t j = 0; j < MC_SERIES_MAX; j++) {
            const series *s = &metrics->blocks[i]->all[j];
            if (!atomic_load_explicit(&s->used, memory_order_acquire) || !same_series(s, &key))
                continue;
            *first = *first && i >= from;
            n += atomic_load_explicit(&s->n, memory_order_relaxed);
        }
    }
    return n;
}

/* The series that no earlier block has: with the sum over all blocks. */
static void show_block(exposition *e, uint32_t at)
{
    char model[ESCAPED_MAX], version[ESCAPED_MAX];
    for (size_t i = 0; i < MC_SERIES_MAX; i++) {
        const series *s = &e->metrics->blocks[at]->all[i];
        bool first = false;
        if (!atomic_load_explicit(&s->used, memory_order_acquire))
            continue;
        const uint64_t n = sum_series(e->metrics, s, &first, at);
        if (first) {
            SHOW(e, "%s{model=\"%s\",version=\"%s\",protocol=\"%s\",code=\"%u\"} %llu\n",
                 METRICS[METRIC_REQUESTS].name, escaped(s->model, model),
                 escaped(s->version, version), s->protocol, s->http, (unsigned long long)n);
        }
    }
}

static void show_requests(exposition *e)
{
    show_family(e, METRIC_REQUESTS);
    for (uint32_t i = 0; i < e->metrics->n_workers; i++)
        show_block(e, i);
}

static void show_durations(exposition *e)
{
    uint64_t cumulative = 0, sum_ns = 0;
    show_family(e, METRIC_REQUEST_DURATION);
    const char *name = METRICS[METRIC_REQUEST_DURATION].name;
    for (size_t b = 0; b <= MC_N_BUCKETS; b++) {
        for (uint32_t i = 0; i < e->metrics->n_workers; i++)
            cumulative +=
                atomic_load_explicit(&e->metrics->blocks[i]->buckets[b], memory_order_relaxed);
        SHOW(e, "%s_bucket{le=\"%s\"} %llu\n", name, b < MC_N_BUCKETS ? BUCKETS[b].le : "+Inf",
             (unsigned long long)cumulative);
    }
    for (uint32_t i = 0; i < e->metrics->n_workers; i++)
        sum_ns += atomic_load_explicit(&e->metrics->blocks[i]->sum_ns, memory_order_relaxed);
    SHOW(e, "%s_sum %.9f\n%s_count %llu\n", name, (double)sum_ns / 1e9, name,
         (unsigned long long)cumulative);
}

static void show_value(exposition *e, metric_id id, const char *labels, uint64_t value)
{
    show_family(e, id);
    SHOW(e, "%s%s %llu\n", METRICS[id].name, labels, (unsigned long long)value);
}

static void each_model(void *user, const mc_entry_info *info)
{
    exposition *e = user;
    char model[ESCAPED_MAX], version[ESCAPED_MAX];
    const char *name = METRICS[e->family].name;
    (void)escaped(info->name, model);
    (void)escaped(info->version, version);
    if (e->family == METRIC_MODEL_READY) {
        SHOW(e, "%s{model=\"%s\",version=\"%s\"} %d\n", name, model, version,
             info->state == MC_STATE_READY);
    } else if (e->family == METRIC_MODEL_MEMORY) {
        SHOW(e, "%s{model=\"%s\",version=\"%s\"} %llu\n", name, model, version,
             (unsigned long long)info->bytes);
    } else if (info->load_ns > 0) {
        SHOW(e, "%s{model=\"%s\",version=\"%s\"} %.9f\n", name, model, version,
             (double)info->load_ns / 1e9);
    }
}

static void show_models(exposition *e, metric_id id)
{
    show_family(e, id);
    mc_cache_list(e->gauges->cache, each_model, e);
}

static void show_loads(exposition *e, const mc_cache_stats *stats)
{
    show_family(e, METRIC_LOADS);
    SHOW(e, "%s{result=\"ok\"} %llu\n%s{result=\"failed\"} %llu\n", METRICS[METRIC_LOADS].name,
         (unsigned long long)stats->loads, METRICS[METRIC_LOADS].name,
         (unsigned long long)stats->load_failures);
}

static void show_connections(exposition *e)
{
    show_family(e, METRIC_CONNECTIONS);
    for (uint32_t i = 0; i < e->metrics->n_workers; i++)
        SHOW(e, "%s{worker=\"%u\"} %u\n", METRICS[METRIC_CONNECTIONS].name, i,
             e->gauges->connections[i]);
}

mc_status mc_metrics_expose(const mc_metrics *metrics, const mc_gauges *gauges, bool open_metrics,
                            mc_buffer *out, mc_error *err)
{
    exposition e = {.metrics = metrics,
                    .gauges = gauges,
                    .open_metrics = open_metrics,
                    .out = out,
                    .err = err,
                    .status = MC_OK};
    const mc_cache_stats stats = mc_cache_statistics(gauges->cache);
    show_requests(&e);
    show_durations(&e);
    show_value(&e, METRIC_CACHE_HITS, "", stats.hits);
    show_value(&e, METRIC_CACHE_MISSES, "", stats.misses);
    show_value(&e, METRIC_CACHE_EVICTIONS, "{reason=\"budget\"}", stats.evictions);
    show_value(&e, METRIC_PREDICTION_HITS, "", 0);
    show_value(&e, METRIC_PREDICTION_MISSES, "", 0);
    show_models(&e, METRIC_MODEL_MEMORY);
    show_value(&e, METRIC_MEMORY_LIMIT, "", stats.memory_budget);
    show_value(&e, METRIC_MEMORY_USED, "", stats.memory_used);
    show_value(&e, METRIC_REQUEST_MEMORY, "", gauges->request_memory);
    show_loads(&e, &stats);
    show_models(&e, METRIC_LOAD_DURATION);
    show_models(&e, METRIC_MODEL_READY);
    show_connections(&e);
    if (open_metrics)
        SHOW(&e, "# EOF\n");
    return e.status;
}
