/* model.h: an image with a name, a generation and a count of who holds it.
 *
 * *Immutable* but for the count. Whoever holds a reference can predict, and the image stays mapped;
 * the last release unmaps and tells the owner (the cache), which gives the bytes back to its
 * budget. */
#ifndef MC_IMAGE_MODEL_H
#define MC_IMAGE_MODEL_H
#include <stdatomic.h>

#include "image/image.h"

/* Called once, after the image has been unmapped, on the thread of the last release. Takes no
 * lock that is held while predicting. */
typedef void mc_model_gone(void *owner, uint64_t bytes);

/* What the model is called; copied. */
typedef struct mc_model_identity {
    const char *name, *version, *source; /* "" where there is none */
    uint64_t generation;
    uint64_t load_ns;
    mc_model_gone *gone; /* NULL: nobody asks */
    void *owner;
} mc_model_identity;

/* Takes the image on MC_OK (one reference, the caller's); on failure the image stays the caller's.
 */
MC_MUST_CHECK mc_status mc_model_create(const mc_image *image, const mc_model_identity *identity,
                                        mc_model **out, mc_error *err);

/* Bytes of its image, and these bytes written to an open file; `path` is for messages. */
size_t mc_model_image_size(const mc_model *model);
MC_MUST_CHECK mc_status mc_model_write(const mc_model *model, int fd, const char *path,
                                       mc_error *err);

/* Bytes that the budget is charged for this model: image and decoded schema. */
uint64_t mc_model_bytes(const mc_model *model);

/* Who holds one, besides the cache that has published it: seen a moment ago. */
uint64_t mc_model_holders(const mc_model *model);

/* True when somebody besides the caller, who holds one reference, holds one too. A false answer is
 * final if nobody can acquire the model any more; the load acquires what other holders released. */
bool mc_model_is_shared(const mc_model *model);
#endif
