/* import.c: which reader a file needs, found out by its content. */
#include "import/import.h"

#include <string.h>

#include "base/alloc.h"
#include "import/file/graph_file.h"
#include "import/sklearn/sklearn.h"

/* Takes `source` over. */
static mc_status import_graph(const mc_source *source, mc_reserve_fn *reserve, void *context,
                              mc_image *out, mc_error *err)
{
    mc_graph_file file;
    MC_TRY(mc_graph_file_read(source, reserve, context, &file, err));
    const mc_status status = mc_sklearn_import(file.root, &file.arena, reserve, context, out, err);
    mc_graph_file_close(&file);
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

/* skops writes zip archives; the pickle reader would only say that byte 0 is no pickle. */
static bool is_zip(const mc_source *source)
{
    return source->size >= 4 && memcmp(source->data, "PK\x03\x04", 4) == 0;
}

/* Takes `source` over. */
static mc_status refuse_zip(mc_source *source, mc_error *err)
{
    mc_source_close(source);
    return mc_fail(err, MC_E_UNSUPPORTED, 0,
                   "a zip archive, as skops writes: this version reads pickles, joblib dumps and "
                   "saved images");
}

mc_status mc_import_file(const char *path, mc_reserve_fn *reserve, void *context, mc_image *out,
                         mc_error *err)
{
    mc_source source;
    MC_TRY(mc_source_open(path, reserve, context, &source, err));
    if (is_zip(&source))
        return refuse_zip(&source, err);
    if (!mc_image_is_magic(source.data, source.size))
        return import_graph(&source, reserve, context, out, err);
    const mc_status status = import_image(&source, reserve, context, out, err);
    mc_source_close(&source);
    return status;
}
