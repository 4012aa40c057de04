/* open.c: one model without a cache: from any model file, or from a saved image. */
#include "base/clock.h"
#include "image/model.h"
#include "import/import.h"

/* Takes the image, on failure too. */
static mc_status make_model(mc_image *image, const char *path, uint64_t start_ns, mc_model **out,
                            mc_error *err)
{
    const mc_model_identity identity = {.name = "",
                                        .version = "",
                                        .source = path,
                                        .generation = 1,
                                        .load_ns = mc_now_ns() - start_ns};
    const mc_status status = mc_model_create(image, &identity, out, err);
    if (status != MC_OK)
        mc_image_close(image);
    return status;
}

mc_status mc_model_open(const char *path, mc_model **out, mc_error *err)
{
    const uint64_t start_ns = mc_now_ns();
    mc_image image;
    MC_TRY(mc_import_file(path, NULL, NULL, &image, err));
    return make_model(&image, path, start_ns, out, err);
}

mc_status mc_model_map(const char *path, mc_model **out, mc_error *err)
{
    const uint64_t start_ns = mc_now_ns();
    mc_image image;
    MC_TRY(mc_image_map(path, &image, err));
    return make_model(&image, path, start_ns, out, err);
}
