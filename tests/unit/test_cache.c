/* test_cache.c: the verbs of the model cache, one thread at a time, and what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cache/cache_log.h"
#include "cache/cache_state.h"
#include "cache_fakes.h"

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void load_is_idempotent_and_says_so(void **state)
{
    (void)state;
    static fake_log log;
    mc_cache *cache = fake_cache(80 << 20, &log);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=199229", NULL), MC_OK);
    assert_int_equal(fake_loads_begun(), 1);
    assert_true(fake_log_has(&log, "model iris loaded and cached: 0.19 MB in "));
    assert_int_equal(mc_cache_load(cache, "iris", NULL, NULL), MC_OK);
    assert_int_equal(fake_loads_begun(), 1);
    assert_true(fake_log_has(&log, "model iris already cached"));
    const mc_entry_info info = fake_info(cache, "iris");
    assert_int_equal(info.state, MC_STATE_READY);
    assert_int_equal(info.generation, 1);
    assert_int_equal(info.bytes, 199229 + FAKE_SCHEMA_BYTES);
    assert_int_equal(info.hits + info.misses, 0); /* load counts in neither */
    assert_string_equal(info.digest, "00112233445566778899aabbccddeeff");
    mc_cache_destroy(cache);
}

static void refresh_always_loads(void **state)
{
    (void)state;
    static fake_log log;
    mc_cache *cache = fake_cache(0, &log);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    mc_model *before = fake_acquire(cache, "iris");
    assert_int_equal(mc_cache_refresh(cache, "iris", NULL), MC_OK);
    mc_model *after = fake_acquire(cache, "iris");
    assert_int_equal(fake_loads_begun(), 2);
    assert_int_equal(mc_model_describe(before).generation, 1);
    assert_int_equal(mc_model_describe(after).generation, 2);
    assert_true(fake_log_has(&log, ", generation 2"));
    uint64_t old_load = 0;
    uint64_t new_load = 0;
    assert_true(fake_model_is_whole(before, &old_load)); /* who holds the old one keeps it */
    assert_true(fake_model_is_whole(after, &new_load));
    assert_int_not_equal(old_load, new_load);
    mc_model_release(before);
    mc_model_release(after);
    mc_cache_destroy(cache);
    assert_int_equal(fake_mapped_bytes(), 0);
}

static void acquire_loads_lazily_and_counts(void **state)
{
    (void)state;
    static fake_log log;
    mc_cache *cache = fake_cache(0, &log);
    fake_add(cache, "iris", "bytes=4096");
    assert_int_equal(fake_info(cache, "iris").state, MC_STATE_REGISTERED);
    bool hit = true;
    mc_model *model = NULL;
    assert_int_equal(mc_cache_acquire(cache, "iris", 10000, &model, &hit, NULL), MC_OK);
    assert_false(hit);
    mc_model_release(model);
    assert_int_equal(mc_cache_acquire(cache, "iris", 0, &model, &hit, NULL), MC_OK);
    assert_true(hit);
    mc_model_release(model);
    const mc_entry_info info = fake_info(cache, "iris");
    assert_int_equal(info.hits, 1);
    assert_int_equal(info.misses, 1);
    assert_true(fake_log_has(&log, "cache miss: iris (loading)"));
    assert_true(fake_log_has(&log, "cache hit: iris"));
    mc_cache_destroy(cache);
}

static void a_hit_neither_allocates_nor_locks(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(0, NULL);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    mc_model *model = NULL;
    bool hit = false;
    const uint64_t before = mc_alloc_count();
    mc_cache_lock(cache); /* a hit that took the lock would hang here */
    assert_int_equal(mc_cache_acquire(cache, "iris", 0, &model, &hit, NULL), MC_OK);
    mc_cache_unlock(cache);
    assert_int_equal(mc_alloc_count(), before);
    assert_true(hit);
    mc_model_release(model);
    mc_cache_destroy(cache);
}

static void a_broken_source_keeps_the_old_one(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(0, NULL);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096 fail", NULL), MC_E_MALFORMED);
    assert_string_equal(fake_info(cache, "iris").source, "bytes=4096");
    assert_int_equal(mc_cache_refresh(cache, "iris", NULL), MC_OK);
    mc_cache_destroy(cache);
}

static void a_broken_file_keeps_the_old_model(void **state)
{
    (void)state;
    static fake_log log;
    mc_cache *cache = fake_cache(0, &log);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    fake_add(cache, "iris", "bytes=4096 fail");
    mc_error err = {0};
    assert_int_equal(mc_cache_refresh(cache, "iris", &err), MC_E_MALFORMED);
    assert_string_equal(err.message, "fake file is broken, as it was told to be");
    mc_entry_info info = fake_info(cache, "iris");
    assert_int_equal(info.state, MC_STATE_READY);
    assert_int_equal(info.generation, 1);
    assert_int_equal(info.last_error.status, MC_E_MALFORMED);
    assert_int_equal(info.last_error.offset, 17);
    assert_int_equal(info.load_failures, 1);
    assert_true(fake_log_has(&log, "model iris not refreshed, the one in memory keeps serving: "
                                   "byte 17: fake file is broken"));
    mc_model *model = fake_acquire(cache, "iris");
    assert_int_equal(mc_model_describe(model).generation, 1);
    mc_model_release(model);
    fake_add(cache, "iris", "bytes=4096");
    assert_int_equal(mc_cache_refresh(cache, "iris", NULL), MC_OK);
    info = fake_info(cache, "iris");
    assert_int_equal(info.last_error.status, MC_OK);
    assert_int_equal(info.generation, 2);
    mc_cache_destroy(cache);
}

static void a_failed_load_is_remembered_for_a_while(void **state)
{
    (void)state;
    mc_cache_options options = {.struct_size = sizeof options, .retry_after_ms = 60};
    mc_cache *cache = fake_cache_with(&options);
    fake_add(cache, "iris", "bytes=4096 fail");
    mc_model *model = NULL;
    mc_error err = {0};
    assert_int_equal(mc_cache_acquire(cache, "iris", 10000, &model, NULL, &err), MC_E_MALFORMED);
    assert_int_equal(err.n_contexts, 0);
    assert_int_equal(fake_info(cache, "iris").state, MC_STATE_FAILED);
    assert_int_equal(mc_cache_acquire(cache, "iris", 10000, &model, NULL, &err), MC_E_MALFORMED);
    assert_int_equal(fake_loads_begun(), 1);
    assert_int_equal(err.n_contexts, 1);
    assert_non_null(strstr(err.context[0], "the last load, 0.0 s ago; the next try is in 0."));
    pause_ms(70);
    assert_int_equal(mc_cache_acquire(cache, "iris", 10000, &model, NULL, &err), MC_E_MALFORMED);
    assert_int_equal(fake_loads_begun(), 2);
    fake_add(cache, "iris", "bytes=4096"); /* a new source is tried at once */
    mc_model_release(fake_acquire(cache, "iris"));
    assert_int_equal(fake_info(cache, "iris").misses, 4);
    mc_cache_destroy(cache);
}

static void unload_drops_and_the_next_use_loads_again(void **state)
{
    (void)state;
    static fake_log log;
    mc_cache *cache = fake_cache(0, &log);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=1048576", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "iris");
    assert_int_equal(mc_cache_unload(cache, "iris", NULL), MC_OK);
    assert_true(fake_log_has(&log, "model iris unloaded: 1.00 MB, given back when"));
    mc_entry_info info = fake_info(cache, "iris");
    assert_int_equal(info.state, MC_STATE_DRAINING);
    assert_int_equal(info.bytes, 1048576 + FAKE_SCHEMA_BYTES);
    assert_int_equal(mc_cache_statistics(cache).memory_used, info.bytes);
    mc_model_release(held);
    info = fake_info(cache, "iris");
    assert_int_equal(info.state, MC_STATE_REGISTERED);
    assert_int_equal(info.bytes, 0);
    assert_int_equal(mc_cache_statistics(cache).memory_used, 0);
    assert_int_equal(fake_mapped_bytes(), 0);
    held = fake_acquire(cache, "iris");
    assert_int_equal(mc_model_describe(held).generation, 2);
    mc_model_release(held);
    mc_cache_destroy(cache);
}

static void pinned_models_stay(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(0, NULL);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    assert_int_equal(mc_cache_pin(cache, "iris", true, NULL), MC_OK);
    mc_error err = {0};
    assert_int_equal(mc_cache_unload(cache, "iris", &err), MC_E_CONFLICT);
    assert_string_equal(err.message, "model \"iris\" is pinned: unpin it to unload it");
    assert_int_equal(mc_cache_remove(cache, "iris", &err), MC_E_CONFLICT);
    assert_true(fake_info(cache, "iris").pinned);
    assert_int_equal(mc_cache_pin(cache, "iris", false, NULL), MC_OK);
    assert_int_equal(mc_cache_unload(cache, "iris", NULL), MC_OK);
    mc_cache_destroy(cache);
}

static mc_status try_once(mc_cache *cache, const char *name)
{
    mc_model *model = NULL;
    const mc_status status = mc_cache_acquire(cache, name, 10000, &model, NULL, NULL);
    mc_model_release(model);
    return status;
}

static void settings_of_a_model_are_heeded(void **state)
{
    (void)state;
    const mc_model_settings kept = {.struct_size = sizeof kept, .pin = true};
    const mc_model_settings patient = {.struct_size = sizeof patient, .retry_after_ms = 3600000};
    const mc_model_settings hasty = {.struct_size = sizeof hasty, .retry_after_ms = 1};
    mc_cache *cache = fake_cache(0, NULL);
    fake_add(cache, "iris", "bytes=4096 fail");
    assert_int_equal(mc_cache_configure(cache, "iris", &patient, NULL), MC_OK);
    assert_int_equal(try_once(cache, "iris"), MC_E_MALFORMED);
    assert_int_equal(try_once(cache, "iris"), MC_E_MALFORMED);
    assert_int_equal(fake_loads_begun(), 1);
    assert_int_equal(mc_cache_configure(cache, "iris", &hasty, NULL), MC_OK);
    pause_ms(5);
    assert_int_equal(try_once(cache, "iris"), MC_E_MALFORMED);
    assert_int_equal(fake_loads_begun(), 2);
    assert_int_equal(mc_cache_configure(cache, "iris", &kept, NULL), MC_OK);
    assert_true(fake_info(cache, "iris").pinned);
    assert_int_equal(mc_cache_unload(cache, "iris", NULL), MC_E_CONFLICT);
    assert_int_equal(mc_cache_configure(cache, "iris", &hasty, NULL), MC_OK); /* all of them */
    assert_false(fake_info(cache, "iris").pinned);
    mc_cache_destroy(cache);
}

static mc_model_state state_of(mc_cache *cache, const char *name)
{
    return fake_info(cache, name).state;
}

static void wait_for_state(mc_cache *cache, const char *name, mc_model_state state)
{
    for (unsigned i = 0; i < 5000 && state_of(cache, name) != state; i++)
        pause_ms(2);
    assert_int_equal(state_of(cache, name), state);
}

static void what_is_not_used_leaves_memory(void **state)
{
    (void)state;
    static fake_log log;
    static const mc_model_settings brief = {.struct_size = sizeof brief, .idle_unload_ms = 150};
    static const mc_model_settings pinned = {
        .struct_size = sizeof pinned, .idle_unload_ms = 1, .pin = true};
    mc_cache *cache = fake_cache(0, &log);
    assert_int_equal(mc_cache_configure(cache, "brief", &brief, NULL), MC_OK);
    assert_int_equal(mc_cache_configure(cache, "pinned", &pinned, NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "brief", "bytes=4096", NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "pinned", "bytes=4096", NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "stays", "bytes=4096", NULL), MC_OK);
    for (unsigned i = 0; i < 10; i++) { /* twice as long, but in use */
        assert_int_equal(try_once(cache, "brief"), MC_OK);
        pause_ms(30);
    }
    assert_int_equal(fake_loads_begun(), 3);
    mc_model *held = fake_acquire(cache, "brief");
    pause_ms(300);
    assert_int_equal(state_of(cache, "brief"), MC_STATE_READY);
    mc_model_release(held);
    wait_for_state(cache, "brief", MC_STATE_REGISTERED);
    assert_int_equal(state_of(cache, "pinned"), MC_STATE_READY);
    assert_int_equal(state_of(cache, "stays"), MC_STATE_READY);
    assert_int_equal(mc_cache_statistics(cache).drops[MC_DROP_IDLE], 1);
    assert_true(fake_log_has(&log, "model brief idle: "));
    assert_int_equal(try_once(cache, "brief"), MC_OK); /* and comes back */
    mc_cache_destroy(cache);
}

static void a_setting_that_comes_late_is_heeded(void **state)
{
    (void)state;
    const mc_model_settings brief = {.struct_size = sizeof brief, .idle_unload_ms = 20};
    mc_cache *cache = fake_cache(0, NULL);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    pause_ms(50);
    assert_int_equal(mc_cache_configure(cache, "iris", &brief, NULL), MC_OK);
    wait_for_state(cache, "iris", MC_STATE_REGISTERED);
    mc_cache_destroy(cache);
}

static void memory_that_is_short_is_given_back(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(0, NULL);
    char name[] = "a";
    for (; name[0] <= 'd'; name[0]++)
        assert_int_equal(mc_cache_load(cache, name, "bytes=4096", NULL), MC_OK);
    assert_int_equal(mc_cache_pin(cache, "a", true, NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "b");
    assert_int_equal(mc_cache_shed(cache, 1, 60000), 0); /* all were used within a minute */
    assert_int_equal(mc_cache_shed(cache, 1, 0), 4096 + FAKE_SCHEMA_BYTES);
    assert_int_equal(mc_cache_shed(cache, UINT64_MAX, 0), 4096 + FAKE_SCHEMA_BYTES);
    assert_int_equal(state_of(cache, "a"), MC_STATE_READY);
    assert_int_equal(state_of(cache, "b"), MC_STATE_READY);
    assert_int_equal(mc_cache_statistics(cache).drops[MC_DROP_PRESSURE], 2);
    mc_model_release(held);
    assert_int_equal(mc_cache_unload(cache, "b", NULL), MC_OK);
    assert_int_equal(mc_cache_unload(cache, "b", NULL), MC_OK); /* nothing to drop any more */
    assert_int_equal(mc_cache_statistics(cache).drops[MC_DROP_UNLOAD], 1);
    mc_cache_destroy(cache);
}

static void settings_wait_for_their_name(void **state)
{
    (void)state;
    const mc_model_settings kept = {.struct_size = sizeof kept, .pin = true};
    mc_cache *cache = fake_cache(0, NULL);
    mc_entry_info info;
    assert_int_equal(mc_cache_configure(cache, "later", &kept, NULL), MC_OK);
    assert_int_equal(mc_cache_info(cache, "later", &info, NULL), MC_E_NOT_FOUND);
    assert_int_equal(try_once(cache, "later"), MC_E_NOT_FOUND);
    assert_int_equal(mc_cache_statistics(cache).n_models, 0);
    fake_add(cache, "later", "bytes=4096");
    assert_true(fake_info(cache, "later").pinned);
    assert_int_equal(try_once(cache, "later"), MC_OK);
    mc_error error;
    assert_int_equal(mc_cache_configure(cache, "a/b", &kept, &error), MC_E_BAD_REQUEST);
    assert_int_equal(mc_cache_configure(cache, "iris", &(mc_model_settings){0}, &error),
                     MC_E_BAD_REQUEST);
    assert_non_null(strstr(error.message, "settings.struct_size is 0"));
    mc_cache_destroy(cache);
}

static void a_removed_name_is_unknown_until_added_again(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(0, NULL);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    assert_int_equal(mc_cache_remove(cache, "iris", NULL), MC_OK);
    mc_model *model = NULL;
    mc_error err = {0};
    mc_entry_info info = {0};
    assert_int_equal(mc_cache_acquire(cache, "iris", 0, &model, NULL, &err), MC_E_NOT_FOUND);
    assert_string_equal(err.message, "no model is called \"iris\"");
    assert_int_equal(mc_cache_info(cache, "iris", &info, NULL), MC_E_NOT_FOUND);
    assert_int_equal(mc_cache_refresh(cache, "iris", NULL), MC_E_NOT_FOUND);
    assert_int_equal(mc_cache_load(cache, "iris", NULL, NULL), MC_E_NOT_FOUND);
    assert_int_equal(mc_cache_statistics(cache).n_models, 0);
    fake_add(cache, "iris", "bytes=4096");
    model = fake_acquire(cache, "iris");
    assert_int_equal(mc_model_describe(model).generation, 2);
    mc_model_release(model);
    mc_cache_destroy(cache);
}

static void names_are_checked(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(0, NULL);
    mc_error err = {0};
    char longest[MC_NAME_MAX + 1];
    memset(longest, 'a', sizeof longest);
    longest[MC_NAME_MAX] = '\0';
    assert_int_equal(mc_cache_add(cache, "a/b", NULL, "s", &err), MC_E_BAD_REQUEST);
    assert_string_equal(err.message, "model name \"a\": byte 0x2f at 1, expected letters, digits, "
                                     "'.', '_', '-'");
    assert_int_equal(mc_cache_add(cache, "", NULL, "s", &err), MC_E_BAD_REQUEST);
    assert_string_equal(err.message, "empty model name");
    assert_int_equal(mc_cache_add(cache, longest, NULL, "s", &err), MC_E_BAD_REQUEST);
    assert_string_equal(err.message, "model name of 128 bytes, at most 127 are taken");
    assert_int_equal(mc_cache_add(cache, "a", "v 1", "s", &err), MC_E_BAD_REQUEST);
    longest[MC_NAME_MAX - 1] = '\0';
    assert_int_equal(mc_cache_add(cache, longest, "1.0_rc-2", "bytes=4096", &err), MC_OK);
    mc_model *model = fake_acquire(cache, longest);
    assert_string_equal(mc_model_describe(model).name, longest);
    assert_string_equal(mc_model_describe(model).version, "1.0_rc-2");
    assert_string_equal(mc_model_describe(model).source, "bytes=4096");
    mc_model_release(model);
    mc_cache_destroy(cache);
}

typedef struct listing {
    size_t n;
    char last[MC_NAME_MAX];
    bool sorted;
} listing;

static void list_one(void *user, const mc_entry_info *info)
{
    listing *list = user;
    list->sorted = list->sorted && strcmp(list->last, info->name) < 0;
    memcpy(list->last, info->name, sizeof list->last);
    list->n++;
}

static void many_names_are_found_and_listed_in_order(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(0, NULL);
    char name[32];
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "m%u", (i * 7919u) % 1000u);
        fake_add(cache, name, "bytes=4096");
    }
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "m%u", i);
        assert_string_equal(fake_info(cache, name).name, name);
    }
    assert_int_equal(mc_cache_remove(cache, "m500", NULL), MC_OK);
    listing list = {.sorted = true};
    mc_cache_list(cache, list_one, &list);
    assert_int_equal(list.n, 999);
    assert_true(list.sorted);
    assert_int_equal(mc_cache_statistics(cache).n_models, 999);
    mc_cache_destroy(cache);
}

static void held_models_survive_the_cache(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(1 << 20, NULL);
    fake_add(cache, "iris", "bytes=65536");
    mc_model *model = fake_acquire(cache, "iris");
    mc_cache_destroy(cache);
    uint64_t load = 0;
    assert_true(fake_model_is_whole(model, &load));
    assert_int_equal(fake_mapped_bytes(), 65536);
    mc_model_release(model);
    assert_int_equal(fake_mapped_bytes(), 0);
}

static void lines_below_the_level_are_not_made(void **state)
{
    (void)state;
    static fake_log log;
    mc_cache_options options = {.struct_size = sizeof options,
                                .log = fake_log_line,
                                .log_user = &log,
                                .log_level = MC_LOG_INFO};
    mc_cache *cache = fake_cache_with(&options);
    fake_add(cache, "iris", "bytes=4096");
    mc_model_release(fake_acquire(cache, "iris"));
    mc_model_release(fake_acquire(cache, "iris"));
    assert_int_equal(atomic_load(&log.n_lines), 1); /* "loaded and cached"; no hit, no miss */
    mc_cache_destroy(cache);
}

static void a_summary_comes_when_there_were_hits(void **state)
{
    (void)state;
    static fake_log log;
    mc_cache_options options = {.struct_size = sizeof options,
                                .memory_budget = 80 << 20,
                                .log = fake_log_line,
                                .log_user = &log,
                                .log_level = MC_LOG_INFO};
    mc_cache *cache = fake_cache_with(&options);
    cache->summary_ns = (uint64_t)3600 * 1000000000u;
    cache->summary_due_ns = mc_now_ns() + 100000000u; /* once, 0.1 s from now */
    fake_add(cache, "iris", "bytes=199229");
    for (unsigned i = 0; i < 12346; i++)
        mc_model_release(fake_acquire(cache, "iris"));
    for (unsigned i = 0; i < 10000 && atomic_load(&log.n_lines) < 2; i++)
        pause_ms(1); /* the waiting loader thread writes it */
    assert_true(
        fake_log_has(&log, "cache: 12,345 hits, 1 misses, 1 of 1 models ready, 0.19 MB of 80 MB"));
    mc_cache_lock(cache);
    mc_cache_stats stats = {0};
    cache->summary_due_ns = 0;
    assert_false(mc_cache_summary_is_due_locked(cache, &stats)); /* no hit since */
    mc_cache_unlock(cache);
    mc_cache_destroy(cache);
}

static void options_of_other_versions_are_read(void **state)
{
    (void)state;
    struct {
        mc_cache_options known;
        uint64_t unknown;
    } newer = {.known = {.struct_size = sizeof newer, .memory_budget = 7}};
    mc_cache *cache = fake_cache_with(&newer.known);
    assert_int_equal(mc_cache_statistics(cache).memory_budget, 7);
    mc_cache_destroy(cache);
    newer.unknown = 1;
    mc_error err = {0};
    assert_int_equal(mc_cache_new(&newer.known, &(mc_loader){.load = fake_loader}, &cache, &err),
                     MC_E_BAD_REQUEST);
    const mc_cache_options older = {.struct_size = offsetof(mc_cache_options, log_level),
                                    .log_level = MC_LOG_ERROR};
    cache = fake_cache_with(&older);
    assert_int_equal(cache->log_level, MC_LOG_DEBUG); /* was not part of that version */
    mc_cache_destroy(cache);
    const mc_cache_options empty = {0};
    assert_int_equal(mc_cache_new(&empty, &(mc_loader){.load = fake_loader}, &cache, &err),
                     MC_E_BAD_REQUEST);
    cache = fake_cache_with(NULL);
    mc_cache_destroy(cache);
}

/* One life of a cache; the first failure ends it. */
static mc_status live_once(mc_error *err)
{
    mc_cache *cache = NULL;
    mc_model *model = NULL;
    MC_TRY(mc_cache_new(NULL, &(mc_loader){.load = fake_loader}, &cache, err));
    mc_status status = mc_cache_add(cache, "a", NULL, "bytes=4096", err);
    if (status == MC_OK)
        status = mc_cache_load(cache, "b", "bytes=8192", err);
    if (status == MC_OK)
        status = mc_cache_acquire(cache, "a", 10000, &model, NULL, err);
    if (status == MC_OK)
        status = mc_cache_refresh(cache, "a", err);
    mc_model_release(model);
    mc_cache_destroy(cache);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    mc_status status = MC_E_NO_MEMORY;
    unsigned k = 0;
    fake_reset();
    while (status != MC_OK) {
        mc_error err = {0};
        mc_alloc_fail_at(++k);
        status = live_once(&err);
        mc_alloc_fail_at(0);
        assert_true(status == MC_OK || status == MC_E_NO_MEMORY);
        assert_true(status == MC_OK || err.message[0] != '\0');
        assert_int_equal(fake_mapped_bytes(), 0);
        assert_in_range(k, 1, 100);
    }
    assert_in_range(k, 10, 100); /* so many allocations were made to fail */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_is_idempotent_and_says_so),
        cmocka_unit_test(refresh_always_loads),
        cmocka_unit_test(acquire_loads_lazily_and_counts),
        cmocka_unit_test(a_hit_neither_allocates_nor_locks),
        cmocka_unit_test(a_broken_file_keeps_the_old_model),
        cmocka_unit_test(a_broken_source_keeps_the_old_one),
        cmocka_unit_test(a_failed_load_is_remembered_for_a_while),
        cmocka_unit_test(unload_drops_and_the_next_use_loads_again),
        cmocka_unit_test(pinned_models_stay),
        cmocka_unit_test(settings_of_a_model_are_heeded),
        cmocka_unit_test(what_is_not_used_leaves_memory),
        cmocka_unit_test(a_setting_that_comes_late_is_heeded),
        cmocka_unit_test(memory_that_is_short_is_given_back),
        cmocka_unit_test(settings_wait_for_their_name),
        cmocka_unit_test(a_removed_name_is_unknown_until_added_again),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(many_names_are_found_and_listed_in_order),
        cmocka_unit_test(held_models_survive_the_cache),
        cmocka_unit_test(lines_below_the_level_are_not_made),
        cmocka_unit_test(a_summary_comes_when_there_were_hits),
        cmocka_unit_test(options_of_other_versions_are_read),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
