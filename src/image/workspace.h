/* workspace.h: what one thread predicts in. Regions, each grown to the largest need so far, for
 * what is measured before it is filled; heaps for what is not: sparse rows and texts. *Owned* by
 * one thread. */
#ifndef MC_IMAGE_WORKSPACE_H
#define MC_IMAGE_WORKSPACE_H
#include "base/base.h"

typedef enum mc_region {
    MC_REGION_BLOCK,  /* buffers of one block of rows, and their table */
    MC_REGION_ANSWER, /* parts, and their rows when there is more than one block */
    MC_REGION_INPUT,  /* the input in slots, when it came otherwise */
    MC_REGION_SPARSE, /* sparse parts of the answer, one behind the other */
    MC_REGION_KNOWN,  /* the keys of a batch and what the prediction cache knows of it */
    MC_REGION_MERGED, /* the answer of a batch that was known in part, and its rows that were not */
    MC_N_REGIONS
} mc_region;

typedef enum mc_heap {
    MC_HEAP_BLOCK,  /* of one block of rows */
    MC_HEAP_ANSWER, /* of the answer: sparse rows when there is more than one block; lists, dicts */
    MC_HEAP_SCRATCH, /* of one row, while it is computed */
    MC_N_HEAPS
} mc_heap;

/* Chunk i has room for MC_HEAP_FIRST << i bytes or more: together they reach any size_t. */
#define MC_HEAP_CHUNKS 48
#define MC_HEAP_FIRST  ((size_t)64 << 10)

typedef struct mc_memory {
    uint8_t *data; /* owned; 64-byte aligned start */
    void *memory;  /* what to free */
    size_t size;
} mc_memory;

struct mc_workspace {
    uint32_t magic;
    struct mc_matcher *matcher; /* owned; NULL until a pattern is matched */
    size_t limit, used;
    mc_memory regions[MC_N_REGIONS];
    struct {
        mc_memory chunks[MC_HEAP_CHUNKS];
        size_t chunk, at; /* the chunk that is being filled, and how far */
    } heaps[MC_N_HEAPS];
};

/* At least `size` bytes, 64-byte aligned; content is lost when it grows. MC_E_BUSY at the limit. */
MC_MUST_CHECK mc_status mc_workspace_need(mc_workspace *w, mc_region region, size_t size,
                                          uint8_t **out, mc_error *err);

/* What patterns are matched with (image/pattern.h): made once, and kept. */
MC_MUST_CHECK mc_status mc_workspace_matcher(mc_workspace *w, struct mc_matcher **out,
                                             mc_error *err);

/* `size` bytes more of a heap, 16-byte aligned. What it gave before stays where it is until
 * mc_workspace_reset(). MC_E_BUSY at the limit. */
MC_MUST_CHECK mc_status mc_workspace_room(mc_workspace *w, mc_heap heap, size_t size, void **out,
                                          mc_error *err);
/* Takes back all that the heap gave, and keeps its memory. */
void mc_workspace_reset(mc_workspace *w, mc_heap heap);
#endif
