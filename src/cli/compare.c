/* compare.c: two models, asked in turn.
 *
 * Speed    Calls alternate between the two, so that what else the machine does meets both; the
 *          time of a call is the least of its rounds: what disturbs a call only makes it longer. */
#include "cli/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "serve/decode.h"

#define MEMORY_LIMIT  ((size_t)4 << 30) /* of the rows, and of each model's scratch */
#define READ_SIZE     65536
#define BATCH         1000u
#define MEASURE_NS    300000000u /* a batch size */
#define FEWEST_ROUNDS 5

typedef struct comparing {
    const mc_model *models[2];
    mc_workspace *workspaces[2]; /* owned */
    mc_input input;              /* in slots */
} comparing;

/* ------------------------------------------------------------------------------- rows ---- */

static mc_status feed(mc_decode *decode, const char *path, mc_error *err)
{
    uint8_t bytes[READ_SIZE / 8];
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: %s", path, strerrordesc_np(errno));
    mc_status status = MC_OK;
    while (status == MC_OK && !feof(file) && !ferror(file)) {
        const size_t n = fread(bytes, 1, sizeof bytes, file);
        status = mc_decode_feed(decode, bytes, n, err);
    }
    if (status == MC_OK && ferror(file))
        status = mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: cannot be read", path);
    (void)fclose(file);
    return status;
}

static mc_status read_rows(mc_decode *decode, const mc_model *model, const char *path,
                           mc_input *out, mc_error *err)
{
    const mc_row_schema schema = mc_row_schema_of(model);
    mc_predict_request request;
    mc_decode_begin(decode, &schema, MC_BODY_CSV);
    MC_TRY(feed(decode, path, err));
    MC_TRY(mc_decode_end(decode, &request, err));
    if (request.input.n_rows == 0)
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "%s: no rows", path);
    *out = request.input;
    return MC_OK;
}

/* Rows first .. first + n. */
static mc_input part_of(const comparing *c, size_t first, size_t n)
{
    const mc_model_info info = mc_model_describe(c->models[0]);
    mc_input out = c->input;
    out.n_rows = n;
    if (info.n_numbers > 0)
        out.as.slots.numbers += first * info.n_numbers;
    if (info.n_cells > 0)
        out.as.slots.cells += first * info.n_cells;
    if (out.as.slots.rows.indptr != NULL)
        out.as.slots.rows.indptr += first;
    return out;
}

/* --------------------------------------------------------------------------- differences ---- */

static void add_number(mc_difference *to, double before, double after)
{
    const bool same = before == after || (isnan(before) && isnan(after));
    const double apart = same ? 0.0 : fabs(before - after);
    to->most = isnan(apart) ? (double)INFINITY : fmax(to->most, apart);
    to->sum += isnan(apart) ? (double)INFINITY : apart;
    to->n_numbers++;
}

static void add_sparse(mc_difference *to, const mc_part *a, const mc_part *b, size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++) {
        int64_t p = a->indptr[i], q = b->indptr[i];
        while (p < a->indptr[i + 1] || q < b->indptr[i + 1]) {
            const int64_t of_a = p < a->indptr[i + 1] ? a->indices[p] : INT64_MAX;
            const int64_t of_b = q < b->indptr[i + 1] ? b->indices[q] : INT64_MAX;
            add_number(to, of_a <= of_b ? a->values[p++] : 0.0,
                       of_b <= of_a ? b->values[q++] : 0.0);
        }
    }
}

static void add_part(mc_difference *to, const mc_part *a, const mc_part *b, size_t n_rows)
{
    const size_t n = n_rows * a->n_columns;
    if (a->indptr != NULL) {
        add_sparse(to, a, b, n_rows);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (a->type == MC_VALUE_FLOAT) {
            add_number(to, ((const double *)a->data)[i], ((const double *)b->data)[i]);
            continue;
        }
        to->n_labels++;
        if (a->type == MC_VALUE_LABEL)
            to->n_changed += ((const int32_t *)a->data)[i] != ((const int32_t *)b->data)[i];
        else
            to->n_changed += ((const double *)a->data)[i] != ((const double *)b->data)[i];
    }
}

/* Lists, dicts and texts are not compared. */
static mc_status compare_method(const comparing *c, mc_method method, mc_difference *out,
                                mc_error *err)
{
    *out = (mc_difference){.method = method};
    for (size_t first = 0; first < c->input.n_rows; first += BATCH) {
        const size_t left = c->input.n_rows - first;
        const mc_input input = part_of(c, first, left < BATCH ? left : BATCH);
        mc_output answers[2];
        for (size_t i = 0; i < 2; i++)
            MC_TRY(
                mc_model_predict(c->models[i], method, &input, c->workspaces[i], &answers[i], err));
        for (size_t i = 0; i < answers[0].n_parts; i++)
            if (answers[0].parts[i].type != MC_VALUE_CELL)
                add_part(out, &answers[0].parts[i], &answers[1].parts[i], input.n_rows);
    }
    return MC_OK;
}

/* Logarithms of what is nearly 0 may lie anywhere, and a graph says which rows are neighbours: one
 * that takes the place of another changes it by 1. */
static bool is_bounded(mc_method method)
{
    return method != MC_METHOD_PREDICT_LOG_PROBA && method != MC_METHOD_KNEIGHBORS_GRAPH &&
           method != MC_METHOD_RADIUS_NEIGHBORS_GRAPH;
}

double mc_comparison_most(const mc_comparison *comparison, size_t *out_n)
{
    double most = 0.0;
    *out_n = 0;
    for (size_t i = 0; i < comparison->n_methods; i++) {
        const mc_difference *of = &comparison->methods[i];
        if (!is_bounded(of->method))
            continue;
        most = fmax(most, of->most);
        *out_n += of->n_numbers;
    }
    return most;
}

/* ------------------------------------------------------------------------------- speed ---- */

static mc_status time_call(const comparing *c, size_t which, const mc_input *input, double *out_ns,
                           mc_error *err)
{
    mc_output answer;
    const uint64_t start_ns = mc_now_ns();
    MC_TRY(mc_model_predict(c->models[which], MC_METHOD_DEFAULT, input, c->workspaces[which],
                            &answer, err));
    const double ns = (double)(mc_now_ns() - start_ns);
    *out_ns = *out_ns == 0.0 ? ns : fmin(*out_ns, ns);
    return MC_OK;
}

static mc_status measure(const comparing *c, size_t n_rows, mc_speed *out, mc_error *err)
{
    const uint64_t start_ns = mc_now_ns();
    *out = (mc_speed){.n_rows = n_rows};
    for (size_t i = 0; i < FEWEST_ROUNDS || mc_now_ns() - start_ns < MEASURE_NS; i++) {
        const size_t n_parts = c->input.n_rows / n_rows;
        const mc_input input = part_of(c, i % n_parts * n_rows, n_rows);
        MC_TRY(time_call(c, 0, &input, &out->before_ns, err));
        MC_TRY(time_call(c, 1, &input, &out->after_ns, err));
    }
    return MC_OK;
}

/* --------------------------------------------------------------------------------- all ---- */

static mc_status compare_all(comparing *c, mc_comparison *out, mc_error *err)
{
    const mc_model_info info = mc_model_describe(c->models[0]);
    const size_t n = c->input.n_rows;
    *out = (mc_comparison){.n_rows = n};
    for (size_t i = 0; i < 2; i++)
        MC_TRY(mc_workspace_create(MEMORY_LIMIT, &c->workspaces[i], err));
    for (unsigned m = 0; m < MC_N_METHODS; m++) {
        /* inverse_transform is asked other rows, predict_cov answers about pairs of them */
        if (!(info.methods & 1u << m) || m == MC_METHOD_INVERSE_TRANSFORM ||
            m == MC_METHOD_PREDICT_COV)
            continue;
        MC_TRY(compare_method(c, (mc_method)m, &out->methods[out->n_methods++], err));
    }
    if (info.default_method == MC_METHOD_INVERSE_TRANSFORM)
        return MC_OK;
    MC_TRY(measure(c, 1, &out->speeds[0], err));
    return n == 1 ? MC_OK : measure(c, n < BATCH ? n : BATCH, &out->speeds[1], err);
}

mc_status mc_compare(const mc_model *before, const mc_model *after, const char *path,
                     mc_comparison *out, mc_error *err)
{
    comparing c = {.models = {before, after}};
    mc_meter meter = {.limit = MEMORY_LIMIT};
    mc_decode *decode = NULL;
    MC_TRY(mc_decode_create(&meter, &decode, err));
    mc_status status = read_rows(decode, before, path, &c.input, err);
    if (status == MC_OK)
        status = compare_all(&c, out, err);
    for (size_t i = 0; i < 2; i++)
        mc_workspace_destroy(c.workspaces[i]);
    mc_decode_destroy(decode);
    return status;
}
