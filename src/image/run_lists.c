/* run_lists.c: answers that are lists: sets of labels, patches of images.
 *
 * Oracle   sklearn/preprocessing/_label.py MultiLabelBinarizer.inverse_transform and
 *          sklearn/feature_extraction/image.py PatchExtractor, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit: values are only chosen.
 * Cost     An image of h * w pixels takes 2 + channels cells a pixel and one a patch, whatever the
 *          size of the patches: they share their rows. */
#include <math.h>

#include "base/size.h"
#include "image/steps.h"

/* ------------------------------------------------------------------------- sets of labels ---- */

/* The labels of one row of marks (n). */
static mc_status labels_of_row(const mc_run *run, const mc_step *step, size_t row,
                               const double *marks, mc_cell *out, mc_error *err)
{
    const mc_image_cell *labels = mc_view_array(run->view, step->array[0]);
    const size_t n = mc_run_width(run, step->src);
    mc_cell *items = NULL;
    size_t n_items = 0, n_marked = 0;
    for (size_t j = 0; j < n; j++) {
        if (marks[j] != 0.0 && marks[j] != 1.0)
            return mc_fail(err, MC_E_BAD_INPUT, row,
                           "row %zu, column %zu: expected 0 or 1, found %.17g", row, j, marks[j]);
        n_marked += marks[j] == 1.0;
    }
    MC_TRY(mc_run_items(run, n_marked, &items, err));
    for (size_t j = 0; j < n; j++)
        if (marks[j] == 1.0)
            items[n_items++] = mc_view_cell(run->view, &labels[j]);
    *out = (mc_cell){.kind = MC_CELL_LIST, .size = mc_u32_from_size(n_items), .as.items = items};
    return MC_OK;
}

mc_status mc_run_label_set(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *marks = mc_run_f64(run, step->src);
    const size_t n = mc_run_width(run, step->src);
    mc_cell *out = run->buffers[step->dst];
    for (size_t i = 0; i < run->n_rows; i++)
        MC_TRY(labels_of_row(run, step, run->first_row + i, &marks[i * n], &out[i], err));
    return MC_OK;
}

mc_status mc_check_label_set(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_CELL, mc_check_width(view, step->src), 1, err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == 1,
                         "it answers with more than one column", err);
}

/* ----------------------------------------------------------------------------- the image ---- */

/* Nested lists: rows of pixels, which are numbers or lists of them. */
typedef struct image {
    const mc_cell *rows; /* (height) lists of `width` pixels, of which only the first is checked */
    size_t height, width, channels;
    bool has_lists; /* pixels are lists */
} image;

static bool is_list(const mc_cell *cell)
{
    return cell->kind == MC_CELL_LIST;
}

static mc_status not_an_image(mc_error *err, size_t row)
{
    return mc_fail(err, MC_E_BAD_INPUT, row,
                   "row %zu: expected an image: lists of as many pixels each, which are numbers or "
                   "lists of as many numbers each",
                   row);
}

static mc_status open_image(const mc_cell *cell, size_t row, image *out, mc_error *err)
{
    if (!is_list(cell) || cell->size == 0 || !is_list(cell->as.items) || cell->as.items->size == 0)
        return not_an_image(err, row);
    const mc_cell *first = cell->as.items->as.items;
    *out = (image){.rows = cell->as.items,
                   .height = cell->size,
                   .width = cell->as.items->size,
                   .channels = is_list(first) ? first->size : 1,
                   .has_lists = is_list(first)};
    return out->channels > 0 ? MC_OK : not_an_image(err, row);
}

/* A finite number, as a float. */
static bool read_number(const mc_cell *cell, mc_cell *out)
{
    if (cell->kind != MC_CELL_NUMBER && cell->kind != MC_CELL_INTEGER && cell->kind != MC_CELL_BOOL)
        return false;
    *out = (mc_cell){.kind = MC_CELL_NUMBER};
    out->as.number = cell->kind == MC_CELL_NUMBER ? cell->as.number : (double)cell->as.integer;
    return isfinite(out->as.number);
}

/* The numbers of a pixel into out (channels). */
static bool read_pixel(const image *x, const mc_cell *pixel, mc_cell *out)
{
    if (!x->has_lists)
        return read_number(pixel, out);
    if (!is_list(pixel) || pixel->size != x->channels)
        return false;
    for (size_t k = 0; k < x->channels; k++)
        if (!read_number(&pixel->as.items[k], &out[k]))
            return false;
    return true;
}

/* All numbers, (height * width * channels). */
static mc_status read_numbers(const mc_run *run, const image *x, size_t row, mc_cell **out,
                              mc_error *err)
{
    size_t n = 0;
    if (!mc_mul_size(x->height, x->width, &n) || !mc_mul_size(n, x->channels, &n))
        return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu: an image that overflows", row);
    MC_TRY(mc_run_items(run, n, out, err));
    for (size_t i = 0; i < x->height; i++) {
        if (!is_list(&x->rows[i]) || x->rows[i].size != x->width)
            return not_an_image(err, row);
        for (size_t j = 0; j < x->width; j++)
            if (!read_pixel(x, &x->rows[i].as.items[j], &(*out)[(i * x->width + j) * x->channels]))
                return not_an_image(err, row);
    }
    return MC_OK;
}

/* ---------------------------------------------------------------------------- the patches ---- */

/* A list of `size` cells at each of the places `step` apart: out (n). */
static void make_lists(const mc_cell *items, size_t step, size_t size, size_t n, mc_cell *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (mc_cell){
            .kind = MC_CELL_LIST, .size = mc_u32_from_size(size), .as.items = items + i * step};
}

/* The pixels of an image, (height * width): numbers, or lists of the channels if these are many. */
static mc_status read_pixels(const mc_run *run, const image *x, size_t row, mc_cell **out,
                             mc_error *err)
{
    mc_cell *numbers = NULL;
    MC_TRY(read_numbers(run, x, row, &numbers, err));
    *out = numbers;
    if (x->channels == 1)
        return MC_OK;
    MC_TRY(mc_run_items(run, x->height * x->width, out, err));
    make_lists(numbers, x->channels, x->channels, x->height * x->width, *out);
    return MC_OK;
}

/* Patches of (height, width) at every place of the image, row by row. */
static mc_status cut(const mc_run *run, const image *x, const mc_cell *pixels, size_t height,
                     size_t width, mc_cell *out, mc_error *err)
{
    const size_t down = x->height - height + 1, across = x->width - width + 1;
    size_t n_strips = 0, n_patches = 0;
    mc_cell *strips = NULL, *patches = NULL;
    if (!mc_mul_size(across, x->height, &n_strips) || !mc_mul_size(down, across, &n_patches) ||
        n_patches > UINT32_MAX)
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "too many patches of an image");
    MC_TRY(mc_run_items(run, n_strips, &strips, err));
    MC_TRY(mc_run_items(run, n_patches, &patches, err));
    for (size_t j = 0; j < across; j++) /* rows of patches that begin at column j */
        make_lists(pixels + j, x->width, width, x->height, &strips[j * x->height]);
    for (size_t i = 0; i < down; i++)
        make_lists(strips + i, x->height, height, across, &patches[i * across]);
    *out =
        (mc_cell){.kind = MC_CELL_LIST, .size = mc_u32_from_size(n_patches), .as.items = patches};
    return MC_OK;
}

static mc_status patches_of_row(const mc_run *run, const mc_step *step, size_t row,
                                const mc_cell *cell, mc_cell *out, mc_error *err)
{
    image x = {0};
    mc_cell *pixels = NULL;
    MC_TRY(open_image(cell, row, &x, err));
    const bool is_tenth = (step->flags & MC_STEP_TENTH) != 0;
    const size_t height = is_tenth ? x.height / 10 : step->n[0];
    const size_t width = is_tenth ? x.width / 10 : step->n[1];
    if (height > x.height || width > x.width) {
        return mc_fail(err, MC_E_BAD_INPUT, row,
                       "row %zu: an image of %zu x %zu pixels, and patches of %zu x %zu", row,
                       x.height, x.width, height, width);
    }
    MC_TRY(read_pixels(run, &x, row, &pixels, err));
    return cut(run, &x, pixels, height, width, out, err);
}

mc_status mc_run_patches(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_cell *images = run->buffers[step->src];
    mc_cell *out = run->buffers[step->dst];
    for (size_t i = 0; i < run->n_rows; i++)
        MC_TRY(patches_of_row(run, step, run->first_row + i, &images[i], &out[i], err));
    return MC_OK;
}

mc_status mc_check_patches(const mc_view *view, const mc_step *step, mc_error *err)
{
    const bool is_tenth = (step->flags & MC_STEP_TENTH) != 0;
    MC_TRY(mc_check_that(
        view, step, mc_check_width(view, step->src) == 1 && mc_check_width(view, step->dst) == 1,
        "a row of more than one image", err));
    return mc_check_that(view, step, is_tenth || (step->n[0] > 0 && step->n[1] > 0),
                         "patches without a size", err);
}
