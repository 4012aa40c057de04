/* input.h: any mc_input as the slots that a program reads. */
#ifndef MC_IMAGE_INPUT_H
#define MC_IMAGE_INPUT_H
#include "image/view.h"

/* Checks the width, converts into the workspace what is not in slots already, and borrows
 * otherwise. MC_E_BAD_INPUT says expected and found. */
MC_MUST_CHECK mc_status mc_input_to_slots(const mc_view *view, const mc_input *input,
                                          mc_workspace *workspace, mc_input *out, mc_error *err);
#endif
