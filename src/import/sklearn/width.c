/* width.c: how many columns a fitted object takes and their names, where nothing says so outright.
 *
 * Since 0.24 an estimator that validates its rows keeps n_features_in_; files of 0.18 to 0.23, and
 * what validates nothing, tell by the shape of what was learnt. WIDTHS says, as data, which
 * attribute of which class has the columns along which axis.
 *
 * Oracle   The fit methods of scikit-learn 0.18 to 0.23. */
#include "base/limits.h"
#include "import/sklearn/attr.h"

typedef enum width_axis {
    NUMBER, /* the attribute is the number */
    FIRST,  /* shape[0] of an array, or the length of a list */
    LAST,   /* shape[-1] */
    ROWS,   /* shape[0] of the first array of a list */
    SHAPE,  /* the second item of a (rows, columns) tuple */
    TREE    /* the rows that a KDTree or BallTree was built of */
} width_axis;

typedef struct width_row {
    const char *class_name; /* NULL: any */
    const char *attribute;
    width_axis axis;
} width_row;

/* The first row that fits decides. */
static const width_row WIDTHS[] = {
    {NULL, "n_features_in_", NUMBER},
    /* attributes that mean something else in other classes */
    {"RFE", "support_", FIRST},
    {"RFECV", "support_", FIRST},
    {"IsotonicRegression", "X_min_", NUMBER}, /* see width_here() */
    {"PLSRegression", "x_weights_", FIRST},
    {"PLSCanonical", "x_weights_", FIRST},
    {"CCA", "x_weights_", FIRST},
    {"PLSSVD", "x_weights_", FIRST},
    {"RBFSampler", "random_weights_", FIRST},
    {"SkewedChi2Sampler", "random_weights_", FIRST},
    {"FeatureAgglomeration", "labels_", FIRST},
    {"CategoricalNB", "n_features_", NUMBER},
    {"PolynomialFeatures", "n_input_features_", NUMBER},
    {"KernelCenterer", "K_fit_rows_", FIRST},
    {"SparseCoder", "components_", LAST},
    {"SparseCoder", "dictionary", LAST},
    {"MissingIndicator", "_n_features", NUMBER},
    {"ColumnTransformer", "_n_features", NUMBER},
    {"GradientBoostingClassifier", "n_features", NUMBER},
    {"GradientBoostingRegressor", "n_features", NUMBER},
    {"LabelBinarizer", "classes_", FIRST}, /* of indicators */
    {"OneHotEncoder", "n_values_", FIRST},
    {"OneHotEncoder", "categories_", FIRST},
    {"OrdinalEncoder", "categories_", FIRST},
    {"MLPClassifier", "coefs_", ROWS},
    {"MLPRegressor", "coefs_", ROWS},
    {"TfidfTransformer", "_idf_diag", LAST},
    {"KernelDensity", "tree_", TREE},
    /* trees, forests, boosting */
    {NULL, "n_features_", NUMBER},
    {NULL, "_n_features", NUMBER},
    /* neighbours, kernels */
    {NULL, "shape_fit_", SHAPE},
    {NULL, "_fit_X", LAST},
    {NULL, "X_fit_", LAST},
    {NULL, "X_train_", LAST},
    {NULL, "X_", LAST},
    {NULL, "training_data_", LAST},
    {NULL, "centroids_", LAST},
    /* linear models, mixtures, clusters, decompositions */
    {NULL, "coef_", LAST},
    {NULL, "feature_log_prob_", LAST},
    {NULL, "theta_", LAST},
    {NULL, "cluster_centers_", LAST},
    {NULL, "subcluster_centers_", LAST},
    {NULL, "components_", LAST},
    {NULL, "means_", LAST},
    {NULL, "location_", FIRST},
    /* preparation */
    {NULL, "statistics_", FIRST},
    {NULL, "scale_", FIRST},
    {NULL, "center_", FIRST},
    {NULL, "mean_", FIRST},
    {NULL, "var_", FIRST},
    {NULL, "quantiles_", LAST},
    {NULL, "lambdas_", FIRST},
    {NULL, "n_bins_", FIRST},
    {NULL, "variances_", FIRST},
    {NULL, "scores_", FIRST},
};

static bool sparse_width(mc_lowering *to, const mc_value *value, size_t *out)
{
    mc_sparse sparse;
    if (!mc_value_is_sparse(value) ||
        mc_sparse_from_value(to->arena, value, &sparse, NULL) != MC_OK)
        return false;
    *out = sparse.n_cols;
    return true;
}

static bool array_width(mc_lowering *to, const mc_value *value, width_axis axis, size_t *out)
{
    mc_ndarray array;
    if (mc_ndarray_from_value(to->arena, value, &array, NULL) != MC_OK || array.n_dims == 0)
        return false;
    *out = array.shape[axis == LAST ? array.n_dims - 1 : 0];
    return true;
}

static bool number_width(const mc_value *value, size_t *out)
{
    int64_t n = 0;
    if (mc_integer_from_value(value, &n, NULL) != MC_OK || n < 0)
        return false;
    *out = (size_t)n;
    return true;
}

static bool is_sequence(const mc_value *value)
{
    return mc_value_is(value, MC_KIND_LIST) || mc_value_is(value, MC_KIND_TUPLE);
}

static bool width_along(mc_lowering *to, const mc_value *value, width_axis axis, size_t *out)
{
    switch (axis) {
    case NUMBER:
        return number_width(value, out);
    case SHAPE:
        return is_sequence(value) && value->as.items.n == 2 &&
               number_width(value->as.items.at[1], out);
    case TREE: /* the first item of its state */
        return mc_value_is(value, MC_KIND_OBJECT) && is_sequence(value->as.object->state) &&
               value->as.object->state->as.items.n > 0 &&
               array_width(to, value->as.object->state->as.items.at[0], LAST, out);
    case ROWS:
        return is_sequence(value) && value->as.items.n > 0 &&
               array_width(to, value->as.items.at[0], FIRST, out);
    case FIRST:
        if (is_sequence(value)) {
            *out = value->as.items.n;
            return true;
        }
        return array_width(to, value, FIRST, out);
    case LAST:
        return sparse_width(to, value, out) || array_width(to, value, LAST, out);
    }
    return false;
}

/* The scales of the prior of a Gaussian process that was never fitted, one a column; false if it
 * has one for all of them. */
static bool prior_width(mc_lowering *to, const mc_value *est, size_t *out)
{
    static const char *const OPERANDS[] = {"k1", "k2", "kernel"};
    const mc_value *queue[64] = {mc_value_attr(est, "kernel")};
    size_t n = 1;
    for (size_t i = 0; i < n; i++) {
        if (!mc_value_is(queue[i], MC_KIND_OBJECT))
            continue;
        if (array_width(to, mc_value_attr(queue[i], "length_scale"), FIRST, out) && *out > 1)
            return true;
        for (size_t k = 0; k < MC_COUNT_OF(OPERANDS) && n < MC_COUNT_OF(queue); k++)
            if (mc_attr_has(queue[i], OPERANDS[k]))
                queue[n++] = mc_value_attr(queue[i], OPERANDS[k]);
    }
    return false;
}

static bool is_prior(const mc_value *est)
{
    return mc_bytes_is(mc_class_name(est), "GaussianProcessRegressor") &&
           !mc_attr_has(est, "X_train_");
}

/* What an object's own attributes say. */
static bool width_here(mc_lowering *to, const mc_value *est, size_t *out)
{
    const mc_bytes name = mc_class_name(est);
    mc_shape shape = {0};
    if (mc_shape_of(to, est, &shape)) {
        *out = shape.n_features;
        return true;
    }
    if (is_prior(est))
        return prior_width(to, est, out);
    for (size_t i = 0; i < MC_COUNT_OF(WIDTHS); i++) {
        const width_row *row = &WIDTHS[i];
        if (row->class_name != NULL && !mc_bytes_is(name, row->class_name))
            continue;
        const mc_value *value = mc_value_attr(est, row->attribute);
        if (mc_value_is_none(value))
            continue;
        if (mc_bytes_is(name, "IsotonicRegression")) { /* one column, whatever was learnt */
            *out = 1;
            return true;
        }
        if (width_along(to, value, row->axis, out))
            return true;
        if (i == 0)
            return false; /* it says how wide it is, and not in numbers */
    }
    return false;
}

/* The array in a pickled pandas.Index: _new_Index(class, {"data": array, "name": ...}). */
static const mc_value *data_of_index(const mc_value *index)
{
    const mc_value *arguments =
        mc_value_is(index, MC_KIND_OBJECT) ? index->as.object->arguments : NULL;
    if (!mc_value_is(arguments, MC_KIND_TUPLE) || arguments->as.items.n != 2)
        return NULL;
    return mc_dict_get(arguments->as.items.at[1], "data");
}

const mc_value *mc_feature_names_of(const mc_value *est)
{
    static const char *const NAMES[] = {"feature_names_in_", "_feature_names_in"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++)
        if (mc_attr_has(est, NAMES[i]))
            return mc_value_attr(est, NAMES[i]);
    const mc_value *names = data_of_index(mc_value_attr(est, "_df_columns"));
    return mc_value_is_none(names) ? NULL : names;
}

/* Steps that learn nothing and answer as many columns as they take: what follows them tells. */
static bool keeps_width(const mc_value *est)
{
    static const char *const KEEPERS[] = {"FunctionTransformer", "Normalizer",     "Binarizer",
                                          "TfidfTransformer",    "StandardScaler", "RobustScaler"};
    const mc_bytes name = mc_class_name(est);
    for (size_t i = 0; i < MC_COUNT_OF(KEEPERS); i++)
        if (mc_bytes_is(name, KEEPERS[i]))
            return true;
    return false;
}

/* Of the keepers, and of those whose answer does not depend on the row. One that has a width which
 * is no number takes no rows at all. */
static bool is_open_class(const mc_value *est)
{
    static const char *const OPEN[] = {"AdditiveChi2Sampler", "DummyClassifier", "DummyRegressor"};
    const mc_bytes name = mc_class_name(est);
    if (!mc_value_is_none(mc_value_attr(est, "n_features_in_")))
        return false;
    for (size_t i = 0; i < MC_COUNT_OF(OPEN); i++)
        if (mc_bytes_is(name, OPEN[i]))
            return true;
    return keeps_width(est) || is_prior(est);
}

/* The object of a (name, object, ...) step, or of a list of objects. */
static const mc_value *object_of(const mc_value *step)
{
    if (mc_value_is(step, MC_KIND_OBJECT))
        return step;
    if (!mc_value_is(step, MC_KIND_TUPLE) || step->as.items.n < 2 ||
        !mc_value_is(step->as.items.at[1], MC_KIND_OBJECT))
        return NULL;
    return step->as.items.at[1];
}

/* The step of a pipeline whose width is the pipeline's: the first that does not merely keep it. */
static const mc_value *telling_step(mc_lowering *to, const mc_value *steps)
{
    const mc_value *last = NULL;
    size_t n = 0;
    for (size_t i = 0; i < steps->as.items.n; i++) {
        const mc_value *step = object_of(steps->as.items.at[i]);
        if (step == NULL)
            continue; /* "passthrough" keeps it too */
        last = step;
        if (!keeps_width(step) || width_here(to, step, &n))
            return step;
    }
    return last;
}

/* One of several that are given the same rows. */
static const mc_value *any_part(mc_lowering *to, const mc_value *est)
{
    static const char *const LISTS[] = {"transformer_list", "estimators_",
                                        "calibrated_classifiers_"};
    for (size_t i = 0; i < MC_COUNT_OF(LISTS); i++) {
        mc_items parts;
        if (!mc_attr_has(est, LISTS[i]) || mc_attr_items(to, est, LISTS[i], &parts, NULL) != MC_OK)
            continue;
        const mc_value *found = NULL;
        size_t n = 0;
        for (size_t j = 0; j < parts.n; j++) {
            const mc_value *part = object_of(parts.at[j]);
            if (part == NULL || mc_bytes_is(mc_class_name(part), "_ConstantPredictor"))
                continue; /* it learnt nothing of the columns */
            if (found == NULL || width_here(to, part, &n))
                found = part;
            if (found != NULL && width_here(to, found, &n))
                return found;
        }
        if (found != NULL)
            return found;
    }
    return NULL;
}

bool mc_takes_any_width(const mc_value *est)
{
    const mc_value *found = mc_value_attr(est, "best_estimator_");
    if (mc_value_is(found, MC_KIND_OBJECT)) /* a search hands its rows on */
        est = found;
    const mc_value *steps = mc_value_attr(est, "steps");
    if (!is_sequence(steps))
        return is_open_class(est);
    for (size_t i = 0; i < steps->as.items.n; i++) {
        const mc_value *step = object_of(steps->as.items.at[i]);
        if (step != NULL && !is_open_class(step))
            return false;
    }
    return true;
}

static const mc_value *next_inside(mc_lowering *to, const mc_value *est)
{
    static const char *const HOLDERS[] = {"best_estimator_", "regressor_",       "estimator_",
                                          "base_estimator_", "initial_imputer_", "nbrs_",
                                          "tree_",           "estimator",        "base_estimator"};
    const mc_value *steps = mc_value_attr(est, "steps");
    if (is_sequence(steps))
        return telling_step(to, steps);
    const mc_value *part = any_part(to, est);
    for (size_t i = 0; part == NULL && i < MC_COUNT_OF(HOLDERS); i++) {
        const mc_value *inside = mc_value_attr(est, HOLDERS[i]);
        if (mc_value_is(inside, MC_KIND_OBJECT))
            part = inside;
    }
    return part;
}

bool mc_features_of(mc_lowering *to, const mc_value *est, size_t *out)
{
    for (size_t depth = 0; est != NULL && depth < MC_LIMIT_ESTIMATOR_DEPTH; depth++) {
        if (width_here(to, est, out))
            return true;
        est = next_inside(to, est);
    }
    return false;
}
