/* kept.h: the model that makes room for its own next generation (room.h, R3), on a disk meanwhile.
 *
 * Its source may have been replaced by what cannot be read, so that nothing else is left of it. The
 * file has no name and is gone with the process. *Owned* by one load. */
#ifndef MC_CACHE_KEPT_H
#define MC_CACHE_KEPT_H
#include "cache/loader.h"
#include "image/model.h"

typedef struct mc_kept mc_kept;

/* Writes the model's image. @return MC_OK; MC_E_IO where no disk has room for it. Takes long: no
 * lock. */
MC_MUST_CHECK mc_status mc_kept_create(const mc_model *model, mc_kept **out, mc_error *err);
/* The image again, copied and verified. As a mc_loader_fn. */
MC_MUST_CHECK mc_status mc_kept_read(const mc_kept *kept, mc_grant_fn *grant, void *context,
                                     mc_image *out, mc_error *err);
void mc_kept_destroy(mc_kept *kept); /* NULL is fine */
#endif
