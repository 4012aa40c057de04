/* fused_narrow.h: one row against narrow matrices, without scratch. */
#ifndef MC_KERNEL_FUSED_NARROW_H
#define MC_KERNEL_FUSED_NARROW_H
#include "kernel/fused.h"
#include "kernel/narrow.h"

/* out (k) = x (d) . w (k, d) + b, bit for bit what mc_fused_linear() makes of the widened weights.
 * @return false, and nothing is written: not on this processor, or not with such scales. */
bool mc_fused_narrow_row(const double *x, const mc_narrow *w, const double *b, size_t k,
                         double *out);
/* The same of lane_dots or lane_squares, of all blocks of `n` packed rows (d lines a block). */
bool mc_fused_narrow_lanes(bool squares, const double *x, size_t d, const mc_narrow *packed,
                           size_t n, double *out);
#endif
