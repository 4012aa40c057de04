/* run_columns.c: steps that move columns, change their type, and refuse what is not finite.
 *
 * Oracle   sklearn.utils.validation.check_array (1.9.1): which inputs are refused, and with which
 *          words.
 * Exact    Bit for bit: nothing here computes. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "image/input.h"
#include "image/steps.h"

/* As numpy's float(): None is NaN, truth values are 0 and 1. */
static bool cell_number(const mc_cell *cell, double *out)
{
    switch ((mc_cell_kind)cell->kind) {
    case MC_CELL_NONE:
        *out = (double)NAN;
        return true;
    case MC_CELL_NUMBER:
        *out = cell->as.number;
        return true;
    case MC_CELL_INTEGER:
    case MC_CELL_BOOL:
        *out = (double)cell->as.integer;
        return true;
    case MC_CELL_STRING:
    case MC_CELL_LIST:
    case MC_CELL_DICT:
        return false;
    }
    return false;
}

mc_status mc_run_gather(const mc_run *run, const mc_step *step, mc_error *err)
{
    if (run->open.rows != NULL) { /* all of the row, which is a row of nothing else */
        run->buffers[step->dst] =
            (void *)((uintptr_t)(run->open.rows + run->first_row * run->open.width));
        return MC_OK;
    }
    if (step->flags & MC_STEP_ALIAS) {
        run->buffers[step->dst] = run->buffers[step->src];
        return MC_OK;
    }
    const mc_view *view = run->view;
    const uint32_t *wanted = mc_view_u32(view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst);
    const size_t n_numbers = view->header->n_numbers, n_cells = view->header->n_cells;
    const double *numbers = run->buffers[step->src];
    const mc_cell *cells = run->buffers[step->src2];
    double *out = mc_run_dst(run, step);
    for (size_t row = 0; row < run->n_rows; row++) {
        for (size_t j = 0; j < width; j++, out++) {
            const mc_image_column column = mc_view_column(view, wanted[j]);
            if (column.kind == MC_COLUMN_NUMBER)
                *out = numbers[row * n_numbers + column.slot];
            else if (!cell_number(&cells[row * n_cells + column.slot], out))
                return mc_input_not_a_number(run->first_row + row, wanted[j],
                                             &cells[row * n_cells + column.slot], err);
        }
    }
    return MC_OK;
}

mc_status mc_check_gather(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, mc_check_width(view, step->dst), 1, err));
    MC_TRY(mc_check_below(view, step, 0, view->n_columns, err));
    MC_TRY(mc_check_that(view, step, step->src == 0 && step->src2 == 1, "it reads no input", err));
    const bool is_alias = (step->flags & MC_STEP_ALIAS) != 0;
    const size_t width = mc_check_width(view, step->dst);
    const uint32_t *wanted = mc_view_u32(view, step->array[0]);
    for (size_t i = 0; i < width; i++) {
        const mc_image_column column = mc_view_column(view, wanted[i]);
        MC_TRY(mc_check_that(view, step,
                             column.kind == MC_COLUMN_NUMBER || column.kind == MC_COLUMN_CELL,
                             "it reads a column without a slot", err));
        MC_TRY(mc_check_that(view, step,
                             !is_alias || (column.kind == MC_COLUMN_NUMBER && column.slot == i),
                             "an alias of other columns", err));
    }
    return mc_check_that(view, step, !is_alias || view->header->n_numbers == width,
                         "an alias of another width", err);
}

mc_status mc_run_gather_cells(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *wanted = mc_view_u32(run->view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst), n_cells = run->view->header->n_cells;
    const mc_cell *cells = run->buffers[step->src2];
    mc_cell *out = run->buffers[step->dst];
    for (size_t row = 0; row < run->n_rows; row++)
        for (size_t j = 0; j < width; j++)
            *out++ = cells[row * n_cells + mc_view_column(run->view, wanted[j]).slot];
    return MC_OK;
}

mc_status mc_check_gather_cells(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_gather(view, step, err));
    const uint32_t *wanted = mc_view_u32(view, step->array[0]);
    for (size_t i = 0; i < mc_check_width(view, step->dst); i++)
        MC_TRY(mc_check_that(view, step, mc_view_column(view, wanted[i]).kind == MC_COLUMN_CELL,
                             "it reads a column of numbers as cells", err));
    return MC_OK;
}

mc_status mc_run_select(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *wanted = mc_view_u32(run->view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst), from = mc_run_width(run, step->src);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t row = 0; row < run->n_rows; row++)
        for (size_t j = 0; j < width; j++)
            *out++ = x[row * from + wanted[j]];
    return MC_OK;
}

mc_status mc_check_select(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, mc_check_width(view, step->dst), 1, err));
    return mc_check_below(view, step, 0, (uint32_t)mc_check_width(view, step->src), err);
}

mc_status mc_run_select_cells(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *wanted = mc_view_u32(run->view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst), from = mc_run_width(run, step->src);
    const mc_cell *x = run->buffers[step->src];
    mc_cell *out = run->buffers[step->dst];
    for (size_t row = 0; row < run->n_rows; row++)
        for (size_t j = 0; j < width; j++)
            *out++ = x[row * from + wanted[j]];
    return MC_OK;
}

mc_status mc_check_select_cells(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_select(view, step, err);
}

/* Copies the listed buffers side by side; `item` is the size of their items. */
static void stack(const mc_run *run, const mc_step *step, size_t item)
{
    const uint32_t *sources = mc_view_u32(run->view, step->array[0]);
    const size_t n = run->view->arrays[step->array[0]].n_items;
    const size_t width = mc_run_width(run, step->dst);
    uint8_t *out = run->buffers[step->dst];
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t from = mc_run_width(run, sources[i]);
        const uint8_t *x = run->buffers[sources[i]];
        for (size_t row = 0; from > 0 && row < run->n_rows; row++)
            memcpy(out + (row * width + at) * item, x + row * from * item, from * item);
        at += from;
    }
}

mc_status mc_run_hstack(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    stack(run, step, sizeof(double));
    return MC_OK;
}

mc_status mc_check_hstack(const mc_view *view, const mc_step *step, mc_error *err)
{
    const uint32_t *sources = mc_view_u32(view, step->array[0]);
    size_t width = 0;
    for (size_t i = 0; i < mc_array_rows(view, step, 0); i++)
        width += mc_check_width(view, sources[i]);
    return mc_check_that(view, step, width == mc_check_width(view, step->dst),
                         "the widths of its sources do not add up", err);
}

mc_status mc_run_hstack_cells(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    stack(run, step, sizeof(mc_cell));
    return MC_OK;
}

mc_status mc_check_hstack_cells(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_hstack(view, step, err);
}

mc_status mc_run_to_cells(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const double *x = mc_run_f64(run, step->src);
    mc_cell *out = run->buffers[step->dst];
    const size_t n = run->n_rows * mc_run_width(run, step->dst);
    for (size_t i = 0; i < n; i++) {
        const bool whole = step->n[0] != MC_CELL_NUMBER && fabs(x[i]) < 0x1p63;
        out[i] = (mc_cell){.kind = whole ? step->n[0] : MC_CELL_NUMBER};
        if (whole)
            out[i].as.integer = (int64_t)x[i];
        else
            out[i].as.number = x[i];
    }
    return MC_OK;
}

mc_status mc_check_to_cells(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] >= MC_CELL_NUMBER && step->n[0] <= MC_CELL_BOOL,
                         "unknown kind of cell", err));
    return mc_check_same_width(view, step, err);
}

mc_status mc_run_to_numbers(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_cell *x = run->buffers[step->src];
    double *out = mc_run_dst(run, step);
    const size_t width = mc_run_width(run, step->dst);
    for (size_t i = 0; i < run->n_rows * width; i++)
        if (!cell_number(&x[i], &out[i]))
            return mc_input_not_a_number(run->first_row + i / width, i % width, &x[i], err);
    return MC_OK;
}

mc_status mc_check_to_numbers(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_same_width(view, step, err);
}

/* Would numpy hold this block of one row as objects? It does for texts and lists, and for truth
 * values beside numbers; numbers alone become float64. */
static bool is_object_block(const mc_cell *cells, size_t n)
{
    size_t n_bools = 0;
    for (size_t i = 0; i < n; i++) {
        if (cells[i].kind >= MC_CELL_STRING)
            return true;
        n_bools += cells[i].kind == MC_CELL_BOOL;
    }
    return n_bools > 0 && n_bools < n;
}

/* What numbers in a row become: truth values alone stay so, and are integers beside integers. */
static uint32_t settled_kind(const mc_cell *cells, size_t n)
{
    size_t n_bools = 0;
    for (size_t i = 0; i < n; i++) {
        if (cells[i].kind != MC_CELL_INTEGER && cells[i].kind != MC_CELL_BOOL)
            return MC_CELL_NUMBER;
        n_bools += cells[i].kind == MC_CELL_BOOL;
    }
    return n_bools > 0 && n_bools == n ? MC_CELL_BOOL : MC_CELL_INTEGER;
}

static mc_cell settled(const mc_cell *cell, uint32_t kind)
{
    double number = 0.0;
    if (kind == MC_CELL_NUMBER && cell_number(cell, &number))
        return (mc_cell){.kind = MC_CELL_NUMBER, .as.number = number};
    if (kind == MC_CELL_INTEGER && cell->kind == MC_CELL_BOOL)
        return (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = cell->as.integer};
    return *cell;
}

mc_status mc_run_settle(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *widths = mc_view_u32(run->view, step->array[0]);
    const size_t n_blocks = run->view->arrays[step->array[0]].n_items;
    const size_t width = mc_run_width(run, step->dst);
    const mc_cell *x = run->buffers[step->src];
    mc_cell *out = run->buffers[step->dst];
    for (size_t row = 0; row < run->n_rows; row++, x += width, out += width) {
        bool is_object = false;
        for (size_t i = 0, at = 0; i < n_blocks; at += widths[i++])
            is_object = is_object || is_object_block(x + at, widths[i]);
        const uint32_t whole = settled_kind(x, width);
        for (size_t i = 0, at = 0; i < n_blocks; at += widths[i++]) {
            const bool stays = is_object_block(x + at, widths[i]);
            const uint32_t kind = is_object ? settled_kind(x + at, widths[i]) : whole;
            for (size_t j = at; j < at + widths[i]; j++)
                out[j] = stays ? x[j] : settled(&x[j], kind);
        }
    }
    return MC_OK;
}

mc_status mc_check_settle(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, SIZE_MAX, 1, err));
    const uint32_t *widths = mc_view_u32(view, step->array[0]);
    size_t sum = 0;
    for (size_t i = 0; i < mc_array_rows(view, step, 0); i++)
        sum += widths[i];
    MC_TRY(mc_check_that(view, step, sum == mc_check_width(view, step->src),
                         "the widths of its blocks do not add up", err));
    return mc_check_same_width(view, step, err);
}

static mc_status refuse_value(mc_error *err, size_t row, size_t column, const char *what)
{
    return mc_fail(err, MC_E_BAD_INPUT, row,
                   "row %zu, column %zu: the input contains %s, and the estimator takes none", row,
                   column, what);
}

/* The first value of the block that may not be there. Written as one test per value that is false
 * for all good ones. */
static mc_status refuse_bad(const mc_run *run, const mc_step *step, double largest, mc_error *err)
{
    const double *x = mc_run_f64(run, step->src);
    const size_t width = mc_run_width(run, step->src);
    const bool allow_nan = (step->flags & MC_STEP_ALLOW_NAN) != 0;
    const bool allow_infinity = (step->flags & MC_STEP_ALLOW_INFINITY) != 0;
    for (size_t i = 0; i < run->n_rows * width; i++) {
        if (fabs(x[i]) <= largest || (isnan(x[i]) ? allow_nan : allow_infinity))
            continue;
        const size_t row = run->first_row + i / width;
        const char *const what = isnan(x[i])         ? "NaN"
                                 : largest < DBL_MAX ? "infinity or a value too large for float32"
                                                     : "infinity";
        return refuse_value(err, row, mc_run_column(run, row, i % width), what);
    }
    return MC_OK;
}

static mc_status refuse_sparse(const mc_run *run, const mc_step *step, mc_error *err)
{
    if ((step->flags & MC_STEP_DENSE_ROWS) && run->came_sparse && run->n_rows > 0) {
        return mc_fail(err, MC_E_BAD_INPUT, run->first_row,
                       "row %zu: a sparse row of precomputed distances: what it leaves out is no "
                       "distance, and not 0; give every distance",
                       run->first_row);
    }
    if ((step->flags & MC_STEP_DENSE_WIDTH) && run->came_sparse && run->n_rows > 0) {
        return mc_fail(err, MC_E_BAD_INPUT, run->first_row,
                       "row %zu: a sparse row: this model's scikit-learn answers it with more "
                       "columns than a dense one; give every value",
                       run->first_row);
    }
    return MC_OK;
}

mc_status mc_run_check_finite(const mc_run *run, const mc_step *step, mc_error *err)
{
    run->buffers[step->dst] = run->buffers[step->src];
    MC_TRY(refuse_sparse(run, step, err));
    if ((step->flags & MC_STEP_NO_INTEGERS) && run->came_as_integers && run->n_rows > 0) {
        return mc_fail(
            err, MC_E_BAD_INPUT, run->first_row,
            "a constant float is filled in, and scikit-learn raises an error for rows of "
            "integers; give them as floats");
    }
    if ((step->flags & MC_STEP_IF_CAME_SPARSE) && run->came_sparse)
        return MC_OK;
    return refuse_bad(run, step, DBL_MAX, err);
}

mc_status mc_check_check_finite(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_same_width(view, step, err);
}

/* Values that round to FLT_MAX are fine; from halfway to the next power of two they overflow. */
#define FLOAT32_LARGEST 0x1.fffffefffffffp127

/* No threshold is above infinity: at every node it goes where scikit-learn's walk over sparse rows,
 * which knows no missing values, sends NaN. */
static bool nan_goes_right(const mc_run *run, const mc_step *step)
{
    return (step->flags & MC_STEP_NAN_GOES_RIGHT) &&
           (run->came_sparse || !(step->flags & MC_STEP_IF_CAME_SPARSE));
}

mc_status mc_run_narrow(const mc_run *run, const mc_step *step, mc_error *err)
{
    MC_TRY(refuse_bad(run, step, FLOAT32_LARGEST, err));
    const double *x = mc_run_f64(run, step->src);
    float *out = run->buffers[step->dst];
    const bool goes_right = nan_goes_right(run, step);
    for (size_t i = 0; i < run->n_rows * mc_run_width(run, step->dst); i++)
        out[i] = goes_right && isnan(x[i]) ? INFINITY : (float)x[i];
    return MC_OK;
}

mc_status mc_check_narrow(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_same_width(view, step, err);
}

mc_status mc_run_round32(const mc_run *run, const mc_step *step, mc_error *err)
{
    MC_TRY(refuse_bad(run, step, FLOAT32_LARGEST, err));
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    const bool goes_right = nan_goes_right(run, step);
    for (size_t i = 0; i < run->n_rows * mc_run_width(run, step->dst); i++)
        out[i] = goes_right && isnan(x[i]) ? (double)INFINITY : (double)(float)x[i];
    return MC_OK;
}

mc_status mc_check_round32(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_same_width(view, step, err);
}

mc_status mc_run_constant(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const double *row = mc_view_f64(run->view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        memcpy(out + i * width, row, width * sizeof *row);
    return MC_OK;
}

mc_status mc_check_constant(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_array(view, step, 0, MC_ARRAY_F64, 1, mc_check_width(view, step->dst), err);
}
