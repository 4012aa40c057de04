/* test_ndarray_refusals.c: arrays, dtypes and sparse matrices that contradict themselves, and rare
 * forms that today's numpy no longer writes. Pickles by hand: no library would write most of them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "array/ndarray.h"
#include "show_graph.h"

static mc_arena graph, arena;

static int new_arena(void **state)
{
    (void)state;
    mc_arena_init(&arena, (size_t)1 << 24, "test");
    return 0;
}

static int drop_arenas(void **state)
{
    (void)state;
    mc_arena_fini(&arena);
    mc_arena_fini(&graph);
    return 0;
}

static const mc_value *read_bytes(const char *pickle, size_t size)
{
    mc_value *value = NULL;
    mc_error err = {.message = ""};
    mc_arena_fini(&graph);
    const mc_status status = read_graph(pickle, size, &graph, &value, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, MC_OK);
    return value;
}
#define READ(pickle) read_bytes(pickle, sizeof(pickle) - 1)

/* The message with its contexts and without its byte. */
static void check_message(mc_status status, const mc_error *err, const char *want)
{
    char got[600];
    mc_error copy = *err;
    assert_int_not_equal(status, MC_OK);
    copy.offset = MC_NO_OFFSET;
    assert_string_equal(mc_error_format(&copy, got, sizeof got), want);
}

static void check_array(const mc_value *value, const char *want)
{
    mc_ndarray array;
    mc_error err;
    const mc_status status = mc_ndarray_from_value(&arena, value, &array, &err);
    check_message(status, &err, want);
}

static void check_dtype(const mc_value *value, const char *want)
{
    mc_dtype_info dtype;
    mc_error err;
    const mc_status status = mc_dtype_from_value(&arena, value, &dtype, &err);
    check_message(status, &err, want);
}

#define RECONSTRUCT               "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR"
#define DTYPE(code)               "cnumpy\ndtype\n(V" code "\nI00\nI01\ntR"
#define ARRAY(shape, dtype, data) RECONSTRUCT "(I1\n" shape dtype "I00\n" data "tb"
#define SCALAR                    "cnumpy.core.multiarray\nscalar\n"
#define FROM_BUFFER               "cnumpy._core.numeric\n_frombuffer\n"

static void arrays_that_contradict_themselves(void **state)
{
    (void)state;
    check_array(READ(ARRAY("(I3\nt", DTYPE("f8"), "V12345678\n") "."),
                "array of 3 items of 8 bytes, found 8 bytes");
    check_array(READ(ARRAY("(I-1\nt", DTYPE("f8"), "V\n") "."), "a shape needs counts, found int");
    check_array(READ(ARRAY("I-1\n", DTYPE("f8"), "V\n") "."), "a shape needs counts, found int");
    check_array(READ(ARRAY("(Nt", DTYPE("f8"), "V\n") "."), "a shape needs counts, found None");
    check_array(READ(ARRAY("]", DTYPE("f8"), "V\n") "."), "an array's shape needs to be a tuple");
    check_array(READ(ARRAY("(L4611686018427387904\nL4\nt", DTYPE("f8"), "V\n") "."),
                "an array's shape overflows");
    check_array(READ(ARRAY("(L1152921504606846976\nL8\nt", DTYPE("u1"), "V\n") "."),
                "an array's shape overflows");
    check_array(READ(ARRAY("(I1000000000\nt", DTYPE("S0"), "V\n") "."),
                "array of 1000000000 items of no size");
    check_array(READ(ARRAY("(I2\nt", DTYPE("O8"), "](Ne") "."),
                "array of 2 objects, found list of 1 items");
    check_array(READ(ARRAY("(I2\nt", DTYPE("O8"), "V\n") "."),
                "array of 2 objects, found str of 0 items");
    check_array(READ(ARRAY("(I1\nt", DTYPE("u1"), "N") "."),
                "need the bytes of an array, found None");
    check_array(READ(ARRAY("(I1\nt", DTYPE("u1"), "V\\u20ac\n") "."),
                "character 0 is not Latin-1, so this text does not stand for bytes");
    check_array(READ(RECONSTRUCT "Nb."),
                "the state of an array needs shape, dtype, order and data");
    check_array(READ(RECONSTRUCT "."), "the state of an array needs shape, dtype, order and data");
    check_array(
        READ(ARRAY("(I1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1"
                   "\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nt",
                   DTYPE("u1"), "Va\n") "."),
        "array of 33 dimensions, at most 32 are read");
    check_array(NULL, "need an array, found None");
}

static void scalars_and_buffers_that_contradict_themselves(void **state)
{
    (void)state;
    check_array(READ(SCALAR "(" DTYPE("f8") "V1234\ntR."),
                "array of 1 items of 8 bytes, found 4 bytes");
    check_array(READ(SCALAR "(" DTYPE("f8") "tR."), "scalar without bytes");
    check_array(READ(SCALAR ")R."), "a scalar needs a dtype and bytes, found 0 arguments");
    check_array(READ(FROM_BUFFER "(Va\ntR."), "_frombuffer needs 4 or 5 arguments, found 1");
    check_array(READ(FROM_BUFFER "(Va\n" DTYPE("O8") "(I1\ntVC\ntR."),
                "objects cannot lie in a buffer");
    check_array(READ(FROM_BUFFER "(V12345678\n" DTYPE("f4") "(I2\nI1\ntVK\n(I0\nI0\nttR."),
                "axis order is not a permutation");
    check_array(READ(FROM_BUFFER "(V12345678\n" DTYPE("f4") "(I2\nI1\ntVK\n(I0\nttR."),
                "axis order does not fit 2 dimensions");
}

static void dtypes_that_are_none(void **state)
{
    (void)state;
    check_dtype(READ(DTYPE("f3") "."), "dtype of unknown size: numpy.dtype");
    check_dtype(READ(DTYPE("q8") "."), "dtype \"q8\" is not known");
    check_dtype(READ(DTYPE("") "."), "dtype \"\" is not known");
    check_dtype(READ(DTYPE("f99999999999999999999") "."),
                "dtype \"f99999999999999999999\" is not known");
    check_dtype(READ("Vf3\n."), "dtype of unknown size: str");
    check_dtype(READ("cnumpy\ndtype\n)R."), "dtype without its code: numpy.dtype");
    check_dtype(READ("cnumpy\ndtype\n(NtR."), "not the code of a dtype: None");
    check_dtype(READ("cnumpy\nlog1p\n."), "not a dtype: numpy.log1p");
    check_dtype(READ("csklearn.base\nX\n."), "not a dtype: sklearn.base.X");
    check_dtype(READ("K\x01."), "not a dtype: int");
    check_dtype(NULL, "not a dtype: None");
    check_dtype(READ(DTYPE("f8") "Nb."), "the state of a dtype needs 6 items or more");
    check_dtype(READ(DTYPE("V8") "(I3\nV|\nNNNNI1\nI0\ntb."),
                "a dtype's item size needs to be an int: None");
    check_dtype(READ(DTYPE("U8") "(I3\nV<\nNNNI7\nI4\nI8\ntb."), "dtype of kind U and 7 bytes");
    check_dtype(READ(DTYPE("V8") "(I3\nV|\n)NNI8\nI1\nI0\ntb."), "dtype with a subarray");
}

/* dtype("V8") with these names and fields. */
#define STRUCTURE(names, fields) DTYPE("V8") "(I3\nV|\nN" names fields "I8\nI1\nI0\ntb."

static void structures_that_contradict_themselves(void **state)
{
    (void)state;
    check_dtype(READ(STRUCTURE("]", "}")), "a dtype's names need to be a tuple");
    check_dtype(READ(STRUCTURE("(Nt", "}")), "a field's name needs to be a string");
    check_dtype(READ(STRUCTURE("(Va\nt", "}")), "field a needs a pair of dtype and offset");
    check_dtype(READ(STRUCTURE("(Va\nt", "(Va\n(Vf8\nI-1\ntd")),
                "field a needs a pair of dtype and offset");
    check_dtype(READ(STRUCTURE("(Va\nt", "(Va\n(Vf8\nI1\ntd")),
                "field a: 8 bytes at 1 do not fit an item of 8");
    check_dtype(READ(STRUCTURE("(Va\nt", "(Va\n(Vf8\nI9\ntd")),
                "field a: 8 bytes at 9 do not fit an item of 8");
    check_dtype(READ(STRUCTURE("(Va\nt", "(Va\n(VO8\nI0\ntd")),
                "field a: structures and objects in a structure");
    check_dtype(READ(STRUCTURE("(Va\nt", "(Va\n(NI0\ntd")), "not a dtype: None / in field a");
}

static void a_structure_is_no_number(void **state)
{
    (void)state;
    double number = 0;
    mc_error err;
    const mc_value *value =
        READ(SCALAR "(" DTYPE("V8") "(I3\nV|\nN(Va\nt(Va\n(Vf8\nI0\ntdI8\nI1\nI0"
                                    "\ntbV12345678\ntR.");
    const mc_status status = mc_number_from_value(value, &number, &err);
    check_message(status, &err, "a structure is not a number");
}

/* ---------------------------------------------------------------------------------- sparse ---- */

#define CSR(shape, indptr, indices, data)                                        \
    "cscipy.sparse._csr\ncsr_matrix\n)\x81(V_shape\n" shape "Vindptr\n(l" indptr \
    "Vindices\n(l" indices "Vdata\n(l" data "db."

static void check_sparse(const mc_value *value, const char *want)
{
    mc_sparse sparse;
    mc_error err;
    const mc_status status = mc_sparse_from_value(&arena, value, &sparse, &err);
    check_message(status, &err, want);
}

static void sparse_matrices_that_contradict_themselves(void **state)
{
    (void)state;
    static const char GOOD[] = CSR("(I2\nI3\nt", "I0\naI1\naI2\na", "I2\naI0\na", "F1\naF2\na");
    mc_sparse sparse;
    assert_int_equal(mc_sparse_from_value(&arena, READ(GOOD), &sparse, NULL), MC_OK);
    assert_int_equal(sparse.n_items, 2);

    check_sparse(READ(CSR("N", "", "", "")), "a sparse matrix needs a _shape of one or two counts");
    check_sparse(READ(CSR("(I2\nI-3\nt", "", "", "")), "negative _shape");
    check_sparse(READ(CSR("(I2\nI3\nt", "I0\na", "", "")), "indptr of 1 items for 2 rows");
    check_sparse(READ(CSR("(L9223372036854775807\nI3\nt", "I0\na", "", "")),
                 "indptr of 1 items for 9223372036854775807 rows");
    check_sparse(READ(CSR("(I1\nI3\nt", "I0\naI1\na", "", "F1\na")), "0 indices for 1 items");
    check_sparse(READ(CSR("(I2\nI3\nt", "I0\naI2\naI1\na", "I0\na", "F1\na")),
                 "indptr does not ascend from 0 to 1");
    check_sparse(READ(CSR("(I1\nI3\nt", "I0\naI2\na", "I0\na", "F1\na")),
                 "indptr does not ascend from 0 to 1");
    check_sparse(READ(CSR("(I1\nI3\nt", "I1\naI1\na", "I0\na", "F1\na")),
                 "indptr does not ascend from 0 to 1");
    check_sparse(READ(CSR("(I1\nI3\nt", "I0\naI1\na", "I3\na", "F1\na")), "index 3 of 3");
    check_sparse(READ(CSR("(I1\nI3\nt", "I0\naI1\na", "I-1\na", "F1\na")), "index -1 of 3");
    check_sparse(READ("cscipy.sparse._csr\ncsr_matrix\n)\x81}V_shape\n(I1\nI1\ntsb."),
                 "need an array, found None / in indptr");
    check_sparse(READ("cscipy.sparse._coo\ncoo_matrix\n)\x81."),
                 "need a CSR or CSC matrix, found scipy.sparse._coo.coo_matrix");
    check_sparse(NULL, "need a CSR or CSC matrix, found None");
}

/* ------------------------------------------------------------------------------ rare forms ---- */

static void check_integers(const mc_value *value, size_t n, const int64_t *want)
{
    mc_ndarray array;
    int64_t *got = NULL;
    assert_int_equal(mc_ndarray_from_value(&arena, value, &array, NULL), MC_OK);
    assert_int_equal(mc_ndarray_i64(&arena, &array, &got, NULL), MC_OK);
    assert_int_equal(array.n_items, n);
    assert_memory_equal(got, want, n * sizeof *want);
}

static void forms_that_numpy_no_longer_writes(void **state)
{
    (void)state;
    /* Four items without a version; a shape that is one int; dtypes by text, type, byte order. */
    check_integers(READ(RECONSTRUCT "(I2\n" DTYPE("u1") "I00\nVab\ntb."), 2,
                   (const int64_t[]){97, 98});
    check_integers(READ(ARRAY("(I1\nt", "V>i2\n", "S'\\x01\\x02'\n") "."), 1,
                   (const int64_t[]){258});
    check_integers(READ(ARRAY("(I1\nt", "cnumpy\nuint8\n", "Va\n") "."), 1, (const int64_t[]){97});
    check_integers(READ(ARRAY("(I2\nt", DTYPE("u1"), "Va\xe9\n") "."), 2, /* Latin-1 as text */
                   (const int64_t[]){97, 233});
    check_integers(READ(ARRAY("(I1\nt", DTYPE("f2"), "S'\\x00\\x42'\n") "."), 1,
                   (const int64_t[]){3});
    check_integers(
        READ(ARRAY("(I1\nt", DTYPE("f8"), "S'\\x00\\x00\\x00\\x00\\x00\\x00\\x08@'\n") "."), 1,
        (const int64_t[]){3});
    check_integers(READ("(I01\nI00\nl."), 2, (const int64_t[]){1, 0});
    check_integers(READ(FROM_BUFFER "(S'\\x00\\x01\\x02\\x03\\x04\\x05'\n" DTYPE(
                       "u1") "(I2\nI3\ntVK\n(I1\nI0\nttR."),
                   6, (const int64_t[]){0, 3, 1, 4, 2, 5});
}

static void rare_cells(void **state)
{
    (void)state;
    mc_cell cell;
    mc_cell *cells = NULL;
    mc_ndarray array;
    mc_error err;
    assert_int_equal(mc_cell_from_value(&arena, READ("cpandas._libs.missing\nNA\n."), &cell, NULL),
                     MC_OK);
    assert_int_equal(cell.kind, MC_CELL_NONE);
    assert_int_equal(mc_cell_from_value(&arena, READ("cnumpy\nnan\n."), &cell, NULL), MC_OK);
    assert_true(cell.kind == MC_CELL_NUMBER && isnan(cell.as.number));
    mc_status status = mc_cell_from_value(&arena, NULL, &cell, &err);
    check_message(status, &err, "need a value, found nothing");
    status = mc_cell_from_value(&arena, READ("]."), &cell, &err);
    check_message(status, &err, "need a number, a string, a truth value or None, found list");
    status = mc_cell_from_value(&arena, READ(SCALAR "(" DTYPE("O8") "NtR."), &cell, &err);
    check_message(status, &err,
                  "need a number, a string, a truth value or None, found "
                  "numpy.core.multiarray.scalar");
    /* 0x110000 is no character. */
    assert_int_equal(
        mc_ndarray_from_value(
            &arena, READ(ARRAY("(I1\nt", "VU1\n", "S'\\x00\\x00\\x11\\x00'\n") "."), &array, NULL),
        MC_OK);
    status = mc_ndarray_cells(&arena, &array, &cells, &err);
    check_message(status, &err, "0x110000 is not a character");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_arena, drop_arenas)
    const struct CMUnitTest tests[] = {
        TEST(arrays_that_contradict_themselves),
        TEST(scalars_and_buffers_that_contradict_themselves),
        TEST(dtypes_that_are_none),
        TEST(structures_that_contradict_themselves),
        TEST(a_structure_is_no_number),
        TEST(sparse_matrices_that_contradict_themselves),
        TEST(forms_that_numpy_no_longer_writes),
        TEST(rare_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
