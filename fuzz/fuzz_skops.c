/* fuzz_skops.c: the parts of a skops file. The first byte says which: a whole archive, a
 * schema.json without one (an archive's members are under a CRC, which hides what is in them from a
 * fuzzer), or a .npy file.
 *
 * Property: memory is bounded by the input's size, every walk ends, and reading again gives the
 * same: status, place, and number of nodes.
 */
#include "base/limits.h"
#include "import/file/literal.h"
#include "import/file/npy.h"
#include "import/skops/nodes.h"
#include "import/skops/skops.h"
#include "walk_graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct outcome {
    mc_status status;
    uint64_t offset;
    size_t n_nodes, n_arrays;
} outcome;

static void note(outcome *out, mc_status status, const mc_error *err)
{
    out->status = status;
    if (status == MC_OK)
        return;
    out->offset = err->offset;
    MC_ASSERT(err->status == status);
    MC_ASSERT(err->message[0] != '\0');
}

static mc_status count_bytes(void *context, size_t size, mc_error *err)
{
    (void)err;
    *(size_t *)context += size;
    return MC_OK;
}

static void read_archive(mc_bytes bytes, outcome *out)
{
    const mc_source source = {.data = bytes.data, .size = bytes.size};
    mc_graph_file file;
    mc_error err = {0};
    size_t reserved = 0;
    note(out, mc_skops_read(&source, count_bytes, &reserved, &file, &err), &err);
    if (out->status != MC_OK)
        return;
    MC_ASSERT(file.arena.used <= file.arena.limit);
    MC_ASSERT(reserved >= file.arena.used);
    walk_graph(file.root, &out->n_nodes, &out->n_arrays);
    mc_graph_file_close(&file);
}

static mc_status read_nodes(mc_bytes text, mc_arena *arena, mc_value **out, mc_error *err)
{
    mc_zip empty = {.arena = arena};
    mc_value *schema = NULL;
    MC_TRY(mc_literal_read(text, 0, arena, &schema, err));
    return mc_skops_nodes(&empty, schema, out, err);
}

static void read_schema(mc_bytes text, outcome *out)
{
    const size_t limit = MC_LIMIT_GRAPH_FACTOR * text.size + MC_LIMIT_GRAPH_BASE;
    mc_arena arena;
    mc_value *root = NULL;
    mc_error err = {0};
    mc_arena_init(&arena, limit, "fuzz_skops");
    note(out, read_nodes(text, &arena, &root, &err), &err);
    MC_ASSERT(arena.used <= limit);
    if (out->status == MC_OK)
        walk_graph(root, &out->n_nodes, &out->n_arrays);
    mc_arena_fini(&arena);
}

static void read_npy(mc_bytes bytes, outcome *out)
{
    mc_arena arena;
    mc_ndarray array;
    mc_error err = {0};
    mc_arena_init(&arena, MC_LIMIT_GRAPH_FACTOR * bytes.size + MC_LIMIT_GRAPH_BASE, "fuzz_skops");
    note(out, mc_npy_read(bytes, &arena, &array, &err), &err);
    if (out->status == MC_OK) {
        mc_value value = {.kind = MC_KIND_NATIVE};
        value.as.native.tag = MC_NATIVE_NDARRAY;
        value.as.native.data = &array;
        walk_graph(&value, &out->n_nodes, &out->n_arrays);
    }
    mc_arena_fini(&arena);
}

static outcome read_once(const uint8_t *data, size_t size)
{
    const mc_bytes bytes = {data + 1, size - 1};
    outcome out = {0};
    if (data[0] % 3 == 0)
        read_archive(bytes, &out);
    else if (data[0] % 3 == 1)
        read_schema(bytes, &out);
    else
        read_npy(bytes, &out);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const outcome first = read_once(data, size), second = read_once(data, size);
    MC_ASSERT(first.status == second.status);
    MC_ASSERT(first.offset == second.offset);
    MC_ASSERT(first.n_nodes == second.n_nodes);
    MC_ASSERT(first.n_arrays == second.n_arrays);
    return 0;
}
