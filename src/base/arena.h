/* arena.h: memory with the lifetime of a load, a model or a request.
 *
 * An arena is *owned* by one thread. Nothing in it is freed alone: the whole arena goes at once, so
 * an early return leaks nothing. It is charged to a byte limit; reaching the limit is MC_E_LIMIT
 * naming it, a refusal by the system is MC_E_NO_MEMORY. */
#ifndef MC_ARENA_H
#define MC_ARENA_H
#include "base/base.h"

typedef struct mc_arena_chunk mc_arena_chunk;

typedef struct mc_arena {
    mc_arena_chunk *chunks; /* owned, newest first */
    uint8_t *at, *end;      /* free part of the newest chunk */
    size_t used;            /* bytes taken from the system */
    size_t spooled;         /* of them, on a disk */
    size_t limit;           /* bytes that may be taken */
    const char *name;       /* of the limit, for messages; static */
    bool spools;            /* large items lie on a disk if they can: base/spool.h */
} mc_arena;

void mc_arena_init(mc_arena *arena, size_t limit, const char *name);
void mc_arena_fini(mc_arena *arena);
/* Forgets all content and keeps the largest chunk for reuse. */
void mc_arena_reset(mc_arena *arena);

/* `n` items of `item` bytes, zeroed, aligned to 16. n = 0 gives a valid pointer. */
MC_MUST_CHECK mc_status mc_arena_take(mc_arena *arena, size_t n, size_t item, void **out,
                                      mc_error *err);
/* As above, not zeroed: for memory that is written in full at once. */
MC_MUST_CHECK mc_status mc_arena_take_raw(mc_arena *arena, size_t n, size_t item, void **out,
                                          mc_error *err);
/* A copy of `size` bytes with a NUL behind it. */
MC_MUST_CHECK mc_status mc_arena_copy(mc_arena *arena, const void *data, size_t size,
                                      const char **out, mc_error *err);

/* MC_TRY(mc_arena_new(arena, double, n, &x, err)). A type takes no parentheses:
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define mc_arena_new(arena, type, n, out, err) \
    mc_arena_take((arena), (n), sizeof(type), (void **)(1 ? (out) : (type **)NULL), (err))
#define mc_arena_new_raw(arena, type, n, out, err) \
    mc_arena_take_raw((arena), (n), sizeof(type), (void **)(1 ? (out) : (type **)NULL), (err))
/* NOLINTEND(bugprone-macro-parentheses) */
#endif
