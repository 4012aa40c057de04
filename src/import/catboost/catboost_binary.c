/* catboost_binary.c: the bytes of a .cbm file, which a pickle holds too.
 *
 * Oracle   CatBoost 1.2: catboost/libs/model/flatbuffers/{model,features}.fbs,
 *          model.cpp (TFullModel::Load).
 * Format   "CBM1", the size of the core, the core: flatbuffers, little-endian. A table is an offset
 *          back to its vtable, which has, for each field, where it lies in the table; 0: it has its
 *          default. Texts, lists and tables lie at an offset from where they are named.
 * Why so   The few tables that matter are read by hand: no field is read before the bytes are shown
 *          to hold it, and an offset out of the core is a refusal. */
#include <string.h>

#include "base/reader.h"
#include "import/catboost/catboost.h"

/* Places of the fields that are read. */
enum { CORE_FORMAT, CORE_TREES, CORE_INFO };
enum {
    TREES_DIMENSION,
    TREES_SPLITS,
    TREES_SIZES,
    TREES_STARTS,
    TREES_CATEGORIES,
    TREES_FLOATS,
    TREES_ONE_HOT,
    TREES_CTR,
    TREES_VALUES,
    TREES_WEIGHTS,
    TREES_NODES,
    TREES_NODE_LEAVES,
    TREES_TEXTS,
    TREES_ESTIMATED,
    TREES_SCALE,
    TREES_BIAS,
    TREES_BIASES
};
enum { FLOAT_HAS_NANS, FLOAT_INDEX, FLOAT_FLAT, FLOAT_BORDERS, FLOAT_NAME, FLOAT_NAN };
enum { PAIR_KEY, PAIR_VALUE };

#define NAN_AS_TRUE 2u

/* -------------------------------------------------------------------------------- flatbuffers ----
 */

typedef struct core {
    const mc_value *est;
    mc_bytes bytes;
} core;

typedef struct table {
    const core *in;
    size_t at, fields, n_fields; /* where it lies, where its vtable's fields do */
} table;

typedef struct list {
    const uint8_t *at;
    size_t n, start; /* items; where they begin */
} list;

static mc_status outside(const core *in, size_t at, mc_error *err)
{
    return mc_fail(err, MC_E_MALFORMED, at, "%zu of %zu bytes: the model names what is not in it",
                   at, in->bytes.size);
}

static bool has(const core *in, size_t at, size_t n)
{
    return at <= in->bytes.size && n <= in->bytes.size - at;
}

static uint32_t u32_at(const core *in, size_t at)
{
    return mc_load_u32le(in->bytes.data + at);
}

static mc_status open_table(const core *in, size_t at, table *out, mc_error *err)
{
    if (!has(in, at, 4))
        return outside(in, at, err);
    const int64_t vtable = (int64_t)at - (int32_t)u32_at(in, at);
    if (vtable < 0 || !has(in, (size_t)vtable, 4))
        return outside(in, at, err);
    const uint8_t *b = in->bytes.data + vtable;
    const size_t size = (size_t)(b[0] | b[1] << 8);
    if (size < 4 || !has(in, (size_t)vtable, size))
        return outside(in, (size_t)vtable, err);
    *out = (table){in, at, (size_t)vtable + 4, (size - 4) / 2};
    return MC_OK;
}

/* Where field i lies, if it has `n` bytes there; *out is 0 where it has its default. */
static mc_status field(const table *t, size_t i, size_t n, size_t *out, mc_error *err)
{
    *out = 0;
    if (i >= t->n_fields)
        return MC_OK;
    const uint8_t *b = t->in->bytes.data + t->fields + 2 * i;
    const size_t offset = (size_t)(b[0] | b[1] << 8);
    if (offset == 0)
        return MC_OK;
    if (!has(t->in, t->at + offset, n))
        return outside(t->in, t->at + offset, err);
    *out = t->at + offset;
    return MC_OK;
}

static mc_status read_u32(const table *t, size_t i, uint32_t otherwise, uint32_t *out,
                          mc_error *err)
{
    size_t at = 0;
    MC_TRY(field(t, i, 4, &at, err));
    *out = at == 0 ? otherwise : u32_at(t->in, at);
    return MC_OK;
}

static double f64_from(const uint8_t *b)
{
    const uint64_t bits = mc_load_u64le(b);
    double value = 0.0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Items of `size` bytes each; none if the field is absent. */
static mc_status read_list(const table *t, size_t i, size_t size, list *out, mc_error *err)
{
    size_t at = 0;
    *out = (list){0};
    MC_TRY(field(t, i, 4, &at, err));
    if (at == 0)
        return MC_OK;
    const size_t start = at + u32_at(t->in, at);
    if (!has(t->in, start, 4))
        return outside(t->in, at, err);
    const size_t n = u32_at(t->in, start);
    if (n > (t->in->bytes.size - start - 4) / size)
        return outside(t->in, start, err);
    *out = (list){t->in->bytes.data + start + 4, n, start + 4};
    return MC_OK;
}

/* Item i of a list of tables. */
static mc_status item(const core *in, const list *from, size_t i, table *out, mc_error *err)
{
    const size_t at = from->start + 4 * i;
    return open_table(in, at + u32_at(in, at), out, err);
}

static mc_status read_text(const table *t, size_t i, mc_bytes *out, mc_error *err)
{
    list text;
    MC_TRY(read_list(t, i, 1, &text, err));
    *out = (mc_bytes){text.at, text.n};
    return MC_OK;
}

static mc_status copy_u32(mc_lowering *to, const list *from, const uint32_t **out, mc_error *err)
{
    uint32_t *items = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, from->n, &items, err));
    for (size_t i = 0; i < from->n; i++)
        items[i] = mc_load_u32le(from->at + 4 * i);
    *out = items;
    return MC_OK;
}

static mc_status copy_f64(mc_lowering *to, const list *from, double **out, mc_error *err)
{
    MC_TRY(mc_arena_new(to->arena, double, from->n, out, err));
    for (size_t i = 0; i < from->n; i++)
        (*out)[i] = f64_from(from->at + 8 * i);
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- features ----
 */

/* The borders of one feature, as splits. */
static mc_status add_borders(const table *t, uint32_t column, mc_cat *out, mc_error *err)
{
    list borders;
    size_t at = 0;
    MC_TRY(read_list(t, FLOAT_BORDERS, 4, &borders, err));
    MC_TRY(field(t, FLOAT_NAN, 1, &at, err));
    const bool nan_right = at != 0 && t->in->bytes.data[at] == NAN_AS_TRUE;
    for (size_t i = 0; i < borders.n; i++) {
        const uint32_t bits = mc_load_u32le(borders.at + 4 * i);
        mc_cat_split split = {.feature = column, .nan_right = nan_right};
        memcpy(&split.border, &bits, sizeof bits);
        out->splits[out->n_splits++] = split;
    }
    return MC_OK;
}

/* Columns are numbered over features of all kinds; those of other kinds have no splits here. */
static mc_status count_columns(const core *in, const table *trees, mc_cat *out, mc_error *err)
{
    static const size_t KINDS[] = {TREES_FLOATS, TREES_CATEGORIES, TREES_TEXTS};
    for (size_t k = 0; k < MC_COUNT_OF(KINDS); k++) {
        list features;
        MC_TRY(read_list(trees, KINDS[k], 4, &features, err));
        for (size_t i = 0; i < features.n; i++) {
            table t;
            uint32_t column = 0;
            MC_TRY(item(in, &features, i, &t, err));
            MC_TRY(read_u32(&t, k == 0 ? FLOAT_FLAT : 1, UINT32_MAX, &column, err));
            if (column >= in->bytes.size || column >= MC_LIMIT_WIDTH)
                return mc_refuse(err, in->est, "a feature is column %u", column);
            if (column >= out->n_features)
                out->n_features = (size_t)column + 1;
        }
        if (k > 0 && features.n > 0) {
            return mc_refuse(err, in->est,
                             "it has %zu features of categories or texts, which are "
                             "not supported",
                             features.n);
        }
    }
    return MC_OK;
}

static mc_status read_features(mc_lowering *to, const core *in, const table *trees, mc_cat *out,
                               mc_error *err)
{
    list features;
    mc_bytes *names = NULL;
    size_t n_named = 0;
    MC_TRY(count_columns(in, trees, out, err));
    MC_TRY(read_list(trees, TREES_FLOATS, 4, &features, err));
    MC_TRY(mc_arena_new(to->arena, mc_bytes, out->n_features, &names, err));
    MC_TRY(mc_arena_new(to->arena, mc_cat_split, in->bytes.size / 4, &out->splits, err));
    for (size_t i = 0; i < features.n; i++) {
        table t;
        uint32_t column = 0;
        list borders;
        MC_TRY(item(in, &features, i, &t, err));
        MC_TRY(read_u32(&t, FLOAT_FLAT, 0, &column, err));
        MC_TRY(read_list(&t, FLOAT_BORDERS, 4, &borders, err));
        if (borders.n > in->bytes.size / 4 - out->n_splits) /* features that share their borders */
            return outside(in, borders.start, err);
        MC_TRY(read_text(&t, FLOAT_NAME, &names[column], err));
        n_named += names[column].size > 0;
        MC_TRY(add_borders(&t, column, out, err));
    }
    out->names = n_named == out->n_features ? names : NULL;
    return MC_OK;
}

/* -------------------------------------------------------------------------------------- trees ----
 */

/* Step nodes are two 16-bit numbers. */
static mc_status read_nodes(mc_lowering *to, const table *trees, const list *splits, mc_cat *out,
                            mc_error *err)
{
    list steps, leaves;
    mc_cat_node *nodes = NULL;
    MC_TRY(read_list(trees, TREES_NODES, 4, &steps, err));
    MC_TRY(read_list(trees, TREES_NODE_LEAVES, 4, &leaves, err));
    if (steps.n == 0)
        return MC_OK;
    if (steps.n != splits->n || leaves.n != splits->n)
        return mc_refuse(err, out->est, "%zu splits, %zu steps and %zu leaves of nodes", splits->n,
                         steps.n, leaves.n);
    MC_TRY(mc_arena_new(to->arena, mc_cat_node, steps.n, &nodes, err));
    for (size_t i = 0; i < steps.n; i++) {
        const uint32_t both = mc_load_u32le(steps.at + 4 * i);
        nodes[i] = (mc_cat_node){.split = out->path[i],
                                 .left = both & 0xffffu,
                                 .right = both >> 16,
                                 .leaf = mc_load_u32le(leaves.at + 4 * i)};
    }
    out->nodes = nodes;
    return MC_OK;
}

/* One bias, or one a column since models have several. */
static mc_status read_bias(mc_lowering *to, const table *trees, mc_cat *out, mc_error *err)
{
    size_t at = 0;
    list biases;
    double *bias = NULL;
    MC_TRY(field(trees, TREES_SCALE, 8, &at, err));
    out->scale = at == 0 ? 1.0 : f64_from(trees->in->bytes.data + at);
    MC_TRY(field(trees, TREES_BIAS, 8, &at, err));
    MC_TRY(read_list(trees, TREES_BIASES, 8, &biases, err));
    if (biases.n != 0 && biases.n != out->width)
        return mc_refuse(err, out->est, "%zu biases of %zu columns", biases.n, out->width);
    MC_TRY(mc_arena_new(to->arena, double, out->width, &bias, err));
    for (size_t i = 0; i < out->width; i++) {
        bias[i] = biases.n != 0 ? f64_from(biases.at + 8 * i)
                  : at != 0     ? f64_from(trees->in->bytes.data + at)
                                : 0.0;
    }
    out->bias = bias;
    return MC_OK;
}

static mc_status read_trees(mc_lowering *to, const table *trees, mc_cat *out, mc_error *err)
{
    uint32_t width = 0;
    list splits, sizes, values;
    double *numbers = NULL;
    MC_TRY(read_u32(trees, TREES_DIMENSION, 1, &width, err));
    if (width == 0 || width > MC_LIMIT_WIDTH)
        return mc_refuse(err, out->est, "ApproxDimension: %u", width);
    out->width = width;
    MC_TRY(read_list(trees, TREES_SPLITS, 4, &splits, err));
    MC_TRY(read_list(trees, TREES_SIZES, 4, &sizes, err));
    MC_TRY(read_list(trees, TREES_VALUES, 8, &values, err));
    MC_TRY(copy_u32(to, &splits, &out->path, err));
    MC_TRY(copy_u32(to, &sizes, &out->sizes, err));
    MC_TRY(copy_f64(to, &values, &numbers, err));
    out->values = numbers;
    out->n_path = splits.n;
    out->n_trees = sizes.n;
    out->n_values = values.n;
    MC_TRY(read_nodes(to, trees, &splits, out, err));
    return read_bias(to, trees, out, err);
}

/* --------------------------------------------------------------------------------------- info ----
 */

/* One entry of the info as JSON. A second of that name is refused: each might be the whole file,
 * and reading them all would take the square of its size. */
static mc_status read_document(mc_lowering *to, const core *in, const char *name, mc_bytes text,
                               mc_doc *out, mc_error *err)
{
    if (out->kind != MC_DOC_NULL)
        return mc_refuse(err, in->est, "expected one \"%s\", found two", name);
    MC_TRY_IN(mc_doc_read(text, to->arena, out, err), err, "%s", name);
    return MC_OK;
}

static mc_status read_info(mc_lowering *to, const core *in, const table *root, mc_cat *out,
                           mc_error *err)
{
    list pairs;
    MC_TRY(read_list(root, CORE_INFO, 4, &pairs, err));
    for (size_t i = 0; i < pairs.n; i++) {
        table t;
        mc_bytes key = {0}, value = {0};
        mc_doc number = {.kind = MC_DOC_TEXT};
        MC_TRY(item(in, &pairs, i, &t, err));
        MC_TRY(read_text(&t, PAIR_KEY, &key, err));
        MC_TRY(read_text(&t, PAIR_VALUE, &value, err));
        number.as.text = value;
        if (mc_bytes_is(key, "params"))
            MC_TRY(read_document(to, in, "params", value, &out->parameters, err));
        if (mc_bytes_is(key, "class_params"))
            MC_TRY(read_document(to, in, "class_params", value, &out->classes, err));
        if (mc_bytes_is(key, "binclass_probability_threshold") &&
            !mc_doc_number(&number, &out->threshold))
            return mc_refuse(err, in->est, "binclass_probability_threshold: found \"%.*s\"",
                             MC_SHOW(value));
    }
    return MC_OK;
}

mc_status mc_cat_read_binary(mc_lowering *to, const mc_value *est, mc_bytes bytes, mc_cat *out,
                             mc_error *err)
{
    table root, trees;
    size_t at = 0;
    mc_bytes format = {0};
    core in = {est, {0}};
    *out = (mc_cat){.est = est, .scale = 1.0, .threshold = 0.5};
    if (bytes.size < 12 || memcmp(bytes.data, "CBM1", 4) != 0 ||
        mc_load_u32le(bytes.data + 4) > bytes.size - 8 || mc_load_u32le(bytes.data + 4) < 4)
        return mc_refuse(err, est, "its model is none of CatBoost's");
    in.bytes = (mc_bytes){bytes.data + 8, mc_load_u32le(bytes.data + 4)};
    MC_TRY(open_table(&in, u32_at(&in, 0), &root, err));
    MC_TRY(read_text(&root, CORE_FORMAT, &format, err));
    if (!mc_bytes_is(format, "FlabuffersModel_v1"))
        return mc_refuse(err, est, "format \"%.*s\"", MC_SHOW(format));
    MC_TRY(field(&root, CORE_TREES, 4, &at, err));
    if (at == 0)
        return mc_refuse(err, est, "it has no trees");
    MC_TRY(open_table(&in, at + u32_at(&in, at), &trees, err));
    MC_TRY(read_features(to, &in, &trees, out, err));
    MC_TRY(read_trees(to, &trees, out, err));
    return read_info(to, &in, &root, out, err);
}
