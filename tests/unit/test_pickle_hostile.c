/* test_pickle_hostile.c: pickles made to hurt: cut, flipped, deep, doubling, huge by declaration.
 *
 *   test_pickle_hostile DIRECTORY      of whole pickles: the fuzzer's seeds
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/limits.h"
#include "pickle/memo.h"
#include "show_graph.h"

static const char *directory;

/* A pickle under construction. */
typedef struct pen {
    uint8_t data[1 << 20];
    size_t size;
} pen;
static pen made;

static void start(void)
{
    made.size = 0;
}

static void add(const char *bytes, size_t size)
{
    assert_true(size <= sizeof made.data - made.size);
    memcpy(made.data + made.size, bytes, size);
    made.size += size;
}
#define ADD(literal) add(literal, sizeof(literal) - 1)

static void add_times(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(bytes, strlen(bytes));
}

static void add_u32(uint32_t n)
{
    const uint8_t bytes[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16),
                              (uint8_t)(n >> 24)};
    add((const char *)bytes, 4);
}

/* Reads what was made; the arena stays for the caller. Checks what must hold for any input. */
static mc_status read_made(mc_arena *arena, mc_value **out, mc_error *err)
{
    const mc_status status = read_graph(made.data, made.size, arena, out, err);
    assert_true(arena->used <= MC_LIMIT_GRAPH_FACTOR * made.size + MC_LIMIT_GRAPH_BASE);
    if (status != MC_OK) {
        assert_int_equal(err->status, status);
        assert_true(err->message[0] != '\0');
        assert_true(err->offset == MC_NO_OFFSET || err->offset <= made.size);
    }
    return status;
}

static mc_status read_and_drop(mc_error *err)
{
    mc_arena arena;
    mc_value *value = NULL;
    const mc_status status = read_made(&arena, &value, err);
    mc_arena_fini(&arena);
    return status;
}

/* Calls `check` with each file of the directory in `made`. */
static void for_each_seed(void (*check)(void))
{
    size_t n_seeds = 0;
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    for (const struct dirent *e = readdir(entries); e != NULL; e = readdir(entries)) {
        char path[1024];
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        made.size = fread(made.data, 1, sizeof made.data, file);
        (void)fclose(file);
        check();
        n_seeds++;
    }
    (void)closedir(entries);
    assert_in_range(n_seeds, 20, 10000);
}

/* ---------------------------------------------------------------------------------- damage ---- */

static void check_prefixes(void)
{
    mc_error err;
    const size_t size = made.size;
    if (read_and_drop(&err) != MC_OK)
        return;
    for (size_t cut = 0; cut<size; cut += size> 2000 ? 13 : 1) {
        made.size = cut;
        const mc_status status = read_and_drop(&err);
        assert_true(status == MC_E_TRUNCATED || status == MC_E_MALFORMED);
    }
}

static void each_prefix_is_refused(void **state)
{
    (void)state;
    for_each_seed(check_prefixes);
}

static void check_flips(void)
{
    mc_error err;
    const size_t step = made.size > 500 ? made.size / 100 : 1;
    for (size_t at = 0; at < made.size; at += step)
        for (int bit = 0; bit < 8; bit++) {
            made.data[at] ^= (uint8_t)(1u << bit);
            (void)read_and_drop(&err); /* what it checks must hold, whatever comes out */
            made.data[at] ^= (uint8_t)(1u << bit);
        }
}

static void each_flipped_bit_is_survived(void **state)
{
    (void)state;
    for_each_seed(check_flips);
}

/* ---------------------------------------------------------------------------- deep, doubling ----
 */

#define DEPTH 10000

static void ten_thousand_nested_values_are_read(void **state)
{
    (void)state;
    mc_arena arena;
    mc_error err;
    mc_value *value = NULL;
    size_t depth = 0;

    start();
    add_times("]", DEPTH);
    add_times("a", DEPTH - 1);
    ADD(".");
    assert_int_equal(read_made(&arena, &value, &err), MC_OK);
    for (; value->as.items.n == 1; value = value->as.items.at[0])
        depth++;
    assert_int_equal(depth, DEPTH - 1);
    mc_arena_fini(&arena);

    start();
    add_times("}N", DEPTH);
    ADD("N");
    add_times("s", DEPTH);
    ADD(".");
    assert_int_equal(read_and_drop(&err), MC_OK);

    start();
    ADD("N");
    add_times("\x85", DEPTH);
    add_times("(", DEPTH);
    add_times("0", DEPTH);
    ADD(".");
    assert_int_equal(read_and_drop(&err), MC_OK);

    start();
    ADD("csklearn.base\nBaseEstimator\nq\x01"
        "0N");
    add_times("q\x02"
              "0h\x01h\x02\x85R",
              DEPTH);
    ADD(".");
    assert_int_equal(read_and_drop(&err), MC_OK);
}

/* A list of two times the list before, sixty times: 2^60 items to whoever walks paths. */
static void a_memo_bomb_is_read_in_no_time(void **state)
{
    (void)state;
    mc_arena arena;
    mc_error err;
    mc_value *value = NULL;
    start();
    ADD("]q");
    add("\0", 1);
    for (uint8_t i = 1; i <= 60; i++) {
        const char level[] = {']', 'q', (char)i, '(', 'h', (char)(i - 1), 'h', (char)(i - 1), 'e'};
        add(level, sizeof level);
    }
    ADD(".");
    const uint64_t start_ns = mc_now_ns();
    assert_int_equal(read_made(&arena, &value, &err), MC_OK);
    assert_in_range(mc_now_ns() - start_ns, 0, 50000000);
    assert_in_range(arena.used, 1, 65536);
    mc_arena_fini(&arena);
}

static void doubling_by_dup_and_tuples_stays_small(void **state)
{
    (void)state;
    mc_error err;
    start();
    ADD("N");
    add_times("2\x86", 100000);
    ADD(".");
    assert_int_equal(read_and_drop(&err), MC_OK);
}

/* Few bytes an object, over and over: the arena's limit may end it, memory may not. */
static void the_cheapest_objects_are_bounded(void **state)
{
    (void)state;
    static const char *const ITEMS[] = {"]",    "}",     "\x8f",  "(",        "2",
                                        "\x94", "N\x85", ")\x81", "J\1\1\1\1"};
    for (size_t i = 0; i < MC_COUNT_OF(ITEMS); i++) {
        mc_error err;
        start();
        ADD("csklearn.base\nBaseEstimator\n");
        add_times(ITEMS[i], 300000 / strlen(ITEMS[i]));
        ADD(".");
        (void)read_and_drop(&err);
    }
}

/* The same megabyte turned into bytes again and again by seven bytes each. */
static void work_is_bounded_as_memory_is(void **state)
{
    (void)state;
    mc_error err;
    start();
    ADD("c_codecs\nencode\nq\x01"
        "0X");
    add_u32(500000);
    add_times("a", 500000);
    ADD("q\x02"
        "0Vlatin1\nh\x02"
        "Vlatin1\n\x86q\x03");
    add_times("0h\x01h\x03R", 50000);
    ADD(".");
    const uint64_t start_ns = mc_now_ns();
    assert_int_equal(read_and_drop(&err), MC_E_LIMIT);
    assert_string_equal(err.message, "REDUCE: strings encoded to more than 64 times the file");
    assert_in_range(mc_now_ns() - start_ns, 0, UINT64_C(2000000000));
}

/* ------------------------------------------------------------------------------ huge counts ----
 */

static void declared_counts_allocate_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } PICKLES[] = {
#define BYTES(literal) {literal, sizeof(literal) - 1}
        BYTES("\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"),
        BYTES("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"),
        BYTES("\x96\x00\x00\x00\x00\x00\x00\x00\x40"),
        BYTES("\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"),
        BYTES("\x8b\xff\xff\xff\x7f"),
        BYTES("B\xff\xff\xff\xff"),
        BYTES("X\xff\xff\xff\xff"),
        BYTES("T\xff\xff\xff\x7f"),
        BYTES("\x95\xff\xff\xff\xff\xff\xff\xff\x7f"),
#undef BYTES
    };
    for (size_t i = 0; i < MC_COUNT_OF(PICKLES); i++) {
        mc_arena arena;
        mc_error err;
        mc_value *value = NULL;
        start();
        add(PICKLES[i].bytes, PICKLES[i].size);
        ADD("abc.");
        assert_int_equal(read_made(&arena, &value, &err), MC_E_TRUNCATED);
        assert_in_range(arena.used, 0, 8192);
        mc_arena_fini(&arena);
    }
}

static void long_integers_in_text_are_bounded(void **state)
{
    (void)state;
    mc_error err;
    start();
    ADD("L");
    add_times("9", 4300);
    ADD("L\n.");
    assert_int_equal(read_and_drop(&err), MC_OK);
    start();
    ADD("L");
    add_times("9", 4301);
    ADD("L\n.");
    assert_int_equal(read_and_drop(&err), MC_E_LIMIT);
    assert_string_equal(err.message, "LONG: integer of 4301 digits, at most 4300 are read");
}

static void long_names_are_bounded(void **state)
{
    (void)state;
    mc_error err;
    start();
    ADD("c");
    add_times("a", 5000);
    ADD("\nb\n.");
    assert_int_equal(read_and_drop(&err), MC_E_LIMIT);
}

/* ------------------------------------------------------------------------------------- memo ----
 */

/* Ids all over the range of 64 bits, put and overwritten, against what must come back. */
static void far_memo_ids_come_back(void **state)
{
    (void)state;
    enum { N = 5000 };
    static mc_value values[N];
    mc_memo memo = {0};
    for (uint64_t i = 0; i < N; i++)
        assert_true(mc_memo_put(&memo, i * UINT64_C(0x9e3779b97f4a7c15), &values[0]));
    for (uint64_t i = 0; i < N; i++)
        assert_true(mc_memo_put(&memo, i * UINT64_C(0x9e3779b97f4a7c15), &values[i]));
    assert_int_equal(memo.n, N);
    for (uint64_t i = 0; i < N; i++)
        assert_ptr_equal(mc_memo_get(&memo, i * UINT64_C(0x9e3779b97f4a7c15)), &values[i]);
    assert_null(mc_memo_get(&memo, 12345));
    assert_in_range(memo.sparse_room * sizeof *memo.sparse + memo.dense_room * sizeof *memo.dense,
                    1, N * 100);
    mc_memo_fini(&memo);
}

/* An id that was far when it was put, and near when it was put again. */
static void an_id_may_become_near(void **state)
{
    (void)state;
    static mc_value first, second;
    mc_memo memo = {0};
    assert_true(mc_memo_put(&memo, 4000, &first));
    for (uint64_t i = 0; i < 3000; i++)
        assert_true(mc_memo_put(&memo, i, &first));
    assert_int_equal(memo.n, 3001);
    assert_true(mc_memo_put(&memo, 4000, &second));
    assert_int_equal(memo.n, 3001);
    assert_ptr_equal(mc_memo_get(&memo, 4000), &second);
    mc_memo_fini(&memo);
}

/* ----------------------------------------------------------------------------- joblib, memory ----
 */

/* joblib's arrays of objects are pickles in the pickle: here one in the other in the other ... */
static void add_nested_wrappers(size_t n)
{
    start();
    for (size_t i = 0; i < n; i++)
        ADD("cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(U\x05shapeK\x01\x85U\x05order"
            "U\x01"
            "CU\x05"
            "dtypecnumpy\ndtype\nU\x02O8\x85Rub");
    ADD("N.");
}

static void object_arrays_nest_to_a_limit(void **state)
{
    (void)state;
    mc_error err;
    add_nested_wrappers(2);
    assert_int_equal(read_and_drop(&err), MC_E_MALFORMED);
    assert_string_equal(err.message, "need the array that the wrapper announced, found None");
    add_nested_wrappers(5000);
    assert_int_equal(read_and_drop(&err), MC_E_LIMIT);
    assert_string_equal(err.message, "pickles nested more than 4 deep");
}

static void raw_arrays_do_not_reach_beyond_the_file(void **state)
{
    (void)state;
    mc_error err;
    start();
    ADD("cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(U\x05shapeJ\xff\xff\xff\x7f\x85U\x05order"
        "U\x01"
        "CU\x05"
        "dtypecnumpy\ndtype\nU\x02"
        "f8\x85Rub12345678.");
    assert_int_equal(read_and_drop(&err), MC_E_TRUNCATED);
    assert_string_equal(err.message, "need 17179869176 bytes, 9 left");
}

static void check_allocations(void)
{
    mc_error err;
    mc_status status = MC_E_NO_MEMORY;
    for (uint64_t k = 1; status == MC_E_NO_MEMORY; k++) {
        assert_in_range(k, 1, 1000);
        mc_alloc_fail_at(k);
        status = read_and_drop(&err);
        mc_alloc_fail_at(0);
    }
    assert_int_equal(status, read_and_drop(&err));
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    for_each_seed(check_allocations);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_prefix_is_refused),
        cmocka_unit_test(each_flipped_bit_is_survived),
        cmocka_unit_test(ten_thousand_nested_values_are_read),
        cmocka_unit_test(a_memo_bomb_is_read_in_no_time),
        cmocka_unit_test(doubling_by_dup_and_tuples_stays_small),
        cmocka_unit_test(the_cheapest_objects_are_bounded),
        cmocka_unit_test(work_is_bounded_as_memory_is),
        cmocka_unit_test(declared_counts_allocate_nothing),
        cmocka_unit_test(long_integers_in_text_are_bounded),
        cmocka_unit_test(long_names_are_bounded),
        cmocka_unit_test(far_memo_ids_come_back),
        cmocka_unit_test(an_id_may_become_near),
        cmocka_unit_test(object_arrays_nest_to_a_limit),
        cmocka_unit_test(raw_arrays_do_not_reach_beyond_the_file),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    if (argc != 2)
        return 2;
    directory = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
