/* test_churn.c: the churn guard on traces of loads, and in a cache that thrashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cache/cache_state.h"
#include "cache_fakes.h"

#define MS       ((uint64_t)1000000)
#define SECOND   ((uint64_t)1000000000)
#define N_MODELS 8u

/* A trace: models are asked for in turn, one every `pause_ns` and after the one before has loaded,
 * which takes `load_ns`; `fits` of N_MODELS are in memory, the one that was used longest ago goes.
 * @return what was refused of `n_asked`. */
static unsigned refused_of_turns(uint64_t load_ns, uint64_t pause_ns, unsigned fits,
                                 unsigned n_asked)
{
    mc_churn churn;
    uint64_t now_ns = 1000 * SECOND, used_ns[N_MODELS] = {0}, evicted_ns[N_MODELS] = {0};
    unsigned n_refused = 0, n_resident = 0;
    bool resident[N_MODELS] = {false};
    mc_churn_init(&churn, now_ns);
    for (unsigned i = 0; i < n_asked; i++, now_ns += pause_ns) {
        const unsigned at = i % N_MODELS;
        unsigned oldest = N_MODELS;
        for (unsigned k = 0; k < N_MODELS; k++)
            if (resident[k] && (oldest == N_MODELS || used_ns[k] < used_ns[oldest]))
                oldest = k;
        if (!resident[at] && n_resident == fits) {
            const bool is_waste =
                evicted_ns[at] != 0 && !mc_churn_is_calm(now_ns - evicted_ns[at], load_ns);
            if (is_waste && mc_churn_guards(&churn, now_ns) &&
                !mc_churn_is_calm(now_ns - used_ns[oldest], load_ns)) {
                n_refused++;
                continue;
            }
            resident[oldest] = false;
            evicted_ns[oldest] = now_ns;
            n_resident--;
        }
        if (!resident[at]) {
            now_ns += load_ns;
            if (evicted_ns[at] != 0)
                mc_churn_note(&churn, now_ns, now_ns - load_ns - evicted_ns[at], load_ns);
            resident[at] = true;
            n_resident++;
        }
        used_ns[at] = now_ns;
    }
    return n_refused;
}

static void thrashing_is_refused(void **state)
{
    (void)state;
    /* Seven of eight fit, so each load evicts the model that is asked for next. The credit of five
     * seconds, which comes back at half the speed, lasts for ten: a hundred loads of 100 ms. */
    assert_int_equal(refused_of_turns(100 * MS, 0, 7, 100), 0);
    const unsigned n_refused = refused_of_turns(100 * MS, 1 * MS, 7, 100000);
    assert_in_range(n_refused, 5000, 99000); /* and those in memory answer meanwhile */
}

static void what_is_slow_or_rare_is_not_thrashing(void **state)
{
    (void)state;
    assert_int_equal(refused_of_turns(100 * MS, 0, 8, 10000), 0);        /* all fit */
    assert_int_equal(refused_of_turns(1 * MS, 100 * MS, 7, 10000), 0);   /* away for long */
    assert_int_equal(refused_of_turns(100 * MS, 100 * MS, 7, 10000), 0); /* half of the time */
}

static void credit_comes_back(void **state)
{
    (void)state;
    mc_churn churn;
    uint64_t now_ns = SECOND;
    mc_churn_init(&churn, now_ns);
    for (unsigned i = 0; i < 4; i++)
        mc_churn_note(&churn, now_ns, 0, SECOND);
    assert_false(mc_churn_guards(&churn, now_ns));
    assert_int_equal(mc_churn_ends_in(&churn), 0);
    mc_churn_note(&churn, now_ns, 0, 60 * SECOND); /* more than there is */
    assert_true(mc_churn_guards(&churn, now_ns));
    assert_int_equal(mc_churn_ends_in(&churn), 2 * SECOND);
    assert_true(mc_churn_guards(&churn, now_ns + 2 * SECOND - 10));
    assert_false(mc_churn_guards(&churn, now_ns + 2 * SECOND));
    assert_false(mc_churn_guards(&churn, now_ns)); /* a clock that is read late does no harm */
    mc_churn_note(&churn, now_ns + 3600 * SECOND, 100 * SECOND, SECOND); /* long away */
    assert_int_equal(churn.credit_ns, MC_CHURN_CREDIT_NS);
    assert_int_equal(churn.n_waste, 5);
}

static void wait_ns(uint64_t ns)
{
    const struct timespec pause = {.tv_sec = (time_t)(ns / SECOND), .tv_nsec = (long)(ns % SECOND)};
    (void)nanosleep(&pause, NULL);
}

/* A mc_entry_info is large: it stays out of the frame of who asks. */
__attribute__((noinline)) static uint64_t last_load_ns(mc_cache *cache, const char *name)
{
    return fake_info(cache, name).load_ns;
}

/* What all loads took: on a busy machine they take longer than they were asked to. */
__attribute__((noinline)) static uint64_t load_ns_of(mc_cache *cache, const char *const *names,
                                                     size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fake_info(cache, names[i]).loads_ns;
    return sum;
}

static void a_cache_that_thrashes_says_so_and_serves_the_rest(void **state)
{
    (void)state;
    const uint64_t one = 4096 + FAKE_SCHEMA_BYTES;
    const mc_cache_options options = {
        .struct_size = sizeof options, .memory_budget = 2 * one, .retry_after_ms = 1};
    static mc_error err;
    mc_cache *cache = fake_cache_with(&options);
    static const char *const names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        fake_add(cache, names[i], "bytes=4096 ms=5");
    mc_cache_lock(cache);
    cache->churn.credit_ns = 50 * MS; /* as after nine seconds of it */
    mc_cache_unlock(cache);
    unsigned n_answers = 0;
    mc_status status = MC_OK;
    uint64_t first_ns = 0; /* of three loads that waste nothing */
    for (; n_answers < 1000 && status == MC_OK; n_answers++) {
        mc_model *model = NULL;
        status = mc_cache_acquire(cache, names[n_answers % 3], 10000, &model, NULL, &err);
        mc_model_release(model);
        first_ns = n_answers == 2 ? load_ns_of(cache, names, 3) : first_ns;
    }
    const uint64_t wasted_ns = load_ns_of(cache, names, 3) - first_ns;
    const uint64_t n_wasted = mc_cache_statistics(cache).wasted_loads;
    assert_true(wasted_ns >= 50 * MS); /* not before the credit is used up */
    assert_in_range(n_wasted, 1, 100);
    assert_in_range(n_answers, n_wasted + 3, 100);
    if (wasted_ns / n_wasted < 10 * MS) { /* loads took about what they were asked to */
        assert_in_range(n_answers, 8, 100);
        assert_in_range(n_wasted, 3, 100);
    }
    assert_int_equal(status, MC_E_BUSY);
    assert_non_null(strstr(err.message, "more models are in use than the budget holds"));
    assert_int_equal(mc_cache_statistics(cache).n_ready, 2); /* they stay, and answer */
    const char *refused = names[(n_answers - 1) % 3];
    wait_ns(200 * MS + 2 * MC_CHURN_FACTOR * last_load_ns(cache, refused));
    mc_model_release(fake_acquire(cache, refused)); /* ... until they are not in use */
    mc_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thrashing_is_refused),
        cmocka_unit_test(what_is_slow_or_rare_is_not_thrashing),
        cmocka_unit_test(credit_comes_back),
        cmocka_unit_test(a_cache_that_thrashes_says_so_and_serves_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
