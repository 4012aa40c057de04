/* numbers.c: see numbers.h. */
#include "serve/numbers.h"

#include <stdio.h>
#include <string.h>

#define PLACES  ((size_t)2 * MC_SHOWN_MAX)
#define N_STATS (sizeof(mc_cache_stats) / sizeof(uint64_t))
_Static_assert(sizeof(mc_cache_stats) % sizeof(uint64_t) == 0, "nothing but counts");

typedef struct model_numbers {
    atomic_bool used; /* stored with release after the name was written, which stays */
    char key[MC_NAME_MAX], version[MC_NAME_MAX];
    struct {
        _Atomic uint64_t now[MC_N_MODEL_NUMBERS];    /* of the process that runs */
        _Atomic uint64_t before[MC_N_MODEL_NUMBERS]; /* counters of those before it */
    } sides[2];
} model_numbers;

struct mc_numbers {
    /* Which sides count: 0 or 1. Stored with release, by a process that begins. */
    _Atomic uint32_t side;
    struct {
        _Atomic uint64_t now[N_STATS], before[N_STATS];
        _Atomic uint64_t request_memory;
    } stats[2];
    size_t n_models; /* of the process that writes */
    model_numbers models[PLACES];
};

static uint64_t get(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed); /* see numbers.h */
}

static void put(_Atomic uint64_t *number, uint64_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

/* Which of the statistics are counters. */
static bool stats_counts(size_t at)
{
#define IS(field) (at == offsetof(mc_cache_stats, field) / sizeof(uint64_t))
    const size_t drops = offsetof(mc_cache_stats, drops) / sizeof(uint64_t);
    return IS(hits) || IS(misses) || IS(loads) || IS(load_failures) || IS(single_flight_waits) ||
           (at >= drops && at < drops + MC_N_DROPS) || IS(prediction_hits) ||
           IS(prediction_misses) || IS(prediction_evictions) || IS(prediction_share_evictions) ||
           IS(wasted_loads) || IS(image_files_rescued);
}

/* Which are the same in all processes, or of the same pages: the largest is shown. */
static bool stats_is_common(size_t at, bool shares_images)
{
    return IS(n_models) || IS(n_ready) || (shares_images && (IS(memory_budget) || IS(memory_used)));
#undef IS
}

size_t mc_numbers_size(void)
{
    return sizeof(mc_numbers);
}

static uint32_t side_of(const mc_numbers *n)
{
    return atomic_load_explicit(&n->side, memory_order_acquire) & 1u;
}

/* Counters up to now, and nothing else, on the other side. */
static void turn_model(model_numbers *m, uint32_t side)
{
    for (size_t i = 0; i < MC_N_MODEL_NUMBERS; i++) {
        const bool counts = i <= MC_MODEL_LAST_COUNTER;
        const uint64_t sum = get(&m->sides[side].before[i]) + get(&m->sides[side].now[i]);
        put(&m->sides[side ^ 1u].before[i], counts ? sum : 0);
        put(&m->sides[side ^ 1u].now[i], 0);
    }
}

void mc_numbers_begin(mc_numbers *n)
{
    const uint32_t side = side_of(n), other = side ^ 1u;
    for (size_t i = 0; i < N_STATS; i++) {
        const uint64_t sum = get(&n->stats[side].before[i]) + get(&n->stats[side].now[i]);
        put(&n->stats[other].before[i], stats_counts(i) ? sum : 0);
        put(&n->stats[other].now[i], 0);
    }
    put(&n->stats[other].request_memory, 0);
    n->n_models = 0;
    for (size_t at = 0; at < PLACES; at++) {
        const bool used = atomic_load_explicit(&n->models[at].used, memory_order_acquire);
        n->n_models += used ? 1 : 0;
        if (used)
            turn_model(&n->models[at], side);
    }
    atomic_store_explicit(&n->side, other, memory_order_release);
}

static size_t hash_of(const char *key)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *key != '\0'; key++)
        hash = (hash ^ (uint8_t)*key) * 16777619u;
    return hash;
}

/* Where a model is, or would be; half of the places stay free. */
static model_numbers *place_of(mc_numbers *n, const char *key)
{
    size_t at = hash_of(key);
    while (atomic_load_explicit(&n->models[at % PLACES].used, memory_order_relaxed) &&
           strcmp(n->models[at % PLACES].key, key) != 0)
        at++;
    return &n->models[at % PLACES];
}

static void publish_row(mc_numbers *n, const mc_model_row *row)
{
    model_numbers *m = place_of(n, row->key);
    const uint32_t side = side_of(n);
    const bool is_new = !atomic_load_explicit(&m->used, memory_order_relaxed);
    if (is_new && n->n_models > MC_SHOWN_MAX)
        return; /* its names are taken by models that its predecessors had */
    if (is_new) {
        n->n_models++;
        memcpy(m->key, row->key, sizeof m->key);
        memcpy(m->version, row->version, sizeof m->version);
    }
    for (size_t i = 0; i < MC_N_MODEL_NUMBERS; i++)
        put(&m->sides[side].now[i], row->values[i]);
    atomic_store_explicit(&m->used, true, memory_order_release);
}

void mc_numbers_publish(mc_numbers *n, const mc_cache_stats *stats, uint64_t request_memory,
                        const mc_model_row *rows)
{
    const uint32_t side = side_of(n);
    uint64_t values[N_STATS];
    memcpy(values, stats, sizeof values);
    for (size_t i = 0; i < N_STATS; i++)
        put(&n->stats[side].now[i], values[i]);
    put(&n->stats[side].request_memory, request_memory);
    for (size_t i = 0; i <= MC_SHOWN_MAX; i++)
        if (rows[i].key[0] != '\0')
            publish_row(n, &rows[i]);
}

void mc_numbers_add_stats(const mc_numbers *n, bool own, bool shares_images, mc_cache_stats *to,
                          uint64_t *request_memory)
{
    const uint32_t side = side_of(n);
    uint64_t values[N_STATS];
    memcpy(values, to, sizeof values);
    for (size_t i = 0; i < N_STATS; i++) {
        const uint64_t now = own ? 0 : get(&n->stats[side].now[i]);
        if (!stats_is_common(i, shares_images))
            values[i] += now + get(&n->stats[side].before[i]);
        else if (now > values[i])
            values[i] = now;
    }
    memcpy(to, values, sizeof values);
    if (!own)
        *request_memory += get(&n->stats[side].request_memory);
}

static void add_row(const model_numbers *m, uint32_t side, bool own,
                    uint64_t values[MC_N_MODEL_NUMBERS])
{
    for (size_t i = 0; i < MC_N_MODEL_NUMBERS; i++) {
        const uint64_t now = own ? 0 : get(&m->sides[side].now[i]);
        if (i <= MC_MODEL_LAST_SUM)
            values[i] += now + get(&m->sides[side].before[i]);
        else if (now > values[i])
            values[i] = now;
    }
}

void mc_numbers_add_rows(const mc_numbers *n, bool own, mc_row_for_fn *row_for, void *user)
{
    const uint32_t side = side_of(n);
    for (size_t at = 0; at < PLACES; at++) {
        const model_numbers *m = &n->models[at];
        if (atomic_load_explicit(&m->used, memory_order_acquire))
            add_row(m, side, own, row_for(user, m->key, m->version)->values);
    }
}

void mc_numbers_add_model(const mc_numbers *n, bool own, const char *key,
                          uint64_t values[MC_N_MODEL_NUMBERS])
{
    const size_t hash = hash_of(key);
    for (size_t i = 0; i < PLACES; i++) {
        const model_numbers *m = &n->models[(hash + i) % PLACES];
        if (!atomic_load_explicit(&m->used, memory_order_acquire))
            return;
        if (strcmp(m->key, key) == 0) {
            add_row(m, side_of(n), own, values);
            return;
        }
    }
}
