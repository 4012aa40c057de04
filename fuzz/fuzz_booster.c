/* fuzz_booster.c: the boosting libraries' own files: JSON, UBJSON, text, and the trees in them.
 *
 * Property: memory is bounded by the input's size, every refusal says what is wrong, and what is
 * accepted becomes an image that its own proof accepts, of the same bytes when it is read again.
 */
#include <string.h>

#include "import/boost/boost_file.h"
#include "import/file/graph_file.h"
#include "import/sklearn/sklearn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mc_status import(mc_bytes bytes, mc_image *out)
{
    mc_arena arena;
    mc_value *root = NULL;
    mc_error err = {0};
    mc_arena_init(&arena, mc_graph_limit(bytes.size), "model file");
    mc_status status = mc_boost_file_value(bytes, &arena, &root, &err);
    if (status == MC_OK)
        status = mc_sklearn_import(root, &arena, NULL, NULL, out, &err);
    MC_ASSERT(arena.used <= arena.limit);
    MC_ASSERT(status == MC_OK || err.message[0] != '\0');
    mc_arena_fini(&arena);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const mc_bytes bytes = {data, size};
    mc_image first = {0}, second = {0};
    if (!mc_boost_is_file(bytes))
        return 0;
    const mc_status status = import(bytes, &first);
    MC_ASSERT(import(bytes, &second) == status);
    if (status != MC_OK)
        return 0;
    MC_ASSERT(first.size == second.size);
    MC_ASSERT(memcmp(first.block, second.block, first.size) == 0);
    mc_image_close(&first);
    mc_image_close(&second);
    return 0;
}
