/* test_prediction_flight.c: who claims a row computes it, who finds it claimed waits. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cache/prediction_flight.h"

#define SECOND 1000000000u

static const mc_prediction_key A = {.hash = {1, 1}}, B = {.hash = {2, 2}}, C = {.hash = {3, 3}};

static mc_prediction_flight *made(void)
{
    mc_prediction_flight *flight = NULL;
    assert_int_equal(mc_prediction_flight_create(&flight, NULL), MC_OK);
    return flight;
}

static void what_is_claimed_is_waited_for_as_long_as_allowed(void **state)
{
    (void)state;
    mc_prediction_flight *flight = made();
    const mc_prediction_key *ab[] = {&A, &B}, *bc[] = {&B, &C}, *c[] = {&C};
    assert_int_equal(mc_prediction_claim(flight, ab, 2, SECOND), MC_CLAIM_MINE);
    const uint64_t begin = mc_now_ns();
    assert_int_equal(mc_prediction_claim(flight, bc, 2, SECOND / 50), MC_CLAIM_OTHER);
    assert_true(mc_now_ns() - begin >= SECOND / 50);
    assert_int_equal(mc_prediction_claim(flight, c, 1, 0), MC_CLAIM_MINE); /* none was claimed */
    mc_prediction_release(flight, ab, 2);
    mc_prediction_release(flight, c, 1);
    assert_int_equal(mc_prediction_claim(flight, bc, 2, 0), MC_CLAIM_MINE);
    mc_prediction_release(flight, bc, 2);
    assert_int_equal(mc_prediction_waits(flight), 1);
    mc_prediction_flight_destroy(flight);
}

static void a_row_twice_in_a_batch_is_its_own(void **state)
{
    (void)state;
    mc_prediction_flight *flight = made();
    const mc_prediction_key *aa[] = {&A, &A}, *a[] = {&A};
    assert_int_equal(mc_prediction_claim(flight, aa, 2, 0), MC_CLAIM_MINE);
    mc_prediction_release(flight, a, 1);
    assert_int_equal(mc_prediction_claim(flight, a, 1, 0), MC_CLAIM_OTHER);
    mc_prediction_release(flight, a, 1);
    assert_int_equal(mc_prediction_claim(flight, a, 1, 0), MC_CLAIM_MINE);
    mc_prediction_release(flight, a, 1);
    mc_prediction_flight_destroy(flight);
}

static void a_full_table_claims_nothing(void **state)
{
    (void)state;
    mc_prediction_flight *flight = made();
    mc_prediction_key same[9];
    for (uint64_t i = 0; i < 9; i++) {
        same[i] = (mc_prediction_key){.hash = {5, i}};
        const mc_prediction_key *one[] = {&same[i]};
        assert_int_equal(mc_prediction_claim(flight, one, 1, 0),
                         i < 8 ? MC_CLAIM_MINE : MC_CLAIM_NONE);
    }
    const mc_prediction_key *a_and_last[] = {&A, &same[8]}, *a[] = {&A};
    assert_int_equal(mc_prediction_claim(flight, a_and_last, 2, 0), MC_CLAIM_NONE);
    assert_int_equal(mc_prediction_claim(flight, a, 1, 0), MC_CLAIM_MINE); /* all or none */
    mc_prediction_flight_destroy(flight);
}

#define THREADS 8
#define ROUNDS  2000

static mc_prediction_flight *shared;
static atomic_int inside;

/* Claims in opposite orders never wait in a circle, and one at a time is inside. */
static void *claims(void *number)
{
    const mc_prediction_key *ab[] = {&A, &B}, *ba[] = {&B, &A};
    const mc_prediction_key *const *keys = *(const int *)number % 2 ? ab : ba;
    for (int i = 0; i < ROUNDS; i++) {
        if (mc_prediction_claim(shared, keys, 2, SECOND) != MC_CLAIM_MINE)
            continue;
        if (atomic_fetch_add(&inside, 1) != 0)
            atomic_fetch_add(&inside, 1000000);
        atomic_fetch_sub(&inside, 1);
        mc_prediction_release(shared, keys, 2);
    }
    return NULL;
}

static void one_at_a_time(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    shared = made();
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, claims, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&inside), 0);
    mc_prediction_flight_destroy(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_claimed_is_waited_for_as_long_as_allowed),
        cmocka_unit_test(a_row_twice_in_a_batch_is_its_own),
        cmocka_unit_test(a_full_table_claims_nothing),
        cmocka_unit_test(one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
