/* create.c: a model cache that reads whatever the importers read, from images where it can. */
#include "api/image_dir.h"
#include "cache/cache.h"
#include "import/import.h"

/* A mc_loader_fn. */
static mc_status import(void *user, const char *source, mc_grant_fn *grant, void *context,
                        mc_image *out, mc_error *err)
{
    (void)user;
    return mc_import_file(source, grant, context, out, err);
}

/* Of programs that were built before there was an image directory the struct is shorter. */
static bool wants_images(const mc_cache_options *options)
{
    return options != NULL &&
           options->struct_size >= offsetof(mc_cache_options, image_dir_limit) + sizeof(uint64_t) &&
           options->image_dir != NULL;
}

mc_status mc_cache_create(const mc_cache_options *options, mc_cache **out, mc_error *err)
{
    mc_loader loader = {.load = import};
    if (wants_images(options)) {
        mc_image_dir *dir = NULL;
        MC_TRY(mc_image_dir_open(options, &dir, err));
        loader = (mc_loader){.load = mc_image_dir_load,
                             .user = dir,
                             .add_stats = mc_image_dir_add_stats,
                             .close = mc_image_dir_close};
    }
    const mc_status status = mc_cache_new(options, &loader, out, err);
    if (status != MC_OK && loader.close != NULL)
        loader.close(loader.user);
    return status;
}
