/* test_numbers.c: what worker processes count, in memory that outlives them. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/numbers.h"

#define N_MODELS 900
#define KILLS    60

static mc_numbers *share(void)
{
    void *pages =
        mmap(NULL, mc_numbers_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    return pages;
}

static mc_model_row rows[MC_SHOWN_MAX + 1];

static void publish(mc_numbers *n, uint64_t hits)
{
    const mc_cache_stats stats = {
        .hits = hits, .wasted_loads = hits, .memory_used = 7, .n_models = N_MODELS};
    for (size_t i = 0; i < N_MODELS; i++) {
        (void)snprintf(rows[i].key, sizeof rows[i].key, "m%zu", i);
        rows[i].values[MC_MODEL_HITS] = hits;
        rows[i].values[MC_MODEL_WAITING] = 1;
        rows[i].values[MC_MODEL_BYTES] = 5;
    }
    mc_numbers_publish(n, &stats, 3, rows);
}

static void check(const mc_numbers *n, uint64_t hits, uint64_t now)
{
    mc_cache_stats stats = {0};
    uint64_t request_memory = 0, values[MC_N_MODEL_NUMBERS];
    mc_numbers_add_stats(n, false, false, &stats, &request_memory);
    assert_int_equal(stats.hits, hits);
    assert_int_equal(stats.wasted_loads, hits);
    assert_int_equal(stats.memory_used, 7 * now);
    assert_int_equal(request_memory, 3 * now);
    for (size_t i = 0; i < N_MODELS; i++) {
        memset(values, 0, sizeof values);
        mc_numbers_add_model(n, false, rows[i].key, values);
        assert_int_equal(values[MC_MODEL_HITS], hits);
        assert_int_equal(values[MC_MODEL_WAITING], now);
        assert_int_equal(values[MC_MODEL_BYTES], 5 * now);
    }
}

static void a_successor_goes_on(void **state)
{
    (void)state;
    mc_numbers *n = share();
    publish(n, 10);
    check(n, 10, 1);
    mc_numbers_begin(n);
    check(n, 10, 0);
    publish(n, 4);
    check(n, 14, 1);
    mc_numbers_begin(n);
    mc_numbers_begin(n);
    check(n, 14, 0);
    (void)munmap(n, mc_numbers_size());
}

/* A process is killed while it takes over what the one before had counted, at any moment. */
static void who_is_killed_counts_nothing_twice(void **state)
{
    (void)state;
    mc_numbers *n = share();
    for (long i = 0; i < KILLS; i++) {
        publish(n, 10);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            for (;;)
                mc_numbers_begin(n);
        const struct timespec pause = {.tv_nsec = 7919 * (i + 1) % 900000};
        (void)nanosleep(&pause, NULL);
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        mc_cache_stats stats = {0};
        uint64_t request_memory = 0;
        mc_numbers_add_stats(n, false, false, &stats, &request_memory);
        assert_int_equal(stats.hits, 10 * (i + 1));
        mc_numbers_begin(n);
        check(n, 10 * (uint64_t)(i + 1), 0);
    }
    (void)munmap(n, mc_numbers_size());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_successor_goes_on),
                                       cmocka_unit_test(who_is_killed_counts_nothing_twice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
