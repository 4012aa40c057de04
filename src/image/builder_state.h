/* builder_state.h: what a builder holds: builder.c and builder_schema.c fill it, finish.c places
 * it. Private to image. */
#ifndef MC_IMAGE_BUILDER_STATE_H
#define MC_IMAGE_BUILDER_STATE_H
#include "base/vec.h"
#include "image/builder.h"

#define MC_WANTED_NUMBER 1u
#define MC_WANTED_CELL   2u

struct mc_builder {
    mc_vec sections[MC_N_SECTIONS]; /* each as it will stand in the block; see mc_builder_vec() */
    mc_vec wanted;                  /* (n_columns) bytes: MC_WANTED_* */
    mc_intern known_arrays, known_steps, known_texts;
    mc_builder *around;                /* borrowed: of the image whose way back this is, or NULL */
    size_t size_before[MC_N_SECTIONS]; /* of its shared sections */
    bool is_kept;                      /* what was added to them stays */
    size_t n_columns;
    uint32_t flags;
    mc_reserve_fn *reserve; /* NULL: no budget */
    void *context;
    size_t reserved;   /* bytes that were asked for so far */
    bool sparse_input; /* all columns come as one sparse row */
    mc_image_text estimator, sklearn_version, importer;
};

/* The builder that collects what both ways share: texts and arrays. */
static inline mc_builder *mc_builder_store(mc_builder *b)
{
    return b->around != NULL ? b->around : b;
}
/* Where a section is collected. */
static inline mc_vec *mc_builder_vec(mc_builder *b, mc_section which)
{
    return &(mc_section_is_shared(which) ? mc_builder_store(b) : b)->sections[which];
}
static inline const mc_vec *mc_builder_look(const mc_builder *b, mc_section which)
{
    return b->around != NULL && mc_section_is_shared(which) ? &b->around->sections[which]
                                                            : &b->sections[which];
}

/* A text, once, in `strings`. */
MC_MUST_CHECK mc_status mc_builder_add_text(mc_builder *b, mc_bytes text, mc_image_text *out,
                                            mc_error *err);
/* A cell with its text. */
MC_MUST_CHECK mc_status mc_builder_add_cell(mc_builder *b, const mc_cell *cell, mc_image_cell *out,
                                            mc_error *err);
/* Lists the steps that the parts of `method` need, ascending, and notes the run in it. */
MC_MUST_CHECK mc_status mc_builder_list_steps(mc_builder *b, mc_image_method *method,
                                              mc_error *err);

/* Sees to it that `size` bytes in all are reserved. */
MC_MUST_CHECK mc_status mc_builder_reserve(mc_builder *b, size_t size, mc_error *err);
/* One block of what the sections hold, verified; `header` has all but sizes and digest. */
MC_MUST_CHECK mc_status mc_builder_place(mc_builder *b, mc_image_header *header, mc_image *out,
                                         mc_error *err);

/* The same of a way back: into the section of the builder around it, which places it. */
MC_MUST_CHECK mc_status mc_builder_place_back(mc_builder *back, mc_image_header *header,
                                              mc_error *err);

/* Bytes of an item of an mc_array_type; 0 for an unknown type. */
size_t mc_array_item_size(uint32_t type);
#endif
