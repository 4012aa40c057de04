/* agglomeration.c: FeatureAgglomeration: columns that go together become one.
 *
 * Oracle   sklearn/cluster/_feature_agglomeration.py, scikit-learn 1.2 to 1.9; the numpy function
 *          that pooling_func names.
 * Exact    As kernel/pool.c; medians bit for bit. */
#include <string.h>

#include "base/limits.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "kernel/pool.h"

/* Which columns lie in which group: columns in order within groups in order. */
typedef struct grouping {
    size_t n_groups;
    uint32_t *columns, *start; /* (d), (n_groups + 1) */
    uint32_t *group_of;        /* (d) */
} grouping;

static mc_status wrong_labels(const mc_value *est, size_t d, mc_error *err)
{
    return mc_refuse(err, est, "labels_: expected labels 0 to k - 1 of %zu features", d);
}

/* start[g + 1] = how many columns group g has; then, by adding them up, where it ends. */
static mc_status count_members(const mc_value *est, const int64_t *labels, size_t d, grouping *out,
                               mc_error *err)
{
    for (size_t j = 0; j < d; j++) {
        if (labels[j] < 0 || (uint64_t)labels[j] >= d)
            return wrong_labels(est, d, err);
        const size_t g = (size_t)labels[j];
        out->group_of[j] = (uint32_t)g;
        out->start[g + 1]++;
        out->n_groups = g + 1 > out->n_groups ? g + 1 : out->n_groups;
    }
    for (size_t g = 0; g < out->n_groups; g++) {
        if (out->start[g + 1] == 0)
            return wrong_labels(est, d, err);
        out->start[g + 1] += out->start[g];
    }
    return MC_OK;
}

static mc_status open_groups(mc_lowering *to, const mc_value *est, grouping *out, mc_error *err)
{
    const int64_t *labels = NULL;
    uint32_t *end = NULL; /* of what is filled of each group */
    size_t d = 0;
    MC_TRY(mc_attr_integers(to, est, "labels_", MC_ANY, &labels, &d, err));
    if (d == 0 || d > MC_LIMIT_COLUMNS)
        return wrong_labels(est, d, err);
    MC_TRY(mc_arena_new(to->arena, uint32_t, d, &out->columns, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, d + 1, &out->start, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, d + 1, &end, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, d, &out->group_of, err));
    MC_TRY(count_members(est, labels, d, out, err));
    memcpy(end, out->start, (d + 1) * sizeof *end);
    for (size_t j = 0; j < d; j++)
        out->columns[end[out->group_of[j]]++] = (uint32_t)j;
    return MC_OK;
}

typedef struct pooling_name {
    const char *name;
    mc_pooling how;
    bool keeps_integers;
} pooling_name;

/* The nan functions are the plain ones: NaN is refused before. */
static const pooling_name POOLINGS[] = {
    {"mean", MC_POOL_MEAN, false},      {"nanmean", MC_POOL_MEAN, false},
    {"average", MC_POOL_MEAN, false},   {"sum", MC_POOL_SUM, true},
    {"nansum", MC_POOL_SUM, true},      {"prod", MC_POOL_PRODUCT, true},
    {"nanprod", MC_POOL_PRODUCT, true}, {"max", MC_POOL_LARGEST, true},
    {"amax", MC_POOL_LARGEST, true},    {"nanmax", MC_POOL_LARGEST, true},
    {"min", MC_POOL_SMALLEST, true},    {"amin", MC_POOL_SMALLEST, true},
    {"nanmin", MC_POOL_SMALLEST, true}, {"ptp", MC_POOL_RANGE, true},
    {"var", MC_POOL_VARIANCE, false},   {"nanvar", MC_POOL_VARIANCE, false},
    {"std", MC_POOL_DEVIATION, false},  {"nanstd", MC_POOL_DEVIATION, false},
};

static mc_status group_step(mc_lowering *to, mc_step step, const grouping *groups, const mc_sym *x,
                            size_t width, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_build_u32(to->b, groups->columns, x->n_cols, &step.array[0], err));
    MC_TRY(mc_build_u32(to->b, groups->start, groups->n_groups + 1, &step.array[1], err));
    return mc_emit_dense_step(to, step, x, width, out, err);
}

/* The mean of the two in the middle, or of the one twice. */
static mc_status emit_median(mc_lowering *to, const grouping *groups, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    const mc_step step = MC_STEP_INIT(SORT_GROUPS);
    uint32_t *low = NULL, *high = NULL;
    mc_sym sorted, middle[2];
    MC_TRY(mc_arena_new(to->arena, uint32_t, groups->n_groups, &low, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, groups->n_groups, &high, err));
    for (size_t g = 0; g < groups->n_groups; g++) {
        const uint32_t first = groups->start[g], n = groups->start[g + 1] - first;
        low[g] = first + (n - 1) / 2;
        high[g] = first + n / 2;
    }
    MC_TRY(group_step(to, step, groups, x, x->n_cols, &sorted, err));
    MC_TRY(mc_emit_columns(to, &sorted, low, groups->n_groups, &middle[0], err));
    MC_TRY(mc_emit_columns(to, &sorted, high, groups->n_groups, &middle[1], err));
    return mc_emit_sum(to, middle, 2, NULL, 2.0, out, err);
}

static mc_status pool(mc_lowering *to, const mc_value *est, const grouping *groups, const mc_sym *x,
                      mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(POOL);
    char type[160];
    const mc_value *func = mc_value_attr(est, "pooling_func");
    const bool is_numpy =
        mc_value_is(func, MC_KIND_GLOBAL) && mc_bytes_is(func->as.global->module, "numpy");
    const mc_bytes name = is_numpy ? func->as.global->name : mc_bytes_of("");
    if (mc_bytes_is(name, "median") || mc_bytes_is(name, "nanmedian"))
        return emit_median(to, groups, x, out, err);
    for (size_t i = 0; i < MC_COUNT_OF(POOLINGS); i++) {
        if (!mc_bytes_is(name, POOLINGS[i].name))
            continue;
        const uint32_t as_input = !POOLINGS[i].keeps_integers ? 0
                                  : mc_pooling_counts(POOLINGS[i].how)
                                      ? mc_type_counts(x->type_as_input)
                                      : x->type_as_input;
        step.n[0] = POOLINGS[i].how;
        MC_TRY(group_step(to, step, groups, x, groups->n_groups, out, err));
        out->type_as_input = as_input;
        return MC_OK;
    }
    return mc_refuse(
        err, est,
        "pooling_func: expected numpy's mean, median, max, min, sum, prod, ptp, std or "
        "var, found %s",
        mc_value_type_name(func, type, sizeof type));
}

mc_status mc_lower_feature_agglomeration(mc_lowering *to, const mc_value *est, mc_method method,
                                         const mc_sym *x, mc_answer *out, mc_error *err)
{
    grouping groups = {0};
    int64_t d = 0;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(open_groups(to, est, &groups, err));
    const size_t width = groups.start[groups.n_groups];
    MC_TRY(mc_attr_integer(est, "n_features_in_", (int64_t)width, &d, err));
    if (d != (int64_t)width ||
        x->n_cols != (method == MC_METHOD_TRANSFORM ? width : groups.n_groups))
        return mc_refuse(err, est, "labels_: %zu labels for %lld features", width, (long long)d);
    if (method == MC_METHOD_INVERSE_TRANSFORM) {
        MC_TRY(mc_emit_columns(to, x, groups.group_of, width, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(pool(to, est, &groups, &y, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
