/* test_room.c: what a load does when memory is short: evicts, waits, drops its own, is refused. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cache/cache_state.h"
#include "cache_fakes.h"

#define ONE ((uint64_t)65536 + FAKE_SCHEMA_BYTES) /* what a model of "bytes=65536" is charged */

static mc_cache *cache_of(uint64_t budget, uint32_t load_threads, uint64_t room_wait_ms)
{
    const mc_cache_options options = {.struct_size = sizeof options,
                                      .memory_budget = budget,
                                      .load_threads = load_threads,
                                      .retry_after_ms = 1,
                                      .room_wait_ms = room_wait_ms};
    return fake_cache_with(&options);
}

static mc_model_state state_of(mc_cache *cache, const char *name)
{
    return fake_info(cache, name).state;
}

static void pause_ms(unsigned ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* ------------------------------------------------------------------------------- threads ---- */

typedef struct caller {
    pthread_t thread;
    mc_cache *cache;
    const char *name, *source; /* source NULL: acquires */
    mc_status status;
    mc_error error;
    char answered_by[64]; /* the source of what it got */
} caller;

static void *call(void *context)
{
    caller *me = context;
    mc_model *model = NULL;
    if (me->source != NULL) {
        me->status = mc_cache_load(me->cache, me->name, me->source, &me->error);
        return NULL;
    }
    me->status = mc_cache_acquire(me->cache, me->name, 20000, &model, NULL, &me->error);
    if (model != NULL)
        (void)snprintf(me->answered_by, sizeof me->answered_by, "%s",
                       mc_model_describe(model).source);
    mc_model_release(model);
    return NULL;
}

static void start(caller *me, mc_cache *cache, const char *name, const char *source)
{
    *me = (caller){.cache = cache, .name = name, .source = source};
    assert_int_equal(pthread_create(&me->thread, NULL, call, me), 0);
}

static mc_status end(caller *me)
{
    (void)pthread_join(me->thread, NULL);
    return me->status;
}

static void wait_until_waiting(mc_cache *cache)
{
    for (uint32_t n = 0; n == 0;) {
        pause_ms(1);
        mc_cache_lock(cache);
        n = cache->n_wait_for_room;
        mc_cache_unlock(cache);
    }
}

/* ------------------------------------------------------------------------------- waiting ---- */

static void a_load_waits_for_what_drains(void **state)
{
    (void)state;
    static caller b;
    mc_cache *cache = cache_of(ONE, 1, 20000);
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "a");
    assert_int_equal(mc_cache_unload(cache, "a", NULL), MC_OK);
    assert_int_equal(state_of(cache, "a"), MC_STATE_DRAINING);
    start(&b, cache, "b", "bytes=65536");
    wait_until_waiting(cache);
    assert_int_equal(state_of(cache, "b"), MC_STATE_LOADING);
    mc_model_release(held);
    assert_int_equal(end(&b), MC_OK);
    assert_in_range(fake_mapped_peak(), 1, ONE);
    mc_cache_destroy(cache);
}

static void a_load_waits_for_what_requests_hold(void **state)
{
    (void)state;
    static caller b;
    mc_cache *cache = cache_of(ONE, 1, 20000);
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "a");
    start(&b, cache, "b", "bytes=65536");
    wait_until_waiting(cache);
    assert_int_equal(state_of(cache, "a"), MC_STATE_READY); /* never a victim while it is held */
    mc_model_release(held);
    assert_int_equal(end(&b), MC_OK);
    assert_int_equal(state_of(cache, "a"), MC_STATE_REGISTERED);
    mc_cache_destroy(cache);
}

static void it_does_not_wait_for_ever(void **state)
{
    (void)state;
    static mc_error err;
    mc_cache *cache = cache_of(ONE, 1, 30);
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "a");
    assert_int_equal(mc_cache_load(cache, "b", "bytes=65536", &err), MC_E_BUSY);
    assert_non_null(strstr(err.message, "the rest is held by requests or taken by other loads, and "
                                        "did not come back within 0.0 s"));
    assert_int_equal(mc_cache_pin(cache, "a", true, NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "b", NULL, &err), MC_E_OVER_BUDGET); /* it never will */
    mc_model_release(held);
    mc_cache_destroy(cache);
}

static void destroying_ends_the_waiting(void **state)
{
    (void)state;
    static caller b;
    mc_cache *cache = cache_of(ONE, 1, 3600000);
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "a");
    start(&b, cache, "b", "bytes=65536");
    wait_until_waiting(cache);
    mc_cache_destroy(cache);
    assert_int_equal(end(&b), MC_E_BUSY);
    mc_model_release(held);
    assert_int_equal(fake_mapped_bytes(), 0);
}

/* Each has half of the budget when it asks for the rest: without R5 both would wait in vain. */
static void two_loads_do_not_wait_for_each_other(void **state)
{
    (void)state;
    static caller calls[2];
    for (unsigned round = 0; round < 20; round++) {
        mc_cache *cache = cache_of(2 * ONE, 2, 20000);
        fake_gate(true);
        start(&calls[0], cache, "a", "bytes=65536 grant=110000 ms=1");
        start(&calls[1], cache, "b", "bytes=65536 grant=110000 ms=1");
        fake_wait_for_loaders(2);
        fake_gate(false);
        assert_int_equal(end(&calls[0]), MC_OK);
        assert_int_equal(end(&calls[1]), MC_OK);
        assert_int_equal(mc_cache_statistics(cache).load_failures, 0);
        assert_in_range(mc_cache_statistics(cache).memory_used, ONE, 2 * ONE);
        mc_cache_destroy(cache);
    }
    assert_int_equal(fake_mapped_bytes(), 0);
}

/* --------------------------------------------------------------------------------- swaps ---- */

static void configure(mc_cache *cache, const char *name, mc_model_settings settings)
{
    settings.struct_size = sizeof settings;
    assert_int_equal(mc_cache_configure(cache, name, &settings, NULL), MC_OK);
}

static void keep_refuses_what_does_not_fit_beside_it(void **state)
{
    (void)state;
    static mc_error err;
    mc_cache *cache = cache_of(ONE + 100, 1, 20000);
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    assert_int_equal(mc_cache_refresh(cache, "a", &err), MC_E_CONFLICT); /* and does not wait */
    assert_non_null(strstr(err.message, "swap = drop-first unloads it first"));
    assert_int_equal(fake_info(cache, "a").generation, 1);
    assert_int_equal(mc_cache_load(cache, "a", "bytes=650000", &err), MC_E_OVER_BUDGET);
    assert_int_equal(state_of(cache, "a"), MC_STATE_READY);
    configure(cache, "a", (mc_model_settings){.retry_after_ms = 3600000});
    assert_int_equal(mc_cache_refresh(cache, "a", NULL), MC_E_CONFLICT);
    assert_int_equal(mc_cache_unload(cache, "a", NULL), MC_OK);
    mc_model_release(fake_acquire(cache, "a")); /* what was in the way is gone: tried at once */
    mc_cache_destroy(cache);
}

/* With one loader thread: ten loads that wait for room hold up none that fits. */
static void who_waits_holds_up_nobody(void **state)
{
    (void)state;
    enum { WAITERS = 10 };
    static const char *const NAMES[WAITERS] = {"w0", "w1", "w2", "w3", "w4",
                                               "w5", "w6", "w7", "w8", "w9"};
    static caller waiters[WAITERS];
    mc_cache *cache = cache_of(2 * ONE - 20000, 1, 5000);
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "a");
    for (size_t i = 0; i < WAITERS; i++)
        start(&waiters[i], cache, NAMES[i], "bytes=65536");
    wait_until_waiting(cache);
    pause_ms(20);
    for (size_t i = 0; i < 20; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "s%zu", i);
        assert_int_equal(mc_cache_load(cache, name, "bytes=64", NULL), MC_OK);
        assert_int_equal(state_of(cache, "w9"), MC_STATE_LOADING);
        assert_int_equal(mc_cache_unload(cache, name, NULL), MC_OK);
    }
    mc_model_release(held);
    for (size_t i = 0; i < WAITERS; i++)
        assert_int_equal(end(&waiters[i]), MC_OK);
    assert_int_equal(cache->n_parked, 0);
    mc_cache_destroy(cache);
}

static void drop_first_makes_requests_wait_for_the_new_one(void **state)
{
    (void)state;
    static caller request, refresh;
    mc_cache *cache = cache_of(ONE + 100, 1, 20000);
    configure(cache, "a", (mc_model_settings){.swap = MC_SWAP_DROP_FIRST});
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "a");
    start(&refresh, cache, "a", "bytes=65536 ms=1");
    wait_until_waiting(cache); /* dropped, but a request is on it still */
    assert_null(mc_cache_peek(cache, "a"));
    start(&request, cache, "a", NULL);
    pause_ms(20);
    mc_model_release(held);
    assert_int_equal(end(&refresh), MC_OK);
    assert_int_equal(end(&request), MC_OK);
    assert_string_equal(request.answered_by, "bytes=65536 ms=1");
    assert_int_equal(fake_info(cache, "a").generation, 2);
    assert_int_equal(mc_cache_statistics(cache).drops[MC_DROP_SWAP], 1);
    assert_in_range(fake_mapped_peak(), 1, ONE + 100);
    mc_cache_destroy(cache);
}

static void drop_first_drops_nothing_that_fits(void **state)
{
    (void)state;
    mc_cache *cache = cache_of(2 * ONE, 1, 20000);
    configure(cache, "a", (mc_model_settings){.swap = MC_SWAP_DROP_FIRST});
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    assert_int_equal(mc_cache_refresh(cache, "a", NULL), MC_OK);
    assert_int_equal(mc_cache_statistics(cache).drops[MC_DROP_SWAP], 0);
    mc_cache_destroy(cache);
}

static void a_source_that_fails_gives_the_old_one_back(void **state)
{
    (void)state;
    static caller request, bad;
    mc_cache *cache = cache_of(ONE + 100, 1, 20000);
    configure(cache, "a", (mc_model_settings){.swap = MC_SWAP_DROP_FIRST});
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "a");
    start(&bad, cache, "a", "bytes=65536 fail");
    wait_until_waiting(cache);
    start(&request, cache, "a", NULL);
    pause_ms(20);
    mc_model_release(held);
    assert_int_equal(end(&bad), MC_E_MALFORMED); /* who asked for it is told ... */
    assert_int_equal(end(&request), MC_OK);      /* ... and requests are answered */
    assert_string_equal(request.answered_by, "bytes=65536");
    assert_string_equal(fake_info(cache, "a").source, "bytes=65536");
    assert_int_equal(state_of(cache, "a"), MC_STATE_READY);
    mc_cache_destroy(cache);
    assert_int_equal(fake_mapped_bytes(), 0);
}

/* ---------------------------------------------------------------------------- resident sets ----
 */

static mc_model_settings in_set(const char *set, uint32_t min_resident)
{
    mc_model_settings settings = {.min_resident = min_resident};
    (void)snprintf(settings.resident_set, sizeof settings.resident_set, "%s", set);
    return settings;
}

static void the_most_valuable_of_a_set_stay(void **state)
{
    (void)state;
    mc_cache *cache = cache_of(4 * ONE, 1, 20000);
    char name[] = "a";
    for (; name[0] <= 'd'; name[0]++) {
        configure(cache, name, in_set(name[0] < 'd' ? "fraud" : "", name[0] == 'b' ? 2 : 0));
        assert_int_equal(mc_cache_load(cache, name, "bytes=65536", NULL), MC_OK);
        mc_cache_lock(cache);
        mc_table_find(&cache->table, name, 1)->load_ns = 1000000; /* uses decide */
        mc_cache_unlock(cache);
    }
    for (unsigned i = 0; i < 50; i++) { /* the others are used more: "c" most, then "a" */
        mc_model_release(fake_acquire(cache, "d"));
        mc_model_release(fake_acquire(cache, i < 5 ? "a" : i < 20 ? "c" : "d"));
    }
    /* Three come that have to go again: "b" goes, as the least of its set, then "d". */
    for (name[0] = 'x'; name[0] <= 'z'; name[0]++) {
        assert_int_equal(mc_cache_load(cache, name, "bytes=65536 ms=2", NULL), MC_OK);
        mc_model_release(fake_acquire(cache, name));
    }
    assert_int_equal(state_of(cache, "a"), MC_STATE_READY);
    assert_int_equal(state_of(cache, "b"), MC_STATE_REGISTERED);
    assert_int_equal(state_of(cache, "c"), MC_STATE_READY);
    assert_int_equal(mc_cache_shed(cache, UINT64_MAX, 0), 2 * ONE); /* all but "a" and "c" */
    assert_int_equal(mc_cache_load(cache, "big", "bytes=196608", NULL), MC_E_OVER_BUDGET);
    assert_int_equal(mc_cache_unload(cache, "a", NULL), MC_OK); /* by hand */
    configure(cache, "b", in_set("fraud", 0)); /* nobody names a minimum any more */
    assert_int_equal(mc_cache_shed(cache, UINT64_MAX, 0), ONE);
    mc_cache_destroy(cache);
}

static void without_a_set_a_model_keeps_itself(void **state)
{
    (void)state;
    mc_cache *cache = cache_of(2 * ONE, 1, 20000);
    mc_model_settings settings = in_set("", 1);
    settings.idle_unload_ms = 1;
    configure(cache, "a", settings);
    assert_int_equal(mc_cache_load(cache, "a", "bytes=65536", NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "b", "bytes=65536", NULL), MC_OK);
    for (unsigned i = 0; i < 20; i++)
        mc_model_release(fake_acquire(cache, "b"));
    assert_int_equal(mc_cache_load(cache, "c", "bytes=65536", NULL), MC_OK);
    assert_int_equal(state_of(cache, "a"), MC_STATE_READY);
    assert_int_equal(state_of(cache, "b"), MC_STATE_REGISTERED);
    settings.min_resident = 0;
    configure(cache, "a", settings);
    for (unsigned i = 0; i < 2000 && state_of(cache, "a") != MC_STATE_REGISTERED; i++)
        pause_ms(1); /* it drains before it is gone */
    assert_int_equal(state_of(cache, "a"), MC_STATE_REGISTERED);
    mc_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_waits_for_what_drains),
        cmocka_unit_test(a_load_waits_for_what_requests_hold),
        cmocka_unit_test(it_does_not_wait_for_ever),
        cmocka_unit_test(destroying_ends_the_waiting),
        cmocka_unit_test(two_loads_do_not_wait_for_each_other),
        cmocka_unit_test(keep_refuses_what_does_not_fit_beside_it),
        cmocka_unit_test(who_waits_holds_up_nobody),
        cmocka_unit_test(drop_first_makes_requests_wait_for_the_new_one),
        cmocka_unit_test(drop_first_drops_nothing_that_fits),
        cmocka_unit_test(a_source_that_fails_gives_the_old_one_back),
        cmocka_unit_test(the_most_valuable_of_a_set_stay),
        cmocka_unit_test(without_a_set_a_model_keeps_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
