/* test_await.c: exactly one of callback, clock and shutdown resumes an exchange.
 *
 * The engine is not linked in: its mc_exchange_resume() is the one below, which counts. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/await.h"

static atomic_int n_resumed;

void mc_exchange_resume(mc_exchange *exchange)
{
    (void)exchange;
    (void)atomic_fetch_add(&n_resumed, 1);
}

static const mc_error FAILED = {.status = MC_E_MALFORMED, .message = "no model"};

static mc_awaits awaits;
static mc_exchange exchange;

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

static mc_await *expecting(void)
{
    mc_await *await = NULL;
    assert_int_equal(mc_await_create(&awaits, &exchange, &await), MC_OK);
    mc_await_expect(await);
    atomic_store(&n_resumed, 0);
    return await;
}

static mc_status take(mc_await *await)
{
    mc_model *model = NULL;
    mc_error error;
    return mc_await_take(await, &model, &error);
}

static uint64_t in_ms(uint64_t ms)
{
    return mc_now_ns() + ms * 1000000;
}

static void a_result_that_is_there_is_not_waited_for(void **state)
{
    (void)state;
    mc_await *await = expecting();
    mc_await_done(await, NULL, &FAILED);
    assert_false(mc_await_arm(await, in_ms(10000)));
    assert_int_equal(take(await), MC_E_MALFORMED);
    assert_int_equal(atomic_load(&n_resumed), 0);
    mc_await_drop(await);
}

static void the_callback_resumes(void **state)
{
    (void)state;
    mc_await *await = expecting();
    assert_true(mc_await_arm(await, in_ms(10000)));
    mc_await_done(await, NULL, &FAILED);
    assert_int_equal(atomic_load(&n_resumed), 1);
    assert_int_equal(take(await), MC_E_MALFORMED);
    mc_await_drop(await);
}

static void the_clock_resumes_in_order_of_deadlines(void **state)
{
    (void)state;
    mc_await *late = expecting(), *soon = expecting();
    assert_true(mc_await_arm(late, in_ms(10000)));
    assert_true(mc_await_arm(soon, in_ms(30)));
    for (int i = 0; i < 500 && atomic_load(&n_resumed) == 0; i++)
        sleep_ms(10);
    assert_int_equal(atomic_load(&n_resumed), 1);
    assert_int_equal(take(soon), MC_E_DEADLINE);
    mc_await_drop(soon);
    mc_await_done(soon, NULL, &FAILED); /* comes late, and ends it */
    assert_int_equal(atomic_load(&n_resumed), 1);
    mc_await_done(late, NULL, &FAILED);
    assert_int_equal(atomic_load(&n_resumed), 2);
    mc_await_drop(late);
}

static void an_unused_one_serves_again(void **state)
{
    (void)state;
    mc_await *await = expecting();
    mc_await_forget(await);
    mc_await_expect(await);
    mc_await_done(await, NULL, &FAILED);
    mc_await_drop(await);
}

static void *call_back(void *user)
{
    mc_await_done(user, NULL, &FAILED);
    return NULL;
}

/* Whoever comes first: an exchange that waits is resumed once, one that does not, never. */
static void callback_and_clock_race(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        mc_await *await = expecting();
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, call_back, await), 0);
        const bool waits = mc_await_arm(await, in_ms(0));
        while (waits && atomic_load(&n_resumed) == 0)
            sleep_ms(1);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(atomic_load(&n_resumed), waits ? 1 : 0);
        assert_int_equal(take(await), MC_E_MALFORMED);
        mc_await_drop(await);
    }
}

static void shutdown_resumes_and_refuses_more(void **state)
{
    (void)state;
    mc_await *await = expecting();
    assert_true(mc_await_arm(await, in_ms(10000)));
    mc_awaits_stop(&awaits);
    assert_int_equal(atomic_load(&n_resumed), 1);
    assert_int_equal(take(await), MC_E_BUSY);
    assert_false(mc_await_arm(await, in_ms(10000)));
    mc_await_done(await, NULL, &FAILED);
    mc_await_drop(await);
}

static int set_up(void **state)
{
    mc_error error;
    (void)state;
    return mc_awaits_start(&awaits, &error) != MC_OK;
}

static int tear_down(void **state)
{
    (void)state;
    mc_awaits_fini(&awaits);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_result_that_is_there_is_not_waited_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_callback_resumes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_clock_resumes_in_order_of_deadlines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unused_one_serves_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(callback_and_clock_race, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shutdown_resumes_and_refuses_more, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
