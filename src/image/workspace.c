/* workspace.c: memory that grows to the largest request and stays. */
#include "image/workspace.h"

#include "base/alloc.h"
#include "base/size.h"

#define MAGIC 0x4d435753u /* "MCWS" */

mc_status mc_workspace_create(size_t limit, mc_workspace **out, mc_error *err)
{
    mc_workspace *w = mc_alloc(1, sizeof *w);
    if (w == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a workspace");
    w->magic = MAGIC;
    w->limit = limit;
    *out = w;
    return MC_OK;
}

void mc_workspace_destroy(mc_workspace *workspace)
{
    if (workspace == NULL)
        return;
    MC_ASSERT(workspace->magic == MAGIC);
    workspace->magic = 0;
    for (size_t i = 0; i < MC_N_REGIONS; i++)
        mc_free(workspace->regions[i].memory);
    mc_free(workspace);
}

size_t mc_workspace_bytes(const mc_workspace *workspace)
{
    return workspace->used;
}

mc_status mc_workspace_need(mc_workspace *w, mc_region region, size_t size, uint8_t **out,
                            mc_error *err)
{
    MC_ASSERT(w->magic == MAGIC);
    size += size == 0; /* an address for nothing, too: NULL + 0 is undefined */
    if (size > w->regions[region].size) {
        const size_t others = w->used - w->regions[region].size;
        if (size > SIZE_MAX - 63 || size > w->limit || others > w->limit - size) {
            return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                           "the batch needs %zu bytes of request memory, the limit is %zu", size,
                           w->limit);
        }
        void *memory = mc_alloc(1, size + 63);
        if (memory == NULL)
            return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no %zu bytes for a batch", size);
        mc_free(w->regions[region].memory);
        w->regions[region].memory = memory;
        w->regions[region].data = (uint8_t *)mc_round_up((uintptr_t)memory, 64);
        w->regions[region].size = size;
        w->used = others + size;
    }
    *out = w->regions[region].data;
    return MC_OK;
}
