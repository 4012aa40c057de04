/* catboost_json.c: the JSON export of a model of CatBoost.
 *
 * Oracle   CatBoost 1.2: catboost/libs/model/model_export/json_model_helpers.cpp. */
#include <string.h>

#include "import/catboost/catboost.h"

/* What splits need to know of a float feature. */
typedef struct float_feature {
    uint32_t column;
    bool is_known, nan_right;
} float_feature;

static mc_bytes text_of(const mc_doc *doc)
{
    return doc != NULL && doc->kind == MC_DOC_TEXT ? doc->as.text : (mc_bytes){0};
}

static size_t count_of(const mc_doc *doc)
{
    return doc == NULL || (doc->kind != MC_DOC_LIST && doc->kind != MC_DOC_NUMBERS) ? 0 : doc->n;
}

/* A number below `n`. */
static bool index_of(const mc_doc *doc, const char *name, size_t n, uint32_t *out)
{
    double number = -1.0;
    if (!mc_doc_number(mc_doc_get(doc, name), &number) || !(number >= 0.0 && number < (double)n))
        return false;
    *out = (uint32_t)number;
    return true;
}

static mc_status numbers(const mc_cat *cat, const mc_doc *doc, const char *name, const double **out,
                         size_t *out_n, mc_error *err)
{
    if (doc == NULL || doc->kind != MC_DOC_NUMBERS)
        return mc_refuse(err, cat->est, "%s: expected numbers", name);
    *out = doc->as.numbers;
    *out_n = doc->n;
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- features ----
 */

/* There are no features of other kinds, and all float features are listed. */
static mc_status read_feature(const mc_cat *cat, const mc_doc *doc, float_feature *known,
                              mc_bytes *names, mc_error *err)
{
    uint32_t index = 0, column = 0;
    if (!index_of(doc, "feature_index", cat->n_features, &index) ||
        !index_of(doc, "flat_feature_index", cat->n_features, &column))
        return mc_refuse(err, cat->est, "feature_index or flat_feature_index is not below %zu",
                         cat->n_features);
    known[index] = (float_feature){
        column, true, mc_bytes_is(text_of(mc_doc_get(doc, "nan_value_treatment")), "AsTrue")};
    names[column] = text_of(mc_doc_get(doc, "feature_id"));
    return MC_OK;
}

static mc_status read_features(mc_lowering *to, mc_cat *cat, const mc_doc *info,
                               const float_feature **out, mc_error *err)
{
    static const char *const OTHERS[] = {"categorical_features", "text_features", "ctrs",
                                         "embedding_features"};
    const mc_doc *features = mc_doc_get(info, "float_features");
    float_feature *known = NULL;
    mc_bytes *names = NULL;
    size_t n_named = 0;
    for (size_t i = 0; i < MC_COUNT_OF(OTHERS); i++)
        if (count_of(mc_doc_get(info, OTHERS[i])) > 0)
            return mc_refuse(err, cat->est, "%s are not supported", OTHERS[i]);
    cat->n_features = features != NULL && features->kind == MC_DOC_LIST ? features->n : 0;
    MC_TRY(mc_arena_new(to->arena, float_feature, cat->n_features, &known, err));
    MC_TRY(mc_arena_new(to->arena, mc_bytes, cat->n_features, &names, err));
    for (size_t i = 0; i < cat->n_features; i++)
        MC_TRY(read_feature(cat, &features->as.members[i].value, known, names, err));
    for (size_t i = 0; i < cat->n_features; i++)
        n_named += names[i].size > 0;
    cat->names = n_named == cat->n_features ? names : NULL;
    *out = known;
    return MC_OK;
}

/* -------------------------------------------------------------------------------------- trees ----
 */

static mc_status add_split(mc_cat *cat, const mc_doc *doc, const float_feature *known,
                           mc_error *err)
{
    uint32_t index = 0;
    double border = 0.0;
    const mc_bytes type = text_of(mc_doc_get(doc, "split_type"));
    if (!mc_bytes_is(type, "FloatFeature"))
        return mc_refuse(err, cat->est, "split_type: expected FloatFeature, found \"%.*s\"",
                         MC_SHOW(type));
    if (!index_of(doc, "float_feature_index", cat->n_features, &index) || !known[index].is_known ||
        !mc_doc_number(mc_doc_get(doc, "border"), &border))
        return mc_refuse(err, cat->est, "a split without float_feature_index or border");
    cat->splits[cat->n_splits++] = (mc_cat_split){.feature = known[index].column,
                                                  .border = (float)border,
                                                  .nan_right = known[index].nan_right};
    return MC_OK;
}

/* How many splits and leaf values the trees have. */
static mc_status count_trees(mc_cat *cat, const mc_doc *trees, size_t *n_splits, mc_error *err)
{
    const double *values = NULL;
    size_t n = 0;
    *n_splits = 0;
    for (size_t i = 0; i < trees->n; i++) {
        const mc_doc *tree = &trees->as.members[i].value;
        MC_TRY(numbers(cat, mc_doc_get(tree, "leaf_values"), "leaf_values", &values, &n, err));
        cat->n_values += n;
        *n_splits += count_of(mc_doc_get(tree, "splits"));
    }
    return MC_OK;
}

static mc_status read_trees(mc_lowering *to, mc_cat *cat, const mc_doc *trees,
                            const float_feature *known, mc_error *err)
{
    uint32_t *sizes = NULL, *path = NULL;
    double *values = NULL;
    size_t n_splits = 0, at = 0;
    MC_TRY(count_trees(cat, trees, &n_splits, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, trees->n, &sizes, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_splits, &path, err));
    MC_TRY(mc_arena_new(to->arena, mc_cat_split, n_splits, &cat->splits, err));
    MC_TRY(mc_arena_new(to->arena, double, cat->n_values, &values, err));
    for (size_t i = 0; i < trees->n; i++) {
        const mc_doc *tree = &trees->as.members[i].value, *splits = mc_doc_get(tree, "splits");
        const mc_doc *leaves = mc_doc_get(tree, "leaf_values");
        sizes[i] = (uint32_t)count_of(splits);
        for (size_t j = 0; j < leaves->n; j++)
            values[at++] = leaves->as.numbers[j];
        for (size_t j = 0; j < sizes[i]; j++) {
            if (splits->kind != MC_DOC_LIST)
                return mc_refuse(err, cat->est, "splits: expected objects");
            path[cat->n_splits] = (uint32_t)cat->n_splits;
            MC_TRY(add_split(cat, &splits->as.members[j].value, known, err));
        }
    }
    cat->sizes = sizes;
    cat->n_trees = trees->n;
    cat->path = path;
    cat->n_path = n_splits;
    cat->values = values;
    return MC_OK;
}

/* [scale, bias], the bias a number before 0.25, a list since. */
static mc_status read_scale(mc_lowering *to, mc_cat *cat, const mc_doc *doc, mc_error *err)
{
    const double *bias = NULL;
    double *one = NULL;
    if (doc != NULL && doc->kind == MC_DOC_NUMBERS && doc->n == 2) {
        MC_TRY(mc_arena_new(to->arena, double, 1, &one, err));
        *one = doc->as.numbers[1];
        cat->scale = doc->as.numbers[0];
        cat->bias = one;
        cat->width = 1;
        return MC_OK;
    }
    if (doc == NULL || doc->kind != MC_DOC_LIST || doc->n != 2 ||
        !mc_doc_number(&doc->as.members[0].value, &cat->scale))
        return mc_refuse(err, cat->est, "scale_and_bias: expected [scale, [bias]]");
    MC_TRY(numbers(cat, &doc->as.members[1].value, "scale_and_bias", &bias, &cat->width, err));
    cat->bias = bias;
    return cat->width > 0 && cat->width <= MC_LIMIT_WIDTH
               ? MC_OK
               : mc_refuse(err, cat->est, "scale_and_bias: %zu columns", cat->width);
}

mc_status mc_cat_read_json(mc_lowering *to, const mc_value *est, mc_bytes bytes, mc_cat *out,
                           mc_error *err)
{
    mc_doc doc;
    const float_feature *known = NULL;
    *out = (mc_cat){.est = est, .scale = 1.0, .threshold = 0.5};
    MC_TRY_IN(mc_doc_read(bytes, to->arena, &doc, err), err, "the model's JSON");
    const mc_doc *info = mc_doc_get(&doc, "model_info");
    const mc_doc *parameters = mc_doc_get(info, "params");
    const mc_doc *classes = mc_doc_get(info, "class_params");
    if (parameters != NULL)
        out->parameters = *parameters;
    if (classes != NULL)
        out->classes = *classes;
    const mc_doc *trees = mc_doc_get(&doc, "oblivious_trees");
    if (trees == NULL || (trees->kind != MC_DOC_LIST && trees->n > 0))
        return mc_refuse(err, est,
                         "expected oblivious_trees: other trees are read from .cbm files");
    MC_TRY(read_scale(to, out, mc_doc_get(&doc, "scale_and_bias"), err));
    MC_TRY(read_features(to, out, mc_doc_get(&doc, "features_info"), &known, err));
    MC_TRY(read_trees(to, out, trees, known, err));
    return MC_OK;
}
