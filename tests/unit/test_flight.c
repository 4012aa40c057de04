/* test_flight.c: many ask, one loads; refreshes, removals, deadlines and callbacks meanwhile. */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cache/cache_state.h"
#include "cache_fakes.h"

#define N_ASKERS 32

typedef struct asker {
    pthread_t thread;
    mc_cache *cache;
    mc_model *model;
    mc_error error;
    uint32_t timeout_ms;
    mc_status status;
    bool refresh;
    bool hit;
} asker;

static void *ask(void *context)
{
    asker *me = context;
    me->status = me->refresh ? mc_cache_refresh(me->cache, "iris", &me->error)
                             : mc_cache_acquire(me->cache, "iris", me->timeout_ms, &me->model,
                                                &me->hit, &me->error);
    return NULL;
}

static void start(asker *me, mc_cache *cache, bool refresh)
{
    *me = (asker){.cache = cache, .timeout_ms = 20000, .refresh = refresh};
    assert_int_equal(pthread_create(&me->thread, NULL, ask, me), 0);
}

static void finish(asker *me)
{
    (void)pthread_join(me->thread, NULL);
}

/* Until so many wait for the entry's loads. */
static void wait_for_waiters(mc_cache *cache, uint32_t n)
{
    const struct timespec pause = {.tv_nsec = 200000};
    for (;;) {
        mc_cache_lock(cache);
        const uint32_t n_waiters = mc_table_find(&cache->table, "iris", 4)->n_waiters;
        mc_cache_unlock(cache);
        if (n_waiters == n)
            return;
        (void)nanosleep(&pause, NULL);
    }
}

static mc_cache *closed_cache(const char *source)
{
    mc_cache *cache = fake_cache(0, NULL);
    fake_gate(true);
    fake_add(cache, "iris", source);
    return cache;
}

static void many_misses_load_once(void **state)
{
    (void)state;
    static asker askers[N_ASKERS];
    mc_cache *cache = closed_cache("bytes=4096");
    for (size_t i = 0; i < N_ASKERS; i++)
        start(&askers[i], cache, false);
    wait_for_waiters(cache, N_ASKERS);
    assert_int_equal(fake_info(cache, "iris").state, MC_STATE_LOADING);
    fake_gate(false);
    for (size_t i = 0; i < N_ASKERS; i++) {
        finish(&askers[i]);
        assert_int_equal(askers[i].status, MC_OK);
        assert_false(askers[i].hit);
        assert_ptr_equal(askers[i].model, askers[0].model);
    }
    for (size_t i = 0; i < N_ASKERS; i++)
        mc_model_release(askers[i].model);
    assert_int_equal(fake_loads_begun(), 1);
    const mc_cache_stats stats = mc_cache_statistics(cache);
    assert_int_equal(stats.loads, 1);
    assert_int_equal(stats.misses, N_ASKERS);
    assert_int_equal(stats.single_flight_waits, N_ASKERS - 1);
    mc_cache_destroy(cache);
    assert_int_equal(fake_mapped_bytes(), 0);
}

static void they_share_a_failure_too(void **state)
{
    (void)state;
    asker askers[4];
    mc_cache *cache = closed_cache("fail");
    for (size_t i = 0; i < MC_COUNT_OF(askers); i++)
        start(&askers[i], cache, false);
    wait_for_waiters(cache, MC_COUNT_OF(askers));
    fake_gate(false);
    for (size_t i = 0; i < MC_COUNT_OF(askers); i++) {
        finish(&askers[i]);
        assert_int_equal(askers[i].status, MC_E_MALFORMED);
        assert_string_equal(askers[i].error.message, "fake file is broken, as it was told to be");
    }
    assert_int_equal(fake_loads_begun(), 1);
    mc_cache_destroy(cache);
}

static void a_refresh_during_a_load_loads_again(void **state)
{
    (void)state;
    asker first;
    asker refreshes[3];
    mc_cache *cache = closed_cache("bytes=4096");
    start(&first, cache, false);
    fake_wait_for_loaders(1);
    for (size_t i = 0; i < MC_COUNT_OF(refreshes); i++)
        start(&refreshes[i], cache, true);
    wait_for_waiters(cache, 1 + MC_COUNT_OF(refreshes));
    fake_gate(false);
    finish(&first);
    for (size_t i = 0; i < MC_COUNT_OF(refreshes); i++) {
        finish(&refreshes[i]);
        assert_int_equal(refreshes[i].status, MC_OK);
    }
    assert_int_equal(fake_loads_begun(), 2); /* one for all three */
    assert_int_equal(fake_info(cache, "iris").generation, 2);
    assert_int_equal(mc_model_describe(first.model).generation, 1);
    mc_model_release(first.model);
    mc_cache_destroy(cache);
}

static void a_remembered_failure_yields_to_a_new_try(void **state)
{
    (void)state;
    asker refresh;
    asker late;
    mc_cache *cache = fake_cache(0, NULL);
    mc_model *model = NULL;
    fake_add(cache, "iris", "fail");
    assert_int_equal(mc_cache_acquire(cache, "iris", 20000, &model, NULL, NULL), MC_E_MALFORMED);
    fake_gate(true);
    start(&refresh, cache, true);
    fake_wait_for_loaders(2);
    start(&late, cache, false);
    wait_for_waiters(cache, 2); /* it waits, and is not told the old failure */
    fake_gate(false);
    finish(&refresh);
    finish(&late);
    assert_int_equal(late.status, MC_E_MALFORMED);
    assert_int_equal(late.error.n_contexts, 0);
    assert_int_equal(fake_loads_begun(), 2);
    mc_cache_destroy(cache);
}

static void a_new_source_during_a_load_is_read_for_those_who_come_later(void **state)
{
    (void)state;
    asker before;
    asker after;
    mc_cache *cache = closed_cache("bytes=4096");
    start(&before, cache, false);
    fake_wait_for_loaders(1);
    fake_add(cache, "iris", "bytes=8192");
    start(&after, cache, false);
    wait_for_waiters(cache, 2);
    fake_gate(false);
    finish(&before);
    finish(&after);
    assert_string_equal(mc_model_describe(before.model).source, "bytes=4096");
    assert_string_equal(mc_model_describe(after.model).source, "bytes=8192");
    mc_model_release(before.model);
    mc_model_release(after.model);
    mc_cache_destroy(cache);
}

static void a_load_does_not_bring_back_a_removed_name(void **state)
{
    (void)state;
    asker before;
    mc_cache *cache = closed_cache("bytes=4096");
    start(&before, cache, false);
    fake_wait_for_loaders(1);
    assert_int_equal(mc_cache_remove(cache, "iris", NULL), MC_OK);
    fake_add(cache, "iris", "bytes=4096"); /* the same words, but another registration */
    asker after;
    start(&after, cache, false);
    wait_for_waiters(cache, 2);
    fake_gate(false);
    finish(&before);
    finish(&after);
    assert_int_equal(before.status, MC_E_NOT_FOUND);
    assert_string_equal(before.error.message, "model \"iris\" was removed while it was loading");
    assert_int_equal(after.status, MC_OK);
    assert_int_equal(fake_loads_begun(), 2);
    mc_model_release(after.model);
    mc_cache_destroy(cache);
    assert_int_equal(fake_mapped_bytes(), 0);
}

static void giving_up_does_not_cancel_the_load(void **state)
{
    (void)state;
    mc_cache *cache = closed_cache("bytes=4096");
    mc_model *model = NULL;
    mc_error err = {0};
    assert_int_equal(mc_cache_acquire(cache, "iris", 20, &model, NULL, &err), MC_E_DEADLINE);
    assert_string_equal(err.message, "model \"iris\" is still loading");
    assert_int_equal(mc_cache_acquire(cache, "iris", 0, &model, NULL, &err), MC_E_DEADLINE);
    wait_for_waiters(cache, 0);
    fake_gate(false);
    mc_model_release(fake_acquire(cache, "iris"));
    assert_int_equal(fake_loads_begun(), 1);
    mc_cache_destroy(cache);
}

static void waiters_are_bounded(void **state)
{
    (void)state;
    asker askers[2];
    mc_cache_options options = {.struct_size = sizeof options, .max_waiters = 2};
    mc_cache *cache = fake_cache_with(&options);
    fake_gate(true);
    fake_add(cache, "iris", "bytes=4096");
    start(&askers[0], cache, false);
    start(&askers[1], cache, false);
    wait_for_waiters(cache, 2);
    mc_model *model = NULL;
    mc_error err = {0};
    assert_int_equal(mc_cache_acquire(cache, "iris", 20000, &model, NULL, &err), MC_E_BUSY);
    assert_string_equal(err.message,
                        "model \"iris\" is loading and 2 requests wait for it already");
    fake_gate(false);
    for (size_t i = 0; i < MC_COUNT_OF(askers); i++) {
        finish(&askers[i]);
        mc_model_release(askers[i].model);
    }
    mc_cache_destroy(cache);
}

/* ------------------------------------------------------------------------------ callbacks ---- */

typedef struct called {
    _Atomic unsigned n_models, n_errors;
    _Atomic mc_status status;
} called;

static void on_done(void *user, mc_model *model, const mc_error *error)
{
    called *to = user;
    if (model == NULL)
        atomic_store(&to->status, error->status);
    (void)atomic_fetch_add(model != NULL ? &to->n_models : &to->n_errors, 1);
    mc_model_release(model);
}

static unsigned n_tasks(void)
{
    unsigned n = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *task = NULL;
         (task = readdir(tasks)) != NULL;) /* NOLINT: ours alone */
        n += task->d_name[0] != '.' ? 1 : 0;
    (void)closedir(tasks);
    return n;
}

static void callers_back_hold_no_thread(void **state)
{
    (void)state;
    static called to;
    mc_cache *cache = closed_cache("bytes=4096");
    mc_model *model = NULL;
    const unsigned before = n_tasks();
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(mc_cache_acquire_async(cache, "iris", on_done, &to, &model, NULL),
                         MC_E_PENDING);
    fake_wait_for_loaders(1);
    assert_in_range(n_tasks(), before, before + 2); /* one loader thread and its reader */
    fake_gate(false);
    mc_model_release(fake_acquire(cache, "iris"));
    mc_cache_destroy(cache); /* joins the thread that calls */
    assert_int_equal(atomic_load(&to.n_models), 500);
    assert_int_equal(atomic_load(&to.n_errors), 0);
}

static void callbacks_tell_failures(void **state)
{
    (void)state;
    static called to;
    mc_cache *cache = closed_cache("fail");
    mc_model *model = NULL;
    mc_error err = {0};
    assert_int_equal(mc_cache_acquire_async(cache, "iris", on_done, &to, &model, NULL),
                     MC_E_PENDING);
    fake_gate(false);
    assert_int_equal(mc_cache_acquire(cache, "iris", 20000, &model, NULL, &err), MC_E_MALFORMED);
    /* Remembered: no second load, no callback. */
    assert_int_equal(mc_cache_acquire_async(cache, "iris", on_done, &to, &model, &err),
                     MC_E_MALFORMED);
    assert_int_equal(mc_cache_acquire_async(cache, "none", on_done, &to, &model, &err),
                     MC_E_NOT_FOUND);
    mc_cache_destroy(cache);
    assert_int_equal(atomic_load(&to.n_errors), 1);
    assert_int_equal(atomic_load(&to.status), MC_E_MALFORMED);
}

static void loads_can_be_asked_for_without_waiting(void **state)
{
    (void)state;
    static called to;
    mc_cache *cache = fake_cache(0, NULL);
    assert_int_equal(mc_cache_load_async(cache, "iris", "bytes=4096", false, on_done, &to, NULL),
                     MC_E_PENDING);
    mc_model_release(fake_acquire(cache, "iris"));
    assert_int_equal(mc_cache_load_async(cache, "iris", NULL, false, on_done, &to, NULL), MC_OK);
    mc_model *model = NULL;
    assert_int_equal(mc_cache_acquire_async(cache, "iris", on_done, &to, &model, NULL), MC_OK);
    mc_model_release(model);
    assert_int_equal(mc_cache_load_async(cache, "iris", NULL, true, on_done, &to, NULL),
                     MC_E_PENDING);
    assert_int_equal(mc_cache_load(cache, "last", "bytes=4096", NULL), MC_OK); /* one after it */
    assert_int_equal(fake_info(cache, "iris").generation, 2);
    mc_cache_destroy(cache);
    assert_int_equal(atomic_load(&to.n_models), 2);
}

static void *open_gate_later(void *context)
{
    const struct timespec pause = {.tv_nsec = 30000000};
    (void)nanosleep(&pause, NULL);
    fake_gate(false);
    return context;
}

static void destroying_waits_for_loads_in_flight(void **state)
{
    (void)state;
    static called first;
    static called queued;
    mc_cache *cache = closed_cache("bytes=4096");
    pthread_t opener;
    assert_int_equal(mc_cache_load_async(cache, "iris", NULL, false, on_done, &first, NULL),
                     MC_E_PENDING);
    fake_wait_for_loaders(1);
    assert_int_equal(mc_cache_load_async(cache, "b", "bytes=4096", false, on_done, &queued, NULL),
                     MC_E_PENDING);
    assert_int_equal(pthread_create(&opener, NULL, open_gate_later, NULL), 0);
    mc_cache_destroy(cache);
    (void)pthread_join(opener, NULL);
    assert_int_equal(atomic_load(&first.n_models), 1);
    assert_int_equal(atomic_load(&queued.n_errors), 1); /* had not begun */
    assert_int_equal(atomic_load(&queued.status), MC_E_BUSY);
    assert_int_equal(fake_loads_begun(), 1);
    assert_int_equal(fake_mapped_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_misses_load_once),
        cmocka_unit_test(they_share_a_failure_too),
        cmocka_unit_test(a_refresh_during_a_load_loads_again),
        cmocka_unit_test(a_remembered_failure_yields_to_a_new_try),
        cmocka_unit_test(a_new_source_during_a_load_is_read_for_those_who_come_later),
        cmocka_unit_test(a_load_does_not_bring_back_a_removed_name),
        cmocka_unit_test(giving_up_does_not_cancel_the_load),
        cmocka_unit_test(waiters_are_bounded),
        cmocka_unit_test(callers_back_hold_no_thread),
        cmocka_unit_test(callbacks_tell_failures),
        cmocka_unit_test(loads_can_be_asked_for_without_waiting),
        cmocka_unit_test(destroying_waits_for_loads_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
