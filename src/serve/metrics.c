/* metrics.c: counters of each worker, and their exposition.
 *
 * HOW IT WORKS  A worker's block is an open hash table of series. Only its worker adds to it: a new
 *          series is written in full, then published by a release store of `used`, which pairs with
 *          the acquire load in the scrape. Counts are relaxed atomics. A scrape merges the blocks
 *          by showing, for each series, the sum over all blocks, at the first block that has it.
 */
#include "serve/metrics.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "serve/shown.h"

typedef struct series {
    atomic_bool used;
    uint32_t http;
    const char *protocol; /* static */
    char model[MC_NAME_MAX], version[MC_NAME_MAX];
    _Atomic uint64_t n;
} series;

typedef struct times {
    _Atomic uint64_t buckets[MC_N_BUCKETS + 1]; /* not cumulative; the last is +Inf */
    _Atomic uint64_t sum_ns;
} times;

typedef struct model_times {
    atomic_bool used;
    char model[MC_NAME_MAX];
    times times;
} model_times;

/* Half of the places stay free: what is not there is seen after a step or two. */
#define SERIES_PLACES ((size_t)2 * MC_SERIES_MAX)
#define TIMED_PLACES  ((size_t)2 * MC_TIMED_MAX)

typedef struct block {
    series all[SERIES_PLACES];
    model_times models[TIMED_PLACES];
    times all_models;
    _Atomic uint64_t n;
    _Atomic uint32_t connections; /* open, when last published */
    size_t n_series, n_models;    /* read and written by the worker only */
} block;

#define SPARE_SERIES 64 /* kept for model="other" */

struct mc_metrics {
    uint32_t n_workers;    /* of all processes */
    uint32_t first, n_own; /* those of this one */
    block **blocks;        /* (n_workers), owned; the blocks too unless there are peers */
    const mc_peers *peers; /* borrowed; NULL: this process is alone */
    mc_numbers **numbers;  /* (n_processes), owned */
    mc_shown shown;
    pthread_mutex_t publishing; /* one thread at a time writes this process' numbers */
};

/* The areas of all processes lie one behind the other: numbers, then the blocks of its threads. */
static size_t process_size(uint32_t n_workers)
{
    return mc_round_up(mc_numbers_size() + n_workers * sizeof(block), 4096);
}

size_t mc_metrics_shared_size(uint32_t n_processes, uint32_t n_workers)
{
    return n_processes * process_size(n_workers);
}

static bool use_shared(mc_metrics *metrics)
{
    const mc_peers *peers = metrics->peers;
    metrics->numbers = mc_alloc(peers->n_processes, sizeof *metrics->numbers);
    for (uint32_t i = 0; metrics->numbers != NULL && i < peers->n_processes; i++) {
        uint8_t *area = (uint8_t *)peers->numbers + i * process_size(metrics->n_own);
        metrics->numbers[i] = (mc_numbers *)(void *)area;
        block *blocks = (block *)(void *)(area + mc_numbers_size());
        for (uint32_t j = 0; j < metrics->n_own; j++)
            metrics->blocks[i * metrics->n_own + j] = &blocks[j];
    }
    if (metrics->numbers != NULL)
        mc_numbers_begin(metrics->numbers[peers->process]);
    return metrics->numbers != NULL;
}

static bool use_own(mc_metrics *metrics)
{
    for (uint32_t i = 0; i < metrics->n_workers; i++) {
        metrics->blocks[i] = mc_pages_alloc(sizeof(block)); /* touched only as far as it is used */
        if (metrics->blocks[i] == NULL)
            return false;
    }
    return true;
}

mc_status mc_metrics_create(uint32_t n_workers, const mc_peers *peers, mc_metrics **out,
                            mc_error *err)
{
    mc_metrics *metrics = mc_alloc(1, sizeof *metrics);
    if (metrics == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for metrics");
    metrics->peers = peers;
    (void)pthread_mutex_init(&metrics->publishing, NULL);
    metrics->n_own = n_workers;
    metrics->n_workers = peers == NULL ? n_workers : n_workers * peers->n_processes;
    metrics->first = peers == NULL ? 0 : n_workers * peers->process;
    metrics->blocks = mc_alloc(metrics->n_workers, sizeof *metrics->blocks);
    if (metrics->blocks == NULL || !mc_shown_init(&metrics->shown) ||
        !(peers == NULL ? use_own(metrics) : use_shared(metrics))) {
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
    for (uint32_t i = 0;
         metrics->blocks != NULL && metrics->peers == NULL && i < metrics->n_workers; i++)
        mc_pages_free(metrics->blocks[i], sizeof(block));
    mc_shown_fini(&metrics->shown);
    mc_free(metrics->blocks);
    mc_free(metrics->numbers);
    (void)pthread_mutex_destroy(&metrics->publishing);
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

/* Where a sample's series is, or would be. */
static series *series_place(block *b, const mc_sample *sample)
{
    uint32_t at = hash_text(hash_text(2166136261u ^ sample->http, sample->model), sample->version);
    while (atomic_load_explicit(&b->all[at % SERIES_PLACES].used, memory_order_acquire) &&
           !same_series(&b->all[at % SERIES_PLACES], sample))
        at++;
    return &b->all[at % SERIES_PLACES];
}

/* The series of a sample, made when new while there are fewer than `most`; NULL when it is not. */
static series *find_series(block *b, const mc_sample *sample, size_t most)
{
    series *s = series_place(b, sample);
    if (atomic_load_explicit(&s->used, memory_order_relaxed))
        return s;
    if (b->n_series >= most)
        return NULL;
    b->n_series++;
    write_series(s, sample);
    return s;
}

static void bump(_Atomic uint64_t *counter, uint64_t by)
{
    /* One writer: a plain load and store is enough, and cheaper than a locked add. */
    const uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + by, memory_order_relaxed);
}

/* Where the times of a model are, or would be. */
static model_times *times_place(block *b, const char *model)
{
    uint32_t at = hash_text(2166136261u, model);
    while (atomic_load_explicit(&b->models[at % TIMED_PLACES].used, memory_order_acquire) &&
           strcmp(b->models[at % TIMED_PLACES].model, model) != 0)
        at++;
    return &b->models[at % TIMED_PLACES];
}

/* The times of a model; made when new while there are fewer than `most`, else NULL. */
static model_times *find_times(block *b, const char *model, size_t most)
{
    model_times *m = times_place(b, model);
    if (atomic_load_explicit(&m->used, memory_order_relaxed))
        return m;
    if (b->n_models >= most)
        return NULL;
    b->n_models++;
    (void)snprintf(m->model, sizeof m->model, "%s", model);
    atomic_store_explicit(&m->used, true, memory_order_release);
    return m;
}

static void count_time(times *to, size_t bucket, uint64_t ns)
{
    bump(&to->buckets[bucket], 1);
    bump(&to->sum_ns, ns);
}

void mc_metrics_count(mc_metrics *metrics, uint32_t worker, const mc_sample *sample)
{
    block *b = metrics->blocks[metrics->first + worker];
    series *s = find_series(b, sample, MC_SERIES_MAX - SPARE_SERIES);
    if (s == NULL) {
        mc_sample other = *sample;
        other.model = "other";
        other.version = "";
        s = find_series(b, &other, MC_SERIES_MAX);
    }
    if (s != NULL)
        bump(&s->n, 1);
    const size_t bucket = mc_bucket_of(sample->duration_ns);
    model_times *m = NULL;
    if (sample->model[0] != '\0')
        m = find_times(b, sample->model, MC_TIMED_MAX - 1);
    if (sample->model[0] != '\0' && m == NULL)
        m = find_times(b, "other", MC_TIMED_MAX);
    if (m != NULL)
        count_time(&m->times, bucket, sample->duration_ns);
    count_time(&b->all_models, bucket, sample->duration_ns);
    bump(&b->n, 1);
}

uint64_t mc_metrics_requests(const mc_metrics *metrics)
{
    uint64_t n = 0;
    for (uint32_t i = metrics->first; i < metrics->first + metrics->n_own; i++)
        n += atomic_load_explicit(&metrics->blocks[i]->n, memory_order_relaxed);
    return n;
}

void mc_metrics_publish(mc_metrics *metrics, const mc_gauges *gauges)
{
    if (metrics->peers == NULL)
        return;
    for (uint32_t i = 0; i < metrics->n_own; i++)
        atomic_store_explicit(&metrics->blocks[metrics->first + i]->connections,
                              gauges->connections[i], memory_order_relaxed);
    (void)pthread_mutex_lock(&metrics->publishing);
    mc_publish_models(metrics->numbers[metrics->peers->process], gauges, &metrics->shown);
    (void)pthread_mutex_unlock(&metrics->publishing);
}

void mc_metrics_add_peers(const mc_metrics *metrics, const char *key, uint64_t *values)
{
    const mc_peers *peers = metrics->peers;
    for (uint32_t i = 0; peers != NULL && i < peers->n_processes; i++)
        mc_numbers_add_model(metrics->numbers[i], i == peers->process, key, values);
}

/* --------------------------------------------------------------------------- exposition ---- */

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
        const series *s = series_place(metrics->blocks[i], &key);
        if (!atomic_load_explicit(&s->used, memory_order_acquire))
            continue;
        *first = *first && i >= from;
        n += atomic_load_explicit(&s->n, memory_order_relaxed);
    }
    return n;
}

/* The series that no earlier block has: with the sum over all blocks. */
static void show_block(mc_exposition *e, const char *name, uint32_t at)
{
    char model[MC_ESCAPED_MAX], version[MC_ESCAPED_MAX];
    for (size_t i = 0; i < SERIES_PLACES; i++) {
        const series *s = &e->metrics->blocks[at]->all[i];
        bool first = false;
        if (!atomic_load_explicit(&s->used, memory_order_acquire))
            continue;
        const uint64_t n = sum_series(e->metrics, s, &first, at);
        if (first) {
            MC_EXPOSE(e, "%s{model=\"%s\",version=\"%s\",protocol=\"%s\",code=\"%u\"} %llu\n", name,
                      mc_escape_label(s->model, model), mc_escape_label(s->version, version),
                      s->protocol, s->http, (unsigned long long)n);
        }
    }
}

static void show_requests(mc_exposition *e)
{
    const char *name = mc_show_family(e, MC_METRIC_REQUESTS);
    for (uint32_t i = 0; i < e->metrics->n_workers; i++)
        show_block(e, name, i);
}

static void add_times(mc_histogram *to, const times *from)
{
    for (size_t b = 0; b <= MC_N_BUCKETS; b++)
        to->buckets[b] += atomic_load_explicit(&from->buckets[b], memory_order_relaxed);
    to->sum_ns += atomic_load_explicit(&from->sum_ns, memory_order_relaxed);
}

static void show_durations(mc_exposition *e)
{
    mc_histogram sum = {.sum_ns = 0};
    for (uint32_t i = 0; i < e->metrics->n_workers; i++)
        add_times(&sum, &e->metrics->blocks[i]->all_models);
    mc_show_histogram(e, mc_show_family(e, MC_METRIC_REQUEST_DURATION), "", &sum);
}

/* The times of one model over all blocks; false where an earlier block has it too. */
static bool sum_times(const mc_metrics *metrics, const char *model, uint32_t from,
                      mc_histogram *out)
{
    *out = (mc_histogram){.sum_ns = 0};
    for (uint32_t i = 0; i < metrics->n_workers; i++) {
        const model_times *m = times_place(metrics->blocks[i], model);
        if (!atomic_load_explicit(&m->used, memory_order_acquire))
            continue;
        if (i < from)
            return false;
        add_times(out, &m->times);
    }
    return true;
}

static void show_model_durations(mc_exposition *e)
{
    const char *name = mc_show_family(e, MC_METRIC_MODEL_DURATION);
    for (uint32_t i = 0; i < e->metrics->n_workers; i++) {
        for (size_t j = 0; j < TIMED_PLACES; j++) {
            const model_times *m = &e->metrics->blocks[i]->models[j];
            char model[MC_ESCAPED_MAX], label[MC_ESCAPED_MAX + 16];
            mc_histogram sum;
            if (!atomic_load_explicit(&m->used, memory_order_acquire) ||
                !sum_times(e->metrics, m->model, i, &sum))
                continue;
            (void)snprintf(label, sizeof label, "model=\"%s\"", mc_escape_label(m->model, model));
            mc_show_histogram(e, name, label, &sum);
        }
    }
}

static void show_loads(mc_exposition *e, const mc_cache_stats *stats)
{
    const char *name = mc_show_family(e, MC_METRIC_LOADS);
    MC_EXPOSE(e, "%s{result=\"ok\"} %llu\n%s{result=\"failed\"} %llu\n", name,
              (unsigned long long)stats->loads, name, (unsigned long long)stats->load_failures);
}

static void show_drops(mc_exposition *e, const mc_cache_stats *stats)
{
    const char *name = mc_show_family(e, MC_METRIC_CACHE_EVICTIONS);
    for (size_t why = 0; why < MC_N_DROPS; why++)
        MC_EXPOSE(e, "%s{reason=\"%s\"} %llu\n", name, mc_drop_name((mc_drop)why),
                  (unsigned long long)stats->drops[why]);
}

/* Of a thread of this process now; of others as they last said. */
static uint32_t connections_of(const mc_exposition *e, uint32_t own, uint32_t of_all)
{
    if (own < e->metrics->n_own)
        return e->gauges->connections[own];
    return atomic_load_explicit(&e->metrics->blocks[of_all]->connections, memory_order_relaxed);
}

static void show_connections(mc_exposition *e)
{
    const char *name = mc_show_family(e, MC_METRIC_CONNECTIONS);
    const uint32_t first = e->metrics->first;
    for (uint32_t i = 0; i < e->metrics->n_workers; i++)
        MC_EXPOSE(e, "%s{worker=\"%u\"} %u\n", name, i, connections_of(e, i - first, i));
}

mc_status mc_metrics_expose(mc_metrics *metrics, const mc_gauges *gauges, bool open_metrics,
                            mc_buffer *out, mc_error *err)
{
    mc_exposition e = {.metrics = metrics,
                       .gauges = gauges,
                       .open_metrics = open_metrics,
                       .out = out,
                       .err = err,
                       .status = MC_OK,
                       .numbers = metrics->numbers,
                       .n_numbers = metrics->peers == NULL ? 0 : metrics->peers->n_processes,
                       .own_numbers = metrics->peers == NULL ? 0 : metrics->peers->process};
    mc_cache_stats stats = mc_cache_statistics(gauges->cache);
    uint64_t request_memory = gauges->request_memory;
    for (uint32_t i = 0; i < e.n_numbers; i++)
        mc_numbers_add_stats(e.numbers[i], i == e.own_numbers, metrics->peers->shares_images,
                             &stats, &request_memory);
    show_requests(&e);
    show_durations(&e);
    mc_show_value(&e, MC_METRIC_CACHE_HITS, "", stats.hits);
    mc_show_value(&e, MC_METRIC_CACHE_MISSES, "", stats.misses);
    show_drops(&e, &stats);
    mc_show_value(&e, MC_METRIC_PREDICTION_HITS, "", stats.prediction_hits);
    mc_show_value(&e, MC_METRIC_PREDICTION_MISSES, "", stats.prediction_misses);
    mc_show_value(&e, MC_METRIC_PREDICTION_EVICTIONS, "", stats.prediction_evictions);
    mc_show_value(&e, MC_METRIC_PREDICTION_SHARE_EVICTIONS, "", stats.prediction_share_evictions);
    mc_show_value(&e, MC_METRIC_PREDICTION_ENTRIES, "", stats.prediction_entries);
    mc_show_value(&e, MC_METRIC_PREDICTION_BYTES, "", stats.prediction_bytes);
    mc_show_value(&e, MC_METRIC_PREDICTION_LIMIT, "", stats.prediction_limit);
    mc_show_value(&e, MC_METRIC_MEMORY_LIMIT, "", stats.memory_budget);
    mc_show_value(&e, MC_METRIC_MEMORY_USED, "", stats.memory_used);
    mc_show_value(&e, MC_METRIC_REQUEST_MEMORY, "", request_memory);
    show_loads(&e, &stats);
    mc_show_value(&e, MC_METRIC_WAITS, "", stats.single_flight_waits);
    mc_show_value(&e, MC_METRIC_WASTED_LOADS, "", stats.wasted_loads);
    mc_show_value(&e, MC_METRIC_IMAGE_FILES_RESCUED, "", stats.image_files_rescued);
    mc_show_value(&e, MC_METRIC_IMAGE_FILES_LOST, "", stats.image_files_lost);
    mc_show_value(&e, MC_METRIC_MODELS, "", stats.n_models);
    mc_show_value(&e, MC_METRIC_MODELS_READY, "", stats.n_ready);
    mc_show_models(&e, &metrics->shown);
    show_model_durations(&e);
    show_connections(&e);
    if (open_metrics)
        MC_EXPOSE(&e, "# EOF\n");
    return e.status;
}
