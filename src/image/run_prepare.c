/* run_prepare.c: imputers and encoders.
 *
 * Oracle   sklearn/impute/_base.py (SimpleImputer, MissingIndicator),
 *          sklearn/preprocessing/_encoders.py (OneHotEncoder, OrdinalEncoder), scikit-learn 1.9.1.
 * Exact    Bit for bit: values are copied or looked up. */
#include <math.h>
#include <string.h>

#include "image/encoder.h"
#include "image/steps.h"
#include "kernel/category.h"

static mc_status same_width(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst),
                         "source and destination differ in width", err);
}

static inline bool is_missing(const mc_step *step, double x)
{
    return step->flags & MC_STEP_MISSING_NAN ? isnan(x) : x == step->value[0];
}

mc_status mc_run_fill_missing(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const double *x = mc_run_f64(run, step->src);
    const double *fill = mc_view_f64(run->view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        for (size_t j = 0; j < width; j++, x++)
            *out++ = is_missing(step, *x) ? fill[j] : *x;
    return MC_OK;
}

mc_status mc_check_fill_missing(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, mc_check_width(view, step->dst), err));
    return same_width(view, step, err);
}

mc_status mc_run_is_missing(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *columns = mc_view_u32(run->view, step->array[0]);
    const double *x = mc_run_f64(run, step->src);
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        for (size_t j = 0; j < width; j++)
            *out++ = is_missing(step, x[i * from + columns[j]]) ? 1.0 : 0.0;
    return MC_OK;
}

mc_status mc_check_is_missing(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, mc_check_width(view, step->dst), 1, err));
    return mc_check_below(view, step, 0, (uint32_t)mc_check_width(view, step->src), err);
}

/* `marker` is the cell that stands for missing when it is not None or NaN. */
static bool cell_is_missing(const mc_step *step, const mc_cell *cell, const mc_cell *marker)
{
    if (step->flags & MC_STEP_MISSING_NAN)
        return cell->kind == MC_CELL_NONE || mc_cell_is_nan(cell);
    return mc_cell_compare(cell, marker) == 0;
}

static mc_cell marker_of(const mc_run *run, const mc_step *step)
{
    if (step->array[1] == MC_NONE)
        return (mc_cell){.kind = MC_CELL_NONE};
    return mc_view_cell(run->view, mc_view_array(run->view, step->array[1]));
}

mc_status mc_run_fill_cells(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_cell *x = run->buffers[step->src], marker = marker_of(run, step);
    const mc_image_cell *fill = mc_view_array(run->view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst);
    mc_cell *out = run->buffers[step->dst];
    for (size_t i = 0; i < run->n_rows; i++)
        for (size_t j = 0; j < width; j++, x++)
            *out++ = cell_is_missing(step, x, &marker) ? mc_view_cell(run->view, &fill[j]) : *x;
    return MC_OK;
}

static mc_status check_marker(const mc_view *view, const mc_step *step, mc_error *err)
{
    return step->array[1] == MC_NONE ? MC_OK
                                     : mc_check_array(view, step, 1, MC_ARRAY_CELL, 1, 1, err);
}

mc_status mc_check_fill_cells(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_marker(view, step, err));
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_CELL, mc_check_width(view, step->dst), 1, err));
    return same_width(view, step, err);
}

mc_status mc_run_cells_missing(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *columns = mc_view_u32(run->view, step->array[0]);
    const mc_cell *x = run->buffers[step->src], marker = marker_of(run, step);
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        for (size_t j = 0; j < width; j++)
            *out++ = cell_is_missing(step, &x[i * from + columns[j]], &marker) ? 1.0 : 0.0;
    return MC_OK;
}

mc_status mc_check_cells_missing(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_marker(view, step, err));
    return mc_check_is_missing(view, step, err);
}

/* ---------------------------------------------------------------------------- encoders ---- */

typedef struct encoder {
    const mc_view *view;
    const mc_image_cell *categories;
    const uint32_t *codes;
    const mc_encoder_column *columns;
} encoder;

static encoder encoder_of(const mc_run *run, const mc_step *step)
{
    return (encoder){.view = run->view,
                     .categories = mc_view_array(run->view, step->array[0]),
                     .codes = mc_view_array(run->view, step->array[1]),
                     .columns = mc_view_array(run->view, step->array[2])};
}

/* Binary search in the sorted categories of a column. */
static bool find_category(const encoder *e, const mc_encoder_column *column, const mc_cell *cell,
                          uint32_t *out_code)
{
    uint32_t low = column->first, high = column->first + column->n;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const mc_cell category = mc_view_cell(e->view, &e->categories[middle]);
        const int order = mc_cell_compare(&category, cell);
        if (order == 0) {
            *out_code = e->codes[middle];
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* A JSON null is the missing value of the kind that was fitted with: None, else NaN. */
static bool find_cell(const encoder *e, const mc_encoder_column *column, const mc_cell *cell,
                      uint32_t *out_code)
{
    const mc_cell nan = {.kind = MC_CELL_NUMBER, .as.number = (double)NAN};
    return find_category(e, column, cell, out_code) ||
           (cell->kind == MC_CELL_NONE && find_category(e, column, &nan, out_code));
}

static mc_status unknown_category(mc_error *err, size_t row, size_t column, const mc_cell *cell)
{
    switch ((mc_cell_kind)cell->kind) {
    case MC_CELL_STRING:
        return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu, column %zu: unknown category \"%.*s\"",
                       row, column, (int)(cell->size > 80 ? 80 : cell->size), cell->as.text);
    case MC_CELL_NUMBER:
        return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu, column %zu: unknown category %.17g", row,
                       column, cell->as.number);
    case MC_CELL_INTEGER:
    case MC_CELL_BOOL:
        return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu, column %zu: unknown category %lld", row,
                       column, (long long)cell->as.integer);
    case MC_CELL_LIST:
    case MC_CELL_DICT:
        return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu, column %zu: unknown category (%s)", row,
                       column, cell->kind == MC_CELL_LIST ? "a list" : "an object");
    case MC_CELL_NONE:
        break;
    }
    return mc_fail(err, MC_E_BAD_INPUT, row,
                   "row %zu, column %zu: a missing value, and training saw none", row, column);
}

/* Infinity in a column of numbers, which scikit-learn lets no encoder see. */
static bool is_forbidden(const encoder *e, const mc_encoder_column *column, const mc_cell *cell)
{
    if (cell->kind != MC_CELL_NUMBER || !isinf(cell->as.number))
        return false;
    for (uint32_t i = 0; i < column->n; i++) {
        const uint32_t kind = e->categories[column->first + i].kind;
        if (kind == MC_CELL_STRING || kind == MC_CELL_NONE)
            return false;
    }
    return true;
}

/* Code of one cell, or a refusal. */
static mc_status encode(const encoder *e, const mc_run *run, size_t row, size_t j,
                        const mc_cell *cell, uint32_t *out_code, mc_error *err)
{
    const mc_encoder_column *column = &e->columns[j];
    if (find_cell(e, column, cell, out_code))
        return MC_OK;
    if (column->on_unknown == MC_UNKNOWN_REFUSED || is_forbidden(e, column, cell))
        return unknown_category(err, run->first_row + row, j, cell);
    *out_code = column->unknown_code;
    return MC_OK;
}

mc_status mc_run_one_hot(const mc_run *run, const mc_step *step, mc_error *err)
{
    const encoder e = encoder_of(run, step);
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const mc_cell *x = run->buffers[step->src];
    double *out = mc_run_dst(run, step);
    memset(out, 0, run->n_rows * width * sizeof *out);
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < from; j++) {
            uint32_t code = 0;
            MC_TRY(encode(&e, run, i, j, &x[i * from + j], &code, err));
            if (code < e.columns[j].n_out) /* others are dropped or ignored: all zero */
                out[i * width + e.columns[j].first_out + code] = 1.0;
        }
    }
    return MC_OK;
}

/* Categories lie in their array, a column's behind those before it; outputs lie in `width`. */
static mc_status check_encoder(const mc_view *view, const mc_step *step, size_t width,
                               mc_error *err)
{
    const size_t n_columns = mc_check_width(view, step->src);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_CELL, SIZE_MAX, 1, err));
    const size_t n = mc_array_rows(view, step, 0);
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, n, 1, err));
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_U32, n_columns, MC_ENCODER_FIELDS, err));
    const mc_encoder_column *columns = mc_view_array(view, step->array[2]);
    size_t free_from = 0;
    for (size_t j = 0; j < n_columns; j++) {
        MC_TRY(mc_check_that(view, step,
                             columns[j].first >= free_from && columns[j].first <= n &&
                                 columns[j].n <= n - columns[j].first &&
                                 columns[j].first_out <= width &&
                                 columns[j].n_out <= width - columns[j].first_out,
                             "the categories or outputs of a column lie outside", err));
        free_from = (size_t)columns[j].first + columns[j].n;
    }
    return MC_OK;
}

mc_status mc_check_one_hot(const mc_view *view, const mc_step *step, mc_error *err)
{
    return check_encoder(view, step, mc_check_width(view, step->dst), err);
}

/* As above, with room for an entry a column. */
mc_status mc_run_csr_one_hot(const mc_run *run, const mc_step *step, mc_error *err)
{
    const encoder e = encoder_of(run, step);
    const size_t from = mc_run_width(run, step->src);
    const mc_cell *x = run->buffers[step->src];
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        mc_row_maker maker;
        MC_TRY(mc_row_begin(run, &maker, err));
        for (size_t j = 0; j < from; j++) {
            uint32_t code = 0;
            MC_TRY(encode(&e, run, i, j, &x[i * from + j], &code, err));
            if (code < e.columns[j].n_out)
                MC_TRY(mc_row_add(&maker, e.columns[j].first_out + code, 1.0, err));
        }
        MC_TRY(mc_row_end(&maker, &out[i], err));
    }
    return MC_OK;
}

mc_status mc_check_csr_one_hot(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_one_hot(view, step, err);
}

static mc_status no_list(const mc_run *run, size_t row, mc_error *err)
{
    return mc_fail(err, MC_E_BAD_INPUT, run->first_row + row, "row %zu: expected a list of labels",
                   run->first_row + row);
}

mc_status mc_run_set_indicators(const mc_run *run, const mc_step *step, mc_error *err)
{
    const encoder e = encoder_of(run, step);
    const size_t width = mc_run_width(run, step->dst);
    const mc_cell *x = run->buffers[step->src];
    double *out = mc_run_dst(run, step);
    memset(out, 0, run->n_rows * width * sizeof *out);
    for (size_t i = 0; i < run->n_rows; i++, out += width) {
        if (x[i].kind != MC_CELL_LIST)
            return no_list(run, i, err);
        for (uint32_t k = 0; k < x[i].size; k++) {
            uint32_t code = 0;
            if (find_cell(&e, e.columns, &x[i].as.items[k], &code) && code < e.columns[0].n_out)
                out[e.columns[0].first_out + code] = 1.0;
        }
    }
    return MC_OK;
}

mc_status mc_check_set_indicators(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, mc_check_width(view, step->src) == 1, "it takes one column",
                         err));
    return check_encoder(view, step, mc_check_width(view, step->dst), err);
}

/* A set: a label that the list holds twice is one mark. */
mc_status mc_run_csr_set_indicators(const mc_run *run, const mc_step *step, mc_error *err)
{
    const encoder e = encoder_of(run, step);
    const mc_cell *x = run->buffers[step->src];
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        mc_row_maker maker;
        if (x[i].kind != MC_CELL_LIST)
            return no_list(run, i, err);
        MC_TRY(mc_row_begin(run, &maker, err));
        for (uint32_t k = 0; k < x[i].size; k++) {
            uint32_t code = 0;
            if (find_cell(&e, e.columns, &x[i].as.items[k], &code) && code < e.columns[0].n_out)
                MC_TRY(mc_row_add(&maker, e.columns[0].first_out + code, 1.0, err));
        }
        MC_TRY(mc_row_end(&maker, &out[i], err));
        for (size_t k = 0; k < out[i].n; k++)
            maker.values[k] = 1.0;
    }
    return MC_OK;
}

mc_status mc_check_csr_set_indicators(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_set_indicators(view, step, err);
}

/* Whether a truth value that is equal to a category is itself one. */
static bool has_truths(const encoder *e, const mc_encoder_column *column)
{
    for (uint32_t i = 0; i < column->n; i++)
        if (e->categories[column->first + i].kind == MC_CELL_BOOL)
            return true;
    return false;
}

/* pandas looks for True among numbers where a column holds other values too, and in a column of
 * truth values alone it does not: what the answer is depends on the rows beside it. */
static mc_status need_one_answer(const encoder *e, const mc_run *run, size_t row, size_t j,
                                 const mc_cell *cell, uint32_t code, mc_error *err)
{
    const mc_encoder_column *column = &e->columns[j];
    uint32_t found = 0;
    if (cell->kind == MC_CELL_BOOL && find_category(e, column, cell, &found) &&
        !has_truths(e, column))
        return mc_fail(err, MC_E_BAD_INPUT, run->first_row + row,
                       "row %zu, column %zu: a truth value where categories are numbers",
                       run->first_row + row, j);
    if (code + 1 == column->n_out)
        return mc_fail(err, MC_E_BAD_INPUT, run->first_row + row,
                       "row %zu, column %zu: the encoder has no one answer for %s",
                       run->first_row + row, j,
                       cell->kind == MC_CELL_NONE                               ? "null"
                       : cell->kind == MC_CELL_NUMBER && isnan(cell->as.number) ? "NaN"
                                                                                : "it");
    return MC_OK;
}

mc_status mc_run_ordinal(const mc_run *run, const mc_step *step, mc_error *err)
{
    const encoder e = encoder_of(run, step);
    const double *values = mc_view_f64(run->view, step->array[3]);
    const size_t width = mc_run_width(run, step->src);
    const mc_cell *x = run->buffers[step->src];
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < width; j++) {
            uint32_t code = 0;
            const mc_cell *cell = &x[i * width + j];
            MC_TRY(encode(&e, run, i, j, cell, &code, err));
            if (step->flags & MC_STEP_ONE_ANSWER)
                MC_TRY(need_one_answer(&e, run, i, j, cell, code, err));
            out[i * width + j] = values[e.columns[j].first_out + code];
        }
    }
    return MC_OK;
}

mc_status mc_check_ordinal(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 3, MC_ARRAY_F64, 1, SIZE_MAX, err));
    MC_TRY(check_encoder(view, step, mc_array_cols(view, step, 3), err));
    const mc_encoder_column *columns = mc_view_array(view, step->array[2]);
    const uint32_t *codes = mc_view_u32(view, step->array[1]);
    for (size_t j = 0; j < mc_check_width(view, step->src); j++) {
        bool ok = columns[j].on_unknown == MC_UNKNOWN_REFUSED ||
                  columns[j].unknown_code < columns[j].n_out;
        for (size_t i = 0; i < columns[j].n; i++)
            ok = ok && codes[columns[j].first + i] < columns[j].n_out;
        MC_TRY(mc_check_that(view, step, ok, "a code has no value", err));
    }
    return same_width(view, step, err);
}
