/* fuzz_inflate.c: every compression that a model file may come in.
 *
 * Property: no more comes out than the limit, nothing is kept on a refusal, a refusal's place lies
 * within the input, and doing it again gives the same bytes.
 */
#include <string.h>

#include "base/alloc.h"
#include "import/file/inflate.h"

#define LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mc_status inflate_once(const mc_codec *codec, mc_bytes input, mc_inflated *out)
{
    mc_error err = {.offset = 0};
    *out = (mc_inflated){.limit = LIMIT};
    const mc_status status = mc_inflate(codec, input, out, &err);
    if (status == MC_OK) {
        MC_ASSERT(out->size <= out->room);
        MC_ASSERT(out->room <= LIMIT);
    } else {
        MC_ASSERT(out->pages == NULL);
        MC_ASSERT(err.status == status);
        MC_ASSERT(err.offset == MC_NO_OFFSET || err.offset <= input.size);
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const mc_bytes input = {data, size};
    const mc_codec *codec = mc_codec_find(input);
    mc_inflated first, second;
    if (codec == NULL)
        return 0;
    const mc_status status = inflate_once(codec, input, &first);
    MC_ASSERT(inflate_once(codec, input, &second) == status);
    if (status != MC_OK)
        return 0;
    MC_ASSERT(first.size == second.size);
    MC_ASSERT(first.size == 0 || memcmp(first.pages, second.pages, first.size) == 0);
    mc_pages_free(first.pages, first.room);
    mc_pages_free(second.pages, second.room);
    return 0;
}
