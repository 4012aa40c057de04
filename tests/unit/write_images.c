/* write_images.c: writes the images that the tests make, and those of model files: the seeds of
 * fuzz/corpus/image, which are of no use any more once MC_IMAGE_FORMAT has risen.
 *
 *   write_images FOLDER [MODEL...]    FOLDER/<name of the model file without its ending>
 */
#include <stdio.h>
#include <string.h>

#include "image_cases.h"
#include "image_cases_sparse.h"
#include "import/import.h"

typedef struct made_image {
    const char *name;
    make_image_fn *make;
} made_image;

static const made_image MADE[] = {{"classifier", make_classifier},
                                  {"both_ways", make_both_ways},
                                  {"sparse_model", make_sparse_model},
                                  {"everything", make_everything}};

static mc_status save(const char *folder, const char *name, size_t name_size, mc_image *image,
                      mc_error *err)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%.*s", folder, (int)name_size, name);
    const mc_status status = mc_image_save(image, path, err);
    mc_image_close(image);
    return status;
}

static mc_status write_made(const char *folder, const made_image *made, mc_error *err)
{
    mc_image image;
    MC_TRY(image_make(made->make, &image, err));
    return save(folder, made->name, strlen(made->name), &image, err);
}

static mc_status write_model(const char *folder, const char *path, mc_error *err)
{
    mc_image image;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    MC_TRY(mc_import_file(path, NULL, NULL, &image, err));
    return save(folder, name, strcspn(name, "."), &image, err);
}

int main(int argc, char **argv)
{
    mc_error err = {0};
    mc_status status = argc > 1 ? MC_OK : MC_E_BAD_INPUT;
    for (size_t i = 0; status == MC_OK && i < MC_COUNT_OF(MADE); i++)
        status = write_made(argv[1], &MADE[i], &err);
    for (int i = 2; status == MC_OK && i < argc; i++)
        status = write_model(argv[1], argv[i], &err);
    if (status != MC_OK)
        fprintf(stderr, "write_images: %s\nusage: write_images FOLDER [MODEL...]\n", err.message);
    return status == MC_OK ? 0 : 1;
}
