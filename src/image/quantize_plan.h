/* quantize_plan.h: which arrays of an image become narrow, and with which scales. Private to
 * quantize*.c. */
#ifndef MC_IMAGE_QUANTIZE_PLAN_H
#define MC_IMAGE_QUANTIZE_PLAN_H
#include "base/vec.h"
#include "image/view.h"

typedef enum mc_quantize_use {
    MC_USE_NONE = 0,       /* of no step yet */
    MC_USE_OTHER,          /* stays as it is */
    MC_USE_WEIGHT_ROWS,    /* a scale a row */
    MC_USE_WEIGHT_COLUMNS, /* a scale a column */
    MC_USE_TRAINING,       /* a scale and an offset a column */
    MC_USE_LANES,          /* packed rows of kernel/kernels.h: a scale and an offset a line */
    MC_USE_SINGLE,         /* divides, cancels or is added last: F32 in any form */
    MC_USE_LEAVES,         /* FINE, where they are more than a few beside the nodes: array 0 */
    MC_USE_FINE,           /* 16 bits at least */
    MC_USE_BOUNDS,         /* of a tree over training rows, whose scales it shares */
    MC_USE_NORMS_OR_RADII, /* of training rows: dropped, or measured again */
    MC_USE_CODES           /* classes: U32, U8 where they fit */
} mc_quantize_use;

/* What becomes of an array. */
typedef struct mc_narrow_plan {
    mc_quantize_use use;
    uint32_t type;       /* mc_array_type; that of the array where nothing changes */
    uint32_t scales;     /* of mc_image_array */
    uint32_t rows;       /* BOUNDS, RADII: the training rows */
    const mc_step *tree; /* RADII: a step that walks it, else NULL: norms */
    uint32_t height;     /* LANES: lines of a block */
    uint32_t n_packed;   /* LANES: rows that are packed */
    bool has_squares;    /* LANES: the last of them goes */
    bool is_compared;    /* TRAINING: for equality, so that only an exact form will do */
} mc_narrow_plan;

/* An array that only the new image has; its bytes lie in `bytes` of the plan. */
typedef struct mc_added_array {
    uint32_t type, n_rows, n_cols;
    size_t at;
} mc_added_array;

/* *Owned*. */
typedef struct mc_quantize_plan {
    const mc_view *view; /* borrowed */
    const mc_view *back; /* borrowed: the way back, which has the same arrays; NULL without */
    mc_quantization quantization;
    size_t least_items;
    mc_narrow_plan *arrays; /* owned, (n_arrays) */
    mc_vec added;           /* of mc_added_array: they follow the arrays of the view */
    mc_vec bytes;
} mc_quantize_plan;

/* Fills in all but `view`, `back`, `quantization` and `least_items`. */
MC_MUST_CHECK mc_status mc_quantize_plan_make(mc_quantize_plan *plan, mc_error *err);
void mc_quantize_plan_fini(mc_quantize_plan *plan);

static inline bool mc_plan_narrows(const mc_quantize_plan *plan, uint32_t array)
{
    return plan->arrays[array].type >= MC_ARRAY_F32;
}
#endif
