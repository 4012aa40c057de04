/* workspace.c: memory that grows to the largest request and stays. */
#include "image/workspace.h"

#include "base/alloc.h"
#include "base/size.h"
#include "image/pattern.h"

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
    for (size_t i = 0; i < MC_N_HEAPS; i++)
        for (size_t j = 0; j < MC_HEAP_CHUNKS; j++)
            mc_free(workspace->heaps[i].chunks[j].memory);
    mc_matcher_destroy(workspace->matcher);
    mc_free(workspace);
}

mc_status mc_workspace_matcher(mc_workspace *w, mc_matcher **out, mc_error *err)
{
    if (w->matcher == NULL)
        MC_TRY(mc_matcher_create(&w->matcher, err));
    *out = w->matcher;
    return MC_OK;
}

size_t mc_workspace_bytes(const mc_workspace *workspace)
{
    return workspace->used;
}

/* Other memory of `size` bytes for what `out` had, if the limit allows it. */
static mc_status replace(mc_workspace *w, size_t size, mc_memory *out, mc_error *err)
{
    const size_t others = w->used - out->size;
    if (size > SIZE_MAX - 63 || size > w->limit || others > w->limit - size) {
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                       "the batch needs %zu bytes of request memory, the limit is %zu", size,
                       w->limit);
    }
    void *memory = mc_alloc(1, size + 63);
    if (memory == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no %zu bytes for a batch", size);
    mc_free(out->memory);
    *out = (mc_memory){(uint8_t *)mc_round_up((uintptr_t)memory, 64), memory, size};
    w->used = others + size;
    return MC_OK;
}

mc_status mc_workspace_need(mc_workspace *w, mc_region region, size_t size, uint8_t **out,
                            mc_error *err)
{
    MC_ASSERT(w->magic == MAGIC);
    size += size == 0; /* an address for nothing, too: NULL + 0 is undefined */
    if (size > w->regions[region].size)
        MC_TRY(replace(w, size, &w->regions[region], err));
    *out = w->regions[region].data;
    return MC_OK;
}

/* ------------------------------------------------------------------------------- heaps ---- */

static size_t chunk_left(const mc_workspace *w, mc_heap heap)
{
    return w->heaps[heap].chunks[w->heaps[heap].chunk].size - w->heaps[heap].at;
}

/* Goes on with a chunk that has `size` bytes. Nothing points into those behind the current one, so
 * one that is too small is replaced: by one of the usual size, which spares later requests the
 * growth, or by less where the limit is near. */
static mc_status next_chunk(mc_workspace *w, mc_heap heap, size_t size, mc_error *err)
{
    const size_t chunk = w->heaps[heap].chunk + (w->heaps[heap].at == 0 ? 0 : 1);
    if (chunk == MC_HEAP_CHUNKS)
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                       "the batch needs more request memory than the limit of %zu bytes", w->limit);
    mc_memory *memory = &w->heaps[heap].chunks[chunk];
    const size_t usual = MC_HEAP_FIRST << (chunk < 24 ? chunk : 24);
    const size_t available = w->limit - (w->used - memory->size);
    if (memory->size < size)
        MC_TRY(replace(w, size > usual || usual > available ? size : usual, memory, err));
    w->heaps[heap].chunk = chunk;
    w->heaps[heap].at = 0;
    return MC_OK;
}

mc_status mc_workspace_room(mc_workspace *w, mc_heap heap, size_t size, void **out, mc_error *err)
{
    MC_ASSERT(w->magic == MAGIC);
    if (size > SIZE_MAX - 15)
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                       "the batch needs more request memory than can be counted");
    size = size == 0 ? 16 : mc_round_up(size, 16);
    if (size > chunk_left(w, heap))
        MC_TRY(next_chunk(w, heap, size, err));
    *out = w->heaps[heap].chunks[w->heaps[heap].chunk].data + w->heaps[heap].at;
    w->heaps[heap].at += size;
    return MC_OK;
}

void mc_workspace_reset(mc_workspace *w, mc_heap heap)
{
    w->heaps[heap].chunk = w->heaps[heap].at = 0;
}
