/* test_spool.c: pages on a disk, what they do when there is no disk, and what is built of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/spool.h"
#include "base/vec.h"

#define SIZE ((size_t)1 << 20)

static void keeps_what_is_written_while_it_grows(void **state)
{
    (void)state;
    mc_spool spool = {0};
    assert_true(mc_spool_open(&spool, SIZE));
    memset(spool.data, 7, SIZE);
    assert_true(mc_spool_grow(&spool, 4 * SIZE));
    assert_int_equal(spool.size, 4 * SIZE);
    const uint8_t *bytes = mc_spool_close(&spool);
    assert_int_equal(bytes[SIZE - 1], 7);
    assert_int_equal(bytes[SIZE], 0);
    assert_false(spool.is_open);
    mc_pages_free((void *)(uintptr_t)bytes, 4 * SIZE);
}

static void is_not_made_in_memory_nor_beyond_the_disk(void **state)
{
    (void)state;
    mc_spool spool = {0};
    assert_false(mc_spool_open(&spool, SIZE_MAX / 4));
    assert_false(spool.is_open);
    assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
    assert_true(mc_spool_open(&spool, SIZE)); /* in /var/tmp */
    assert_int_equal(setenv("TMPDIR", "/no/such/folder", 1), 0);
    assert_false(mc_spool_grow(&spool, SIZE_MAX / 4));
    assert_int_equal(spool.size, SIZE);
    mc_pages_free(mc_spool_close(&spool), SIZE);
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

static void copies_a_file_up_to_its_end(void **state)
{
    (void)state;
    char path[] = "/var/tmp/test_spool.XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    mc_spool spool = {0};
    assert_true(mc_spool_open(&spool, SIZE));
    assert_int_equal(mc_spool_copy(&spool, fd), 10);
    assert_memory_equal(spool.data, "0123456789", 10);
    assert_int_equal(((const uint8_t *)spool.data)[10], 0);
    assert_int_equal(close(fd), 0);
    mc_pages_free(mc_spool_close(&spool), SIZE);
}

static void arenas_spool_large_items_alone(void **state)
{
    (void)state;
    mc_arena arena;
    mc_error err;
    void *small = NULL, *large = NULL;
    mc_arena_init(&arena, 8 * MC_SPOOL_FROM, "test");
    arena.spools = true;
    assert_int_equal(mc_arena_take(&arena, 1, 100, &small, &err), MC_OK);
    assert_int_equal(arena.spooled, 0);
    assert_int_equal(mc_arena_take(&arena, MC_SPOOL_FROM, 1, &large, &err), MC_OK);
    assert_true(arena.spooled >= MC_SPOOL_FROM && arena.spooled < arena.used);
    memset(large, 1, MC_SPOOL_FROM);
    mc_arena_fini(&arena);
    assert_int_equal(arena.spooled, 0);
}

static void a_vec_is_taken_out_in_pieces(void **state)
{
    (void)state;
    for (size_t size = 1; size < 5 * SIZE; size = size * 3 + 1) {
        mc_vec vec = {0};
        mc_error err;
        uint8_t *out = mc_alloc(size, 1);
        assert_non_null(out);
        for (size_t i = 0; i < size; i += 1000) {
            uint8_t piece[1000];
            memset(piece, (int)(i / 1000 % 251), sizeof piece);
            assert_int_equal(mc_vec_append(&vec, piece, size - i < 1000 ? size - i : 1000, &err),
                             MC_OK);
        }
        assert_int_equal(vec.size, size);
        mc_vec_take_out(&vec, out);
        assert_null(vec.data);
        for (size_t i = 0; i < size; i++)
            if (out[i] != i / 1000 % 251)
                fail_msg("byte %zu of %zu", i, size);
        mc_free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_written_while_it_grows),
        cmocka_unit_test(is_not_made_in_memory_nor_beyond_the_disk),
        cmocka_unit_test(copies_a_file_up_to_its_end),
        cmocka_unit_test(arenas_spool_large_items_alone),
        cmocka_unit_test(a_vec_is_taken_out_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
