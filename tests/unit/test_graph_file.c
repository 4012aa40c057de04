/* test_graph_file.c: files to graphs: by content, whatever they are called or compressed with.
 *
 *   test_graph_file DIRECTORY      that make_pickles.py filled
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "array/ndarray.h"
#include "base/alloc.h"
#include "import/file/graph_file.h"

static const char *directory;
static mc_error err;
static char message[600];

static const char *path_of(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static mc_status open_named(const char *name, mc_graph_file *out)
{
    err.message[0] = '\0';
    const mc_status status = mc_graph_file_open(path_of(name), NULL, NULL, out, &err);
    (void)mc_error_format(&err, message, sizeof message);
    return status;
}

/* {"x": 0.0 .. 3.0, "o": ["a", None], "f": [[0, 1], [2, 3]], "end": "here"}, as make_pickles.py. */
static void check_small(const mc_graph_file *file)
{
    mc_arena arena;
    mc_ndarray array;
    double *x = NULL;
    int64_t *f = NULL;
    mc_cell *o = NULL;
    mc_arena_init(&arena, 1 << 20, "test");
    assert_int_equal(mc_ndarray_from_value(&arena, mc_dict_get(file->root, "x"), &array, NULL),
                     MC_OK);
    assert_int_equal(mc_ndarray_f64(&arena, &array, &x, NULL), MC_OK);
    assert_memory_equal(x, ((const double[]){0, 1, 2, 3}), 4 * sizeof(double));
    assert_int_equal(mc_ndarray_from_value(&arena, mc_dict_get(file->root, "f"), &array, NULL),
                     MC_OK);
    assert_int_equal(mc_ndarray_i64(&arena, &array, &f, NULL), MC_OK);
    assert_memory_equal(f, ((const int64_t[]){0, 1, 2, 3}), 4 * sizeof(int64_t));
    assert_int_equal(mc_ndarray_from_value(&arena, mc_dict_get(file->root, "o"), &array, NULL),
                     MC_OK);
    assert_int_equal(mc_ndarray_cells(&arena, &array, &o, NULL), MC_OK);
    assert_int_equal(o[0].size, 1);
    assert_int_equal(o[1].kind, MC_CELL_NONE);
    assert_true(mc_value_is_text(mc_dict_get(file->root, "end"), "here"));
    mc_arena_fini(&arena);
}

static void every_compression_is_known_by_content(void **state)
{
    (void)state;
    static const struct {
        const char *name, *compression, *format;
    } CASES[] = {
        {"plain", "", "pickle"},           {"plain_trailing", "", "pickle"},
        {"joblib_zlib", "zlib", "joblib"}, {"joblib_gzip", "gzip", "joblib"},
        {"joblib_bz2", "bz2", "joblib"},   {"joblib_xz", "xz", "joblib"},
        {"joblib_lzma", "lzma", "joblib"}, {"joblib_lz4", "lz4", "joblib"},
        {"whole_gzip", "gzip", "pickle"},  {"members_gzip", "gzip", "pickle"},
        {"members_bz2", "bz2", "pickle"},  {"members_xz", "xz", "pickle"},
        {"members_lz4", "lz4", "pickle"},  {"members_zstd", "zstd", "pickle"},
        {"twice", "gzip", "joblib"},       {"old_files", "", "joblib"},
        {"old_one", "zf", "joblib"},       {"old_one_py2", "zf", "joblib"},
        {"old_zfiles", "zf", "joblib"},
    };
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        mc_graph_file file;
        const mc_status status = open_named(CASES[i].name, &file);
        if (status != MC_OK)
            fail_msg("%s: %s", CASES[i].name, message);
        assert_string_equal(file.source.compression, CASES[i].compression);
        assert_string_equal(file.format, CASES[i].format);
        check_small(&file);
        mc_graph_file_close(&file);
    }
}

/* ------------------------------------------------------------------------------- refusals ---- */

static void write_scratch(const void *data, size_t size)
{
    FILE *file = fopen("test_graph_file.scratch", "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static mc_status open_scratch(mc_graph_file *out)
{
    const mc_status status = mc_graph_file_open("test_graph_file.scratch", NULL, NULL, out, &err);
    (void)mc_error_format(&err, message, sizeof message);
    return status;
}

/* Each prefix of each compressed file ends in a clear refusal. */
static void truncated_files_are_refused(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"plain",      "joblib_zlib",  "joblib_gzip", "joblib_bz2",
                                        "joblib_xz",  "joblib_lzma",  "joblib_lz4",  "members_lz4",
                                        "members_xz", "members_zstd", "twice",       "old_one",
                                        "old_one_py2"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        uint8_t data[2048];
        FILE *whole = fopen(path_of(NAMES[i]), "rb");
        assert_non_null(whole);
        const size_t size = fread(data, 1, sizeof data, whole);
        assert_in_range(size, 100, sizeof data - 1);
        (void)fclose(whole);
        for (size_t cut = 0; cut < size; cut += cut < 32 ? 1 : 7) {
            mc_graph_file file;
            write_scratch(data, cut);
            const mc_status status = open_scratch(&file);
            /* All data of a stream may be there although its checksum is not. */
            if (status == MC_OK)
                fail_msg("%s read from its first %zu of %zu bytes", NAMES[i], cut, size);
            assert_true(status == MC_E_TRUNCATED || status == MC_E_MALFORMED);
            assert_true(err.message[0] != '\0');
        }
    }
}

static void damaged_streams_are_refused(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"whole_gzip", "joblib_bz2", "joblib_xz", "joblib_zlib"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        uint8_t data[2048];
        mc_graph_file file;
        FILE *whole = fopen(path_of(NAMES[i]), "rb");
        assert_non_null(whole);
        const size_t size = fread(data, 1, sizeof data, whole);
        (void)fclose(whole);
        data[size / 2] ^= 0x10; /* all four carry a checksum */
        write_scratch(data, size);
        assert_int_equal(open_scratch(&file), MC_E_MALFORMED);
        assert_non_null(strstr(message, "the compressed data is damaged"));
    }
}

static void what_is_no_model_file_is_refused_by_name(void **state)
{
    (void)state;
    mc_graph_file file;
    write_scratch("", 0);
    assert_int_equal(open_scratch(&file), MC_E_TRUNCATED);
    assert_string_equal(message, "byte 0: test_graph_file.scratch: the file is empty");
    assert_int_equal(open_named("no such file", &file), MC_E_IO);
    assert_non_null(strstr(message, "no such file: cannot be opened: No such file"));
    assert_int_equal(open_named(".", &file), MC_E_IO);
    assert_non_null(strstr(message, "not a regular file"));
    write_scratch("{\"a\": 1}", 8);
    assert_int_equal(open_scratch(&file), MC_E_MALFORMED);
    assert_string_equal(message, "byte 0: 0x7b is not a pickle opcode");
}

static void a_file_that_expands_too_much_is_refused(void **state)
{
    (void)state;
    mc_graph_file file;
    assert_int_equal(open_named("bomb_gzip", &file), MC_E_LIMIT);
    assert_non_null(strstr(message, "come out of the compressed file (at most 1100 times"));
}

static size_t read_named(const char *name, uint8_t *data, size_t room)
{
    FILE *file = fopen(path_of(name), "rb");
    assert_non_null(file);
    const size_t size = fread(data, 1, room, file);
    assert_in_range(size, 22, room - 1);
    (void)fclose(file);
    return size;
}

/* 19 characters of a size, then zlib's stream. */
static void a_zf_header_that_lies_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *size, *message;
    } CASES[] = {
        {"0x10               ", "says 16 bytes, more come out"},
        {"0x0                ", "says 0 bytes, more come out"},
        {"0x7fffff           ", "says 8388607 bytes, fewer come out"},
        {"0xffffffffffffffffL", "fewer come out"},
        {"0x10000000000000000", "the size in the ZF header is not one"},
        {"                   ", "the size in the ZF header is not one"},
        {"0x                 ", "the size in the ZF header is not one"},
        {"-0x1               ", "the size in the ZF header is not one"},
        {"0x1 1              ", "the size in the ZF header is not one"},
    };
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        uint8_t data[2048];
        mc_graph_file file;
        const size_t size = read_named("old_one", data, sizeof data);
        assert_int_equal(strlen(CASES[i].size), 19);
        memcpy(data + 2, CASES[i].size, 19);
        write_scratch(data, size);
        assert_int_equal(open_scratch(&file), MC_E_MALFORMED);
        if (strstr(message, CASES[i].message) == NULL)
            fail_msg("\"%s\": %s", CASES[i].size, message);
    }
}

/* joblib's earliest versions may leave the L of a long integer of Python 2. */
static void a_zf_header_may_end_in_a_letter(void **state)
{
    (void)state;
    uint8_t data[2048];
    mc_graph_file file;
    const size_t size = read_named("old_one", data, sizeof data);
    uint8_t *blank = memchr(data, ' ', size);
    assert_non_null(blank);
    *blank = 'L';
    write_scratch(data, size);
    assert_int_equal(open_scratch(&file), MC_OK);
    check_small(&file);
    mc_graph_file_close(&file);
}

/* Bytes without a path have nothing beside them. */
static void files_beside_bytes_are_refused(void **state)
{
    (void)state;
    mc_source source;
    mc_graph_file file;
    assert_int_equal(mc_source_open(path_of("old_files"), NULL, NULL, &source, &err), MC_OK);
    source.path = NULL;
    assert_int_equal(mc_graph_file_read(&source, NULL, NULL, &file, &err), MC_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "it lies beside the model's own"));
}

/* -------------------------------------------------------------------------- budget, memory ---- */

typedef struct budget {
    size_t left, asked;
} budget;

static mc_status reserve(void *context, size_t size, mc_error *error)
{
    budget *b = context;
    b->asked += size;
    if (size > b->left)
        return mc_fail(error, MC_E_OVER_BUDGET, MC_NO_OFFSET, "budget is used up");
    b->left -= size;
    return MC_OK;
}

static void the_budget_is_asked_before_memory_is_taken(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"plain", "joblib_xz", "twice", "old_files", "old_zfiles"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        mc_graph_file file;
        budget all = {.left = SIZE_MAX / 2};
        assert_int_equal(mc_graph_file_open(path_of(NAMES[i]), reserve, &all, &file, &err), MC_OK);
        assert_true(all.asked >= file.source.size + file.arena.used);
        mc_graph_file_close(&file);
        /* One byte short of what it needs, wherever that is noticed. */
        for (size_t short_by = 1; short_by < all.asked; short_by += all.asked / 7 + 1) {
            budget some = {.left = all.asked - short_by};
            assert_int_equal(mc_graph_file_open(path_of(NAMES[i]), reserve, &some, &file, &err),
                             MC_E_OVER_BUDGET);
        }
    }
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"plain",     "joblib_zlib",   "members_gzip",
                                        "twice",     "arrays_np2_p0", "arrays_np1_joblib",
                                        "old_files", "old_zfiles"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        mc_status status = MC_E_NO_MEMORY;
        uint64_t k = 1;
        for (; status != MC_OK; k++) {
            mc_graph_file file;
            assert_in_range(k, 1, 1000);
            mc_alloc_fail_at(k);
            status = open_named(NAMES[i], &file);
            mc_alloc_fail_at(0);
            if (status == MC_OK)
                mc_graph_file_close(&file);
            else
                assert_int_equal(status, MC_E_NO_MEMORY);
        }
        assert_in_range(k, 4, 1000); /* some did fail */
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_compression_is_known_by_content),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(damaged_streams_are_refused),
        cmocka_unit_test(what_is_no_model_file_is_refused_by_name),
        cmocka_unit_test(a_file_that_expands_too_much_is_refused),
        cmocka_unit_test(a_zf_header_that_lies_is_refused),
        cmocka_unit_test(a_zf_header_may_end_in_a_letter),
        cmocka_unit_test(files_beside_bytes_are_refused),
        cmocka_unit_test(the_budget_is_asked_before_memory_is_taken),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    if (argc != 2)
        return 2;
    directory = argv[1];
    const int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink("test_graph_file.scratch");
    return n_failed;
}
