/* import.h: any model file -> a verified image. The one door of the room. */
#ifndef MC_IMPORT_IMPORT_H
#define MC_IMPORT_IMPORT_H
#include "image/image.h"
#include "import/file/source.h"

/* Reads `path` (an image, a pickle, a joblib dump, compressed or not; a skops file), lowers it,
 * verifies the image. `reserve` is asked before memory is taken. *Owned* state only: any thread may
 * call. */
MC_MUST_CHECK mc_status mc_import_file(const char *path, mc_reserve_fn *reserve, void *context,
                                       mc_image *out, mc_error *err);
/* As above. *has_companions: the image is also of files beside `path` (import/file/companion.h). */
MC_MUST_CHECK mc_status mc_import_file_noting(const char *path, mc_reserve_fn *reserve,
                                              void *context, bool *has_companions, mc_image *out,
                                              mc_error *err);
#endif
