/* kept.c: an image in a spool, written and read by its descriptor: no page of it is ours. */
#include "cache/kept.h"

#include <unistd.h>

#include "base/alloc.h"
#include "base/spool.h"

struct mc_kept {
    mc_spool spool;
    size_t size;
};

mc_status mc_kept_create(const mc_model *model, mc_kept **out, mc_error *err)
{
    const size_t size = mc_model_image_size(model);
    mc_kept *kept = mc_alloc(1, sizeof *kept);
    if (kept == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory");
    kept->size = size;
    mc_status status = mc_spool_open(&kept->spool, size)
                           ? mc_model_write(model, kept->spool.fd, "kept", err)
                           : mc_fail(err, MC_E_IO, MC_NO_OFFSET,
                                     "no folder for temporary files has room for %zu bytes", size);
    if (status != MC_OK) {
        mc_kept_destroy(kept);
        return status;
    }
    *out = kept;
    return MC_OK;
}

mc_status mc_kept_read(const mc_kept *kept, mc_grant_fn *grant, void *context, mc_image *out,
                       mc_error *err)
{
    MC_TRY(grant(context, kept->size, err));
    if (lseek(kept->spool.fd, 0, SEEK_SET) != 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "a file without a name cannot be read again");
    return mc_image_read(kept->spool.fd, kept->size, "what was kept of it", out, err);
}

void mc_kept_destroy(mc_kept *kept)
{
    if (kept == NULL)
        return;
    if (kept->spool.is_open)
        mc_pages_free(mc_spool_close(&kept->spool), kept->size);
    mc_free(kept);
}
