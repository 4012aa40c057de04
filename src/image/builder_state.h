/* builder_state.h: what a builder holds: builder.c fills it, finish.c places it. Private to image.
 */
#ifndef MC_IMAGE_BUILDER_STATE_H
#define MC_IMAGE_BUILDER_STATE_H
#include "base/vec.h"
#include "image/builder.h"

#define MC_WANTED_NUMBER 1u
#define MC_WANTED_CELL   2u

struct mc_builder {
    mc_vec sections[MC_N_SECTIONS]; /* each as it will stand in the block */
    mc_vec wanted;                  /* (n_columns) bytes: MC_WANTED_* */
    mc_intern known_arrays, known_steps, known_texts;
    size_t n_columns;
    uint32_t flags;
    mc_reserve_fn *reserve; /* NULL: no budget */
    void *context;
    size_t reserved;   /* bytes that were asked for so far */
    bool sparse_input; /* all columns come as one sparse row */
    mc_image_text estimator, sklearn_version, importer;
};

/* Lists the steps that the parts of `method` need, ascending, and notes the run in it. */
MC_MUST_CHECK mc_status mc_builder_list_steps(mc_builder *b, mc_image_method *method,
                                              mc_error *err);

/* Sees to it that `size` bytes in all are reserved. */
MC_MUST_CHECK mc_status mc_builder_reserve(mc_builder *b, size_t size, mc_error *err);
/* One block of what the sections hold, verified; `header` has all but sizes and digest. */
MC_MUST_CHECK mc_status mc_builder_place(mc_builder *b, mc_image_header *header, mc_image *out,
                                         mc_error *err);

/* Bytes of an item of an mc_array_type; 0 for an unknown type. */
size_t mc_array_item_size(uint32_t type);
#endif
