/* fuzz_pickle.c: bytes to graph, and the arrays in it.
 *
 * Property: memory is bounded by the input's size, a refusal names a byte of the input, every walk
 * ends, and reading again gives the same: status, place, and number of nodes.
 */
#include "base/limits.h"
#include "import/file/joblib.h"
#include "import/globals.h"
#include "walk_graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct outcome {
    mc_status status;
    uint64_t offset;
    size_t n_nodes, n_arrays;
} outcome;

static outcome read_once(const uint8_t *data, size_t size)
{
    const size_t limit = MC_LIMIT_GRAPH_FACTOR * size + MC_LIMIT_GRAPH_BASE;
    mc_arena arena;
    mc_joblib joblib;
    mc_error err = {.offset = 0};
    mc_reader reader = {.data = data, .size = size, .err = &err};
    mc_value *root = NULL;
    outcome out = {0};

    mc_arena_init(&arena, limit, "fuzz_pickle");
    mc_joblib_init(&joblib, mc_globals_lookup, &arena);
    out.status = mc_joblib_read(&joblib, &reader, &root, &err);
    MC_ASSERT(arena.used <= limit);
    MC_ASSERT(reader.at <= size);
    if (out.status == MC_OK) {
        walk_graph(root, &out.n_nodes, &out.n_arrays);
    } else {
        out.offset = err.offset;
        MC_ASSERT(err.status == out.status);
        MC_ASSERT(err.offset == MC_NO_OFFSET || err.offset <= size);
        MC_ASSERT(err.message[0] != '\0');
    }
    mc_arena_fini(&arena);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const outcome first = read_once(data, size), second = read_once(data, size);
    MC_ASSERT(first.status == second.status);
    MC_ASSERT(first.offset == second.offset);
    MC_ASSERT(first.n_nodes == second.n_nodes);
    MC_ASSERT(first.n_arrays == second.n_arrays);
    return 0;
}
