/* create.c: a model cache that reads whatever the importers read. */
#include "cache/cache.h"
#include "import/import.h"

/* A mc_loader_fn. */
static mc_status load_file(const char *source, mc_grant_fn *grant, void *context, mc_image *out,
                           mc_error *err)
{
    return mc_import_file(source, grant, context, out, err);
}

mc_status mc_cache_create(const mc_cache_options *options, mc_cache **out, mc_error *err)
{
    return mc_cache_new(options, load_file, out, err);
}
