/* entry.c: one name of the cache. */
#include "cache/entry.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"

mc_status mc_entry_create(const char *name, mc_entry **out, mc_error *err)
{
    mc_entry *entry = mc_alloc(1, sizeof *entry);
    if (entry == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for model \"%s\"", name);
    atomic_init(&entry->references, 1);
    entry->name_size = strlen(name);
    MC_ASSERT(entry->name_size < sizeof entry->name);
    memcpy(entry->name, name, entry->name_size);
    entry->hash = mc_entry_hash(name, entry->name_size);
    entry->resident_at = MC_NOT_RESIDENT;
    *out = entry;
    return MC_OK;
}

void mc_entry_retain(mc_entry *entry)
{
    /* relaxed: the caller holds a reference. */
    (void)atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
}

void mc_entry_release(mc_entry *entry)
{
    /* acq_rel: pairs with itself: the last one frees after everybody else's last use. */
    if (atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) != 1)
        return;
    mc_free(atomic_load_explicit(&entry->versions, memory_order_relaxed)); /* relaxed: the last */
    mc_free(entry->source);
    mc_free(entry->last_error);
    mc_free(entry);
}

static bool is_name_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

mc_status mc_entry_check_name(const char *what, const char *name, mc_error *err)
{
    size_t size = 0;
    while (name[size] != '\0' && is_name_byte(name[size]) && size < MC_NAME_MAX)
        size++;
    if (size >= MC_NAME_MAX)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "%s of %zu bytes, at most %d are taken",
                       what, strlen(name), MC_NAME_MAX - 1);
    if (name[size] != '\0') {
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "%s \"%.*s\": byte 0x%02x at %zu, expected letters, digits, '.', '_', '-'",
                       what, (int)size, name, (unsigned)(unsigned char)name[size], size);
    }
    if (size == 0)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "empty %s", what);
    return MC_OK;
}

mc_status mc_entry_check_key(const char *key, mc_error *err)
{
    char name[MC_NAME_MAX];
    const char *at = strchr(key, '@');
    if (at == NULL || strlen(key) >= MC_NAME_MAX)
        return mc_entry_check_name("model name", key, err);
    (void)snprintf(name, sizeof name, "%.*s", (int)(at - key), key);
    MC_TRY(mc_entry_check_name("model name", name, err));
    return mc_entry_check_name("version", at + 1, err);
}

/* FNV-1a. Names are short, and only who administers the cache can add any, so that nobody can make
 * look-ups slow by colliding names. */
uint64_t mc_entry_hash(const char *name, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

mc_status mc_entry_set_source_locked(mc_entry *entry, const char *version, const char *source,
                                     mc_error *err)
{
    const size_t size = strlen(source) + 1;
    if (size > MC_PATH_MAX)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "source of %zu bytes, at most %d are taken", size - 1, MC_PATH_MAX - 1);
    char *copy = mc_alloc(size, 1);
    if (copy == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the source of \"%s\"",
                       entry->name);
    memcpy(copy, source, size);
    mc_free(entry->source);
    entry->source = copy;
    if (version != NULL)
        (void)snprintf(entry->version, sizeof entry->version, "%s", version);
    return MC_OK;
}

mc_model *mc_entry_publish_locked(mc_entry *entry, mc_model *model)
{
    /* release: pairs with read_again in mc_hazards_acquire(). seq_cst: before the look at the
     * slots in mc_hazards_protect(), which the caller makes before it drops the old model. */
    return atomic_exchange_explicit(&entry->published, model, memory_order_seq_cst);
}

mc_model *mc_entry_model_locked(const mc_entry *entry)
{
    /* relaxed: written under the lock that the caller holds. */
    return atomic_load_explicit(&entry->published, memory_order_relaxed);
}

void mc_entry_remember_locked(mc_entry *entry, const mc_error *error)
{
    if (error == NULL) {
        entry->failure = MC_OK;
        mc_free(entry->last_error);
        entry->last_error = NULL;
        return;
    }
    entry->failure = error->status;
    entry->failed_ns = mc_now_ns();
    if (entry->last_error == NULL)
        entry->last_error = mc_alloc(1, sizeof *entry->last_error);
    if (entry->last_error != NULL)
        *entry->last_error = *error;
}

void mc_entry_add_resident(mc_entry *entry, uint64_t bytes)
{
    (void)atomic_fetch_add_explicit(&entry->resident, bytes, memory_order_relaxed);
}

void mc_entry_sub_resident(mc_entry *entry, uint64_t bytes)
{
    (void)atomic_fetch_sub_explicit(&entry->resident, bytes, memory_order_relaxed);
}

mc_model_state mc_entry_state_locked(const mc_entry *entry)
{
    if (entry->removed)
        return MC_STATE_GONE;
    if (mc_entry_model_locked(entry) != NULL)
        return MC_STATE_READY;
    if (entry->load != NULL)
        return MC_STATE_LOADING;
    if (atomic_load_explicit(&entry->resident, memory_order_relaxed) > 0)
        return MC_STATE_DRAINING;
    return entry->failure != MC_OK ? MC_STATE_FAILED : MC_STATE_REGISTERED;
}

static void copy_error(const mc_entry *entry, mc_error *out)
{
    if (entry->failure == MC_OK)
        *out = (mc_error){.status = MC_OK, .offset = MC_NO_OFFSET};
    else if (entry->last_error != NULL)
        *out = *entry->last_error;
    else
        (void)mc_fail(out, entry->failure, MC_NO_OFFSET, "%s", mc_status_text(entry->failure));
}

void mc_entry_describe_locked(const mc_entry *entry, mc_entry_info *out)
{
    const mc_model *model = mc_entry_model_locked(entry);
    *out = (mc_entry_info){
        .state = mc_entry_state_locked(entry),
        .bytes = atomic_load_explicit(&entry->resident, memory_order_relaxed),
        .hits = atomic_load_explicit(&entry->hits, memory_order_relaxed),
        .misses = atomic_load_explicit(&entry->misses, memory_order_relaxed),
        .loads = entry->loads,
        .load_failures = entry->load_failures,
        .generation = entry->generation,
        .load_ns = entry->load_ns,
        .loads_ns = entry->loads_ns,
        .age_ns = model == NULL ? 0 : mc_now_ns() - entry->published_ns,
        .in_flight = model == NULL ? 0 : mc_model_holders(model),
        .waiting = entry->n_waiters,
        .source_stamp = entry->source_stamp,
        .pinned = entry->pinned,
    };
    memcpy(out->drops, entry->drops, sizeof out->drops);
    memcpy(out->name, entry->name, sizeof out->name);
    memcpy(out->version, entry->version, sizeof out->version);
    (void)snprintf(out->source, sizeof out->source, "%s", entry->source);
    if (model != NULL)
        (void)snprintf(out->digest, sizeof out->digest, "%s", mc_model_describe(model).digest);
    copy_error(entry, &out->last_error);
}
