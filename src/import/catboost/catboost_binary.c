/* catboost_binary.c: the bytes of a .cbm file, which a pickle holds too.
 *
 * Oracle   CatBoost 1.2: catboost/libs/model/flatbuffers/{model,features}.fbs,
 *          model.cpp (TFullModel::Load).
 * Format   "CBM1", the size of the core, the core: flatbuffers, little-endian; behind it the tables
 *          of counts, see catboost_ctr.c. Splits are numbered: all borders of numbers, all single
 *          values of categories, all borders of means. */
#include <string.h>

#include "base/reader.h"
#include "import/catboost/catboost_ctr.h"

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
    TREES_BIASES,
    TREES_BINS,
    TREES_EMBEDDINGS
};
enum { FLOAT_HAS_NANS, FLOAT_INDEX, FLOAT_FLAT, FLOAT_BORDERS, FLOAT_NAME, FLOAT_NAN };
enum { CATEGORY_INDEX, CATEGORY_FLAT, CATEGORY_NAME };
enum { PAIR_KEY, PAIR_VALUE };

#define NAN_AS_TRUE 2u

static mc_status copy_u32(mc_lowering *to, const mc_flat_list *from, const uint32_t **out,
                          mc_error *err)
{
    uint32_t *items = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, from->n, &items, err));
    for (size_t i = 0; i < from->n; i++)
        items[i] = mc_load_u32le(from->at + 4 * i);
    *out = items;
    return MC_OK;
}

static mc_status copy_f64(mc_lowering *to, const mc_flat_list *from, double **out, mc_error *err)
{
    MC_TRY(mc_arena_new(to->arena, double, from->n, out, err));
    for (size_t i = 0; i < from->n; i++)
        (*out)[i] = mc_flat_f64(from->at + 8 * i);
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- features ----
 */

/* The borders of one feature, as splits. */
static mc_status add_borders(const mc_flat_table *t, uint32_t column, bool *nan_right, mc_cat *out,
                             mc_error *err)
{
    mc_flat_list borders;
    size_t at = 0;
    MC_TRY(mc_flat_read_list(t, FLOAT_BORDERS, 4, &borders, err));
    MC_TRY(mc_flat_field(t, FLOAT_NAN, 1, &at, err));
    *nan_right = at != 0 && t->in->bytes.data[at] == NAN_AS_TRUE;
    for (size_t i = 0; i < borders.n; i++) {
        out->splits[out->n_splits++] = (mc_cat_split){
            .feature = column, .border = mc_flat_f32(borders.at + 4 * i), .nan_right = *nan_right};
    }
    return MC_OK;
}

/* Columns are numbered over features of all kinds; those that are ignored are not listed. */
static mc_status count_columns(const mc_flat *in, const mc_flat_table *trees, mc_cat *out,
                               mc_error *err)
{
    static const struct {
        size_t place, flat;
        const char *refused;
    } KINDS[] = {{TREES_FLOATS, FLOAT_FLAT, NULL},
                 {TREES_CATEGORIES, CATEGORY_FLAT, NULL},
                 {TREES_TEXTS, CATEGORY_FLAT, "texts"},
                 {TREES_EMBEDDINGS, CATEGORY_FLAT, "embeddings"}};
    for (size_t k = 0; k < MC_COUNT_OF(KINDS); k++) {
        mc_flat_list features;
        MC_TRY(mc_flat_read_list(trees, KINDS[k].place, 4, &features, err));
        for (size_t i = 0; i < features.n; i++) {
            mc_flat_table t;
            uint32_t column = 0;
            MC_TRY(mc_flat_item(in, &features, i, &t, err));
            MC_TRY(mc_flat_u32(&t, KINDS[k].flat, UINT32_MAX, &column, err));
            if (column >= in->bytes.size || column >= MC_LIMIT_WIDTH)
                return mc_refuse(err, in->est, "a feature is column %u", column);
            if (column >= out->n_features)
                out->n_features = (size_t)column + 1;
        }
        if (KINDS[k].refused != NULL && features.n > 0)
            return mc_refuse(err, in->est, "it has %zu features of %s, which are not supported",
                             features.n, KINDS[k].refused);
    }
    return MC_OK;
}

/* Columns of the features of one kind, by their numbers; (n_features), UINT32_MAX: no such one. */
static mc_status place_columns(mc_lowering *to, const mc_flat *in, const mc_flat_list *features,
                               size_t index_at, size_t n_features, const uint32_t **out,
                               mc_error *err)
{
    uint32_t *columns = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_features, &columns, err));
    for (size_t i = 0; i < n_features; i++)
        columns[i] = UINT32_MAX;
    for (size_t i = 0; i < features->n; i++) {
        mc_flat_table t;
        uint32_t index = 0, column = 0;
        MC_TRY(mc_flat_item(in, features, i, &t, err));
        MC_TRY(mc_flat_u32(&t, index_at, UINT32_MAX, &index, err));
        MC_TRY(mc_flat_u32(&t, index_at + 1, UINT32_MAX, &column, err));
        if (index >= n_features || columns[index] != UINT32_MAX)
            return mc_refuse(err, in->est, "feature number %u of %zu columns", index, n_features);
        columns[index] = column;
    }
    *out = columns;
    return MC_OK;
}

static mc_status read_floats(mc_lowering *to, const mc_flat *in, const mc_flat_list *features,
                             mc_cat *out, mc_bytes *names, mc_error *err)
{
    bool *nan_right = NULL;
    MC_TRY(place_columns(to, in, features, FLOAT_INDEX, out->n_features, &out->floats, err));
    MC_TRY(mc_arena_new(to->arena, bool, out->n_features, &nan_right, err));
    for (size_t i = 0; i < features->n; i++) {
        mc_flat_table t;
        uint32_t column = 0, index = 0;
        mc_flat_list borders;
        MC_TRY(mc_flat_item(in, features, i, &t, err));
        MC_TRY(mc_flat_u32(&t, FLOAT_INDEX, 0, &index, err));
        MC_TRY(mc_flat_u32(&t, FLOAT_FLAT, 0, &column, err));
        MC_TRY(mc_flat_read_list(&t, FLOAT_BORDERS, 4, &borders, err));
        if (borders.n > out->most_splits - out->n_splits) /* features that share their borders */
            return mc_flat_outside(in, borders.start, err);
        MC_TRY(mc_flat_text(&t, FLOAT_NAME, &names[column], err));
        MC_TRY(add_borders(&t, column, &nan_right[index], out, err));
    }
    out->nan_right = nan_right;
    return MC_OK;
}

static mc_status read_names(const mc_flat *in, const mc_flat_list *features, mc_bytes *names,
                            mc_error *err)
{
    for (size_t i = 0; i < features->n; i++) {
        mc_flat_table t;
        uint32_t column = 0;
        MC_TRY(mc_flat_item(in, features, i, &t, err));
        MC_TRY(mc_flat_u32(&t, CATEGORY_FLAT, 0, &column, err));
        MC_TRY(mc_flat_text(&t, CATEGORY_NAME, &names[column], err));
    }
    return MC_OK;
}

/* `rest` is what follows the core. */
static mc_status read_features(mc_lowering *to, const mc_flat *in, const mc_flat_table *trees,
                               mc_bytes rest, mc_cat *out, mc_error *err)
{
    mc_flat_list floats, categories, one_hot, means;
    mc_bytes *names = NULL;
    size_t n_named = 0;
    MC_TRY(count_columns(in, trees, out, err));
    MC_TRY(mc_flat_read_list(trees, TREES_FLOATS, 4, &floats, err));
    MC_TRY(mc_flat_read_list(trees, TREES_CATEGORIES, 4, &categories, err));
    MC_TRY(mc_flat_read_list(trees, TREES_ONE_HOT, 4, &one_hot, err));
    MC_TRY(mc_flat_read_list(trees, TREES_CTR, 4, &means, err));
    out->most_splits = in->bytes.size / 4;
    MC_TRY(mc_arena_new(to->arena, mc_bytes, out->n_features, &names, err));
    MC_TRY(mc_arena_new(to->arena, mc_cat_split, out->most_splits, &out->splits, err));
    MC_TRY(read_floats(to, in, &floats, out, names, err));
    MC_TRY(
        place_columns(to, in, &categories, CATEGORY_INDEX, out->n_features, &out->categories, err));
    MC_TRY(read_names(in, &categories, names, err));
    for (size_t i = 0; i < out->n_features; i++)
        n_named += names[i].size > 0;
    out->names = n_named == out->n_features ? names : NULL;
    out->has_categories = categories.n > 0;
    return mc_cat_read_categories(to, in, rest, &one_hot, &means, out, err);
}

/* -------------------------------------------------------------------------------------- trees ----
 */

/* Step nodes are two 16-bit numbers. */
static mc_status read_nodes(mc_lowering *to, const mc_flat_table *trees, const mc_flat_list *splits,
                            mc_cat *out, mc_error *err)
{
    mc_flat_list steps, leaves;
    mc_cat_node *nodes = NULL;
    MC_TRY(mc_flat_read_list(trees, TREES_NODES, 4, &steps, err));
    MC_TRY(mc_flat_read_list(trees, TREES_NODE_LEAVES, 4, &leaves, err));
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
static mc_status read_bias(mc_lowering *to, const mc_flat_table *trees, mc_cat *out, mc_error *err)
{
    size_t at = 0;
    mc_flat_list biases;
    double *bias = NULL;
    MC_TRY(mc_flat_field(trees, TREES_SCALE, 8, &at, err));
    out->scale = at == 0 ? 1.0 : mc_flat_f64(trees->in->bytes.data + at);
    MC_TRY(mc_flat_field(trees, TREES_BIAS, 8, &at, err));
    MC_TRY(mc_flat_read_list(trees, TREES_BIASES, 8, &biases, err));
    if (biases.n != 0 && biases.n != out->width)
        return mc_refuse(err, out->est, "%zu biases of %zu columns", biases.n, out->width);
    MC_TRY(mc_arena_new(to->arena, double, out->width, &bias, err));
    for (size_t i = 0; i < out->width; i++) {
        bias[i] = biases.n != 0 ? mc_flat_f64(biases.at + 8 * i)
                  : at != 0     ? mc_flat_f64(trees->in->bytes.data + at)
                                : 0.0;
    }
    out->bias = bias;
    return MC_OK;
}

static mc_status read_trees(mc_lowering *to, const mc_flat_table *trees, mc_cat *out, mc_error *err)
{
    uint32_t width = 0;
    mc_flat_list splits, sizes, values;
    double *numbers = NULL;
    MC_TRY(mc_flat_u32(trees, TREES_DIMENSION, 1, &width, err));
    if (width == 0 || width > MC_LIMIT_WIDTH)
        return mc_refuse(err, out->est, "ApproxDimension: %u", width);
    out->width = width;
    MC_TRY(mc_flat_read_list(trees, TREES_SPLITS, 4, &splits, err));
    MC_TRY(mc_flat_read_list(trees, TREES_SIZES, 4, &sizes, err));
    MC_TRY(mc_flat_read_list(trees, TREES_VALUES, 8, &values, err));
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
static mc_status read_document(mc_lowering *to, const mc_flat *in, const char *name, mc_bytes text,
                               mc_doc *out, mc_error *err)
{
    if (out->kind != MC_DOC_NULL)
        return mc_refuse(err, in->est, "expected one \"%s\", found two", name);
    MC_TRY_IN(mc_doc_read(text, to->arena, out, err), err, "%s", name);
    return MC_OK;
}

static mc_status read_info(mc_lowering *to, const mc_flat *in, const mc_flat_table *root,
                           mc_cat *out, mc_error *err)
{
    mc_flat_list pairs;
    MC_TRY(mc_flat_read_list(root, CORE_INFO, 4, &pairs, err));
    for (size_t i = 0; i < pairs.n; i++) {
        mc_flat_table t;
        mc_bytes key = {0}, value = {0};
        mc_doc number = {.kind = MC_DOC_TEXT};
        MC_TRY(mc_flat_item(in, &pairs, i, &t, err));
        MC_TRY(mc_flat_text(&t, PAIR_KEY, &key, err));
        MC_TRY(mc_flat_text(&t, PAIR_VALUE, &value, err));
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
    mc_flat_table root, trees;
    size_t at = 0;
    mc_bytes format = {0};
    mc_flat in = {est, {0}};
    *out = (mc_cat){.est = est, .scale = 1.0, .threshold = 0.5};
    if (bytes.size < 12 || memcmp(bytes.data, "CBM1", 4) != 0 ||
        mc_load_u32le(bytes.data + 4) > bytes.size - 8 || mc_load_u32le(bytes.data + 4) < 4)
        return mc_refuse(err, est, "its model is none of CatBoost's");
    in.bytes = (mc_bytes){bytes.data + 8, mc_load_u32le(bytes.data + 4)};
    const mc_bytes rest = {in.bytes.data + in.bytes.size, bytes.size - 8 - in.bytes.size};
    MC_TRY(mc_flat_open(&in, mc_flat_u32_at(&in, 0), &root, err));
    MC_TRY(mc_flat_text(&root, CORE_FORMAT, &format, err));
    if (!mc_bytes_is(format, "FlabuffersModel_v1"))
        return mc_refuse(err, est, "format \"%.*s\"", MC_SHOW(format));
    MC_TRY(mc_flat_field(&root, CORE_TREES, 4, &at, err));
    if (at == 0)
        return mc_refuse(err, est, "it has no trees");
    MC_TRY(mc_flat_open(&in, at + mc_flat_u32_at(&in, at), &trees, err));
    MC_TRY(read_features(to, &in, &trees, rest, out, err));
    MC_TRY(read_trees(to, &trees, out, err));
    return read_info(to, &in, &root, out, err);
}
