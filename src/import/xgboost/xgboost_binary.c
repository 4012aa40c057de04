/* xgboost_binary.c: the binary form of XGBoost before JSON, read into the document that JSON gives.
 *
 * Oracle   XGBoost 0.4 to 3.0: src/learner.cc LearnerIO::LoadModel(), src/gbm/gbtree_model.h,
 *          src/tree/tree_model.cc RegTree::Load(), src/gbm/gblinear_model.h.
 * Format   [binf] parameters of 136 bytes, objective and booster by name, then the booster:
 *          160 bytes and the trees, a tree 148 bytes, its nodes (20 each), their statistics (16
 * each); the group of each tree; dart its weights. Then attributes. Texts and lists begin with
 *          their length, 64 bits. In a pickle up to 1.x all that stands behind "CONFIG-offset:"
 *          and its own size; the configuration follows. Little-endian throughout.
 * Why so   Before 1.0 the base score is a margin already, and no version is written. */
#include <string.h>

#include "base/reader.h"
#include "import/xgboost/xgboost.h"

#define MODEL_BYTES  136u
#define GBTREE_BYTES 160u
#define LINEAR_BYTES 136u
#define TREE_BYTES   148u
#define NODE_BYTES   20u
#define STAT_BYTES   16u
#define DEFAULT_LEFT 0x80000000u

static const char CONFIG[] = "CONFIG-offset:";

/* ------------------------------------------------------------------------------- the document ----
 */

static void name_next(mc_doc_builder *b, const char *key)
{
    b->key = mc_bytes_of(key);
}

static mc_status begin(mc_doc_builder *b, const char *key, bool is_object)
{
    name_next(b, key);
    return mc_doc_begin(b, is_object, MC_NO_OFFSET);
}

static mc_status end(mc_doc_builder *b)
{
    return mc_doc_end(b, MC_NO_OFFSET);
}

static mc_status put_number(mc_doc_builder *b, const char *key, double value)
{
    name_next(b, key);
    return mc_doc_add(b, (mc_doc){.kind = MC_DOC_NUMBER, .as.number = value});
}

static mc_status put_text(mc_doc_builder *b, const char *key, mc_bytes value)
{
    name_next(b, key);
    return mc_doc_add(b, (mc_doc){.kind = MC_DOC_TEXT, .as.text = value});
}

/* ---------------------------------------------------------------------------------- the bytes ----
 */

static int32_t int_at(const uint8_t *b)
{
    return (int32_t)mc_load_u32le(b);
}

static double float_at(const uint8_t *b)
{
    const uint32_t bits = mc_load_u32le(b);
    float value = 0.0f;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static mc_status read_length(mc_reader *r, size_t item, size_t *out)
{
    uint64_t n = 0;
    MC_TRY(mc_read_u64le(r, &n));
    MC_TRY(mc_check_count(r, n, item));
    *out = (size_t)n;
    return MC_OK;
}

static mc_status read_text(mc_reader *r, mc_bytes *out)
{
    MC_TRY(read_length(r, 1, &out->size));
    return mc_read_bytes(r, out->size, &out->data);
}

static mc_status read_floats(mc_doc_builder *b, mc_reader *r, const char *key)
{
    size_t n = 0;
    const uint8_t *data = NULL;
    MC_TRY(read_length(r, 4, &n));
    MC_TRY(mc_read_bytes(r, 4 * n, &data));
    MC_TRY(begin(b, key, false));
    for (size_t i = 0; i < n; i++)
        MC_TRY(put_number(b, "", float_at(data + 4 * i)));
    return end(b);
}

/* ------------------------------------------------------------------------------------ boosters
 * ---- */

/* One list of a tree: what `value` makes of each node. */
typedef double node_value(const uint8_t *node);

static double left_of(const uint8_t *node)
{
    return (double)int_at(node + 4);
}
static double right_of(const uint8_t *node)
{
    return (double)int_at(node + 8);
}
static double feature_of(const uint8_t *node)
{
    return (double)(mc_load_u32le(node + 12) & ~DEFAULT_LEFT);
}
static double default_of(const uint8_t *node)
{
    return mc_load_u32le(node + 12) & DEFAULT_LEFT ? 1.0 : 0.0;
}
static double condition_of(const uint8_t *node)
{
    return float_at(node + 16);
}

static mc_status read_tree(mc_doc_builder *b, mc_reader *r)
{
    static const struct {
        const char *key;
        node_value *value;
    } LISTS[] = {{"left_children", left_of},
                 {"right_children", right_of},
                 {"split_indices", feature_of},
                 {"default_left", default_of},
                 {"split_conditions", condition_of}};
    const uint8_t *head = NULL, *nodes = NULL, *statistics = NULL;
    MC_TRY(mc_read_bytes(r, TREE_BYTES, &head));
    const int32_t n = int_at(head + 4);
    if (n < 1 || int_at(head + 20) > 1)
        return mc_fail(r->err, MC_E_UNSUPPORTED, r->at, "a tree of %d nodes, %d values a leaf", n,
                       int_at(head + 20));
    MC_TRY(mc_check_count(r, (uint64_t)n, NODE_BYTES + STAT_BYTES));
    MC_TRY(mc_read_bytes(r, (size_t)n * NODE_BYTES, &nodes));
    MC_TRY(mc_read_bytes(r, (size_t)n * STAT_BYTES, &statistics));
    MC_TRY(begin(b, "", true));
    for (size_t i = 0; i < MC_COUNT_OF(LISTS); i++) {
        MC_TRY(begin(b, LISTS[i].key, false));
        for (size_t k = 0; k < (size_t)n; k++)
            MC_TRY(put_number(b, "", LISTS[i].value(nodes + k * NODE_BYTES)));
        MC_TRY(end(b));
    }
    return end(b);
}

static mc_status read_gbtree(mc_doc_builder *b, mc_reader *r, int32_t *out_n)
{
    const uint8_t *head = NULL, *groups = NULL;
    MC_TRY(mc_read_bytes(r, GBTREE_BYTES, &head));
    *out_n = int_at(head);
    if (*out_n < 0)
        return mc_fail(r->err, MC_E_MALFORMED, r->at, "%d trees", *out_n);
    MC_TRY(mc_check_count(r, (uint64_t)*out_n, TREE_BYTES));
    MC_TRY(begin(b, "model", true));
    MC_TRY(begin(b, "trees", false));
    for (int32_t i = 0; i < *out_n; i++)
        MC_TRY(read_tree(b, r));
    MC_TRY(end(b));
    MC_TRY(mc_read_bytes(r, 4 * (size_t)*out_n, &groups));
    MC_TRY(begin(b, "tree_info", false));
    for (size_t i = 0; i < (size_t)*out_n; i++)
        MC_TRY(put_number(b, "", (double)int_at(groups + 4 * i)));
    MC_TRY(end(b));
    return end(b);
}

static mc_status read_gblinear(mc_doc_builder *b, mc_reader *r)
{
    const uint8_t *head = NULL;
    MC_TRY(mc_read_bytes(r, LINEAR_BYTES, &head));
    MC_TRY(begin(b, "model", true));
    MC_TRY(read_floats(b, r, "weights"));
    return end(b);
}

static mc_status read_booster(mc_doc_builder *b, mc_reader *r, mc_bytes name)
{
    int32_t n_trees = 0;
    MC_TRY(begin(b, "gradient_booster", true));
    MC_TRY(put_text(b, "name", name));
    if (mc_bytes_is(name, "gblinear")) {
        MC_TRY(read_gblinear(b, r));
    } else if (mc_bytes_is(name, "gbtree")) {
        MC_TRY(read_gbtree(b, r, &n_trees));
    } else if (mc_bytes_is(name, "dart")) {
        MC_TRY(begin(b, "gbtree", true));
        MC_TRY(read_gbtree(b, r, &n_trees));
        MC_TRY(end(b));
        if (n_trees > 0)
            MC_TRY(read_floats(b, r, "weight_drop"));
    } else {
        return mc_fail(r->err, MC_E_UNSUPPORTED, r->at, "a booster \"%.*s\"", MC_SHOW(name));
    }
    return end(b);
}

/* ------------------------------------------------------------------------------------- learner
 * ---- */

static mc_status read_attributes(mc_doc_builder *b, mc_reader *r, bool has)
{
    size_t n = 0;
    MC_TRY(begin(b, "attributes", true));
    if (has)
        MC_TRY(read_length(r, 16, &n));
    for (size_t i = 0; i < n; i++) {
        mc_bytes key, value;
        MC_TRY(read_text(r, &key));
        MC_TRY(read_text(r, &value));
        b->key = key;
        MC_TRY(mc_doc_add(b, (mc_doc){.kind = MC_DOC_TEXT, .as.text = value}));
    }
    return end(b);
}

static mc_status read_learner(mc_doc_builder *b, mc_reader *r)
{
    const uint8_t *head = NULL;
    mc_bytes objective, booster;
    MC_TRY(mc_read_bytes(r, MODEL_BYTES, &head));
    MC_TRY(read_text(r, &objective));
    MC_TRY(read_text(r, &booster));
    const uint32_t major = mc_load_u32le(head + 20), minor = mc_load_u32le(head + 24);
    MC_TRY(begin(b, "version", false));
    MC_TRY(put_number(b, "", (double)major));
    MC_TRY(put_number(b, "", (double)minor));
    MC_TRY(end(b));
    MC_TRY(begin(b, "learner", true));
    MC_TRY(begin(b, "learner_model_param", true));
    MC_TRY(put_number(b, major >= 1 ? "base_score" : "base_margin", float_at(head)));
    MC_TRY(put_number(b, "num_feature", (double)mc_load_u32le(head + 4)));
    MC_TRY(put_number(b, "num_class", (double)int_at(head + 8)));
    MC_TRY(put_number(b, "num_target", (double)mc_load_u32le(head + 28))); /* since 1.7, else 0 */
    MC_TRY(end(b));
    MC_TRY(begin(b, "objective", true));
    MC_TRY(put_text(b, "name", objective));
    MC_TRY(end(b));
    MC_TRY(read_booster(b, r, booster));
    MC_TRY(read_attributes(b, r, int_at(head + 12) != 0));
    return end(b);
}

/* What stands before the configuration, and that. */
static mc_status split_config(mc_bytes *bytes, mc_bytes *config, mc_error *err)
{
    mc_reader r = {.data = bytes->data, .size = bytes->size, .at = sizeof CONFIG - 1, .err = err};
    uint64_t size = 0;
    *config = (mc_bytes){0};
    if (bytes->size < r.at || memcmp(bytes->data, CONFIG, r.at) != 0)
        return MC_OK;
    MC_TRY(mc_read_u64le(&r, &size));
    if (size > mc_reader_left(&r))
        return mc_fail(err, MC_E_TRUNCATED, r.at, "need %llu bytes, %zu left",
                       (unsigned long long)size, mc_reader_left(&r));
    *config = (mc_bytes){bytes->data + r.at + size, mc_reader_left(&r) - (size_t)size};
    *bytes = (mc_bytes){bytes->data + r.at, (size_t)size};
    return MC_OK;
}

mc_status mc_xgb_read_binary(mc_bytes bytes, mc_arena *arena, mc_doc *out, mc_doc *out_config,
                             mc_error *err)
{
    mc_doc_builder b = {.arena = arena, .err = err};
    mc_bytes config;
    MC_TRY(split_config(&bytes, &config, err));
    if (config.size > 0)
        MC_TRY(mc_doc_read(config, arena, out_config, err));
    mc_reader r = {.data = bytes.data, .size = bytes.size, .err = err};
    if (bytes.size >= 4 && memcmp(bytes.data, "binf", 4) == 0)
        r.at = 4;
    mc_status status = begin(&b, "", true);
    if (status == MC_OK)
        status = read_learner(&b, &r);
    if (status == MC_OK)
        status = end(&b);
    *out = b.root;
    mc_vec_fini(&b.members);
    mc_vec_fini(&b.numbers);
    return status;
}
