/* any_width.h: models of rows of any width (MC_IMAGE_ANY_WIDTH). */
#ifndef MC_IMAGE_ANY_WIDTH_H
#define MC_IMAGE_ANY_WIDTH_H
#include "image/steps.h"

/* Can the program, built for rows of one column, be run on wider ones? Marks in `widens`
 * (n_buffers) which buffers grow with the row. O(steps). */
bool mc_open_is_possible(const mc_view *view, uint8_t *widens);

/* Takes the rows into the workspace as a matrix, of their entries alone where these are enough for
 * the method, and gives `view`, the caller's own, buffers of its width. Rows in slots are lists in
 * cell 0. MC_E_BAD_INPUT says expected and found. */
MC_MUST_CHECK mc_status mc_open_prepare(mc_view *view, const mc_image_method *method,
                                        const mc_input *input, mc_workspace *workspace,
                                        mc_open_rows *out, mc_error *err);
#endif
