/* target_encoder.c: TargetEncoder: a category as the mean of the targets that it had in training.
 *
 * Oracle   sklearn/preprocessing/_target_encoder.py (transform), scikit-learn 1.3 to 1.9.
 * Exact    Bit for bit: encodings are looked up; unknown categories have the mean of all targets.
 */
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/encoder_tables.h"

typedef struct targets {
    mc_items categories, encodings;
    const double *means; /* (n_classes) */
    size_t n_classes;    /* columns of a feature: 1 but for many classes */
    size_t n_values;     /* encodings of all columns, and a mean each */
} targets;

static mc_status read_targets(mc_lowering *to, const mc_value *est, const mc_sym *x, targets *out,
                              mc_error *err)
{
    MC_TRY(mc_attr_items(to, est, "categories_", &out->categories, err));
    MC_TRY(mc_attr_items(to, est, "encodings_", &out->encodings, err));
    MC_TRY(mc_attr_vector(to, est, "target_mean_", MC_ANY, &out->means, &out->n_classes, err));
    if (out->categories.n != x->n_cols || out->n_classes == 0 ||
        out->encodings.n / out->n_classes != x->n_cols || out->encodings.n % out->n_classes != 0) {
        return mc_refuse(err, est,
                         "%zu categories_ and %zu encodings_ of %zu means for %zu columns",
                         out->categories.n, out->encodings.n, out->n_classes, x->n_cols);
    }
    for (size_t i = 0; i < out->encodings.n; i++) {
        mc_ndarray array;
        MC_TRY_IN(mc_ndarray_from_value(to->arena, out->encodings.at[i], &array, err), err,
                  "encodings_[%zu]", i);
        out->n_values += array.n_items + 1;
    }
    return MC_OK;
}

/* Column i: the categories of its feature, the encodings of its class. */
static mc_status put_column(mc_lowering *to, const targets *t, size_t i, mc_encoder_tables *tables,
                            double *values, mc_error *err)
{
    mc_ndarray categories, encodings;
    mc_cell *cells = NULL;
    double *numbers = NULL;
    uint32_t *codes = NULL;
    const size_t feature = i / t->n_classes;
    MC_TRY(mc_ndarray_from_value(to->arena, t->categories.at[feature], &categories, err));
    MC_TRY_IN(mc_ndarray_cells(to->arena, &categories, &cells, err), err, "categories_[%zu]",
              feature);
    MC_TRY(mc_ndarray_from_value(to->arena, t->encodings.at[i], &encodings, err));
    MC_TRY_IN(mc_ndarray_f64(to->arena, &encodings, &numbers, err), err, "encodings_[%zu]", i);
    const size_t n = categories.n_items;
    if (encodings.n_items != n)
        return mc_refuse(err, tables->est, "encodings_[%zu]: expected %zu values, found %zu", i, n,
                         encodings.n_items);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &codes, err));
    tables->columns[i].first_out = mc_u32_from_size(tables->n_outputs);
    tables->columns[i].n_out = mc_u32_from_size(n) + 1;
    tables->columns[i].on_unknown = MC_UNKNOWN_CODED;
    tables->columns[i].unknown_code = mc_u32_from_size(n);
    for (size_t k = 0; k < n; k++) {
        codes[k] = (uint32_t)k;
        values[tables->n_outputs++] = numbers[k];
    }
    values[tables->n_outputs++] = t->means[i % t->n_classes];
    return mc_encoder_put(to, tables, i, cells, n, codes, err);
}

/* Every column as often as there are classes. */
static mc_status repeat(mc_lowering *to, const targets *t, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    uint32_t *at = NULL;
    const size_t n = x->n_cols * t->n_classes;
    if (n > MC_LIMIT_WIDTH)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "TargetEncoder: %zu columns", n);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &at, err));
    for (size_t i = 0; i < n; i++)
        at[i] = (uint32_t)(i / t->n_classes);
    MC_TRY(mc_to_cells(to, x, out, err));
    return t->n_classes == 1 ? MC_OK : mc_emit_columns(to, out, at, n, out, err);
}

mc_status mc_lower_target_encoder(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(ORDINAL);
    targets t = {0};
    mc_encoder_tables tables;
    double *values = NULL;
    mc_sym cells;
    uint32_t buffer = 0;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(read_targets(to, est, x, &t, err));
    MC_TRY(repeat(to, &t, x, &cells, err));
    MC_TRY(mc_encoder_start(to, est, t.encodings.n, t.n_values, &tables, err));
    MC_TRY(mc_arena_new(to->arena, double, t.n_values, &values, err));
    for (size_t i = 0; i < t.encodings.n; i++)
        MC_TRY(put_column(to, &t, i, &tables, values, err));
    step.src = cells.buffer;
    MC_TRY(mc_encoder_place(to, &tables, &step, err));
    MC_TRY(mc_build_f64(to->b, values, 1, t.n_values, &step.array[3], err));
    MC_TRY(mc_build_step(to->b, step, t.encodings.n, &buffer, err));
    const mc_sym y = {.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = t.encodings.n};
    return mc_answer_matrix(to, y, out, err);
}
