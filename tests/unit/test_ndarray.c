/* test_ndarray.c: what numpy wrote, read back: each case in every protocol, by numpy 1 and numpy 2,
 * and by joblib.
 *
 *   test_ndarray DIRECTORY      that make_pickles.py filled; the values are its own
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "array/ndarray.h"
#include "import/file/graph_file.h"

static const char *const FILES[] = {
    "arrays_np1_p0", "arrays_np1_p2", "arrays_np1_p4", "arrays_np1_p5", "arrays_np1_joblib",
    "arrays_np2_p0", "arrays_np2_p2", "arrays_np2_p4", "arrays_np2_p5", "arrays_np2_joblib",
};
#define N_FILES MC_COUNT_OF(FILES)

static mc_graph_file files[N_FILES];
static mc_arena arena; /* of the test that runs */

static int open_files(const char *directory)
{
    for (size_t i = 0; i < N_FILES; i++) {
        char path[512], text[512];
        mc_error err;
        (void)snprintf(path, sizeof path, "%s/%s", directory, FILES[i]);
        if (mc_graph_file_open(path, NULL, NULL, &files[i], &err) != MC_OK) {
            fprintf(stderr, "%s: %s\n", path, mc_error_format(&err, text, sizeof text));
            return 1;
        }
    }
    return 0;
}

static int new_arena(void **state)
{
    (void)state;
    mc_arena_init(&arena, (size_t)1 << 24, "test");
    return 0;
}

static int drop_arena(void **state)
{
    (void)state;
    mc_arena_fini(&arena);
    return 0;
}

/* Runs `body` with `value` for the value of that name in each file that has it. */
#define IN_EACH_FILE(name)                                                               \
    for (size_t file = 0; file < N_FILES; file++)                                        \
        for (const mc_value *value = mc_dict_get(files[file].root, name); value != NULL; \
             value = NULL)

static mc_ndarray array_of(const mc_value *value)
{
    mc_ndarray array;
    mc_error err = {.message = ""};
    const mc_status status = mc_ndarray_from_value(&arena, value, &array, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, MC_OK);
    return array;
}

static void check_shape(const mc_ndarray *array, size_t n_dims, const size_t *shape)
{
    assert_int_equal(array->n_dims, n_dims);
    for (size_t i = 0; i < n_dims; i++)
        assert_int_equal(array->shape[i], shape[i]);
}

static void check_f64(const mc_ndarray *array, size_t n, const double *want)
{
    double *got = NULL;
    assert_int_equal(mc_ndarray_f64(&arena, array, &got, NULL), MC_OK);
    assert_int_equal(array->n_items, n);
    for (size_t i = 0; i < n; i++) /* bit for bit, NaN too */
        if (!(isnan(want[i]) && isnan(got[i])))
            assert_memory_equal(&got[i], &want[i], sizeof(double));
}

static void check_i64(const mc_ndarray *array, size_t n, const int64_t *want)
{
    int64_t *got = NULL;
    assert_int_equal(mc_ndarray_i64(&arena, array, &got, NULL), MC_OK);
    assert_int_equal(array->n_items, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(got[i], want[i]);
}

#define F64(name, ...)                                  \
    do {                                                \
        const double want[] = {__VA_ARGS__};            \
        size_t n_files = 0;                             \
        IN_EACH_FILE(name)                              \
        {                                               \
            const mc_ndarray array = array_of(value);   \
            check_f64(&array, MC_COUNT_OF(want), want); \
            n_files++;                                  \
        }                                               \
        assert_int_equal(n_files, N_FILES);             \
    } while (0)

#define I64(name, ...)                                  \
    do {                                                \
        const int64_t want[] = {__VA_ARGS__};           \
        IN_EACH_FILE(name)                              \
        {                                               \
            const mc_ndarray array = array_of(value);   \
            check_i64(&array, MC_COUNT_OF(want), want); \
        }                                               \
    } while (0)

static void orders_and_byte_orders_name_the_same_items(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"c", "fortran", "big"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        F64(NAMES[i], 0.5, 1.5, 2.5, 3.5, 4.5, 5.5);
        IN_EACH_FILE(NAMES[i])
        {
            const mc_ndarray array = array_of(value);
            check_shape(&array, 2, (const size_t[]){2, 3});
        }
    }
    int64_t counted[24];
    for (int64_t i = 0; i < 24; i++)
        counted[i] = i;
    IN_EACH_FILE("three_d")
    {
        const mc_ndarray array = array_of(value);
        check_shape(&array, 3, (const size_t[]){2, 3, 4});
        check_i64(&array, 24, counted);
    }
}

static void scalars_and_empty_arrays(void **state)
{
    (void)state;
    F64("zero_d", 3.5);
    F64("scalar_f8", 1.5);
    F64("scalar_f4", (double)0.1f);
    F64("scalar_bool", 1.0);
    I64("scalar_i8", -3);
    IN_EACH_FILE("zero_d")
    assert_int_equal(array_of(value).n_dims, 0);
    IN_EACH_FILE("empty")
    {
        const mc_ndarray array = array_of(value);
        check_shape(&array, 2, (const size_t[]){0, 3});
        check_f64(&array, 0, NULL);
    }
}

static void each_kind_of_number(void **state)
{
    (void)state;
    F64("f4", (double)0.1f, -(double)INFINITY, (double)3e38f);
    F64("f2", 1.5, -0x1p-24, 65504.0, (double)INFINITY);
    F64("i4_big", -5.0, 2147483647.0);
    F64("i2", -32768.0, 7.0);
    F64("i1", -128.0, 127.0);
    F64("u4", 4294967295.0);
    F64("u2", 65535.0);
    F64("u1", 255.0, 0.0);
    F64("bool", 1.0, 0.0);
    F64("i8", -0x1p63, -1.0, 0x1p53);
    I64("i8", INT64_MIN, -1, INT64_C(1) << 53);
    I64("i4_big", -5, 2147483647);
    I64("i2", -32768, 7);
    I64("i1", -128, 127);
    I64("u4", 4294967295);
    I64("u2", 65535);
    I64("u1", 255, 0);
    I64("bool", 1, 0);
    F64("numbers", 1.0, (double)NAN, 2.5);
    F64("masked", 1.0, 2.0, 3.0);
    F64("matrix", 1.0, 2.0);
}

static void check_refused(const char *name, const char *want_f64, const char *want_i64)
{
    size_t n_files = 0;
    IN_EACH_FILE(name)
    {
        mc_error err = {.message = ""};
        double *f64 = NULL;
        int64_t *i64 = NULL;
        const mc_ndarray array = array_of(value);
        if (want_f64 != NULL) {
            assert_int_equal(mc_ndarray_f64(&arena, &array, &f64, &err), MC_E_UNSUPPORTED);
            assert_string_equal(err.message, want_f64);
        }
        if (want_i64 != NULL) {
            assert_int_equal(mc_ndarray_i64(&arena, &array, &i64, &err), MC_E_UNSUPPORTED);
            assert_string_equal(err.message, want_i64);
        }
        n_files++;
    }
    assert_int_equal(n_files, N_FILES);
}

static void what_would_round_or_is_no_number_is_refused(void **state)
{
    (void)state;
    check_refused("i8_inexact", "item 0 is not exactly a float64", NULL);
    check_refused("u8", "item 0 is not exactly a float64", "item 0 is not exactly an int64");
    check_refused("c", NULL, "item 0 is not exactly an int64");
    check_refused("f4", NULL, "item 0 is not exactly an int64");
    check_refused("text", "need numbers, found strings", "need integers, found strings");
    check_refused("bytes", "need numbers, found bytes", NULL);
    check_refused("dates", "need numbers, found dates (datetime64)", NULL);
    check_refused("complex", "need numbers, found complex numbers", NULL);
    check_refused("long", "need numbers, found items of kind f16", NULL);
    check_refused("nodes", "need numbers, found structures", NULL);
    check_refused("objects", "need a number, found str", "need a number, found str");
}

/* Cells as text: ~ None, numbers, #integers, ?0 ?1, strings in quotes. */
static void show_cells(const mc_cell *cells, size_t n, char *out, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < n && at < size; i++) {
        char *to = out + at;
        const size_t left = size - at;
        const mc_cell *c = &cells[i];
        int used = 0;
        if (c->kind == MC_CELL_NUMBER)
            used = snprintf(to, left, " %g", c->as.number);
        else if (c->kind == MC_CELL_INTEGER)
            used = snprintf(to, left, " #%lld", (long long)c->as.integer);
        else if (c->kind == MC_CELL_BOOL)
            used = snprintf(to, left, " ?%lld", (long long)c->as.integer);
        else if (c->kind == MC_CELL_STRING)
            used = snprintf(to, left, " '%.*s'", (int)c->size, c->as.text);
        else
            used = snprintf(to, left, " ~");
        at += (size_t)used;
    }
}

static void check_cells(const char *name, const char *want)
{
    size_t n_files = 0;
    IN_EACH_FILE(name)
    {
        char got[512] = "";
        mc_cell *cells = NULL;
        const mc_ndarray array = array_of(value);
        assert_int_equal(mc_ndarray_cells(&arena, &array, &cells, NULL), MC_OK);
        show_cells(cells, array.n_items, got, sizeof got);
        assert_string_equal(got, want);
        n_files++;
    }
    assert_int_equal(n_files, N_FILES);
}

static void cells_of_each_kind(void **state)
{
    (void)state;
    check_cells("text", " 'a' 'é€😀' ''");
    check_cells("text_big", " 'abc' 'Ω'");
    check_cells("bytes", " 'ab' 'cé'");
    check_cells("objects", " 'x' ~ #1 2.5 ?1 3 'é'");
    check_cells("objects_f", " 'a' 'b' 'c' 'd'");
    check_cells("bool", " ?1 ?0");
    check_cells("i1", " #-128 #127");
    check_cells("f2", " 1.5 -5.96046e-08 65504 inf");
    check_cells("scalar_text", " 'hé'");
    check_cells("scalar_empty", " ''");
    check_cells("ints", " #1 #2");
    check_cells("list", " 1 2.5 1");
    check_cells("matrix_list", " #1 #2 #3 #4");
    check_cells("mixed_list", " 'a' ~");
}

static void an_array_in_itself_is_refused_not_walked_forever(void **state)
{
    (void)state;
    IN_EACH_FILE("selfish")
    {
        mc_cell *cells = NULL;
        double *numbers = NULL;
        mc_error err;
        const mc_ndarray array = array_of(value);
        assert_int_equal(mc_ndarray_cells(&arena, &array, &cells, &err), MC_E_UNSUPPORTED);
        assert_string_equal(err.context[0], "item 1");
        assert_int_equal(mc_ndarray_f64(&arena, &array, &numbers, &err), MC_E_UNSUPPORTED);
    }
}

static void fields_are_read_by_name(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"nodes", "nodes_big"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++)
        IN_EACH_FILE(NAMES[i])
        {
            mc_ndarray field;
            mc_error err;
            const mc_ndarray array = array_of(value);
            assert_int_equal(array.dtype.item_size, 24);
            assert_true(mc_ndarray_has_field(&array, "left"));
            assert_false(mc_ndarray_has_field(&array, "right"));
            assert_int_equal(mc_ndarray_field(&array, "left", &field, NULL), MC_OK);
            check_i64(&field, 3, (const int64_t[]){1, -1, -2});
            assert_int_equal(mc_ndarray_field(&array, "threshold", &field, NULL), MC_OK);
            check_f64(&field, 3, (const double[]){0.5, -2.0, 1e300});
            assert_int_equal(mc_ndarray_field(&array, "leaf", &field, NULL), MC_OK);
            check_i64(&field, 3, (const int64_t[]){0, 1, 1});
            assert_int_equal(mc_ndarray_field(&array, "right", &field, &err), MC_E_UNSUPPORTED);
            assert_string_equal(err.message, "structured array without field right");
        }
}

static void check_not_array(const char *name, const char *want)
{
    IN_EACH_FILE(name)
    {
        char got[600];
        mc_ndarray array;
        mc_error err;
        assert_int_equal(mc_ndarray_from_value(&arena, value, &array, &err), MC_E_UNSUPPORTED);
        err.offset = MC_NO_OFFSET; /* differs from file to file */
        assert_string_equal(mc_error_format(&err, got, sizeof got), want);
    }
}

static void what_is_no_array_is_refused_by_name(void **state)
{
    (void)state;
    check_not_array("subarray", "dtype with a subarray / in field a");
    check_not_array("nested", "field a: structures and objects in a structure");
    check_not_array("csr", "need an array, found scipy.sparse._csr.csr_matrix");
    check_not_array("dtype", "need an array, found numpy.dtype");
}

static void dtypes_and_types(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"dtype", "type"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++)
        IN_EACH_FILE(NAMES[i])
        {
            mc_dtype_info dtype;
            assert_int_equal(mc_dtype_from_value(&arena, value, &dtype, NULL), MC_OK);
            assert_int_equal(dtype.kind, 'f');
            assert_int_equal(dtype.item_size, 4);
        }
}

static void single_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        double number = 0;
        int64_t integer = 0;
        bool truth = false;
        mc_error err;
        const mc_value *root = files[i].root;
        assert_int_equal(mc_number_from_value(mc_dict_get(root, "scalar_f8"), &number, NULL),
                         MC_OK);
        assert_true(number == 1.5);
        assert_int_equal(mc_integer_from_value(mc_dict_get(root, "scalar_i8"), &integer, NULL),
                         MC_OK);
        assert_int_equal(integer, -3);
        assert_int_equal(mc_bool_from_value(mc_dict_get(root, "scalar_bool"), &truth, NULL), MC_OK);
        assert_true(truth);
        assert_int_equal(mc_integer_from_value(mc_dict_get(root, "scalar_f8"), &integer, &err),
                         MC_E_UNSUPPORTED);
        assert_int_equal(mc_bool_from_value(mc_dict_get(root, "scalar_i8"), &truth, &err),
                         MC_E_UNSUPPORTED);
        assert_string_equal(err.message, "need True or False, found -3");
        assert_int_equal(mc_number_from_value(mc_dict_get(root, "c"), &number, &err),
                         MC_E_UNSUPPORTED);
        assert_int_equal(mc_number_from_value(NULL, &number, &err), MC_E_UNSUPPORTED);
        assert_string_equal(err.message, "need a number, found None");
    }
}

static mc_sparse sparse_of(const mc_value *value)
{
    mc_sparse sparse;
    assert_true(mc_value_is_sparse(value));
    assert_int_equal(mc_sparse_from_value(&arena, value, &sparse, NULL), MC_OK);
    return sparse;
}

static void sparse_matrices(void **state)
{
    (void)state;
    IN_EACH_FILE("csr")
    {
        const mc_sparse s = sparse_of(value);
        assert_false(s.is_csc);
        assert_int_equal(s.n_rows * 10 + s.n_cols, 23);
        assert_memory_equal(s.indptr, ((const int64_t[]){0, 1, 3}), 3 * sizeof(int64_t));
        assert_memory_equal(s.indices, ((const int64_t[]){1, 0, 2}), 3 * sizeof(int64_t));
        assert_memory_equal(s.data, ((const double[]){1.5, 2.5, 3.5}), 3 * sizeof(double));
    }
    IN_EACH_FILE("csc")
    {
        const mc_sparse s = sparse_of(value);
        assert_true(s.is_csc);
        assert_memory_equal(s.indptr, ((const int64_t[]){0, 1, 2, 3}), 4 * sizeof(int64_t));
        assert_memory_equal(s.data, ((const double[]){2.5, 1.5, 3.5}), 3 * sizeof(double));
    }
    IN_EACH_FILE("csr_array")
    assert_int_equal(sparse_of(value).n_items, 2);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_arena, drop_arena)
    const struct CMUnitTest tests[] = {
        TEST(orders_and_byte_orders_name_the_same_items),
        TEST(scalars_and_empty_arrays),
        TEST(each_kind_of_number),
        TEST(what_would_round_or_is_no_number_is_refused),
        TEST(cells_of_each_kind),
        TEST(an_array_in_itself_is_refused_not_walked_forever),
        TEST(fields_are_read_by_name),
        TEST(what_is_no_array_is_refused_by_name),
        TEST(dtypes_and_types),
        TEST(single_values),
        TEST(sparse_matrices),
    };
    if (argc != 2 || open_files(argv[1]) != 0)
        return 2;
    const int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < N_FILES; i++)
        mc_graph_file_close(&files[i]);
    return n_failed;
}
