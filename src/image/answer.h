/* answer.h: the parts of an answer, collected block by block. Private to image. */
#ifndef MC_IMAGE_ANSWER_H
#define MC_IMAGE_ANSWER_H
#include "image/steps.h"

/* Did all columns that the model reads come in arrays of integers? */
bool mc_came_as_integers(const mc_view *view, const mc_input *input);
/* Did the rows come as one array of true and false? A frame makes no such array. */
bool mc_came_as_truths(const mc_input *input);

/* Bytes of a row of a buffer in a batch of `n_batch`, without what sparse rows point to. */
size_t mc_buffer_row(const mc_view *view, uint32_t buffer, size_t n_batch);
/* Adds a matrix to what a region must hold, with room to round it up. */
MC_MUST_CHECK mc_status mc_add_rows(size_t *size, size_t rows, size_t row_bytes, mc_error *err);

typedef struct mc_answer_room {
    const mc_image_method *method; /* borrowed */
    mc_part *parts;                /* (method->parts.n), in the workspace */
    const mc_sparse_row **rows;    /* (method->parts.n) of all rows; NULL where a part is dense */
    size_t n_rows;
    bool in_blocks; /* there is more than one */
} mc_answer_room;

/* Parts of an answer to `asked`, the input as it came, with room for all its rows if they come in
 * blocks. */
MC_MUST_CHECK mc_status mc_answer_place(const mc_run *run, const mc_image_method *method,
                                        const mc_input *asked, bool in_blocks, mc_answer_room *out,
                                        mc_error *err);
/* Takes over the block that `run` has just computed. */
MC_MUST_CHECK mc_status mc_answer_keep(const mc_answer_room *answer, const mc_run *run,
                                       mc_error *err);
/* After the last block: sparse rows one behind the other, and the whole. */
MC_MUST_CHECK mc_status mc_answer_finish(const mc_answer_room *answer, const mc_run *run,
                                         mc_output *out, mc_error *err);
#endif
