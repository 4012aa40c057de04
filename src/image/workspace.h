/* workspace.h: what one thread predicts in. Three regions, each grown to the largest need so far:
 * the block's buffers, the answer's rows, and converted input. *Owned* by one thread. */
#ifndef MC_IMAGE_WORKSPACE_H
#define MC_IMAGE_WORKSPACE_H
#include "base/base.h"

typedef enum mc_region {
    MC_REGION_BLOCK,  /* buffers of one block of rows, and their table */
    MC_REGION_ANSWER, /* parts, and their rows when there is more than one block */
    MC_REGION_INPUT,  /* the input in slots, when it came otherwise */
    MC_N_REGIONS
} mc_region;

struct mc_workspace {
    uint32_t magic;
    size_t limit, used;
    struct {
        uint8_t *data; /* owned; 64-byte aligned start */
        void *memory;  /* what to free */
        size_t size;
    } regions[MC_N_REGIONS];
};

/* At least `size` bytes, 64-byte aligned; content is lost when it grows. MC_E_BUSY at the limit. */
MC_MUST_CHECK mc_status mc_workspace_need(mc_workspace *w, mc_region region, size_t size,
                                          uint8_t **out, mc_error *err);
#endif
