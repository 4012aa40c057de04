/* refresh.c: see refresh.h. */
#include "cli/refresh.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/serving.h"

struct mc_refresh {
    mc_refresh *next;
    mc_daemon *daemon;
    char name[MC_NAME_MAX];
    char version[MC_NAME_MAX]; /* that becomes the default once it is loaded; "": none */
    mc_acquired_fn *done;
    void *done_user;
};

static bool has_versions(mc_cache *cache, const char *name)
{
    mc_versions_info info;
    return mc_cache_versions(cache, name, &info);
}

mc_status mc_refresh_ask(void *daemon, const char *name, mc_acquired_fn *done, void *done_user,
                         mc_error *err)
{
    mc_daemon *d = daemon;
    const uint64_t one = 1;
    if (!has_versions(d->cache, name))
        return mc_cache_load_async(d->cache, name, NULL, true, done, done_user, err);
    mc_refresh *asked = mc_alloc(1, sizeof *asked);
    if (asked == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to refresh %s", name);
    *asked = (mc_refresh){.daemon = d, .done = done, .done_user = done_user};
    (void)snprintf(asked->name, sizeof asked->name, "%s", name);
    /* release: pairs with the acquire in take_all(), which reads what is in it. */
    asked->next = atomic_load_explicit(&d->refreshes, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&d->refreshes, &asked->next, asked,
                                                  memory_order_release, memory_order_relaxed)) {
    }
    if (write(d->loaded_fd, &one, sizeof one) != sizeof one)
        mc_log_print(&d->log, MC_LOG_ERROR, "eventfd: a refresh waits for the next event");
    return MC_E_PENDING;
}

/* In the order in which they were asked for. */
static mc_refresh *take_all(mc_daemon *d)
{
    mc_refresh *all = atomic_exchange_explicit(&d->refreshes, NULL, memory_order_acquire);
    mc_refresh *turned = NULL;
    for (mc_refresh *next; all != NULL; all = next) {
        next = all->next;
        all->next = turned;
        turned = all;
    }
    return turned;
}

static void answer(mc_refresh *asked, mc_model *model, const mc_error *error)
{
    asked->done(asked->done_user, model, error);
    mc_free(asked);
}

/* A mc_acquired_fn: one that cannot be loaded never takes the place of one that can. */
static void loaded(void *user, mc_model *model, const mc_error *error)
{
    mc_refresh *asked = user;
    mc_error why;
    const bool moves = model != NULL && asked->version[0] != '\0';
    if (moves &&
        mc_cache_set_default(asked->daemon->cache, asked->name, asked->version, &why) != MC_OK) {
        mc_model_release(model);
        answer(asked, NULL, &why);
        return;
    }
    answer(asked, model, model == NULL ? error : NULL);
}

/* ------------------------------------------------------------------------------- looking ---- */

static mc_listing *find_known(const mc_catalog *known, const char *key)
{
    for (size_t i = 0; i < known->n; i++)
        if (strcmp(known->all[i]->key, key) == 0)
            return known->all[i];
    return NULL;
}

/* Registers a version, and takes its listing over, unless it is known. */
static mc_status take_over(mc_daemon *d, mc_listing **at, mc_error *err)
{
    mc_catalog *known = &d->serving.known;
    const mc_listing *before = find_known(known, (*at)->key);
    if (before != NULL && strcmp(before->source, (*at)->source) == 0)
        return MC_OK;
    MC_TRY(mc_cache_add(d->cache, (*at)->key, NULL, (*at)->source, err));
    if (before != NULL)
        return MC_OK; /* the next look finds that it has moved */
    mc_listing **all = mc_realloc(known->all, known->n + 1, sizeof(mc_listing *));
    if (all == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the list of models");
    mc_log_print(&d->log, MC_LOG_INFO, "model %s found: %s", (*at)->key, (*at)->source);
    known->all = all;
    all[known->n++] = *at;
    *at = NULL;
    return MC_OK;
}

/* Leaves the latest version of `asked` in it, "" if that is the default. */
static mc_status look(mc_daemon *d, mc_catalog *found, mc_refresh *asked, mc_error *err)
{
    bool missing = false;
    mc_versions_info info;
    MC_TRY(mc_serving_find(d, found, &missing, err));
    (void)mc_cache_versions(d->cache, asked->name, &info);
    for (size_t i = 0; i < found->n; i++) {
        const mc_listing *listing = found->all[i];
        if (strcmp(listing->name, asked->name) != 0 || listing->version[0] == '\0' ||
            listing->clash != NULL)
            continue;
        if (listing->latest && strcmp(listing->version, info.set_default) != 0)
            (void)snprintf(asked->version, sizeof asked->version, "%s", listing->version);
        MC_TRY(take_over(d, &found->all[i], err));
    }
    return MC_OK;
}

static void run(mc_daemon *d, mc_refresh *asked)
{
    mc_error error;
    mc_catalog found = {.n = 0};
    char key[MC_NAME_MAX];
    mc_status status = look(d, &found, asked, &error);
    mc_catalog_fini(&found);
    (void)snprintf(key, sizeof key, "%s", asked->name);
    if (asked->version[0] != '\0' &&
        !mc_cache_find_version(d->cache, asked->name, asked->version, strlen(asked->version), key))
        asked->version[0] = '\0';
    if (status == MC_OK)
        status = mc_cache_load_async(d->cache, key, NULL, true, loaded, asked, &error);
    if (status == MC_E_PENDING)
        return;
    loaded(asked, status == MC_OK ? mc_cache_peek(d->cache, key) : NULL, &error);
}

void mc_refresh_run(mc_daemon *daemon)
{
    for (mc_refresh *asked = take_all(daemon), *next; asked != NULL; asked = next) {
        next = asked->next;
        run(daemon, asked);
    }
}

void mc_refresh_fini(mc_daemon *daemon)
{
    mc_error error;
    (void)mc_fail(&error, MC_E_BUSY, MC_NO_OFFSET, "the server is shutting down");
    for (mc_refresh *asked = take_all(daemon), *next; asked != NULL; asked = next) {
        next = asked->next;
        answer(asked, NULL, &error);
    }
}
