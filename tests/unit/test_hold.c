/* test_hold.c: large pages, prefault and lock change nothing of what an image holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "image/hold.h"

#define SIZE ((size_t)9 << 20)

static void every_wish_keeps_the_bytes(void **state)
{
    (void)state;
    uint8_t *block = mc_pages_alloc(SIZE);
    assert_non_null(block);
    for (size_t i = 0; i < SIZE; i++)
        block[i] = (uint8_t)(i * 31 >> 3);
    const mc_image image = {.block = block, .size = SIZE};
    for (unsigned wishes = 0; wishes < 8; wishes++)
        assert_int_equal(mc_image_hold(&image, wishes) & ~wishes, 0);
    for (size_t i = 0; i < SIZE; i++)
        if (block[i] != (uint8_t)(i * 31 >> 3))
            fail_msg("byte %zu", i);
    mc_pages_free(block, SIZE);
}

static void a_lock_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    const struct rlimit none = {0, 0};
    uint8_t *block = mc_pages_alloc(SIZE);
    assert_non_null(block);
    const mc_image image = {.block = block, .size = SIZE};
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    const unsigned refused = mc_image_hold(&image, MC_HOLD_LOCK | MC_HOLD_PREFAULT);
    /* whoever may lock what they like (root) is not refused */
    assert_true(refused == MC_HOLD_LOCK || refused == 0);
    mc_pages_free(block, SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wish_keeps_the_bytes),
        cmocka_unit_test(a_lock_beyond_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
