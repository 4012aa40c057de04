/* versions.c: which version answers for a model that has several. */
#include "cache/versions.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cache/cache_log.h"
#include "cache/cache_state.h"

#define WHOLE 10000u

/* ------------------------------------------------------------------------------- reading ---- */

static mc_versions *versions_of(const mc_entry *entry)
{
    /* acquire: pairs with the release in make_versions_locked(). */
    return atomic_load_explicit(&entry->versions, memory_order_acquire);
}

static mc_entry *load_entry(const _Atomic(mc_entry *) *from)
{
    /* acquire: pairs with store_entry(): who reads the pointer sees a finished entry. */
    return atomic_load_explicit(from, memory_order_acquire);
}

static void store_entry(_Atomic(mc_entry *) *to, mc_entry *entry)
{
    atomic_store_explicit(to, entry, memory_order_release);
}

mc_entry *mc_versions_chosen(mc_entry *entry)
{
    const mc_versions *v = versions_of(entry);
    return v == NULL ? entry : load_entry(&v->chosen);
}

/* NULL, or whose turn it is. relaxed: counts, and a share that may be seen late. */
static mc_entry *divert(mc_diversion *d)
{
    mc_entry *entry = load_entry(&d->entry);
    const uint64_t share = atomic_load_explicit(&d->share, memory_order_relaxed);
    if (entry == NULL || share == 0)
        return NULL;
    const uint64_t turn = atomic_fetch_add_explicit(&d->turn, 1, memory_order_relaxed) % WHOLE;
    if ((turn + 1) * share / WHOLE == turn * share / WHOLE)
        return NULL;
    (void)atomic_fetch_add_explicit(&d->n_taken, 1, memory_order_relaxed);
    return entry;
}

mc_entry *mc_versions_take_turn(mc_entry *entry)
{
    mc_versions *v = versions_of(entry);
    if (v == NULL)
        return entry;
    mc_entry *canary = divert(&v->canary);
    if (canary != NULL)
        return canary;
    if (load_entry(&v->canary.entry) != NULL || load_entry(&v->shadow.entry) != NULL)
        (void)atomic_fetch_add_explicit(&v->n_chosen, 1, memory_order_relaxed);
    return load_entry(&v->chosen);
}

static mc_label_slot *find_label(mc_versions *v, const char *label, size_t size)
{
    /* acquire: pairs with the release in add_label_locked(), behind the name's last byte. */
    const uint32_t n = atomic_load_explicit(&v->n_labels, memory_order_acquire);
    for (uint32_t i = 0; i < n; i++)
        if (strlen(v->labels[i].name) == size && memcmp(v->labels[i].name, label, size) == 0)
            return &v->labels[i];
    return NULL;
}

static mc_entry *labelled(mc_versions *v, const char *label, size_t size)
{
    const mc_label_slot *slot = find_label(v, label, size);
    return slot == NULL ? NULL : load_entry(&slot->entry);
}

static mc_entry *find_entry(const mc_cache *cache, const char *name)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    return mc_table_find(&cache->table, name, strlen(name));
}

mc_status mc_cache_find_label(mc_cache *cache, const char *name, const char *label, size_t size,
                              char out[MC_NAME_MAX], mc_error *err)
{
    const mc_entry *base = find_entry(cache, name);
    mc_versions *v = base == NULL ? NULL : versions_of(base);
    const mc_entry *found = v == NULL ? NULL : labelled(v, label, size);
    if (found == NULL)
        return mc_fail(err, MC_E_NOT_FOUND, MC_NO_OFFSET, "model \"%s\" has no label \"%.*s\"",
                       name, (int)(size < MC_LABEL_MAX ? size : MC_LABEL_MAX), label);
    memcpy(out, found->name, found->name_size + 1);
    return MC_OK;
}

bool mc_cache_find_version(mc_cache *cache, const char *name, const char *version, size_t size,
                           char out[MC_NAME_MAX])
{
    const int n = snprintf(out, MC_NAME_MAX, "%s@%.*s", name, (int)size, version);
    return n > 0 && n < MC_NAME_MAX && find_entry(cache, out) != NULL;
}

bool mc_cache_take_shadow(mc_cache *cache, const char *name, char out[MC_NAME_MAX])
{
    const mc_entry *base = find_entry(cache, name);
    mc_versions *v = base == NULL ? NULL : versions_of(base);
    const mc_entry *shadow = v == NULL ? NULL : divert(&v->shadow);
    if (shadow != NULL)
        memcpy(out, shadow->name, shadow->name_size + 1);
    return shadow != NULL;
}

/* ------------------------------------------------------------------------------- writing ---- */

/* The versions of `name`, made if need be. */
static mc_status make_versions_locked(mc_cache *cache, const char *name, mc_versions **out,
                                      mc_error *err)
{
    mc_entry *base = NULL;
    MC_TRY(mc_cache_find_or_make_locked(cache, name, &base, err));
    *out = versions_of(base);
    if (*out != NULL)
        return MC_OK;
    if (!base->removed)
        return mc_fail(err, MC_E_CONFLICT, MC_NO_OFFSET,
                       "model \"%s\" is one file: it has no versions", name);
    *out = mc_alloc(1, sizeof **out);
    if (*out == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for versions of \"%s\"", name);
    atomic_store_explicit(&base->versions, *out, memory_order_release);
    return MC_OK;
}

static mc_status find_version_locked(const mc_cache *cache, const char *name, const char *version,
                                     mc_entry **out, mc_error *err)
{
    char key[MC_NAME_MAX];
    const int n = snprintf(key, sizeof key, "%s@%s", name, version);
    *out = n > 0 && (size_t)n < sizeof key ? find_entry(cache, key) : NULL;
    if (*out == NULL || (*out)->removed)
        return mc_fail(err, MC_E_NOT_FOUND, MC_NO_OFFSET, "model \"%s\" has no version \"%.40s\"",
                       name, version);
    return MC_OK;
}

/* A label, or a version, or NULL. */
static mc_entry *find_target_locked(const mc_cache *cache, const char *name, mc_versions *v,
                                    const char *target)
{
    mc_entry *found = labelled(v, target, strlen(target));
    if (found == NULL && target[0] != '\0' &&
        find_version_locked(cache, name, target, &found, NULL) != MC_OK)
        found = NULL;
    return found;
}

/* After every change: who answers now. */
static void settle_locked(const mc_cache *cache, const char *name, mc_versions *v)
{
    mc_entry *stable = labelled(v, "stable", strlen("stable"));
    store_entry(&v->chosen, stable != NULL ? stable : v->fallback);
    store_entry(&v->canary.entry, find_target_locked(cache, name, v, v->canary.target));
    store_entry(&v->shadow.entry, find_target_locked(cache, name, v, v->shadow.target));
}

bool mc_versions_use_locked(const mc_entry *base, const mc_entry *version)
{
    const mc_versions *v = versions_of(base);
    if (v == NULL)
        return false;
    bool used = v->fallback == version || load_entry(&v->canary.entry) == version ||
                load_entry(&v->shadow.entry) == version;
    const uint32_t n = atomic_load_explicit(&v->n_labels, memory_order_relaxed);
    for (uint32_t i = 0; i < n; i++)
        used = used || load_entry(&v->labels[i].entry) == version;
    return used;
}

static mc_status set_default_locked(mc_cache *cache, const char *name, const char *version,
                                    mc_error *err)
{
    mc_entry *entry = NULL;
    mc_versions *v = NULL;
    if (version != NULL)
        MC_TRY(find_version_locked(cache, name, version, &entry, err));
    MC_TRY(make_versions_locked(cache, name, &v, err));
    v->fallback = entry;
    settle_locked(cache, name, v);
    return MC_OK;
}

mc_status mc_cache_set_default(mc_cache *cache, const char *name, const char *version,
                               mc_error *err)
{
    MC_TRY(mc_entry_check_name("model name", name, err));
    mc_cache_lock(cache);
    const mc_status status = set_default_locked(cache, name, version, err);
    mc_cache_unlock(cache);
    if (status == MC_OK && version != NULL)
        mc_cache_say(cache, &(mc_event){.level = MC_LOG_INFO, .event = "default", .model = name},
                     "model %s: version %s is the default", name, version);
    return status;
}

static mc_status add_label_locked(mc_versions *v, const char *label, mc_label_slot **out,
                                  mc_error *err)
{
    const uint32_t n = atomic_load_explicit(&v->n_labels, memory_order_relaxed);
    if (n == MC_LABELS_MAX)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET,
                       "label \"%s\": at most %d names of labels are taken", label, MC_LABELS_MAX);
    *out = &v->labels[n];
    (void)snprintf((*out)->name, sizeof(*out)->name, "%s", label);
    atomic_store_explicit(&v->n_labels, n + 1, memory_order_release);
    return MC_OK;
}

static mc_status set_label_locked(mc_cache *cache, const char *name, const char *label,
                                  const char *version, bool loaded_only, mc_error *err)
{
    mc_entry *entry = NULL;
    mc_versions *v = NULL;
    if (version != NULL)
        MC_TRY(find_version_locked(cache, name, version, &entry, err));
    if (entry != NULL && loaded_only && mc_entry_model_locked(entry) == NULL) {
        return mc_fail(err, MC_E_CONFLICT, MC_NO_OFFSET,
                       "label \"%s\" moves only to a loaded version: load version %s of \"%s\" "
                       "first",
                       label, version, name);
    }
    MC_TRY(make_versions_locked(cache, name, &v, err));
    mc_label_slot *slot = find_label(v, label, strlen(label));
    if (slot == NULL)
        MC_TRY(add_label_locked(v, label, &slot, err));
    store_entry(&slot->entry, entry);
    settle_locked(cache, name, v);
    return MC_OK;
}

static mc_status check_label(const char *label, mc_error *err)
{
    MC_TRY(mc_entry_check_name("label", label, err));
    if (strlen(label) >= MC_LABEL_MAX)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "label of %zu bytes, at most %d are taken", strlen(label), MC_LABEL_MAX - 1);
    return MC_OK;
}

mc_status mc_cache_set_label(mc_cache *cache, const char *name, const char *label,
                             const char *version, bool loaded_only, mc_error *err)
{
    MC_TRY(mc_entry_check_name("model name", name, err));
    MC_TRY(check_label(label, err));
    mc_cache_lock(cache);
    const mc_status status = set_label_locked(cache, name, label, version, loaded_only, err);
    mc_cache_unlock(cache);
    if (status == MC_OK) {
        mc_cache_say(cache, &(mc_event){.level = MC_LOG_INFO, .event = "label", .model = name},
                     "model %s: label %s %s%s", name, label,
                     version == NULL ? "taken away" : "is on version ",
                     version == NULL ? "" : version);
    }
    return status;
}

/* relaxed: see divert(). */
static mc_status set_diversion(mc_diversion *d, const char *target, uint32_t share, mc_error *err)
{
    if (share > WHOLE)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "a share of %u in %u", share, WHOLE);
    MC_TRY(check_label(target, err));
    (void)snprintf(d->target, sizeof d->target, "%s", target);
    atomic_store_explicit(&d->share, share, memory_order_relaxed);
    return MC_OK;
}

static mc_status divert_locked(mc_cache *cache, const char *name, bool shadow, const char *target,
                               uint32_t share, mc_error *err)
{
    mc_versions *v = NULL;
    MC_TRY(make_versions_locked(cache, name, &v, err));
    MC_TRY(set_diversion(shadow ? &v->shadow : &v->canary, target, share, err));
    settle_locked(cache, name, v);
    return MC_OK;
}

mc_status mc_cache_divert(mc_cache *cache, const char *name, bool shadow, const char *target,
                          uint32_t share, mc_error *err)
{
    MC_TRY(mc_entry_check_name("model name", name, err));
    mc_cache_lock(cache);
    const mc_status status = divert_locked(cache, name, shadow, target, share, err);
    mc_cache_unlock(cache);
    return status;
}

/* --------------------------------------------------------------------------------- told ---- */

static void copy_version(char out[MC_NAME_MAX], const mc_entry *entry)
{
    (void)snprintf(out, MC_NAME_MAX, "%s", entry == NULL ? "" : entry->version);
}

static void describe_diversion(const mc_diversion *d, mc_diversion_info *out)
{
    (void)snprintf(out->target, sizeof out->target, "%s", d->target);
    copy_version(out->version, load_entry(&d->entry));
    out->share = atomic_load_explicit(&d->share, memory_order_relaxed);
    out->requests = atomic_load_explicit(&d->turn, memory_order_relaxed);
    out->taken = atomic_load_explicit(&d->n_taken, memory_order_relaxed);
}

static void describe_locked(const mc_versions *v, mc_versions_info *out)
{
    copy_version(out->version, load_entry(&v->chosen));
    copy_version(out->set_default, v->fallback);
    out->taken = atomic_load_explicit(&v->n_chosen, memory_order_relaxed);
    describe_diversion(&v->canary, &out->canary);
    describe_diversion(&v->shadow, &out->shadow);
    const uint32_t n = atomic_load_explicit(&v->n_labels, memory_order_relaxed);
    for (uint32_t i = 0; i < n; i++) {
        const mc_entry *entry = load_entry(&v->labels[i].entry);
        if (entry == NULL)
            continue;
        mc_label_info *label = &out->labels[out->n_labels++];
        (void)snprintf(label->name, sizeof label->name, "%s", v->labels[i].name);
        copy_version(label->version, entry);
    }
}

bool mc_cache_versions(mc_cache *cache, const char *name, mc_versions_info *out)
{
    const mc_entry *base = find_entry(cache, name);
    const mc_versions *v = base == NULL ? NULL : versions_of(base);
    *out = (mc_versions_info){.n_labels = 0};
    if (v == NULL)
        return false;
    mc_cache_lock(cache);
    describe_locked(v, out);
    mc_cache_unlock(cache);
    return true;
}
