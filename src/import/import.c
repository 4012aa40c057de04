/* import.c: which reader a file needs, found out by its content. */
#include "import/import.h"

#include "import/file/graph_file.h"
#include "import/sklearn/sklearn.h"

static mc_status import_graph(const char *path, mc_reserve_fn *reserve, void *context,
                              mc_image *out, mc_error *err)
{
    mc_graph_file file;
    MC_TRY(mc_graph_file_open(path, reserve, context, &file, err));
    const mc_status status = mc_sklearn_import(file.root, &file.arena, reserve, context, out, err);
    mc_graph_file_close(&file);
    return status;
}

mc_status mc_import_file(const char *path, mc_reserve_fn *reserve, void *context, mc_image *out,
                         mc_error *err)
{
    return import_graph(path, reserve, context, out, err);
}
