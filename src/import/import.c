/* import.c: which reader a file needs, found out by its content. */
#include "import/import.h"

#include <string.h>

#include "base/alloc.h"
#include "import/boost/boost_file.h"
#include "import/file/graph_file.h"
#include "import/sklearn/sklearn.h"
#include "import/skops/skops.h"

/* Takes `source` over. */
static mc_status import_graph(const mc_source *source, mc_reserve_fn *reserve, void *context,
                              bool *has_companions, mc_image *out, mc_error *err)
{
    mc_graph_file file;
    MC_TRY(mc_skops_is_zip(source) ? mc_skops_read(source, reserve, context, &file, err)
                                   : mc_graph_file_read(source, reserve, context, &file, err));
    const mc_status status = mc_sklearn_import(file.root, &file.arena, reserve, context, out, err);
    *has_companions = file.companions.n_bytes > 0;
    mc_graph_file_close(&file);
    return status;
}

/* Takes `source` over. A booster's own file is what a pickled Booster holds. */
static mc_status import_booster(mc_source *source, mc_reserve_fn *reserve, void *context,
                                mc_image *out, mc_error *err)
{
    mc_arena arena;
    mc_value *root = NULL;
    mc_arena_init(&arena, mc_graph_limit(source->size), "model file");
    mc_status status =
        mc_boost_file_value((mc_bytes){source->data, source->size}, &arena, &root, err);
    if (status == MC_OK)
        status = mc_sklearn_import(root, &arena, reserve, context, out, err);
    mc_arena_fini(&arena);
    mc_source_close(source);
    return status;
}

/* A saved image is untrusted input like any other: copied into pages of ours, then verified. */
static mc_status import_image(const mc_source *source, mc_reserve_fn *reserve, void *context,
                              mc_image *out, mc_error *err)
{
    if (reserve != NULL)
        MC_TRY(reserve(context, source->size, err));
    uint8_t *block = mc_pages_alloc(source->size);
    if (block == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no %zu bytes for the image",
                       source->size);
    memcpy(block, source->data, source->size);
    const mc_status status = mc_image_adopt(block, source->size, out, err);
    if (status != MC_OK)
        mc_pages_free(block, source->size);
    return status;
}

mc_status mc_import_file_noting(const char *path, mc_reserve_fn *reserve, void *context,
                                bool *has_companions, mc_image *out, mc_error *err)
{
    mc_source source;
    *has_companions = false;
    MC_TRY(mc_source_open(path, reserve, context, &source, err));
    if (mc_boost_is_file((mc_bytes){source.data, source.size}))
        return import_booster(&source, reserve, context, out, err);
    if (!mc_image_is_magic(source.data, source.size))
        return import_graph(&source, reserve, context, has_companions, out, err);
    const mc_status status = import_image(&source, reserve, context, out, err);
    mc_source_close(&source);
    return status;
}

mc_status mc_import_file(const char *path, mc_reserve_fn *reserve, void *context, mc_image *out,
                         mc_error *err)
{
    bool ignored = false;
    return mc_import_file_noting(path, reserve, context, &ignored, out, err);
}
