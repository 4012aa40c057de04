/* test_run_dense.c: steps of sparse weights and products of rows whose arrays do not fit are
 * refused when the image is verified: an image is untrusted input. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "image/builder.h"

#define WIDTH 4u

typedef struct sparse_case {
    uint32_t indptr[3], columns[3];
    size_t n_indptr, n_columns, n_values, n_bias;
    const char *refusal; /* NULL: it fits */
} sparse_case;

static uint32_t gather(mc_builder *b)
{
    const uint32_t columns[WIDTH] = {0, 1, 2, 3};
    uint32_t buffer = 0;
    assert_int_equal(mc_build_columns(b, WIDTH, NULL, false, NULL), MC_OK);
    assert_int_equal(mc_build_identity(b, (mc_bytes){(const uint8_t *)"T", 1},
                                       (mc_bytes){(const uint8_t *)"1.9.1", 5}, "test", NULL),
                     MC_OK);
    assert_int_equal(mc_build_gather(b, columns, WIDTH, false, &buffer, NULL), MC_OK);
    return buffer;
}

/* Ends the image with a predict that answers with `step` (n_outputs columns), and verifies it. */
static mc_status finish(mc_builder *b, mc_step step, size_t n_outputs, mc_error *err)
{
    mc_image image = {0};
    mc_build_part part = {.type = MC_VALUE_FLOAT, .table = MC_NONE};
    assert_int_equal(mc_build_step(b, step, n_outputs, &part.buffer, NULL), MC_OK);
    assert_int_equal(mc_build_method(b, MC_METHOD_PREDICT, &part, 1, false, NULL), MC_OK);
    const mc_status status = mc_build_finish(b, MC_METHOD_PREDICT, &image, err);
    if (status == MC_OK)
        mc_image_close(&image);
    mc_builder_destroy(b);
    return status;
}

static mc_status build_sparse(const sparse_case *c, mc_error *err)
{
    const double numbers[3] = {1.0, 2.0, 3.0};
    mc_builder *b = NULL;
    mc_step step = MC_STEP_INIT(SPARSE_LINEAR);
    assert_int_equal(mc_builder_create(&b, NULL), MC_OK);
    step.src = gather(b);
    assert_int_equal(mc_build_f64(b, numbers, 1, c->n_bias, &step.array[0], NULL), MC_OK);
    assert_int_equal(mc_build_u32(b, c->indptr, c->n_indptr, &step.array[1], NULL), MC_OK);
    assert_int_equal(mc_build_u32(b, c->columns, c->n_columns, &step.array[2], NULL), MC_OK);
    assert_int_equal(mc_build_f64(b, numbers, 1, c->n_values, &step.array[3], NULL), MC_OK);
    return finish(b, step, 2, err);
}

static void sparse_weights_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    const sparse_case cases[] = {
        {{0, 1, 3}, {3, 0, 1}, 3, 3, 3, 2, NULL},
        {{0, 0, 0}, {0}, 3, 0, 0, 2, NULL},
        {{0, 2, 1}, {3, 0, 1}, 3, 3, 3, 2, "do not ascend within its values"},
        {{0, 1, 4}, {3, 0, 1}, 3, 3, 3, 2, "do not ascend within its values"},
        {{9, 9, 9}, {3, 0, 1}, 3, 3, 3, 2, "do not ascend within its values"},
        {{0, 1, 3}, {3, 4, 1}, 3, 3, 3, 2, "array 2"},
        {{0, 1, 3}, {3, 0, 1}, 3, 3, 2, 2, "array 3"},
        {{0, 1, 3}, {3, 0, 1}, 2, 3, 3, 2, "array 1"},
        {{0, 1, 3}, {3, 0, 1}, 3, 3, 3, 3, "array 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mc_error err = {0};
        assert_int_equal(build_sparse(&cases[i], &err),
                         cases[i].refusal == NULL ? MC_OK : MC_E_MALFORMED);
        if (cases[i].refusal != NULL && strstr(err.message, cases[i].refusal) == NULL)
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.message, cases[i].refusal);
    }
}

static mc_status build_row_dot(size_t other_width, size_t n_outputs, mc_error *err)
{
    const double row[WIDTH] = {1.0, 2.0, 3.0, 4.0};
    mc_builder *b = NULL;
    mc_step constant = MC_STEP_INIT(CONSTANT), step = MC_STEP_INIT(ROW_DOT);
    assert_int_equal(mc_builder_create(&b, NULL), MC_OK);
    step.src = gather(b);
    assert_int_equal(mc_build_f64(b, row, 1, other_width, &constant.array[0], NULL), MC_OK);
    assert_int_equal(mc_build_step(b, constant, other_width, &step.src2, NULL), MC_OK);
    return finish(b, step, n_outputs, err);
}

static void products_of_rows_of_different_width_are_refused(void **state)
{
    (void)state;
    mc_error err = {0};
    assert_int_equal(build_row_dot(WIDTH, 1, &err), MC_OK);
    assert_int_equal(build_row_dot(WIDTH - 1, 1, &err), MC_E_MALFORMED);
    assert_non_null(strstr(err.message, "its sources differ in width"));
    assert_int_equal(build_row_dot(WIDTH, 2, &err), MC_E_MALFORMED);
    assert_non_null(strstr(err.message, "it gives one column"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse_weights_that_do_not_fit_are_refused),
        cmocka_unit_test(products_of_rows_of_different_width_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
