/* image_run.h: runs whatever verify accepted, and looks at every byte that it answers. */
#ifndef MC_TEST_IMAGE_RUN_H
#define MC_TEST_IMAGE_RUN_H
#include "image/model.h"

/* Copies the block to pages of its own and makes its digest right, so that only the other
 * invariants decide. If mc_image_verify() accepts it: a model of it is made, and each method runs
 * on 0, 1 and 3 rows of numbers, NaN, infinities, None and texts, as slots and as a matrix, and of
 * integers.
 * MC_ASSERTs that labels are in their class table, and that nothing but MC_OK, MC_E_BAD_INPUT and
 * MC_E_BUSY is answered. Returns whether the block was accepted; `err` says why not. */
bool image_run_all(const uint8_t *block, size_t size, mc_error *err);

/* The same of the image that quantization makes of the block, all of whose numbers may become
 * narrow. MC_ASSERTs that whatever was accepted is quantized, and accepted again. Returns whether
 * the block was accepted, and was not quantized yet. */
bool image_quantize_and_run(const uint8_t *block, size_t size, mc_quantization form);

/* The digest that belongs to the bytes, written into the header. */
void image_fix_digest(uint8_t *block, size_t size);
#endif
