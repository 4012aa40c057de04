/* predict.c: a scikit-learn model in a C program.
 *
 *     cc predict.c $(pkg-config --cflags --libs modelcache) -o predict
 *     ./predict iris.pkl 5.1 3.5 1.4 0.2
 *
 * prints the prediction for one row of numbers. The cache loads the file on first use and keeps it;
 * a server would acquire the model for each request, and refresh it when the file has changed. */
#include <modelcache.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_COLUMNS   64
#define SCRATCH_BYTES ((size_t)16 << 20)

static int fail(const char *doing, const mc_error *err)
{
    char text[1024];
    fprintf(stderr, "%s: %s\n", doing, mc_error_format(err, text, sizeof text));
    return EXIT_FAILURE;
}

/* One answer of one part of the output: a number, or a class label. */
static void print_value(const mc_model *model, const mc_part *part, size_t at)
{
    if (part->type == MC_VALUE_LABEL) {
        size_t n_classes = 0;
        const mc_cell *classes = mc_model_classes(model, part->classes, &n_classes);
        const mc_cell *label = &classes[((const int32_t *)part->data)[at]];
        if (label->kind == MC_CELL_STRING)
            printf("%.*s\n", (int)label->size, label->as.text);
        else if (label->kind == MC_CELL_NUMBER)
            printf("%g\n", label->as.number);
        else
            printf("%lld\n", (long long)label->as.integer);
    } else if (part->type != MC_VALUE_CELL) {
        printf("%.17g\n", ((const double *)part->data)[at]);
    }
}

static int predict(const mc_model *model, const double *row, size_t n_columns)
{
    mc_error err;
    mc_workspace *workspace = NULL;
    if (mc_workspace_create(SCRATCH_BYTES, &workspace, &err) != MC_OK)
        return fail("workspace", &err);

    const mc_input input = {.layout = MC_LAYOUT_DENSE,
                            .n_rows = 1,
                            .as.dense = {.data = row,
                                         .dtype = MC_DTYPE_F64,
                                         .n_columns = n_columns,
                                         .row_stride = (ptrdiff_t)(n_columns * sizeof *row),
                                         .column_stride = sizeof *row}};
    mc_output output;
    int result = EXIT_SUCCESS;
    if (mc_model_predict(model, MC_METHOD_DEFAULT, &input, workspace, &output, &err) != MC_OK) {
        result = fail("predict", &err);
    } else {
        for (size_t part = 0; part < output.n_parts; part++)
            for (size_t at = 0; at < output.parts[part].n_columns; at++)
                print_value(model, &output.parts[part], at);
    }
    mc_workspace_destroy(workspace);
    return result;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 2 + MAX_COLUMNS) {
        fprintf(stderr, "usage: predict MODEL [NUMBER...]\n");
        return 2;
    }
    double row[MAX_COLUMNS];
    const size_t n_columns = (size_t)argc - 2;
    for (size_t i = 0; i < n_columns; i++)
        row[i] = strtod(argv[2 + i], NULL);

    mc_error err;
    mc_cache *cache = NULL;
    mc_model *model = NULL;
    const mc_cache_options options = {.struct_size = sizeof options,
                                      .memory_budget = (uint64_t)1 << 30};
    if (mc_cache_create(&options, &cache, &err) != MC_OK)
        return fail("cache", &err);

    int result = EXIT_FAILURE;
    if (mc_cache_add(cache, "model", NULL, argv[1], &err) != MC_OK ||
        mc_cache_acquire(cache, "model", 60000, &model, NULL, &err) != MC_OK)
        result = fail("load", &err);
    else
        result = predict(model, row, n_columns);

    mc_model_release(model);
    mc_cache_destroy(cache);
    return result;
}
