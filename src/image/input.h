/* input.h: any mc_input as the slots, or the sparse rows, that a program reads. */
#ifndef MC_IMAGE_INPUT_H
#define MC_IMAGE_INPUT_H
#include "image/steps.h"

/* Checks the width. Where the program reads slots: converts into the workspace what is not in slots
 * already, and borrows otherwise. Where it reads sparse rows, `out` is `input`, for
 * mc_input_rows(). MC_E_BAD_INPUT says expected and found. */
MC_MUST_CHECK mc_status mc_input_to_slots(const mc_view *view, const mc_input *input,
                                          mc_workspace *workspace, mc_input *out, mc_error *err);

/* Rows that are not in slots as a matrix (n_rows, width) of doubles; `width` is theirs. */
MC_MUST_CHECK mc_status mc_input_to_matrix(const mc_input *input, size_t width, double *out,
                                           mc_error *err);
/* `n` values one `stride` apart as numbers: row `row` of a batch, for messages. */
MC_MUST_CHECK mc_status mc_input_numbers(const mc_column_data *values, size_t n, size_t row,
                                         double *out, mc_error *err);
/* MC_E_BAD_INPUT: what was found in this place, where a number was expected. */
MC_MUST_CHECK mc_status mc_input_not_a_number(size_t row, size_t column, const mc_cell *cell,
                                              mc_error *err);

/* The sparse rows of the block that `run` is about to compute, in buffer MC_SPARSE_INPUT: borrowed
 * where the input has them so, else made in the block's heap. Dense rows leave out +0.0. */
MC_MUST_CHECK mc_status mc_input_rows(const mc_run *run, const mc_input *input, mc_error *err);
#endif
