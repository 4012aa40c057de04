/* nodes.c: a tree of nodes -> values, a loader at a time.
 *
 * Oracle   skops/io/{_general,_numpy,_scipy,_sklearn,_audit}.py and old/, skops 0.2 to 0.16:
 *          protocols 0, 1 and 2.
 * HOW IT WORKS  A value is made for a node, and its children are put on a list of what is still to
 *          be made, each with the place that waits for it: no recursion, and cycles and shared
 *          objects (nodes of the same __id__) are no special case. Values have the form that the
 *          pickle of the same object has, so that whoever reads graphs need not know of skops.
 * Why so   Nothing is imported or called; a class that the table of globals does not know is
 *          refused by name, as in pickles. */
#include "import/skops/nodes.h"

#include <xxhash.h>

#include "base/size.h"
#include "import/skops/node_arrays.h"
#include "import/skops/node_values.h"

#define LAST_PROTOCOL 2

typedef struct known {
    int64_t id;
    mc_value *value;
} known;

static const struct {
    const char *loader;
    mc_skops_fill *fill;
} LOADERS[] = {
    {"JsonNode", mc_skops_fill_json},
    {"TypeNode", mc_skops_fill_name},
    {"DictNode", mc_skops_fill_dict},
    {"ListNode", mc_skops_fill_list},
    {"TupleNode", mc_skops_fill_tuple},
    {"SetNode", mc_skops_fill_set},
    {"NdArrayNode", mc_skops_fill_array},
    {"ObjectNode", mc_skops_fill_object},
    {"TreeNode", mc_skops_fill_reduced},
    {"LossNode", mc_skops_fill_reduced},
    {"FunctionNode", mc_skops_fill_function},
    {"DTypeNode", mc_skops_fill_dtype},
    {"SliceNode", mc_skops_fill_slice},
    {"SparseMatrixNode", mc_skops_fill_sparse},
    {"MaskedArrayNode", mc_skops_fill_masked},
    {"RandomStateNode", mc_skops_fill_random},
    {"RandomGeneratorNode", mc_skops_fill_random},
    {"ConstructorFromReduceNode", mc_skops_fill_constructed},
    {"MethodNode", mc_skops_fill_method},
    {"PartialNode", mc_skops_fill_partial},
    {"OperatorFuncNode", mc_skops_fill_operator},
    {"BytesNode", mc_skops_fill_bytes},
    {"BytearrayNode", mc_skops_fill_bytes},
    {"DefaultDictNode", mc_skops_fill_default_dict},
    {"_DictWithDeprecatedKeysNode", mc_skops_fill_default_dict},
};

static mc_status fill(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *loader = NULL;
    MC_TRY(mc_skops_need(node, "__loader__", MC_KIND_TEXT, &loader, err));
    for (size_t i = 0; i < MC_COUNT_OF(LOADERS); i++)
        if (mc_bytes_is(loader->as.bytes, LOADERS[i].loader))
            return LOADERS[i].fill(m, node, out, err);
    return mc_fail(err, MC_E_UNSUPPORTED, node->offset, "skops node of the loader %.*s",
                   MC_SHOW(loader->as.bytes));
}

typedef struct id_query {
    const mc_skops_maker *m;
    int64_t id;
} id_query;

static const known *known_at(const mc_skops_maker *m, uint32_t at)
{
    return (const known *)(const void *)m->memo.data + at;
}

static bool same_id(const void *context, uint32_t at)
{
    const id_query *query = context;
    return known_at(query->m, at)->id == query->id;
}

/* The value of a node: the one that is there already if its id is known. */
static mc_status make_value(mc_skops_maker *m, const mc_skops_task *next, mc_error *err)
{
    const mc_value *id = mc_dict_get(next->node, "__id__");
    const bool has_id = mc_value_is(id, MC_KIND_INT) && id->as.integer != 0;
    const id_query query = {m, has_id ? id->as.integer : 0};
    const uint64_t hash = XXH3_64bits(&query.id, sizeof query.id);
    uint32_t at = 0;
    if (has_id && mc_intern_find(&m->ids, hash, same_id, &query, &at)) {
        *next->slot = known_at(m, at)->value;
        return MC_OK;
    }
    known made = {.id = query.id};
    MC_TRY(mc_skops_new(m, next->node, MC_KIND_NONE, &made.value, err));
    *next->slot = made.value;
    if (has_id) {
        at = mc_u32_from_size(m->memo.size / sizeof made);
        MC_TRY(mc_vec_append(&m->memo, &made, sizeof made, err));
        MC_TRY(mc_intern_add(&m->ids, hash, at, err));
    }
    return fill(m, next->node, made.value, err);
}

static mc_status make_all(mc_skops_maker *m, mc_error *err)
{
    while (m->tasks.size > 0) {
        m->tasks.size -= sizeof(mc_skops_task);
        const mc_skops_task next =
            *(const mc_skops_task *)(const void *)(m->tasks.data + m->tasks.size);
        if (next.node->kind != MC_KIND_DICT)
            return mc_skops_bad(next.node, err, "it is no object");
        MC_TRY(make_value(m, &next, err));
    }
    mc_object *const *objects = (mc_object *const *)(const void *)m->stateful.data;
    for (size_t i = 0; i < m->stateful.size / sizeof *objects; i++)
        objects[i]->state = objects[i]->states.at[0];
    return MC_OK;
}

static mc_status check_protocol(const mc_value *schema, int64_t *out, mc_error *err)
{
    const mc_value *protocol = mc_dict_get(schema, "protocol");
    *out = mc_value_is(protocol, MC_KIND_INT) ? protocol->as.integer : 0; /* 0.1 wrote none */
    if (*out >= 0 && *out <= LAST_PROTOCOL)
        return MC_OK;
    return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                   "a skops file of protocol %lld, at most %d is read", (long long)*out,
                   LAST_PROTOCOL);
}

mc_status mc_skops_nodes(mc_zip *zip, const mc_value *schema, mc_value **out, mc_error *err)
{
    mc_skops_maker m = {.zip = zip, .arena = zip->arena};
    mc_value **root = NULL;
    MC_TRY(check_protocol(schema, &m.protocol, err));
    MC_TRY(mc_arena_new(m.arena, mc_value *, 1, &root, err));
    mc_status status = mc_skops_later(&m, schema, root, err);
    if (status == MC_OK)
        status = make_all(&m, err);
    mc_vec_fini(&m.tasks);
    mc_vec_fini(&m.stateful);
    mc_vec_fini(&m.memo);
    mc_intern_fini(&m.ids);
    if (status == MC_OK)
        *out = *root;
    return status;
}
