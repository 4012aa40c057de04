/* encoders.c: OneHotEncoder and OrdinalEncoder.
 *
 * Oracle   sklearn/preprocessing/_encoders.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit: a category is found or it is not. Values compare as Python's ==, NaN equals
 *          NaN, and a JSON null is None or NaN, whichever is among the categories. */
#include "import/sklearn/encoders.h"

#include <math.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/encoder_columns.h"
#include "import/sklearn/encoder_legacy.h"
#include "import/sklearn/encoder_tables.h"
#include "kernel/category.h"

/* ------------------------------------------------------------------------- step arrays ---- */

static mc_status start_tables(mc_lowering *to, const mc_value *est, const mc_sym *x,
                              const mc_items *categories, mc_encoder_tables *out, mc_error *err)
{
    size_t n = 0;
    if (categories->n != x->n_cols)
        return mc_refuse(err, est, "attribute categories_: expected %zu arrays, found %zu",
                         x->n_cols, categories->n);
    for (size_t j = 0; j < categories->n; j++) {
        mc_ndarray array;
        MC_TRY_IN(mc_ndarray_from_value(to->arena, categories->at[j], &array, err), err,
                  "categories_[%zu]", j);
        n += array.n_items;
    }
    return mc_encoder_start(to, est, categories->n, n, out, err);
}

/* How numpy would show values of the encoder's dtype. */
static mc_value_type value_type(mc_lowering *to, const mc_value *est)
{
    mc_dtype_info dtype;
    const mc_value *value = mc_value_attr(est, "dtype");
    if (mc_value_is_none(value) || mc_dtype_from_value(to->arena, value, &dtype, NULL) != MC_OK)
        return MC_VALUE_FLOAT;
    return dtype.kind == 'i' || dtype.kind == 'u' ? MC_VALUE_INT
           : dtype.kind == 'b'                    ? MC_VALUE_BOOL
                                                  : MC_VALUE_FLOAT;
}

/* ------------------------------------------------------------------------------ one-hot ---- */

/* Code of a category after grouping and dropping: n_out or more shows nowhere. */
static uint32_t one_hot_code(const mc_fitted_column *c, uint32_t code)
{
    const uint32_t n_out = c->n_codes - (c->dropped != MC_NO_CODE);
    if (c->dropped == MC_NO_CODE)
        return code;
    return code == c->dropped ? n_out : code > c->dropped ? code - 1 : code;
}

static mc_status one_hot_column(mc_lowering *to, mc_encoder_tables *t, size_t j,
                                const mc_fitted_column *c, mc_error *err)
{
    uint32_t *codes = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, c->n, &codes, err));
    for (size_t i = 0; i < c->n; i++)
        codes[i] = one_hot_code(c, c->grouped == NULL ? (uint32_t)i : (uint32_t)c->grouped[i]);
    mc_encoder_column *to_column = &t->columns[j];
    to_column->n_out = c->n_codes - (c->dropped != MC_NO_CODE);
    to_column->first_out = mc_u32_from_size(t->n_outputs);
    to_column->on_unknown = MC_UNKNOWN_CODED;
    to_column->unknown_code = to_column->n_out; /* nowhere */
    const bool to_infrequent = mc_attr_is_text(t->est, "handle_unknown", "infrequent_if_exist") ||
                               mc_attr_is_text(t->est, "handle_unknown", "warn");
    if (to_infrequent && c->infrequent != MC_NO_CODE)
        to_column->unknown_code = one_hot_code(c, c->infrequent);
    else if (!to_infrequent && !mc_attr_is_text(t->est, "handle_unknown", "ignore"))
        to_column->on_unknown = MC_UNKNOWN_REFUSED;
    t->n_outputs += to_column->n_out;
    return mc_encoder_put(to, t, j, c->cells, c->n, codes, err);
}

static mc_status is_sparse(const mc_value *est, bool *out, mc_error *err)
{
    const mc_value *old = mc_value_attr(est, "sparse"); /* until 1.3; "deprecated" if not set */
    if (mc_value_is(old, MC_KIND_BOOL))
        return mc_attr_bool(est, "sparse", true, out, err);
    return mc_attr_bool(est, "sparse_output", true, out, err);
}

mc_status mc_lower_one_hot_encoder(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_encoder_tables t;
    mc_items categories;
    mc_sym cells, y;
    bool sparse = true;
    const bool knows_way_back = !mc_encoder_is_legacy(est) || mc_attr_has(est, "categories_");
    if (method == MC_METHOD_INVERSE_TRANSFORM && knows_way_back)
        return mc_one_hot_back(to, est, x, out, err);
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    if (mc_encoder_is_legacy(est))
        return mc_lower_legacy_encoder(to, est, x, out, err);
    MC_TRY(mc_attr_items(to, est, "categories_", &categories, err));
    MC_TRY(start_tables(to, est, x, &categories, &t, err));
    for (size_t j = 0; j < categories.n; j++) {
        mc_fitted_column c;
        MC_TRY_IN(mc_fitted_categories(to, categories.at[j], &c, err), err, "categories_[%zu]", j);
        MC_TRY(mc_fitted_grouping(to, est, j, &c, err));
        MC_TRY(mc_fitted_drop(to, est, j, &c, err));
        MC_TRY(one_hot_column(to, &t, j, &c, err));
    }
    mc_step step = MC_STEP_INIT(ONE_HOT);
    MC_TRY(is_sparse(est, &sparse, err));
    MC_TRY(mc_to_cells(to, x, &cells, err));
    step.src = cells.buffer;
    MC_TRY(mc_encoder_place(to, &t, &step, err));
    MC_TRY(mc_emit_marks(to, step, t.n_outputs, &y, err));
    y.sparse = sparse;
    y.type = value_type(to, est);
    return mc_answer_matrix(to, y, out, err);
}

/* ------------------------------------------------------------------------------ ordinal ---- */

/* The values of one column's codes: 0, 1 ..., missing, and the value of the unknown behind them. */
static mc_status ordinal_column(mc_lowering *to, mc_encoder_tables *t, size_t j,
                                const mc_fitted_column *c, double *values, mc_error *err)
{
    uint32_t *codes = NULL;
    double missing = (double)NAN, unknown = 0.0;
    MC_TRY(mc_attr_number(t->est, "encoded_missing_value", (double)NAN, &missing, err));
    MC_TRY(mc_attr_number(t->est, "unknown_value", (double)NAN, &unknown, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, c->n, &codes, err));
    mc_encoder_column *to_column = &t->columns[j];
    to_column->first_out = mc_u32_from_size(t->n_outputs);
    to_column->n_out = mc_u32_from_size(c->n) + 1;
    for (size_t i = 0; i < c->n; i++) {
        const bool is_missing = mc_cell_is_nan(&c->cells[i]);
        codes[i] = (uint32_t)i;
        values[t->n_outputs + i] = is_missing           ? missing /* never grouped */
                                   : c->grouped == NULL ? (double)i
                                                        : (double)c->grouped[i];
    }
    values[t->n_outputs + c->n] = unknown;
    to_column->unknown_code = mc_u32_from_size(c->n);
    to_column->on_unknown = mc_attr_is_text(t->est, "handle_unknown", "use_encoded_value")
                                ? MC_UNKNOWN_CODED
                                : MC_UNKNOWN_REFUSED;
    t->n_outputs += to_column->n_out;
    return mc_encoder_put(to, t, j, c->cells, c->n, codes, err);
}

static mc_status emit_ordinal(mc_lowering *to, const mc_value *est, const mc_sym *x,
                              const mc_encoder_tables *t, const double *values, mc_sym *out,
                              mc_error *err)
{
    mc_step step = MC_STEP_INIT(ORDINAL);
    mc_sym cells;
    uint32_t buffer = 0;
    MC_TRY(mc_to_cells(to, x, &cells, err));
    step.src = cells.buffer;
    MC_TRY(mc_encoder_place(to, t, &step, err));
    MC_TRY(mc_build_f64(to->b, values, 1, t->n_outputs, &step.array[3], err));
    MC_TRY(mc_build_step(to->b, step, x->n_cols, &buffer, err));
    *out = (mc_sym){
        .kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = x->n_cols, .type = value_type(to, est)};
    return MC_OK;
}

mc_status mc_lower_ordinal_encoder(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_encoder_tables t;
    mc_items categories;
    double *values = NULL;
    mc_sym y;
    size_t n_values = 0;
    if (method == MC_METHOD_INVERSE_TRANSFORM)
        return mc_ordinal_back(to, est, x, out, err);
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_items(to, est, "categories_", &categories, err));
    MC_TRY(start_tables(to, est, x, &categories, &t, err));
    for (size_t j = 0; j < categories.n; j++) {
        mc_ndarray array;
        MC_TRY(mc_ndarray_from_value(to->arena, categories.at[j], &array, err));
        n_values += array.n_items + 1;
    }
    MC_TRY(mc_arena_new(to->arena, double, n_values, &values, err));
    for (size_t j = 0; j < categories.n; j++) {
        mc_fitted_column c;
        MC_TRY_IN(mc_fitted_categories(to, categories.at[j], &c, err), err, "categories_[%zu]", j);
        MC_TRY(mc_fitted_grouping(to, est, j, &c, err));
        MC_TRY(ordinal_column(to, &t, j, &c, values, err));
    }
    MC_TRY(emit_ordinal(to, est, x, &t, values, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
