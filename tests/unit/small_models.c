/* small_models.c: a pickle in a string -> an image -> numbers. */
#include "small_models.h"

#include <string.h>

#include "base/arena.h"
#include "import/globals.h"
#include "import/sklearn/sklearn.h"

#define MEMORY ((size_t)1 << 24)

static mc_status import_pickle(const char *pickle, mc_arena *arena, mc_image *out, mc_error *err)
{
    const mc_pickle_options options = {.lookup = mc_globals_lookup};
    mc_reader reader = {.data = (const uint8_t *)pickle, .size = strlen(pickle), .err = err};
    mc_value *root = NULL;
    MC_TRY(mc_pickle_read(&reader, &options, arena, &root, err));
    return mc_sklearn_import(root, arena, NULL, NULL, out, err);
}

mc_status small_model_open(const char *pickle, mc_image *out, mc_error *err)
{
    mc_arena arena;
    mc_arena_init(&arena, MEMORY, "memory of a test");
    const mc_status status = import_pickle(pickle, &arena, out, err);
    mc_arena_fini(&arena);
    return status;
}

static void take_part(const mc_output *output, const char *name, double *out)
{
    for (size_t i = 0; i < output->n_parts; i++) {
        const mc_part *part = &output->parts[i];
        if (name != NULL && (part->name == NULL || strcmp(part->name, name) != 0))
            continue;
        for (size_t j = 0; j < output->n_rows * part->n_columns; j++)
            out[j] = part->type == MC_VALUE_LABEL ? (double)((const int32_t *)part->data)[j]
                                                  : ((const double *)part->data)[j];
        return;
    }
}

mc_status small_model_ask(const mc_image *image, mc_method method, const double *rows,
                          size_t n_rows, size_t n_columns, const char *name, double *out,
                          mc_error *err)
{
    const mc_input input = {.layout = MC_LAYOUT_DENSE,
                            .n_rows = n_rows,
                            .as.dense = {.data = rows,
                                         .dtype = MC_DTYPE_F64,
                                         .n_columns = n_columns,
                                         .row_stride = (ptrdiff_t)(n_columns * sizeof(double)),
                                         .column_stride = sizeof(double)}};
    mc_workspace *workspace = NULL;
    mc_output output;
    MC_TRY(mc_workspace_create(MEMORY, &workspace, err));
    const mc_status status = mc_image_run(image, method, &input, workspace, &output, err);
    if (status == MC_OK)
        take_part(&output, name, out);
    mc_workspace_destroy(workspace);
    return status;
}
