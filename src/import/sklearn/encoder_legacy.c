/* encoder_legacy.c: the first OneHotEncoder: whole numbers below n_values_, one block a column.
 *
 * Up to 0.19 there is no other; 0.20 and 0.21 keep it where n_values or categorical_features is
 * given, or where the fit found whole numbers and nothing else was asked for.
 *
 * Oracle   sklearn/preprocessing/data.py of 0.18 and 0.19, OneHotEncoder._legacy_transform of 0.20
 *          and 0.21, and _transform_selected.
 * Exact    Bit for bit. Values are cut to whole numbers; one at or beyond n_values_ is unknown, one
 *          that the fit never saw is nowhere. */
#include "import/sklearn/encoder_legacy.h"
#include "image/encoder.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/encoder_tables.h"

typedef struct legacy {
    const int64_t *sizes;  /* (n_columns) n_values_ */
    const int64_t *starts; /* (n_columns + 1) feature_indices_ */
    uint32_t *places;      /* (starts[n_columns]): column of the answer, or `width`: nowhere */
    size_t n_columns, width;
} legacy;

bool mc_encoder_is_legacy(const mc_value *est)
{
    bool is_legacy = false;
    if (mc_attr_bool(est, "_legacy_mode", false, &is_legacy, NULL) == MC_OK && is_legacy)
        return true;
    return !mc_attr_has(est, "categories_") && mc_attr_has(est, "feature_indices_");
}

/* The learnt attributes are private in 0.20 and 0.21. */
static const char *name_of(const mc_value *est, const char *name, const char *private_name)
{
    return mc_attr_has(est, private_name) ? private_name : name;
}

/* With n_values="auto" the answer keeps only the columns that the fit saw. */
static mc_status place_active(mc_lowering *to, const mc_value *est, legacy *out, mc_error *err)
{
    const int64_t *active = NULL;
    const int64_t n_all = out->starts[out->n_columns];
    MC_TRY(mc_attr_integers(to, est, name_of(est, "active_features_", "_active_features_"), MC_ANY,
                            &active, &out->width, err));
    for (int64_t i = 0; i < n_all; i++)
        out->places[i] = (uint32_t)out->width;
    for (size_t i = 0; i < out->width; i++) {
        if (active[i] < 0 || active[i] >= n_all)
            return mc_refuse(err, est, "active_features_[%zu] is %lld, of %lld", i,
                             (long long)active[i], (long long)n_all);
        out->places[active[i]] = (uint32_t)i;
    }
    return MC_OK;
}

/* feature_indices_ are the running sums of n_values_. */
static mc_status check_starts(const mc_value *est, const legacy *e, mc_error *err)
{
    int64_t at = 0;
    for (size_t j = 0; j < e->n_columns; j++) {
        if (e->sizes[j] < 0 || e->starts[j] != at || (uint64_t)e->sizes[j] > MC_LIMIT_WIDTH)
            return mc_refuse(err, est, "feature_indices_[%zu]: expected %lld, found %lld", j,
                             (long long)at, (long long)e->starts[j]);
        at += e->sizes[j];
    }
    if (e->starts[e->n_columns] != at || (uint64_t)at > MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "feature_indices_ ends with %lld, expected %lld",
                         (long long)e->starts[e->n_columns], (long long)at);
    return MC_OK;
}

static mc_status read_legacy(mc_lowering *to, const mc_value *est, legacy *out, mc_error *err)
{
    MC_TRY(mc_attr_integers(to, est, name_of(est, "n_values_", "_n_values_"), MC_ANY, &out->sizes,
                            &out->n_columns, err));
    MC_TRY(mc_attr_integers(to, est, name_of(est, "feature_indices_", "_feature_indices_"),
                            out->n_columns + 1, &out->starts, NULL, err));
    MC_TRY(check_starts(est, out, err));
    const size_t n_all = (size_t)out->starts[out->n_columns];
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_all, &out->places, err));
    const bool is_auto = mc_attr_is_text(est, "n_values", "auto") || !mc_attr_has(est, "n_values");
    if (is_auto)
        return place_active(to, est, out, err);
    out->width = n_all;
    for (size_t i = 0; i < n_all; i++)
        out->places[i] = (uint32_t)i;
    return MC_OK;
}

/* Every whole number below n_values_ is a category; all columns write one row of the answer. */
static mc_status put_tables(mc_lowering *to, const mc_value *est, const legacy *e, mc_step *step,
                            mc_error *err)
{
    const size_t n_all = (size_t)e->starts[e->n_columns];
    const bool ignores = mc_attr_is_text(est, "handle_unknown", "ignore");
    mc_cell *cells = NULL;
    mc_encoder_column *columns = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_cell, n_all, &cells, err));
    MC_TRY(mc_arena_new(to->arena, mc_encoder_column, e->n_columns, &columns, err));
    for (size_t j = 0; j < e->n_columns; j++) {
        columns[j] =
            (mc_encoder_column){.first = (uint32_t)e->starts[j],
                                .n = (uint32_t)e->sizes[j],
                                .on_unknown = ignores ? MC_UNKNOWN_CODED : MC_UNKNOWN_REFUSED,
                                .unknown_code = (uint32_t)e->width,
                                .n_out = (uint32_t)e->width};
        for (int64_t i = 0; i < e->sizes[j]; i++)
            cells[e->starts[j] + i] = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = i};
    }
    MC_TRY(mc_build_cells(to->b, cells, n_all, &step->array[0], err));
    MC_TRY(mc_build_u32(to->b, e->places, n_all, &step->array[1], err));
    return mc_build_array(to->b, MC_ARRAY_U32, columns, e->n_columns, MC_ENCODER_FIELDS,
                          &step->array[2], err);
}

static mc_status encode(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    legacy e;
    mc_sym cells;
    bool sparse = true;
    mc_step step = MC_STEP_INIT(ONE_HOT);
    MC_TRY(read_legacy(to, est, &e, err));
    if (x->n_cols != e.n_columns)
        return mc_refuse(err, est, "n_values_: expected %zu numbers, found %zu", x->n_cols,
                         e.n_columns);
    MC_TRY(mc_attr_bool(est, "sparse", true, &sparse, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &cells, err));
    MC_TRY(mc_emit_unary(to, &cells, MC_UNARY_TRUNC, 0.0, 0.0, &cells, err));
    MC_TRY(mc_to_cells(to, &cells, &cells, err));
    step.src = cells.buffer;
    MC_TRY(put_tables(to, est, &e, &step, err));
    MC_TRY(mc_emit_marks(to, step, e.width, out, err));
    out->sparse = sparse;
    return MC_OK;
}

/* categorical_features: a mask or the numbers of columns; the others follow as they are. */
static mc_status split(mc_lowering *to, const mc_value *est, size_t n_cols, uint32_t **out_at,
                       size_t *out_n, mc_error *err)
{
    const mc_cell *given = NULL;
    uint8_t *taken = NULL;
    size_t n = 0, at = 0;
    MC_TRY(mc_attr_cells(to, est, "categorical_features", &given, &n, err));
    MC_TRY(mc_arena_new(to->arena, uint8_t, n_cols, &taken, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_cols, out_at, err));
    for (size_t i = 0; i < n; i++) {
        const bool is_mask = given[i].kind == MC_CELL_BOOL;
        const int64_t column = is_mask ? (int64_t)i : given[i].as.integer;
        if ((!is_mask && given[i].kind != MC_CELL_INTEGER) || column < 0 ||
            (uint64_t)column >= n_cols)
            return mc_refuse(err, est, "categorical_features[%zu] is no column of %zu", i, n_cols);
        taken[column] = !is_mask || given[i].as.integer != 0;
    }
    for (size_t j = 0; j < n_cols; j++)
        if (taken[j])
            (*out_at)[at++] = (uint32_t)j;
    *out_n = at;
    for (size_t j = 0; j < n_cols; j++)
        if (!taken[j])
            (*out_at)[at++] = (uint32_t)j;
    return MC_OK;
}

mc_status mc_lower_legacy_encoder(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                  mc_answer *out, mc_error *err)
{
    mc_sym blocks[2], y;
    uint32_t *at = NULL;
    size_t n = 0;
    if (!mc_attr_has(est, "categorical_features") ||
        mc_attr_is_text(est, "categorical_features", "all")) {
        MC_TRY(encode(to, est, x, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(split(to, est, x->n_cols, &at, &n, err));
    MC_TRY(mc_emit_columns(to, x, at, n, &blocks[0], err));
    MC_TRY(mc_emit_columns(to, x, at + n, x->n_cols - n, &blocks[1], err));
    MC_TRY(encode(to, est, &blocks[0], &blocks[0], err));
    MC_TRY(mc_emit_check(to, &blocks[1], MC_FINITE, &blocks[1], err));
    MC_TRY(mc_emit_hstack(to, blocks, 2, blocks[0].sparse, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
