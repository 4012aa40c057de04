/* skops.c: opens the archive, reads its schema, and has the graph made.
 *
 * Limits   Memory is that of the graph of a pickle as large as all members together: see
 *          mc_zip_expected(), which believes no announced size that cannot come out. */
#include "import/skops/skops.h"

#include <string.h>

#include "base/limits.h"
#include "base/size.h"
#include "import/file/literal.h"
#include "import/skops/nodes.h"

static const mc_bytes SCHEMA = {(const uint8_t *)"schema.json", 11};

bool mc_skops_is_zip(const mc_source *source)
{
    return source->size >= 4 && memcmp(source->data, "PK\x03\x04", 4) == 0;
}

/* Members are unpacked into the arena, and graphs are larger than what they are read from. */
static size_t arena_limit(const mc_zip *zip, size_t archive)
{
    size_t size = mc_zip_expected(zip);
    if (!mc_add_size(size, archive, &size) || !mc_mul_size(size, MC_LIMIT_GRAPH_FACTOR, &size) ||
        !mc_add_size(size, MC_LIMIT_GRAPH_BASE, &size))
        return SIZE_MAX;
    return size;
}

static mc_status read_graph(mc_graph_file *file, mc_reserve_fn *reserve, void *context,
                            mc_error *err)
{
    const mc_bytes archive = {file->source.data, file->source.size};
    mc_zip zip;
    mc_bytes text;
    mc_value *schema = NULL;
    mc_arena_init(&file->arena, SIZE_MAX, "graph of the model file");
    file->arena.spools = true;
    MC_TRY(mc_zip_open(archive, &file->arena, &zip, err));
    zip.reserve = reserve;
    zip.context = context;
    file->arena.limit = arena_limit(&zip, archive.size);
    if (!mc_zip_has(&zip, SCHEMA))
        return mc_fail(err, MC_E_UNSUPPORTED, 0,
                       "a zip archive without schema.json: not one that skops wrote");
    MC_TRY(mc_zip_read(&zip, SCHEMA, &text, err));
    MC_TRY_IN(mc_literal_read(text, 0, &file->arena, &schema, err), err, "schema.json");
    MC_TRY_IN(mc_skops_nodes(&zip, schema, &file->root, err), err, "schema.json");
    file->format = "skops";
    return reserve == NULL ? MC_OK : reserve(context, file->arena.used - file->arena.spooled, err);
}

mc_status mc_skops_read(const mc_source *source, mc_reserve_fn *reserve, void *context,
                        mc_graph_file *out, mc_error *err)
{
    mc_graph_file file = {.source = *source};
    const mc_status status = read_graph(&file, reserve, context, err);
    if (status != MC_OK)
        mc_graph_file_close(&file);
    else
        *out = file;
    return status;
}
