/* cache_state.c: a cache is made, filled with names, and taken apart. */
#include "cache/cache_state.h"

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cache/loader_threads.h"

#define DEFAULT_MAX_WAITERS    1024u
#define DEFAULT_RETRY_AFTER_MS 1000u
#define DEFAULT_ROOM_WAIT_MS   2000u
#define SUMMARY_NS             ((uint64_t)60 * 1000000000u)
#define FIRST_CAPACITY         ((size_t)16)

/* ------------------------------------------------------------------------------- options ---- */

mc_status mc_read_sized(const char *what, const void *given, size_t given_size, void *out,
                        size_t size, mc_error *err)
{
    if (given_size < sizeof given_size) {
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "%s.struct_size is %zu, expected its sizeof: %zu", what, given_size, size);
    }
    const uint8_t *bytes = given;
    for (size_t i = size; i < given_size; i++) {
        if (bytes[i] != 0) {
            return mc_fail(err, MC_E_BAD_REQUEST, i,
                           "this library of version " MC_VERSION " knows %zu bytes of %s, one "
                           "behind them is set",
                           size, what);
        }
    }
    memset(out, 0, size);
    memcpy(out, given, given_size < size ? given_size : size);
    return MC_OK;
}

static mc_status read_options(const mc_cache_options *given, mc_cache_options *out, mc_error *err)
{
    *out = (mc_cache_options){0};
    return given == NULL
               ? MC_OK
               : mc_read_sized("options", given, given->struct_size, out, sizeof *out, err);
}

static uint64_t room_wait_ns_of(uint64_t ms)
{
    return mc_ns_of_ms(ms == 0 ? DEFAULT_ROOM_WAIT_MS : ms);
}

void mc_cache_set_limits(mc_cache *cache, uint64_t memory_budget, uint64_t room_wait_ms)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    mc_budget_set_limit(cache->budget, memory_budget);
    mc_cache_lock(cache);
    cache->room_wait_ns = room_wait_ns_of(room_wait_ms);
    (void)pthread_cond_broadcast(&cache->room); /* there may be room now */
    mc_cache_unlock(cache);
    const uint64_t used = mc_budget_used(cache->budget);
    if (memory_budget != 0 && used > memory_budget)
        (void)mc_cache_shed(cache, used - memory_budget, 0);
}

static void apply_options(mc_cache *cache, const mc_cache_options *options)
{
    const uint32_t n_threads = options->load_threads == 0 ? 1 : options->load_threads;
    cache->max_load_threads = n_threads < MC_MAX_LOAD_THREADS ? n_threads : MC_MAX_LOAD_THREADS;
    cache->max_waiters = options->max_waiters == 0 ? DEFAULT_MAX_WAITERS : options->max_waiters;
    const uint64_t retry_ms =
        options->retry_after_ms == 0 ? DEFAULT_RETRY_AFTER_MS : options->retry_after_ms;
    cache->retry_after_ns = mc_ns_of_ms(retry_ms);
    cache->hold = options->hold;
    cache->room_wait_ns = room_wait_ns_of(options->room_wait_ms);
    cache->gate = options->gate;
    cache->gate_user = options->gate_user;
    cache->log = options->log;
    cache->event = options->event;
    cache->log_user = options->log_user;
    atomic_init(&cache->log_level, options->log_level);
}

/* ------------------------------------------------------------------------ create, destroy ---- */

static mc_status init_locks(mc_cache *cache, mc_error *err)
{
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&cache->lock, NULL) != 0 || pthread_condattr_init(&attributes) != 0)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the cache's lock");
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const int failed = pthread_cond_init(&cache->work, &attributes) != 0 ||
                       pthread_cond_init(&cache->room, &attributes) != 0;
    (void)pthread_condattr_destroy(&attributes);
    if (failed != 0)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the cache's lock");
    return MC_OK;
}

static void free_parts(mc_cache *cache)
{
    mc_hazards_fini(&cache->hazards);
    mc_table_fini(&cache->table);
    mc_budget_release(cache->budget);
    mc_predictions_destroy(cache->predictions);
    mc_free(cache->by_name);
    mc_free(cache->resident);
    mc_free(cache->members);
    cache->magic = 0;
    mc_free(cache);
}

static mc_status init_parts(mc_cache *cache, const mc_cache_options *options, mc_error *err)
{
    MC_TRY(mc_budget_create(options->memory_budget, &cache->budget, err));
    MC_TRY(mc_hazards_init(&cache->hazards, err));
    MC_TRY(mc_predictions_create(options, &cache->predictions, err));
    return init_locks(cache, err);
}

mc_status mc_cache_new(const mc_cache_options *options, const mc_loader *loader, mc_cache **out,
                       mc_error *err)
{
    mc_cache_options known;
    MC_TRY(read_options(options, &known, err));
    mc_cache *cache = mc_alloc(1, sizeof *cache);
    if (cache == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a cache");
    cache->magic = MC_CACHE_MAGIC;
    cache->loader = *loader;
    cache->summary_ns = SUMMARY_NS;
    cache->summary_due_ns = mc_now_ns() + SUMMARY_NS;
    mc_churn_init(&cache->churn, mc_now_ns());
    TAILQ_INIT(&cache->queue);
    apply_options(cache, &known);
    const mc_status status = init_parts(cache, &known, err);
    if (status != MC_OK) {
        free_parts(cache);
        return status;
    }
    *out = cache;
    return MC_OK;
}

void mc_cache_destroy(mc_cache *cache)
{
    if (cache == NULL)
        return;
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    mc_loader_threads_stop(cache);
    for (size_t i = 0; i < cache->n_entries; i++) {
        mc_entry *entry = cache->by_name[i];
        mc_cache_lock(cache);
        mc_model *model = mc_cache_publish_locked(cache, entry, NULL);
        mc_cache_unlock(cache);
        mc_cache_drop_model(cache, model);
        mc_entry_release(entry);
    }
    if (cache->loader.close != NULL)
        cache->loader.close(cache->loader.user);
    (void)pthread_cond_destroy(&cache->room);
    (void)pthread_cond_destroy(&cache->work);
    (void)pthread_mutex_destroy(&cache->lock);
    free_parts(cache);
}

/* ------------------------------------------------------------------------------- entries ---- */

static mc_status grow_list(mc_entry ***list, size_t capacity, mc_error *err)
{
    mc_entry **grown = mc_realloc(*list, capacity, sizeof(mc_entry *));
    if (grown == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for %zu models", capacity);
    *list = grown;
    return MC_OK;
}

/* Room for one more in all lists, so that publishing never allocates. */
static mc_status reserve_locked(mc_cache *cache, mc_error *err)
{
    if (cache->n_entries < cache->capacity)
        return MC_OK;
    const size_t capacity = cache->capacity == 0 ? FIRST_CAPACITY : cache->capacity * 2;
    MC_TRY(grow_list(&cache->by_name, capacity, err));
    MC_TRY(grow_list(&cache->resident, capacity, err));
    MC_TRY(grow_list(&cache->members, capacity, err));
    cache->capacity = capacity;
    return MC_OK;
}

size_t mc_cache_position_locked(const mc_cache *cache, const char *name)
{
    size_t low = 0;
    size_t high = cache->n_entries;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(cache->by_name[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert_locked(mc_cache *cache, mc_entry *entry)
{
    const size_t at = mc_cache_position_locked(cache, entry->name);
    memmove(&cache->by_name[at + 1], &cache->by_name[at],
            (cache->n_entries - at) * sizeof(mc_entry *));
    cache->by_name[at] = entry;
    cache->n_entries++;
    mc_table_add_locked(&cache->table, entry);
}

static mc_status add_new_locked(mc_cache *cache, const char *name, const char *version,
                                const char *source, mc_error *err)
{
    mc_entry *entry = NULL;
    MC_TRY(reserve_locked(cache, err));
    MC_TRY(mc_table_reserve_locked(&cache->table, err));
    MC_TRY(mc_entry_create(name, &entry, err));
    const mc_status status = mc_entry_set_source_locked(entry, version, source, err);
    if (status != MC_OK) {
        mc_entry_release(entry);
        return status;
    }
    insert_locked(cache, entry);
    return MC_OK;
}

mc_status mc_cache_find_or_make_locked(mc_cache *cache, const char *name, mc_entry **out,
                                       mc_error *err)
{
    *out = mc_table_find(&cache->table, name, strlen(name));
    if (*out != NULL)
        return MC_OK;
    MC_TRY(add_new_locked(cache, name, NULL, "", err));
    *out = mc_table_find(&cache->table, name, strlen(name));
    (*out)->removed = true;
    return MC_OK;
}

mc_status mc_cache_add_entry_locked(mc_cache *cache, const char *name, const char *version,
                                    const char *source, mc_error *err)
{
    mc_entry *entry = mc_table_find(&cache->table, name, strlen(name));
    if (entry == NULL)
        return add_new_locked(cache, name, version, source, err);
    MC_TRY(mc_entry_set_source_locked(entry, version, source, err));
    if (mc_entry_model_locked(entry) == NULL)
        mc_entry_remember_locked(entry, NULL); /* the new source deserves a try at once */
    entry->removed = false;
    return MC_OK;
}

/* -------------------------------------------------------------------------------- models ---- */

static void add_resident_locked(mc_cache *cache, mc_entry *entry)
{
    MC_ASSERT(cache->n_resident < cache->n_entries);
    entry->resident_at = cache->n_resident;
    cache->resident[cache->n_resident++] = entry;
}

static void remove_resident_locked(mc_cache *cache, mc_entry *entry)
{
    mc_entry *last = cache->resident[--cache->n_resident];
    cache->resident[entry->resident_at] = last;
    last->resident_at = entry->resident_at;
    entry->resident_at = MC_NOT_RESIDENT;
}

mc_model *mc_cache_publish_locked(mc_cache *cache, mc_entry *entry, mc_model *model)
{
    mc_model *old = mc_entry_publish_locked(entry, model);
    if (old == NULL && model != NULL)
        add_resident_locked(cache, entry);
    else if (old != NULL && model == NULL)
        remove_resident_locked(cache, entry);
    return old;
}

void mc_cache_drop_model(mc_cache *cache, mc_model *model)
{
    if (model == NULL)
        return;
    mc_hazards_wait(&cache->hazards, model);
    mc_model_release(model);
}
