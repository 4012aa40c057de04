/* test_model.c: a model counts who holds it, and survives being saved; files that were cut or
 * changed are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image/layout.h"
#include "image/model.h"
#include "image_cases.h"

/* A directory of its own for each test, and a model of everything. */
typedef struct fixture {
    char directory[64], path[128], other[128];
    mc_model *model;
    uint64_t image_size, gone; /* bytes that were given back */
    mc_error err;
} fixture;

static void note_gone(void *owner, uint64_t bytes)
{
    ((fixture *)owner)->gone += bytes;
}

static int set_up(void **state)
{
    static fixture f;
    mc_image image;
    memset(&f, 0, sizeof f);
    const mc_model_identity identity = {.name = "everything",
                                        .version = "7",
                                        .source = "here",
                                        .generation = 3,
                                        .load_ns = 5,
                                        .gone = note_gone,
                                        .owner = &f};
    (void)snprintf(f.directory, sizeof f.directory, "test_model.XXXXXX");
    if (mkdtemp(f.directory) == NULL)
        return 1;
    (void)snprintf(f.path, sizeof f.path, "%s/a.mci", f.directory);
    (void)snprintf(f.other, sizeof f.other, "%s/b.mci", f.directory);
    if (image_make(make_everything, &image, &f.err) != MC_OK)
        return 1;
    f.image_size = image.size;
    *state = &f;
    return mc_model_create(&image, &identity, &f.model, &f.err) != MC_OK;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mc_model_release(f->model);
    (void)unlink(f->path);
    (void)unlink(f->other);
    return rmdir(f->directory); /* nothing else was left there */
}

static uint8_t *read_file(const char *path, size_t *out_size)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(stat(path, &about), 0);
    uint8_t *data = mc_alloc((size_t)about.st_size, 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)about.st_size, file), about.st_size);
    (void)fclose(file);
    *out_size = (size_t)about.st_size;
    return data;
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* predict_std of one row; `out` points into the workspace. */
static mc_output predict(const mc_model *model, mc_workspace *workspace)
{
    static const double NUMBERS[] = {0.5, -1.25, 3.0, 0.125};
    static const mc_cell CELLS[] = {{.kind = MC_CELL_STRING, .size = 3, .as.text = "red"},
                                    {.kind = MC_CELL_INTEGER, .as.integer = 1}};
    const mc_input input = {
        .layout = MC_LAYOUT_SLOTS, .n_rows = 1, .as.slots = {.numbers = NUMBERS, .cells = CELLS}};
    mc_output out = {0};
    assert_int_equal(mc_model_predict(model, MC_METHOD_PREDICT_STD, &input, workspace, &out, NULL),
                     MC_OK);
    return out;
}

/* --------------------------------------------------------------------- life and schema ---- */

static void the_last_release_gives_the_bytes_back(void **state)
{
    fixture *f = *state;
    const uint64_t bytes = mc_model_bytes(f->model);
    assert_true(bytes > f->image_size);
    assert_int_equal(mc_model_describe(f->model).bytes, bytes);
    assert_false(mc_model_is_shared(f->model));
    mc_model_retain(f->model);
    assert_true(mc_model_is_shared(f->model));
    mc_model_release(f->model);
    assert_false(mc_model_is_shared(f->model));
    assert_int_equal(f->gone, 0);
    mc_model_release(f->model);
    assert_int_equal(f->gone, bytes);
    f->model = NULL;
    mc_model_release(NULL);
}

static void a_model_describes_itself(void **state)
{
    fixture *f = *state;
    const mc_model_info info = mc_model_describe(f->model);
    assert_string_equal(info.name, "everything");
    assert_string_equal(info.version, "7");
    assert_string_equal(info.source, "here");
    assert_string_equal(info.estimator, "Pipeline");
    assert_string_equal(info.sklearn_version, "1.9.1");
    assert_int_equal(strlen(info.digest), 32);
    assert_int_equal(info.generation, 3);
    assert_int_equal(info.methods, 1u << MC_METHOD_PREDICT | 1u << MC_METHOD_TRANSFORM |
                                       1u << MC_METHOD_SCORE_SAMPLES | 1u << MC_METHOD_APPLY |
                                       1u << MC_METHOD_PREDICT_STD | 1u << MC_METHOD_PREDICT_COV);
    assert_int_equal(info.default_method, MC_METHOD_PREDICT);
    assert_int_equal(info.n_columns, EVERYTHING_COLUMNS);
    assert_int_equal(info.n_numbers, EVERYTHING_NUMBERS);
    assert_int_equal(info.n_cells, EVERYTHING_COLUMNS - EVERYTHING_NUMBERS);
    assert_false(info.has_names);
    size_t n = 0;
    const mc_cell *classes = mc_model_classes(f->model, 0, &n);
    assert_int_equal(n, 3);
    assert_int_equal(classes[1].as.integer, 20);
    assert_int_equal(classes[2].size, 6);
    assert_memory_equal(classes[2].as.text, "thirty", 6);
}

static void columns_are_found_by_name(void **state)
{
    (void)state;
    const mc_model_identity identity = {.name = "", .version = "", .source = ""};
    mc_image image;
    mc_model *model = NULL;
    size_t at = 9, n = 0;
    assert_int_equal(image_make(make_classifier, &image, NULL), MC_OK);
    assert_int_equal(mc_model_create(&image, &identity, &model, NULL), MC_OK);
    const mc_column *columns = mc_model_columns(model, &n);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(mc_model_find_column(model, columns[i].name, columns[i].name_size, &at),
                         MC_OK);
        assert_int_equal(at, i);
    }
    assert_string_equal(columns[2].name, "age");
    assert_int_equal(mc_model_find_column(model, "ag", 2, &at), MC_E_NOT_FOUND);
    assert_int_equal(mc_model_find_column(model, "ages", 4, &at), MC_E_NOT_FOUND);
    assert_int_equal(mc_model_find_column(model, "", 0, &at), MC_E_NOT_FOUND);
    mc_model_release(model);
}

/* ------------------------------------------------------------------------ save and map ---- */

static void saved_and_mapped_it_is_the_same(void **state)
{
    fixture *f = *state;
    mc_model *mapped = NULL;
    mc_workspace *workspaces[2];
    size_t sizes[2] = {0, 0};
    assert_int_equal(mc_model_save(f->model, f->path, &f->err), MC_OK);
    assert_int_equal(mc_model_map(f->path, &mapped, &f->err), MC_OK);
    assert_int_equal(mc_model_save(mapped, f->other, &f->err), MC_OK);
    uint8_t *first = read_file(f->path, &sizes[0]), *second = read_file(f->other, &sizes[1]);
    assert_int_equal(sizes[0], f->image_size);
    assert_int_equal(sizes[1], sizes[0]);
    assert_memory_equal(first, second, sizes[0]);
    assert_string_equal(mc_model_describe(mapped).digest, mc_model_describe(f->model).digest);

    /* Whoever rewrites the file changes no answer: a copy serves. */
    memset(first, 0xff, sizes[0]);
    write_file(f->path, first, sizes[0]);
    write_file(f->other, first, 1);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(mc_workspace_create((size_t)1 << 20, &workspaces[i], NULL), MC_OK);
    const mc_output a = predict(f->model, workspaces[0]), b = predict(mapped, workspaces[1]);
    assert_int_equal(a.n_parts, b.n_parts);
    assert_memory_equal(a.parts[0].data, b.parts[0].data, a.parts[0].n_columns * sizeof(double));
    assert_int_equal(*(const int32_t *)a.parts[1].data, *(const int32_t *)b.parts[1].data);
    for (size_t i = 0; i < 2; i++)
        mc_workspace_destroy(workspaces[i]);
    mc_free(first);
    mc_free(second);
    mc_model_release(mapped);
}

static void cut_and_changed_files_are_refused(void **state)
{
    fixture *f = *state;
    mc_model *mapped = NULL;
    size_t size = 0;
    assert_int_equal(mc_model_save(f->model, f->path, &f->err), MC_OK);
    uint8_t *data = read_file(f->path, &size);
    const size_t cuts[] = {1, 7, 8, 16, sizeof(mc_image_header), size / 2, size - 64, size - 1};
    for (size_t i = 0; i < MC_COUNT_OF(cuts); i++) {
        write_file(f->path, data, cuts[i]);
        assert_int_equal(mc_model_map(f->path, &mapped, &f->err), MC_E_TRUNCATED);
    }
    for (size_t at = 0; at < size; at += at < 320 ? 1 : 97) {
        data[at] ^= 4;
        write_file(f->path, data, size);
        const mc_status status = mc_model_map(f->path, &mapped, &f->err);
        assert_true(status == MC_E_MALFORMED || status == MC_E_TRUNCATED ||
                    status == MC_E_UNSUPPORTED);
        data[at] ^= 4;
    }
    write_file(f->path, data, size);
    assert_int_equal(mc_model_map(f->path, &mapped, &f->err), MC_OK);
    mc_model_release(mapped);
    mc_free(data);
}

static void what_is_no_file_is_refused(void **state)
{
    fixture *f = *state;
    mc_model *mapped = NULL;
    assert_int_equal(mc_model_map(f->path, &mapped, &f->err), MC_E_IO);
    assert_non_null(strstr(f->err.message, "cannot open"));
    assert_int_equal(mc_model_map(f->directory, &mapped, &f->err), MC_E_IO);
    write_file(f->path, "", 0);
    assert_int_equal(mc_model_map(f->path, &mapped, &f->err), MC_E_IO);
    assert_int_equal(mkfifo(f->other, 0600), 0);
    assert_int_equal(mc_model_map(f->other, &mapped, &f->err), MC_E_IO); /* and does not wait */
}

static void a_save_that_fails_leaves_what_was_there(void **state)
{
    fixture *f = *state;
    char inside[160], longest[MC_PATH_MAX + 1];
    size_t size = 0;
    (void)snprintf(inside, sizeof inside, "%s/none/a.mci", f->directory);
    assert_int_equal(mc_model_save(f->model, inside, &f->err), MC_E_IO);
    assert_int_equal(mc_model_save(f->model, f->directory, &f->err), MC_E_IO); /* a directory */
    memset(longest, 'x', MC_PATH_MAX);
    longest[MC_PATH_MAX] = '\0';
    assert_int_equal(mc_model_save(f->model, longest, &f->err), MC_E_IO);
    /* tear_down() finds no file beside. One that is there is replaced as a whole. */
    write_file(f->path, "old", 3);
    assert_int_equal(mc_model_save(f->model, f->path, &f->err), MC_OK);
    uint8_t *data = read_file(f->path, &size);
    assert_int_equal(size, f->image_size);
    assert_true(mc_image_is_magic(data, size));
    mc_free(data);
}

/* The way back has columns and a class table of its own, the last of the model's. */
static void the_way_back_is_asked_of_either(void **state)
{
    (void)state;
    mc_image image;
    mc_model *model = NULL;
    mc_workspace *workspace = NULL;
    mc_output out;
    size_t n = 0;
    const double row[] = {1.0, 2.0};
    mc_input input = {.n_rows = 1, .as.slots.numbers = row};
    assert_int_equal(image_make(make_both_ways, &image, NULL), MC_OK);
    assert_int_equal(
        mc_model_create(&image, &(mc_model_identity){.name = "both", .version = "", .source = ""},
                        &model, NULL),
        MC_OK);
    assert_int_equal(mc_workspace_create(1 << 20, &workspace, NULL), MC_OK);
    assert_true(mc_model_describe(model).methods & 1u << MC_METHOD_INVERSE_TRANSFORM);
    const mc_model *back = mc_model_inverse(model);
    assert_null(mc_model_inverse(back));
    (void)mc_model_columns(back, &n);
    assert_int_equal(n, 2);
    assert_int_equal(
        mc_model_predict(model, MC_METHOD_INVERSE_TRANSFORM, &input, workspace, &out, NULL), MC_OK);
    const mc_cell *labels = mc_model_classes(model, out.parts[0].classes, &n);
    assert_int_equal(n, 2);
    assert_memory_equal(labels[((const int32_t *)out.parts[0].data)[0]].as.text, "right", 5);
    assert_int_equal(
        mc_model_predict(back, MC_METHOD_INVERSE_TRANSFORM, &input, workspace, &out, NULL), MC_OK);
    assert_int_equal(out.parts[0].classes, 0);
    mc_workspace_destroy(workspace);
    mc_model_release(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_way_back_is_asked_of_either),
        cmocka_unit_test_setup_teardown(the_last_release_gives_the_bytes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_model_describes_itself, set_up, tear_down),
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test_setup_teardown(saved_and_mapped_it_is_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cut_and_changed_files_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_save_that_fails_leaves_what_was_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
