/* arena.c: chunks of doubling size, taken from the system as pages or blocks, freed together. */
#include "base/arena.h"

#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "base/spool.h"

struct mc_arena_chunk {
    mc_arena_chunk *next;
    size_t size; /* of the whole block, this header included */
    bool is_pages;
};

#define CHUNK_HEAD ((sizeof(mc_arena_chunk) + 15) & ~(size_t)15)
#define CHUNK_MIN  ((size_t)4096)
#define CHUNK_MAX  ((size_t)8 << 20)
/* From here on a chunk is pages of its own, so that its memory goes back to the system at once. */
#define PAGES_FROM ((size_t)256 << 10)

void mc_arena_init(mc_arena *arena, size_t limit, const char *name)
{
    *arena = (mc_arena){.limit = limit, .name = name};
}

static void chunk_free(mc_arena_chunk *chunk)
{
    if (chunk->is_pages)
        mc_pages_free(chunk, chunk->size);
    else
        mc_free(chunk);
}

void mc_arena_fini(mc_arena *arena)
{
    for (mc_arena_chunk *chunk = arena->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        chunk_free(chunk);
    }
    arena->chunks = NULL;
    arena->at = arena->end = NULL;
    arena->used = arena->spooled = 0;
}

static void use_chunk(mc_arena *arena, mc_arena_chunk *chunk)
{
    arena->at = (uint8_t *)chunk + CHUNK_HEAD;
    arena->end = (uint8_t *)chunk + chunk->size;
}

void mc_arena_reset(mc_arena *arena)
{
    mc_arena_chunk *largest = arena->chunks;
    for (mc_arena_chunk *chunk = arena->chunks; chunk != NULL; chunk = chunk->next)
        if (chunk->size > largest->size)
            largest = chunk;
    for (mc_arena_chunk *chunk = arena->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        if (chunk != largest)
            chunk_free(chunk);
    }
    arena->chunks = largest;
    arena->used = arena->spooled = 0; /* an arena that is used again spools nothing */
    if (largest == NULL)
        return;
    largest->next = NULL;
    arena->used = largest->size;
    use_chunk(arena, largest);
}

static mc_arena_chunk *spool_chunk(mc_arena *arena, size_t size)
{
    mc_spool spool = {0};
    if (!arena->spools || size < MC_SPOOL_FROM || !mc_spool_open(&spool, size))
        return NULL;
    arena->spooled += size;
    return mc_spool_close(&spool);
}

static mc_arena_chunk *make_chunk(mc_arena *arena, size_t size)
{
    mc_arena_chunk *chunk = spool_chunk(arena, size);
    if (chunk != NULL)
        return chunk;
    return size >= PAGES_FROM ? mc_pages_alloc(size) : mc_alloc(1, size);
}

static mc_status add_chunk(mc_arena *arena, size_t size, mc_error *err)
{
    size_t want = arena->chunks == NULL ? CHUNK_MIN : arena->chunks->size * 2;
    if (want > CHUNK_MAX)
        want = CHUNK_MAX;
    if (!mc_add_size(size, CHUNK_HEAD, &size))
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "size overflows");
    const size_t left = arena->limit - arena->used;
    if (size > left)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%s: %zu bytes more than its limit of %zu",
                       arena->name, size - left, arena->limit);
    want = want < size ? size : want;
    want = want > left ? left : want;
    mc_arena_chunk *chunk = make_chunk(arena, want);
    if (chunk == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "%s: no %zu bytes to be had", arena->name,
                       want);
    *chunk = (mc_arena_chunk){.next = arena->chunks, .size = want, .is_pages = want >= PAGES_FROM};
    arena->chunks = chunk;
    arena->used += want;
    use_chunk(arena, chunk);
    return MC_OK;
}

mc_status mc_arena_take_raw(mc_arena *arena, size_t n, size_t item, void **out, mc_error *err)
{
    size_t size = 0;
    if (!mc_mul_size(n, item, &size) || size > SIZE_MAX - 64)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "%zu items of %zu bytes overflow", n,
                       item);
    size = mc_round_up(size == 0 ? 1 : size, 16);
    if (arena->chunks == NULL || size > (size_t)(arena->end - arena->at))
        MC_TRY(add_chunk(arena, size, err));
    *out = arena->at;
    arena->at += size;
    return MC_OK;
}

mc_status mc_arena_take(mc_arena *arena, size_t n, size_t item, void **out, mc_error *err)
{
    void *memory = NULL;
    MC_TRY(mc_arena_take_raw(arena, n, item, &memory, err));
    memset(memory, 0, n * item);
    *out = memory;
    return MC_OK;
}

mc_status mc_arena_copy(mc_arena *arena, const void *data, size_t size, const char **out,
                        mc_error *err)
{
    char *copy = NULL;
    if (size == SIZE_MAX)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "size overflows");
    MC_TRY(mc_arena_take_raw(arena, size + 1, 1, (void **)&copy, err));
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    *out = copy;
    return MC_OK;
}
