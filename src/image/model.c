/* model.c: an image with its name, its decoded schema and a count. */
#include "image/model.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "image/pattern.h"
#include "image/quantize.h"
#include "image/view.h"

#define MAGIC 0x4d434d4fu /* "MCMO" */

struct mc_model {
    uint32_t magic;
    _Atomic uint32_t n_references;
    mc_image image;     /* owned */
    mc_view view;       /* of image */
    mc_arena arena;     /* owned: everything below */
    mc_column *columns; /* (view.n_columns), NULL: all alike */
    mc_cell *cells;     /* (view.n_cells) */
    mc_model *back;     /* owned: what inverse_transform is asked of; its image is part of ours */
    mc_model_info info;
    mc_model_gone *gone;
    void *owner;
};

/* ------------------------------------------------------------------------------ schema ---- */

static mc_status copy_text(mc_model *model, mc_image_text text, const char **out, mc_error *err)
{
    return mc_arena_copy(&model->arena, model->view.strings + text.at, text.size, out, err);
}

static mc_status decode_columns(mc_model *model, mc_error *err)
{
    const mc_view *view = &model->view;
    if (view->columns == NULL)
        return MC_OK;
    MC_TRY(mc_arena_new(&model->arena, mc_column, view->n_columns, &model->columns, err));
    for (uint32_t i = 0; i < view->n_columns; i++) {
        const mc_image_column *from = &view->columns[i];
        mc_column *to = &model->columns[i];
        *to = (mc_column){
            .name_size = from->name.size, .slot = from->slot, .kind = (mc_column_kind)from->kind};
        if (view->n_by_name > 0)
            MC_TRY(copy_text(model, from->name, &to->name, err));
    }
    return MC_OK;
}

static mc_status decode_cells(mc_model *model, mc_error *err)
{
    const mc_view *view = &model->view;
    MC_TRY(mc_arena_new(&model->arena, mc_cell, view->n_cells, &model->cells, err));
    for (uint32_t i = 0; i < view->n_cells; i++) {
        const mc_image_cell *from = &view->cells[i];
        model->cells[i] = (mc_cell){.kind = from->kind, .size = from->size};
        if (from->kind == MC_CELL_STRING)
            model->cells[i].as.text = view->strings + from->as.text_at;
        else
            model->cells[i].as.integer = from->as.integer; /* the same bytes as `number` */
    }
    return MC_OK;
}

/* `whole` is its image, or the one that it is part of. */
static mc_status copy_identity(mc_model *model, const mc_image *whole,
                               const mc_model_identity *identity, mc_error *err)
{
    mc_arena *arena = &model->arena;
    mc_model_info *info = &model->info;
    char digest[33];
    mc_image_digest(whole, digest);
    MC_TRY(mc_arena_copy(arena, digest, strlen(digest), &info->digest, err));
    MC_TRY(mc_arena_copy(arena, identity->name, strlen(identity->name), &info->name, err));
    MC_TRY(mc_arena_copy(arena, identity->version, strlen(identity->version), &info->version, err));
    MC_TRY(mc_arena_copy(arena, identity->source, strlen(identity->source), &info->source, err));
    MC_TRY(copy_text(model, model->view.header->estimator, &info->estimator, err));
    return copy_text(model, model->view.header->sklearn_version, &info->sklearn_version, err);
}

static void describe(mc_model *model, const mc_model_identity *identity)
{
    const mc_view *view = &model->view;
    mc_model_info *info = &model->info;
    const mc_model_info none = {0};
    const mc_model_info back = model->back == NULL ? none : model->back->info;
    info->generation = identity->generation;
    info->load_ns = identity->load_ns;
    info->bytes = model->image.size + mc_patterns_bytes(model->image.patterns) + sizeof *model +
                  model->arena.used;
    if (model->back != NULL)
        info->bytes += back.bytes - model->back->image.size;
    info->methods = back.methods;
    for (uint32_t i = 0; i < view->n_methods; i++)
        info->methods |= 1u << view->methods[i].method;
    info->default_method = (mc_method)view->header->default_method;
    info->n_columns = view->n_columns;
    info->n_numbers = view->header->n_numbers;
    info->n_cells = view->header->n_cells;
    info->n_class_tables = view->n_tables + back.n_class_tables;
    info->has_names = (view->header->flags & MC_IMAGE_HAS_NAMES) != 0;
    info->extra_columns = (view->header->flags & MC_IMAGE_EXTRA_COLUMNS) != 0;
    info->row = mc_image_row_kind(view->header->flags);
    info->quantized = mc_image_quantization(&model->image);
}

/* ---------------------------------------------------------------------- life and count ---- */

static mc_status fill(mc_model *model, const mc_image *whole, const mc_model_identity *identity,
                      mc_error *err)
{
    MC_TRY(decode_columns(model, err));
    MC_TRY(decode_cells(model, err));
    MC_TRY(copy_identity(model, whole, identity, err));
    describe(model, identity);
    return MC_OK;
}

/* All but the image. */
static void destroy(mc_model *model)
{
    mc_arena_fini(&model->arena);
    mc_free(model);
}

/* One model, of an image that I1 to I12 hold for, with its way back made already. */
static mc_status make(const mc_image *image, const mc_image *whole,
                      const mc_model_identity *identity, mc_model *back, mc_model **out,
                      mc_error *err)
{
    mc_model *model = mc_alloc(1, sizeof *model);
    if (model == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a model");
    model->magic = MAGIC;
    atomic_init(&model->n_references, 1);
    model->image = *image;
    model->back = back;
    model->gone = identity->gone;
    model->owner = identity->owner;
    mc_view_of(image->block, &model->view);
    mc_arena_init(&model->arena, SIZE_MAX / 2, "schema of a model");
    const mc_status status = fill(model, whole, identity, err);
    if (status != MC_OK) {
        destroy(model);
        return status;
    }
    *out = model;
    return MC_OK;
}

mc_status mc_model_create(const mc_image *image, const mc_model_identity *identity, mc_model **out,
                          mc_error *err)
{
    mc_view view;
    mc_model *back = NULL;
    mc_view_of(image->block, &view);
    const mc_image back_image = {.block = view.back, .size = view.back_size};
    if (view.back != NULL)
        MC_TRY(make(&back_image, image, identity, NULL, &back, err));
    const mc_status status = make(image, image, identity, back, out, err);
    if (status != MC_OK && back != NULL)
        destroy(back);
    return status;
}

void mc_model_retain(mc_model *model)
{
    MC_ASSERT(model->magic == MAGIC);
    atomic_fetch_add_explicit(&model->n_references, 1, memory_order_relaxed);
}

void mc_model_release(mc_model *model)
{
    if (model == NULL)
        return;
    MC_ASSERT(model->magic == MAGIC);
    /* acq_rel, pairs with itself: what each thread read of the model happens before the last holder
     * unmaps it. Not a release and a fence: ThreadSanitizer does not see fences. */
    if (atomic_fetch_sub_explicit(&model->n_references, 1, memory_order_acq_rel) != 1)
        return;
    model->magic = 0;
    const uint64_t bytes = model->info.bytes;
    mc_model_gone *gone = model->gone;
    void *owner = model->owner;
    if (model->back != NULL)
        destroy(model->back);
    mc_image_close(&model->image);
    destroy(model);
    if (gone != NULL)
        gone(owner, bytes);
}

bool mc_model_is_shared(const mc_model *model)
{
    /* Acquire: pairs with the release in mc_model_release(), so that what other holders did with
     * the model has happened when the answer is false. */
    return atomic_load_explicit(&model->n_references, memory_order_acquire) > 1;
}

uint64_t mc_model_holders(const mc_model *model)
{
    /* relaxed: a statistic. */
    const uint64_t n = atomic_load_explicit(&model->n_references, memory_order_relaxed);
    return n > 0 ? n - 1 : 0;
}

uint64_t mc_model_bytes(const mc_model *model)
{
    return model->info.bytes;
}

/* ------------------------------------------------------------------------- public face ---- */

mc_model_info mc_model_describe(const mc_model *model)
{
    MC_ASSERT(model->magic == MAGIC);
    return model->info;
}

const mc_column *mc_model_columns(const mc_model *model, size_t *n_out)
{
    *n_out = model->view.n_columns;
    return model->columns;
}

mc_column mc_model_column(const mc_model *model, size_t at)
{
    MC_ASSERT(at < model->view.n_columns);
    if (model->columns != NULL)
        return model->columns[at];
    return (mc_column){.slot = (uint32_t)at, .kind = model->view.alike};
}

mc_status mc_model_find_column(const mc_model *model, const char *name, size_t name_size,
                               size_t *out)
{
    const mc_bytes wanted = {(const uint8_t *)name, name_size};
    uint32_t low = 0, high = model->view.n_by_name;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const mc_column *column = &model->columns[model->view.by_name[middle]];
        const mc_bytes found = {(const uint8_t *)column->name, column->name_size};
        const int order = mc_bytes_compare(found, wanted);
        if (order == 0) {
            *out = model->view.by_name[middle];
            return MC_OK;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return MC_E_NOT_FOUND;
}

/* Of the way back, which has none of its own: NOLINTNEXTLINE(misc-no-recursion) */
const mc_cell *mc_model_classes(const mc_model *model, size_t table, size_t *n_out)
{
    if (table >= model->view.n_tables) { /* those of the way back follow */
        MC_ASSERT(model->back != NULL);
        return mc_model_classes(model->back, table - model->view.n_tables, n_out);
    }
    *n_out = model->view.tables[table].n;
    return model->cells + model->view.tables[table].first;
}

mc_status mc_model_save(const mc_model *model, const char *path, mc_error *err)
{
    return mc_image_save(&model->image, path, err);
}

size_t mc_model_image_size(const mc_model *model)
{
    return model->image.size;
}

mc_status mc_model_write(const mc_model *model, int fd, const char *path, mc_error *err)
{
    return mc_image_write(&model->image, fd, path, err);
}

mc_status mc_model_quantize(const mc_model *model, mc_quantization quantization, mc_model **out,
                            mc_error *err)
{
    const mc_model_info *info = &model->info;
    const mc_model_identity identity = {.name = info->name,
                                        .version = info->version,
                                        .source = info->source,
                                        .generation = info->generation,
                                        .load_ns = info->load_ns};
    mc_image image;
    MC_TRY(
        mc_image_quantize(&model->image, quantization, MC_QUANTIZE_FROM, NULL, NULL, &image, err));
    const mc_status status = mc_model_create(&image, &identity, out, err);
    if (status != MC_OK)
        mc_image_close(&image);
    return status;
}

const mc_model *mc_model_inverse(const mc_model *model)
{
    MC_ASSERT(model->magic == MAGIC);
    return model->back;
}

/* Its class tables are numbered after those of `model`. */
static mc_status predict_back(const mc_model *model, const mc_input *input, mc_workspace *workspace,
                              mc_output *out, mc_error *err)
{
    MC_TRY(
        mc_image_run(&model->back->image, MC_METHOD_INVERSE_TRANSFORM, input, workspace, out, err));
    mc_part *parts = (mc_part *)(uintptr_t)out->parts; /* in the workspace, which is the caller's */
    for (size_t i = 0; i < out->n_parts; i++)
        if (parts[i].type == MC_VALUE_LABEL)
            parts[i].classes += model->view.n_tables;
    return MC_OK;
}

mc_status mc_model_predict(const mc_model *model, mc_method method, const mc_input *input,
                           mc_workspace *workspace, mc_output *out, mc_error *err)
{
    MC_ASSERT(model->magic == MAGIC);
    if (method == MC_METHOD_INVERSE_TRANSFORM && model->back != NULL)
        return predict_back(model, input, workspace, out, err);
    return mc_image_run(&model->image,
                        method == MC_METHOD_DEFAULT ? model->info.default_method : method, input,
                        workspace, out, err);
}
