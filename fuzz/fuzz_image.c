/* fuzz_image.c: images by strangers.
 *
 * Property: whatever mc_image_verify() accepts predicts with any rows, without a crash, in the
 * memory that its workspace may take, and with labels that are in their class tables. The digest is
 * made right first: it keeps accidents out, not strangers.
 */
#include "../tests/unit/image_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_error err = {0};
    if (!image_run_all(data, size, &err))
        MC_ASSERT(err.message[0] != '\0');
    return 0;
}
