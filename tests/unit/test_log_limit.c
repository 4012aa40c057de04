/* test_log_limit.c: every line is written or counted, whoever writes it and when. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "serve/log_limit.h"

static mc_log_limit limit;

static int set_up(void **state)
{
    (void)state;
    limit = (mc_log_limit){.rate = 3};
    return 0;
}

/* How many of `n` lines are admitted; what they tell of suppressed ones is added to *told. */
static uint32_t send(const char *event, uint32_t second, uint32_t n, uint64_t *told)
{
    uint32_t admitted = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t suppressed = 0;
        admitted += mc_log_admit(&limit, event, second, &suppressed);
        *told += suppressed;
    }
    return admitted;
}

static void a_second_has_its_lines(void **state)
{
    (void)state;
    uint64_t told = 0;
    assert_int_equal(send("hit", 7, 10, &told), 3);
    assert_int_equal(send("miss", 7, 2, &told), 2); /* each kind has its own */
    assert_int_equal(told, 0);
    assert_int_equal(send("hit", 8, 1, &told), 1);
    assert_int_equal(told, 7);
    assert_int_equal(send("hit", 7, 5, &told), 2); /* a clock read late: it counts in the new one */
    const char *event = NULL;
    assert_int_equal(mc_log_take_suppressed(&limit, 0, &event), 3);
    assert_string_equal(event, "hit");
    assert_int_equal(mc_log_take_suppressed(&limit, 0, &event), 0);
    assert_int_equal(told, 7);
}

static void without_a_rate_all_are_written(void **state)
{
    (void)state;
    uint64_t told = 0;
    limit.rate = 0;
    assert_int_equal(send("hit", 1, 1000, &told), 1000);
    assert_int_equal(told, 0);
}

static void further_kinds_share_a_place(void **state)
{
    (void)state;
    static char names[2 * MC_LOG_KINDS][8];
    uint64_t told = 0;
    uint32_t admitted = 0;
    for (size_t i = 0; i < 2 * MC_LOG_KINDS; i++) {
        (void)snprintf(names[i], sizeof names[i], "k%zu", i);
        admitted += send(names[i], 1, 3, &told);
    }
    assert_int_equal(admitted, 3 * MC_LOG_KINDS);
}

#define THREADS 4
#define EACH    50000u

static void *many(void *admitted)
{
    uint64_t *out = admitted;
    for (uint32_t i = 0; i < EACH; i++) {
        uint64_t suppressed = 0;
        out[0] += mc_log_admit(&limit, "hit", 1 + i / 1000, &suppressed);
        out[1] += suppressed;
    }
    return NULL;
}

static void no_line_is_lost_or_told_twice(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    uint64_t counts[THREADS][2] = {0}, admitted = 0, told = 0;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many, counts[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        admitted += counts[i][0];
        told += counts[i][1];
    }
    const char *event = NULL;
    told += mc_log_take_suppressed(&limit, 0, &event);
    assert_int_equal(admitted + told, THREADS * EACH);
    assert_true(admitted <= 3 * EACH / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_second_has_its_lines, set_up),
        cmocka_unit_test_setup(without_a_rate_all_are_written, set_up),
        cmocka_unit_test_setup(further_kinds_share_a_place, set_up),
        cmocka_unit_test_setup(no_line_is_lost_or_told_twice, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
