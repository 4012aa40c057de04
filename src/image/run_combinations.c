/* run_combinations.c: categories as hashes, values of their combinations, and the proof of C1 to C3
 * of kernel/combination.h. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "image/steps.h"
#include "kernel/combination.h"
#include "kernel/digest.h"

/* --------------------------------------------------------------------------------- hashes ---- */

/* What str() of a whole number is; what is none is refused. A text is borrowed. */
static mc_status text_of(const mc_run *run, size_t row, uint32_t column, const mc_cell *cell,
                         char digits[24], mc_bytes *out, mc_error *err)
{
    int64_t value = cell->as.integer;
    if (cell->kind == MC_CELL_STRING) {
        *out = (mc_bytes){(const uint8_t *)cell->as.text, cell->size};
        return MC_OK;
    }
    if (cell->kind == MC_CELL_NUMBER && fabs(cell->as.number) < 0x1p63 &&
        cell->as.number == trunc(cell->as.number))
        value = (int64_t)cell->as.number;
    else if (cell->kind != MC_CELL_INTEGER && cell->kind != MC_CELL_BOOL)
        return mc_fail(err, MC_E_BAD_INPUT, run->first_row + row,
                       "row %zu, column %u: expected a text or a whole number as a category",
                       run->first_row + row, column);
    const int n = snprintf(digits, 24, "%" PRId64, value);
    *out = (mc_bytes){(const uint8_t *)digits, (size_t)n};
    return MC_OK;
}

mc_status mc_run_category_hash(const mc_run *run, const mc_step *step, mc_error *err)
{
    const uint32_t *columns = mc_view_u32(run->view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst);
    const mc_cell *x = run->buffers[step->src];
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < width; j++) {
            char digits[24];
            mc_bytes text = {0};
            MC_TRY(text_of(run, i, columns[j], x++, digits, &text, err));
            *out++ = (double)(uint32_t)mc_city_hash((const char *)text.data, text.size);
        }
    }
    return MC_OK;
}

mc_status mc_check_category_hash(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, width, 1, err));
    return mc_check_that(view, step, mc_check_width(view, step->src) == width,
                         "source and destination differ in width", err);
}

/* --------------------------------------------------------------------------------- digests ---- */

mc_status mc_run_digest_counts(const mc_run *run, const mc_step *step, mc_error *err)
{
    static const uint8_t NAN_TEXT[] = "nan";
    const uint32_t *columns = mc_view_u32(run->view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst), n = mc_run_width(run, step->src);
    const mc_cell *x = run->buffers[step->src];
    double *out = mc_run_dst(run, step);
    memset(out, 0, run->n_rows * width * sizeof *out);
    for (size_t i = 0; i < run->n_rows; i++, out += width) {
        for (size_t j = 0; j < n; j++, x++) {
            mc_bytes text = {NAN_TEXT, sizeof NAN_TEXT - 1};
            uint8_t digest[MC_MD5_SIZE];
            if (x->kind == MC_CELL_NONE)
                continue;
            if (x->kind == MC_CELL_STRING)
                text = (mc_bytes){(const uint8_t *)x->as.text, x->size};
            else if (x->kind != MC_CELL_NUMBER || !isnan(x->as.number))
                return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                               "row %zu, column %u: expected a text to hash", run->first_row + i,
                               columns[j]);
            mc_md5(text.data, text.size, digest);
            out[mc_bytes_modulo(digest, sizeof digest, (uint32_t)width)] += 1.0;
        }
    }
    return MC_OK;
}

mc_status mc_check_digest_counts(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, mc_check_width(view, step->src), 1, err));
    return mc_check_that(view, step, width > 0 && width <= UINT32_MAX, "there are no buckets", err);
}

/* --------------------------------------------------------------------------- combinations ---- */

static mc_combinations combinations_of(const mc_view *view, const mc_step *step)
{
    return (mc_combinations){.program = mc_view_u32(view, step->array[0]),
                             .n_words = mc_array_rows(view, step, 0),
                             .keys = mc_view_u32(view, step->array[1]),
                             .values = mc_view_f64(view, step->array[2])};
}

mc_status mc_run_combine(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_combinations c = combinations_of(run->view, step);
    const size_t width = mc_run_width(run, step->dst), d = mc_run_width(run, step->src);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        mc_combine(&c, x + i * d, out + i * width);
    return MC_OK;
}

/* What the groups before have used up. */
typedef struct used {
    size_t words, keys, values, out;
} used;

/* C2 of the group at `at`, whose words are there. */
static bool columns_fit(const uint32_t *at, size_t d)
{
    const uint32_t *columns = at + MC_GROUP_HEAD, *marks = columns + at[0];
    bool fit = true;
    for (size_t i = 0; i < at[0]; i++)
        fit = fit && columns[i] < d;
    for (size_t i = 0; i < at[1]; i++)
        fit = fit && (marks[2 * i] & MC_MARK_COLUMN) < d;
    return fit;
}

static bool ascend(const uint32_t *keys, size_t n)
{
    bool fit = true;
    for (size_t i = 1; i < n; i++) {
        const uint32_t *a = keys + 2 * (i - 1), *b = keys + 2 * i;
        fit = fit && (a[0] < b[0] || (a[0] == b[0] && a[1] < b[1]));
    }
    return fit;
}

static bool group_fits(const mc_combinations *c, size_t d, size_t n_keys, used *u)
{
    const uint32_t *at = c->program + u->words;
    const size_t left = c->n_words - u->words;
    if (left < MC_GROUP_HEAD)
        return false;
    const uint64_t words = MC_GROUP_HEAD + (uint64_t)at[0] + 2 * (uint64_t)at[1];
    if (words > left || at[2] > n_keys - u->keys || !columns_fit(at, d) ||
        !ascend(c->keys + 2 * u->keys, at[2]))
        return false;
    u->words += (size_t)words;
    u->keys += at[2];
    u->out += at[3];
    return !__builtin_add_overflow(u->values, (size_t)at[3] * ((size_t)at[2] + 1), &u->values);
}

mc_status mc_check_combine(const mc_view *view, const mc_step *step, mc_error *err)
{
    used u = {0};
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, SIZE_MAX, 2, err));
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_F64, 1, SIZE_MAX, err));
    const mc_combinations c = combinations_of(view, step);
    const size_t n_keys = mc_array_rows(view, step, 1);
    bool fit = true;
    while (fit && u.words < c.n_words)
        fit = group_fits(&c, mc_check_width(view, step->src), n_keys, &u);
    return mc_check_that(view, step,
                         fit && u.keys == n_keys && u.values == mc_array_cols(view, step, 2) &&
                             u.out == mc_check_width(view, step->dst),
                         "its groups, keys, values and columns do not fit", err);
}
