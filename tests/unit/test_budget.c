/* test_budget.c: the byte budget: what is charged, what is given back, who is evicted. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cache/cache_state.h"
#include "cache/evict.h"
#include "cache_fakes.h"

#define KB  1024u
#define ONE ((uint64_t)64 * KB + FAKE_SCHEMA_BYTES) /* what a model of "bytes=65536" is charged */

static uint64_t used(mc_cache *cache)
{
    return mc_cache_statistics(cache).memory_used;
}

static mc_status load(mc_cache *cache, const char *name, const char *source, mc_error *err)
{
    return mc_cache_load(cache, name, source, err);
}

static mc_model_state state_of(mc_cache *cache, const char *name)
{
    return fake_info(cache, name).state;
}

static void surplus_goes_back_after_the_load(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(2u << 20, NULL);
    assert_int_equal(load(cache, "a", "bytes=65536 grant=1048576", NULL), MC_OK);
    assert_int_equal(used(cache), ONE);
    assert_int_equal(load(cache, "b", "bytes=65536 grant=100", NULL), MC_OK); /* asked too little */
    assert_int_equal(used(cache), 2 * ONE);
    assert_int_equal(load(cache, "c", "bytes=65536 fail", NULL), MC_E_MALFORMED);
    assert_int_equal(used(cache), 2 * ONE);
    assert_int_equal(mc_cache_unload(cache, "a", NULL), MC_OK);
    assert_int_equal(used(cache), ONE);
    mc_cache_destroy(cache);
}

static void what_can_never_fit_evicts_nobody(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(1u << 20, NULL);
    mc_error err = {0};
    assert_int_equal(load(cache, "a", "bytes=65536", NULL), MC_OK);
    assert_int_equal(load(cache, "big", "bytes=65536 grant=2097154", &err), MC_E_OVER_BUDGET);
    assert_non_null(strstr(err.message, "1.00 MB more are needed, 0.94 MB of the budget of 1 MB "
                                        "are free, and evicting all models that nobody holds or "
                                        "pins (1) would free 0.06 MB"));
    assert_int_equal(state_of(cache, "a"), MC_STATE_READY);
    assert_int_equal(state_of(cache, "big"), MC_STATE_FAILED);
    assert_int_equal(used(cache), ONE);
    mc_cache_destroy(cache);
}

static void the_charge_is_exact_to_the_byte(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(ONE, NULL);
    assert_int_equal(load(cache, "a", "bytes=65536", NULL), MC_OK);
    mc_cache_destroy(cache);
    cache = fake_cache(ONE - 1, NULL);
    assert_int_equal(load(cache, "a", "bytes=65536", NULL), MC_E_OVER_BUDGET);
    assert_int_equal(used(cache), 0);
    assert_int_equal(fake_mapped_bytes(), 0);
    mc_cache_destroy(cache);
}

static void use(mc_cache *cache, const char *name, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        mc_model_release(fake_acquire(cache, name));
}

/* Makes what a load cost the same for all, so that uses decide. */
static void set_cost(mc_cache *cache, const char *name, uint64_t load_ns)
{
    mc_cache_lock(cache);
    mc_table_find(&cache->table, name, strlen(name))->load_ns = load_ns;
    mc_cache_unlock(cache);
}

static void the_least_valuable_goes(void **state)
{
    (void)state;
    static fake_log log;
    mc_cache *cache = fake_cache(3 * ONE, &log);
    const char *const names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(load(cache, names[i], "bytes=65536", NULL), MC_OK);
        set_cost(cache, names[i], 1000000);
    }
    use(cache, "a", 5);
    use(cache, "b", 2);
    use(cache, "c", 3);
    assert_int_equal(load(cache, "d", "bytes=65536", NULL), MC_OK);
    assert_int_equal(state_of(cache, "b"), MC_STATE_REGISTERED);
    assert_true(fake_log_has(&log, "model b evicted: 0.06 MB, for model d"));
    set_cost(cache, "d", 100000000); /* dear to load again, though never used */
    assert_int_equal(load(cache, "b", NULL, NULL), MC_OK);
    assert_int_equal(state_of(cache, "c"), MC_STATE_REGISTERED);
    assert_int_equal(state_of(cache, "d"), MC_STATE_READY);
    assert_int_equal(mc_cache_statistics(cache).drops[MC_DROP_BUDGET], 2);
    mc_cache_destroy(cache);
}

static void what_is_not_used_ages(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(2 * ONE, NULL);
    assert_int_equal(load(cache, "once", "bytes=65536", NULL), MC_OK);
    set_cost(cache, "once", 10000000);
    use(cache, "once", 10); /* popular once */
    char name[] = "n0";
    unsigned n_loads = 0;
    while (state_of(cache, "once") == MC_STATE_READY && n_loads < 100) {
        name[1] = (char)('a' + n_loads++ % 26);
        assert_int_equal(load(cache, name, "bytes=65536", NULL), MC_OK);
        set_cost(cache, name, 10000000);
    }
    assert_in_range(n_loads, 8, 40); /* the clock rose past it, by one use of a model a time */
    mc_cache_destroy(cache);
}

/* One that waits for room for a moment only. */
static mc_cache *impatient_cache(uint64_t memory_budget)
{
    const mc_cache_options options = {
        .struct_size = sizeof options, .memory_budget = memory_budget, .room_wait_ms = 20};
    return fake_cache_with(&options);
}

static void held_and_pinned_models_are_never_victims(void **state)
{
    (void)state;
    mc_cache *cache = impatient_cache(2 * ONE);
    assert_int_equal(load(cache, "held", "bytes=65536", NULL), MC_OK);
    assert_int_equal(load(cache, "pinned", "bytes=65536", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "held");
    assert_int_equal(mc_cache_pin(cache, "pinned", true, NULL), MC_OK);
    assert_int_equal(load(cache, "c", "bytes=65536", NULL), MC_E_BUSY);
    assert_int_equal(state_of(cache, "held"), MC_STATE_READY);
    assert_int_equal(state_of(cache, "pinned"), MC_STATE_READY);
    mc_model_release(held);
    assert_int_equal(load(cache, "c", NULL, NULL), MC_OK);
    assert_int_equal(state_of(cache, "held"), MC_STATE_REGISTERED);
    mc_cache_destroy(cache);
}

static void what_drains_is_still_charged(void **state)
{
    (void)state;
    mc_cache *cache = impatient_cache(ONE);
    assert_int_equal(load(cache, "a", "bytes=65536", NULL), MC_OK);
    mc_model *held = fake_acquire(cache, "a");
    assert_int_equal(mc_cache_unload(cache, "a", NULL), MC_OK);
    assert_int_equal(used(cache), ONE);
    assert_int_equal(load(cache, "b", "bytes=65536", NULL), MC_E_BUSY);
    mc_model_release(held);
    assert_int_equal(load(cache, "b", NULL, NULL), MC_OK);
    mc_cache_destroy(cache);
}

static void a_refresh_that_does_not_fit_keeps_the_old(void **state)
{
    (void)state;
    mc_cache *cache = fake_cache(ONE + 100, NULL);
    assert_int_equal(load(cache, "a", "bytes=65536", NULL), MC_OK);
    assert_int_equal(mc_cache_refresh(cache, "a", NULL), MC_E_CONFLICT);
    mc_model *model = fake_acquire(cache, "a");
    assert_int_equal(mc_model_describe(model).generation, 1);
    mc_model_release(model);
    mc_cache_destroy(cache);
}

static void the_budget_holds_through_many_loads(void **state)
{
    (void)state;
    mc_cache_options options = {
        .struct_size = sizeof options, .memory_budget = 5 * ONE, .load_threads = 3};
    mc_cache *cache = fake_cache_with(&options);
    char name[] = "a";
    for (unsigned i = 0; i < 300; i++) {
        name[0] = (char)('a' + i * 7 % 26);
        mc_model *model = NULL;
        if (i < 26)
            fake_add(cache, name, "bytes=65536 grant=131072");
        assert_int_equal(mc_cache_acquire(cache, name, 10000, &model, NULL, NULL), MC_OK);
        mc_model_release(model);
        assert_in_range(used(cache), ONE, 5 * ONE);
    }
    assert_in_range(fake_mapped_peak(), ONE, 5 * ONE);
    assert_in_range(mc_cache_statistics(cache).drops[MC_DROP_BUDGET], 100, 300);
    mc_cache_destroy(cache);
    assert_int_equal(fake_mapped_bytes(), 0);
}

static int loader_policy = -1;

static mc_status note_policy(void *user, const char *source, mc_grant_fn *grant, void *context,
                             mc_image *out, mc_error *err)
{
    loader_policy = sched_getscheduler(0);
    return fake_loader(user, source, grant, context, out, err);
}

/* The first model has nobody to slow down, and somebody waits for it; later ones are idle. */
static void later_loads_run_at_idle_priority(void **state)
{
    (void)state;
    mc_cache *cache = NULL;
    assert_int_equal(mc_cache_new(NULL, &(mc_loader){.load = note_policy}, &cache, NULL), MC_OK);
    assert_int_equal(load(cache, "a", "bytes=4096", NULL), MC_OK);
    assert_int_equal(loader_policy, SCHED_OTHER);
    assert_int_equal(load(cache, "b", "bytes=4096", NULL), MC_OK);
    assert_int_equal(loader_policy, SCHED_IDLE);
    mc_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surplus_goes_back_after_the_load),
        cmocka_unit_test(what_can_never_fit_evicts_nobody),
        cmocka_unit_test(the_charge_is_exact_to_the_byte),
        cmocka_unit_test(the_least_valuable_goes),
        cmocka_unit_test(what_is_not_used_ages),
        cmocka_unit_test(held_and_pinned_models_are_never_victims),
        cmocka_unit_test(what_drains_is_still_charged),
        cmocka_unit_test(a_refresh_that_does_not_fit_keeps_the_old),
        cmocka_unit_test(the_budget_holds_through_many_loads),
        cmocka_unit_test(later_loads_run_at_idle_priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
