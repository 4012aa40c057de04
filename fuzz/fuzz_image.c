/* fuzz_image.c: images by strangers.
 *
 * Property: whatever mc_image_verify() accepts predicts with any rows, without a crash, in the
 * memory that its workspace may take, and with labels that are in their class tables; quantized it
 * is accepted again, and does the same. The digest is made right first: it keeps accidents out, not
 * strangers.
 */
#include "../tests/unit/image_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_error err = {0};
    static const mc_quantization FORMS[] = {MC_QUANTIZE_F32, MC_QUANTIZE_F16, MC_QUANTIZE_BF16,
                                            MC_QUANTIZE_INT8};
    if (image_run_all(data, size, &err))
        (void)image_quantize_and_run(data, size, FORMS[size / 64 % MC_COUNT_OF(FORMS)]);
    else
        MC_ASSERT(err.message[0] != '\0');
    return 0;
}
