/* test_patches.c: what the patches of an image are, and which images are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "image/model.h"
#include "image/steps.h"
#include "image_cases.h"

typedef struct fixture {
    mc_image image;
    mc_workspace *workspace;
    mc_error err;
} fixture;

/* Patches of 2 x 1 pixels. */
static void make_patches(making *m)
{
    static const uint32_t FIRST = 0;
    mc_step patches = step_of(MC_OP_PATCHES);
    if (m->status == MC_OK)
        m->status = mc_build_columns(m->b, 1, NULL, false, &m->err);
    mc_build_row_kind(m->b, MC_ROW_LIST);
    patches.src = make_gather(m, 1, &FIRST, true);
    patches.n[0] = 2;
    patches.n[1] = 1;
    const mc_build_part part = {.buffer = make_step(m, patches, 1),
                                .type = MC_VALUE_CELL,
                                .scalar = true,
                                .table = MC_NONE};
    make_method(m, MC_METHOD_PREDICT, &part, 1);
}

static int set_up(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    *state = &f;
    return image_make(make_patches, &f.image, &f.err) != MC_OK ||
           mc_workspace_create(SIZE_MAX, &f.workspace, &f.err) != MC_OK;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mc_workspace_destroy(f->workspace);
    mc_image_close(&f->image);
    return 0;
}

static mc_cell number(double value)
{
    mc_cell cell = {.kind = MC_CELL_NUMBER};
    cell.as.number = value;
    return cell;
}

static mc_cell list(const mc_cell *items, size_t n)
{
    return (mc_cell){.kind = MC_CELL_LIST, .size = (uint32_t)n, .as.items = items};
}

static mc_status ask(fixture *f, const mc_cell *row, mc_output *out)
{
    const mc_input input = {
        .layout = MC_LAYOUT_SLOTS, .n_rows = 1, .as.slots = {.numbers = NULL, .cells = row}};
    return mc_image_run(&f->image, MC_METHOD_PREDICT, &input, f->workspace, out, &f->err);
}

static void patches_go_across_then_down(void **state)
{
    fixture *f = *state;
    mc_output out;
    mc_cell pixels[6];
    for (size_t i = 0; i < MC_COUNT_OF(pixels); i++)
        pixels[i] = number((double)i);
    const mc_cell rows[] = {list(pixels, 2), list(pixels + 2, 2), list(pixels + 4, 2)};
    const mc_cell row = list(rows, 3);
    assert_int_equal(ask(f, &row, &out), MC_OK);
    const mc_cell *answer = out.parts[0].data;
    assert_int_equal(answer->kind, MC_CELL_LIST);
    assert_int_equal(answer->size, 4);
    for (size_t i = 0; i < 4; i++) {
        const mc_cell *patch = &answer->as.items[i];
        assert_int_equal(patch->size, 2);
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(patch->as.items[j].size, 1);
            assert_true(patch->as.items[j].as.items->as.number == (double)(i + 2 * j));
        }
    }
}

static void what_is_no_image_is_refused(void **state)
{
    fixture *f = *state;
    mc_output out;
    const mc_cell pixels[] = {number(1.0), number(2.0), number((double)NAN)};
    const mc_cell word = {.kind = MC_CELL_STRING, .size = 1, .as.text = "a"};
    const mc_cell deep = list(pixels, 2);
    const mc_cell ragged[] = {list(pixels, 2), list(pixels, 1)};
    const mc_cell missing[] = {list(pixels, 3), list(pixels, 3)};
    const mc_cell texts[] = {list(&word, 1), list(&word, 1)};
    const mc_cell uneven[] = {list(&deep, 1), list(pixels, 1)};
    const mc_cell empty[] = {list(NULL, 0), list(NULL, 0)};
    const mc_cell images[] = {number(1.0),      list(NULL, 0),  list(pixels, 2), list(ragged, 2),
                              list(missing, 2), list(texts, 2), list(uneven, 2), list(empty, 2)};
    for (size_t i = 0; i < MC_COUNT_OF(images); i++) {
        assert_int_equal(ask(f, &images[i], &out), MC_E_BAD_INPUT);
        assert_non_null(strstr(f->err.message, "row 0: expected an image"));
    }
    const mc_cell flat = list(ragged, 1);
    assert_int_equal(ask(f, &flat, &out), MC_E_BAD_INPUT);
    assert_string_equal(f->err.message, "row 0: an image of 1 x 2 pixels, and patches of 2 x 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(patches_go_across_then_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_image_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
