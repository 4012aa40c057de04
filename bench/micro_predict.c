/* micro_predict.c: what a model's kernel costs, by hand; bench/meson.build says how.
 *
 *   micro_predict MODEL ROWS.f64 N_COLUMNS [METHOD] [F32]
 *
 * Prints microseconds a row for batches of 1, 8, 64 and all rows of a file of doubles: another row
 * each time, medians of N_RUNS, of the CPU time of this thread. F32: as a matrix of floats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "modelcache.h"

#define N_RUNS 9

typedef struct rows {
    char *data;
    size_t n, n_columns, item;
} rows;

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static rows read_rows(const char *path, size_t n_columns, bool as_floats)
{
    FILE *file = fopen(path, "rb");
    MC_ASSERT(file != NULL && fseek(file, 0, SEEK_END) == 0);
    const size_t n_items = (size_t)ftell(file) / sizeof(double);
    rewind(file);
    double *items = mc_alloc(n_items, sizeof *items);
    MC_ASSERT(items != NULL && fread(items, sizeof *items, n_items, file) == n_items);
    (void)fclose(file);
    float *floats = (float *)items; /* in place: each is behind what it is made of */
    for (size_t i = 0; as_floats && i < n_items; i++) {
        const float value = (float)items[i];
        memcpy(&floats[i], &value, sizeof value);
    }
    return (rows){.data = (char *)items,
                  .n = n_items / n_columns,
                  .n_columns = n_columns,
                  .item = as_floats ? sizeof(float) : sizeof(double)};
}

static double once(const mc_model *model, mc_method method, const rows *x, size_t batch,
                   mc_workspace *space)
{
    mc_error err;
    mc_output out;
    const size_t line = x->n_columns * x->item;
    mc_input input = {.layout = MC_LAYOUT_DENSE, .n_rows = batch};
    input.as.dense.dtype = x->item == sizeof(float) ? MC_DTYPE_F32 : MC_DTYPE_F64;
    input.as.dense.n_columns = x->n_columns;
    input.as.dense.row_stride = (ptrdiff_t)line;
    input.as.dense.column_stride = (ptrdiff_t)x->item;
    size_t asked = 0;
    const uint64_t start = cpu_ns();
    for (; asked + batch <= x->n && asked < 10000; asked += batch) {
        input.as.dense.data = x->data + asked * line;
        const mc_status status = mc_model_predict(model, method, &input, space, &out, &err);
        if (status != MC_OK) {
            fprintf(stderr, "micro_predict: %s\n", err.message);
            exit(1);
        }
    }
    return (double)(cpu_ns() - start) / 1000.0 / (double)asked;
}

int main(int argc, char **argv)
{
    mc_error err;
    mc_model *model = NULL;
    mc_workspace *space = NULL;
    mc_method method = MC_METHOD_PREDICT;
    if (argc < 4 || mc_model_open(argv[1], &model, &err) != MC_OK ||
        mc_workspace_create((size_t)1 << 30, &space, &err) != MC_OK ||
        (argc > 4 && mc_method_find(argv[4], strlen(argv[4]), &method) != MC_OK)) {
        fprintf(stderr, "micro_predict: %s\n", argc < 4 ? "MODEL ROWS N_COLUMNS" : err.message);
        return 1;
    }
    const rows x = read_rows(argv[2], strtoul(argv[3], NULL, 10), argc > 5);
    const size_t batches[] = {1, 8, 64, x.n};
    for (size_t i = 0; i < MC_COUNT_OF(batches); i++) {
        double times[N_RUNS];
        for (size_t j = 0; j < N_RUNS; j++)
            times[j] = once(model, method, &x, batches[i], space);
        qsort(times, N_RUNS, sizeof *times, by_value);
        printf("%s%zu: %.3f (%.3f)", i == 0 ? "" : "   ", batches[i], times[N_RUNS / 2], times[0]);
    }
    printf("   us a row, median (least)\n");
    mc_free(x.data);
    mc_workspace_destroy(space);
    mc_model_release(model);
    return 0;
}
