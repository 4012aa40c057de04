/* graph_file.c: opens a source and reads the pickle at its start. */
#include "import/file/graph_file.h"

#include <string.h>

#include "base/limits.h"
#include "base/size.h"
#include "import/file/joblib.h"
#include "import/globals.h"

size_t mc_graph_limit(size_t input)
{
    size_t limit = 0;
    if (!mc_mul_size(input, MC_LIMIT_GRAPH_FACTOR, &limit) ||
        !mc_add_size(limit, MC_LIMIT_GRAPH_BASE, &limit))
        return SIZE_MAX;
    return limit;
}

static mc_status read_graph(mc_graph_file *file, mc_reserve_fn *reserve, void *context,
                            mc_error *err)
{
    mc_joblib joblib;
    mc_reader reader = {.data = file->source.data, .size = file->source.size, .err = err};

    mc_arena_init(&file->arena, mc_graph_limit(file->source.size), "graph of the model file");
    file->arena.spools = true;
    mc_joblib_init(&joblib, mc_globals_lookup, &file->arena);
    file->companions =
        (mc_companions){.path = file->source.path, .reserve = reserve, .context = context};
    joblib.companions = &file->companions;
    MC_TRY(mc_joblib_read(&joblib, &reader, &file->root, err));
    const bool is_zf = strcmp(file->source.compression, "zf") == 0;
    file->format = joblib.found || is_zf ? "joblib" : "pickle";
    return reserve == NULL ? MC_OK : reserve(context, file->arena.used - file->arena.spooled, err);
}

mc_status mc_graph_file_open(const char *path, mc_reserve_fn *reserve, void *context,
                             mc_graph_file *out, mc_error *err)
{
    mc_source source;
    MC_TRY(mc_source_open(path, reserve, context, &source, err));
    return mc_graph_file_read(&source, reserve, context, out, err);
}

mc_status mc_graph_file_read(const mc_source *source, mc_reserve_fn *reserve, void *context,
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

void mc_graph_file_close(mc_graph_file *file)
{
    mc_arena_fini(&file->arena);
    mc_companions_close(&file->companions);
    mc_source_close(&file->source);
    file->root = NULL;
}
