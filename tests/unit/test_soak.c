/* test_soak.c: everything at once for three seconds, and not one wrong or mixed answer.
 *
 * Six threads acquire and read, one refreshes, one unloads, sheds and replaces sources; the budget
 * holds two thirds of the models, so there are evictions all the time; swaps drop the old
 * generation first, idle models leave, and a set keeps one of its models. Meant for ThreadSanitizer
 * and AddressSanitizer as much as for its own assertions. MC_SOAK_SECONDS makes it longer. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cache_fakes.h"

#define N_MODELS    9u
#define N_READERS   6u
#define MODEL_BYTES 16384u
#define BUDGET      (6u * (MODEL_BYTES + FAKE_SCHEMA_BYTES))

typedef struct soak {
    mc_cache *cache;
    _Atomic bool stop;
    _Atomic uint64_t asked, answers, mixed, backwards, over_budget, refused, unexpected, swaps;
} soak;

static void name_of(unsigned at, char out[8])
{
    (void)snprintf(out, 8, "m%u", at % N_MODELS);
}

/* xorshift: each thread has its own. */
static unsigned next_random(unsigned *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void count(_Atomic uint64_t *counter)
{
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void check_answer(soak *run, const mc_model *model, uint64_t *last_generation)
{
    uint64_t load = 0;
    const uint64_t generation = mc_model_describe(model).generation;
    count(&run->answers);
    if (!fake_model_is_whole(model, &load))
        count(&run->mixed);
    if (generation < *last_generation)
        count(&run->backwards);
    *last_generation = generation;
}

/* A model that does not fit right now is refused, or its waiter is: both may happen here. */
static void check_refusal(soak *run, mc_status status)
{
    const bool lacks_room =
        status == MC_E_OVER_BUDGET || status == MC_E_CONFLICT || status == MC_E_BUSY;
    count(lacks_room ? &run->refused : &run->unexpected);
}

static void *read_models(void *context)
{
    soak *run = context;
    unsigned seed = (unsigned)(uintptr_t)&seed | 1u;
    uint64_t last_generation[N_MODELS] = {0};
    while (!atomic_load(&run->stop)) {
        char name[8];
        const unsigned r = next_random(&seed);
        const unsigned at = r % 4 != 0 ? r / 4 % 3 : r / 4 % N_MODELS; /* three are popular */
        mc_model *model = NULL;
        name_of(at, name);
        count(&run->asked);
        const mc_status status = mc_cache_acquire(run->cache, name, 20000, &model, NULL, NULL);
        if (status != MC_OK) {
            check_refusal(run, status);
            continue;
        }
        check_answer(run, model, &last_generation[at]);
        mc_model_release(model);
    }
    return NULL;
}

static void *refresh_models(void *context)
{
    soak *run = context;
    char name[8];
    const struct timespec pause = {.tv_nsec = 1000000};
    for (unsigned at = 0; !atomic_load(&run->stop); at++) {
        name_of(at, name);
        const mc_status status = mc_cache_refresh(run->cache, name, NULL);
        if (status == MC_OK)
            count(&run->swaps);
        else
            check_refusal(run, status);
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

static void *meddle(void *context)
{
    soak *run = context;
    unsigned seed = 77;
    const struct timespec pause = {.tv_nsec = 2000000};
    char name[8];
    while (!atomic_load(&run->stop)) {
        const unsigned r = next_random(&seed);
        name_of(r / 8, name);
        if (r % 8 < 4 && mc_cache_unload(run->cache, name, NULL) != MC_OK)
            count(&run->unexpected);
        if (r % 64 == 0)
            (void)mc_cache_shed(run->cache, MODEL_BYTES, 1);
        if (r % 8 >= 4)
            fake_add(run->cache, name, r % 8 == 4 ? "bytes=16384 grant=20000" : "bytes=16384");
        if (mc_cache_statistics(run->cache).memory_used > BUDGET || fake_mapped_bytes() > BUDGET)
            count(&run->over_budget);
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

static uint64_t seconds(void)
{
    const char *text = getenv("MC_SOAK_SECONDS"); /* NOLINT: one thread yet */
    return text == NULL ? 3 : strtoull(text, NULL, 10);
}

static void let_run(soak *run)
{
    pthread_t threads[N_READERS + 2];
    for (unsigned i = 0; i < N_READERS + 2; i++) {
        void *(*body)(void *) = i < N_READERS    ? read_models
                                : i == N_READERS ? refresh_models
                                                 : meddle;
        assert_int_equal(pthread_create(&threads[i], NULL, body, run), 0);
    }
    const struct timespec pause = {.tv_sec = (time_t)seconds()};
    (void)nanosleep(&pause, NULL);
    atomic_store(&run->stop, true);
    for (unsigned i = 0; i < N_READERS + 2; i++)
        (void)pthread_join(threads[i], NULL);
}

/* Some are dropped for their next generation, some for being idle, and of three one stays. */
static void treat_differently(mc_cache *cache, const char *name, unsigned at)
{
    const mc_model_settings settings = {.struct_size = sizeof settings,
                                        .swap = at % 2 == 0 ? MC_SWAP_DROP_FIRST : MC_SWAP_KEEP,
                                        .idle_unload_ms = at % 3 == 0 ? 5 : 0,
                                        .min_resident = at >= 6 ? 1 : 0,
                                        .resident_set = "last"};
    assert_int_equal(mc_cache_configure(cache, name, &settings, NULL), MC_OK);
}

static void no_answer_is_mixed_and_the_budget_holds(void **state)
{
    (void)state;
    static soak run;
    mc_cache_options options = {.struct_size = sizeof options,
                                .memory_budget = BUDGET,
                                .load_threads = 2,
                                .retry_after_ms = 1};
    run.cache = fake_cache_with(&options);
    for (unsigned i = 0; i < N_MODELS; i++) {
        char name[8];
        name_of(i, name);
        fake_add(run.cache, name, "bytes=16384");
        treat_differently(run.cache, name, i);
    }
    let_run(&run);
    const mc_cache_stats stats = mc_cache_statistics(run.cache);
    print_message("%llu answers, %llu swaps, %llu loads, %llu evictions, %llu refused\n",
                  (unsigned long long)run.answers, (unsigned long long)run.swaps,
                  (unsigned long long)stats.loads, (unsigned long long)stats.drops[MC_DROP_BUDGET],
                  (unsigned long long)run.refused);
    assert_int_equal(run.mixed, 0);
    assert_int_equal(run.backwards, 0);
    assert_int_equal(run.over_budget, 0);
    assert_int_equal(run.unexpected, 0);
    assert_int_equal(stats.hits + stats.misses, run.asked); /* one of the two for each */
    assert_true(run.answers > 1000);
    assert_true(run.swaps > 10);
    assert_true(stats.drops[MC_DROP_BUDGET] > 10);
    assert_in_range(fake_mapped_peak(), 1, BUDGET);
    mc_cache_destroy(run.cache);
    assert_int_equal(fake_mapped_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_answer_is_mixed_and_the_budget_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
