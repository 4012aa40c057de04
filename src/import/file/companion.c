/* companion.c: opens the files that a dump of several files names, and keeps them. */
#include "import/file/companion.h"

#include <string.h>

#include "base/limits.h"
#include "base/size.h"

static size_t count(const mc_companions *companions)
{
    return companions->sources.size / sizeof(mc_source);
}

/* The limits are on all files together: one file may be named again and again. */
static mc_status keep(mc_companions *companions, const mc_source *source, mc_error *err)
{
    size_t n_bytes = 0;
    if (!mc_add_size(companions->n_bytes, source->size, &n_bytes) ||
        n_bytes > MC_LIMIT_INPUT_BYTES) {
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET,
                       "the files beside the model's own hold more than %zu bytes",
                       MC_LIMIT_INPUT_BYTES);
    }
    MC_TRY(mc_vec_append(&companions->sources, source, sizeof *source, err));
    companions->n_bytes = n_bytes;
    return MC_OK;
}

mc_status mc_companions_open(mc_companions *companions, mc_bytes name, bool is_zf, mc_bytes *out,
                             mc_error *err)
{
    mc_source source;
    if (companions == NULL || companions->path == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "it lies beside the model's own, of which only the bytes are known");
    if (count(companions) >= MC_LIMIT_COMPANIONS) {
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET,
                       "more than %d files beside the model's own are not read",
                       MC_LIMIT_COMPANIONS);
    }
    MC_TRY(mc_source_open_beside(companions->path, name, is_zf ? 1 : 0, companions->reserve,
                                 companions->context, &source, err));
    mc_status status = MC_OK;
    if (is_zf && strcmp(source.compression, "zf") != 0)
        status = mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "it does not begin with ZF");
    if (status == MC_OK)
        status = keep(companions, &source, err);
    if (status != MC_OK)
        mc_source_close(&source);
    else
        *out = (mc_bytes){source.data, source.size};
    return status;
}

void mc_companions_close(mc_companions *companions)
{
    for (size_t i = 0; i < count(companions); i++) {
        mc_source source;
        memcpy(&source, companions->sources.data + i * sizeof source, sizeof source);
        mc_source_close(&source);
    }
    mc_vec_fini(&companions->sources);
    *companions = (mc_companions){0};
}
