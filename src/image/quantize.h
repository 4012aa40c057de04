/* quantize.h: an image whose numbers take fewer bits, made from one whose numbers are float64. */
#ifndef MC_IMAGE_QUANTIZE_H
#define MC_IMAGE_QUANTIZE_H
#include "image/image.h"

/* A new image of the same program, in which what quantize.def names is narrow (docs/design/0007);
 * arrays of fewer than `least_items` numbers stay as they are. `from` stays as it is. `reserve`, if
 * not NULL, is asked for the new image's bytes before they are there twice.
 * @return MC_OK; MC_E_CONFLICT if it is quantized already; MC_E_NO_MEMORY; what `reserve` says.
 * O(size), and for ball trees O(rows * depth). */
MC_MUST_CHECK mc_status mc_image_quantize(const mc_image *from, mc_quantization quantization,
                                          size_t least_items, mc_reserve_fn *reserve, void *context,
                                          mc_image *out, mc_error *err);
#define MC_QUANTIZE_FROM 64u /* items: below, nothing is won */

mc_quantization mc_image_quantization(const mc_image *image);
#endif
