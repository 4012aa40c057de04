/* create.c: a model cache that reads whatever the importers read. */
#include "cache/cache.h"
#include "import/import.h"

mc_status mc_cache_create(const mc_cache_options *options, mc_cache **out, mc_error *err)
{
    return mc_cache_new(options, mc_import_file, out, err);
}
