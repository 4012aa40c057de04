/* test_cache_gate.c: who is asked before a model is published, and what a refusal leaves behind. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cache_fakes.h"

#define ONE ((uint64_t)4096 + FAKE_SCHEMA_BYTES)

/* Refuses the generations whose bit is set, and notes what it was asked. */
typedef struct keeper {
    unsigned refuses;
    unsigned n_asked;
    uint64_t generation; /* at the last question */
    int policy;
    char name[MC_NAME_MAX];
} keeper;

static mc_status ask(void *user, const char *name, const mc_model *model, mc_error *err)
{
    keeper *k = user;
    uint64_t load = 0;
    k->n_asked++;
    k->generation = mc_model_describe(model).generation;
    k->policy = sched_getscheduler(0);
    (void)snprintf(k->name, sizeof k->name, "%s", name);
    assert_true(fake_model_is_whole(model, &load));
    if ((k->refuses >> k->n_asked & 1) == 0)
        return MC_OK;
    return mc_fail(err, MC_E_CONFLICT, MC_NO_OFFSET, "row 3: expected 1, got 2");
}

static mc_cache *cache_with(keeper *k, uint64_t budget, fake_log *log)
{
    const mc_cache_options options = {.struct_size = sizeof options,
                                      .memory_budget = budget,
                                      .log = log == NULL ? NULL : fake_log_line,
                                      .log_user = log,
                                      .gate = ask,
                                      .gate_user = k};
    return fake_cache_with(&options);
}

static void it_is_asked_about_every_new_model(void **state)
{
    (void)state;
    keeper k = {0};
    mc_cache *cache = cache_with(&k, 0, NULL);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    assert_int_equal(k.n_asked, 1);
    assert_string_equal(k.name, "iris");
    assert_int_equal(mc_cache_load(cache, "iris", NULL, NULL), MC_OK); /* already cached */
    assert_int_equal(k.n_asked, 1);
    assert_int_equal(mc_cache_refresh(cache, "iris", NULL), MC_OK);
    assert_int_equal(k.generation, 2);
    assert_int_equal(k.policy, SCHED_IDLE); /* its work slows nobody */
    mc_cache_destroy(cache);
}

/* Of a model that serves. */
static mc_status last_error(mc_cache *cache)
{
    const mc_entry_info info = fake_info(cache, "iris");
    assert_int_equal(info.state, MC_STATE_READY);
    assert_int_equal(info.load_failures, 1);
    return info.last_error.status;
}

static void a_refusal_keeps_the_old_model(void **state)
{
    (void)state;
    static fake_log log;
    keeper k = {.refuses = 1u << 2};
    static mc_error err;
    static char text[512];
    mc_cache *cache = cache_with(&k, 3 * ONE, &log);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    assert_int_equal(mc_cache_refresh(cache, "iris", &err), MC_E_CONFLICT);
    assert_string_equal(mc_error_format(&err, text, sizeof text),
                        "row 3: expected 1, got 2 / in the gate before publication");
    assert_int_equal(last_error(cache), MC_E_CONFLICT);
    mc_model *model = fake_acquire(cache, "iris");
    assert_int_equal(mc_model_describe(model).generation, 1);
    mc_model_release(model);
    assert_int_equal(mc_cache_statistics(cache).memory_used, ONE); /* the refused one is gone */
    assert_true(fake_log_has(&log, "not refreshed, the one in memory keeps serving: row 3"));
    assert_int_equal(mc_cache_refresh(cache, "iris", NULL), MC_OK);
    assert_int_equal(last_error(cache), MC_OK);
    mc_cache_destroy(cache);
    assert_int_equal(fake_mapped_bytes(), 0);
}

static void a_first_model_that_is_refused_is_never_seen(void **state)
{
    (void)state;
    keeper k = {.refuses = 1u << 1};
    mc_cache *cache = cache_with(&k, 0, NULL);
    mc_model *model = NULL;
    mc_error err = {0};
    fake_add(cache, "iris", "bytes=4096");
    assert_int_equal(mc_cache_acquire(cache, "iris", 10000, &model, NULL, &err), MC_E_CONFLICT);
    assert_null(mc_cache_peek(cache, "iris"));
    assert_int_equal(fake_info(cache, "iris").state, MC_STATE_FAILED);
    assert_int_equal(mc_cache_acquire(cache, "iris", 10000, &model, NULL, &err), MC_E_CONFLICT);
    assert_int_equal(k.n_asked, 1); /* remembered, not tried again at once */
    mc_cache_destroy(cache);
    assert_int_equal(fake_mapped_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_asked_about_every_new_model),
        cmocka_unit_test(a_refusal_keeps_the_old_model),
        cmocka_unit_test(a_first_model_that_is_refused_is_never_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
