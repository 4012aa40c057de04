/* test_hold.c: large pages, prefault and lock change nothing of what an image holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "image/hold.h"

/* A sanitizer puts its own mlock in the place of the system's: one that does nothing. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MLOCK_IS_REPLACED 1
#else
#define MLOCK_IS_REPLACED 0
#endif

#define SIZE   ((size_t)9 << 20)
#define NOBODY 65534u

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

/* In a process of its own, which gives up what root may do: whoever may lock what they like is not
 * refused. @return its exit code: 0 when the lock alone was refused. */
static int refused_in_a_child(const mc_image *image)
{
    const struct rlimit none = {0, 0};
    const pid_t child = fork();
    if (child == 0) {
        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(NOBODY) != 0))
            _exit(2);
        _exit(mc_image_hold(image, MC_HOLD_LOCK | MC_HOLD_PREFAULT) == MC_HOLD_LOCK ? 0 : 1);
    }
    int status = 0;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

static void a_lock_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    if (MLOCK_IS_REPLACED)
        skip();
    uint8_t *block = mc_pages_alloc(SIZE);
    assert_non_null(block);
    const mc_image image = {.block = block, .size = SIZE};
    assert_int_equal(refused_in_a_child(&image), 0);
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
