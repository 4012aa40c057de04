/* labels.c: LabelEncoder, LabelBinarizer, MultiLabelBinarizer: rows are labels, or sets of them.
 *
 * Oracle   sklearn/preprocessing/_label.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit: labels are looked up. A zero that a sparse row spells out is a zero here,
 *          and a mark in MultiLabelBinarizer.inverse_transform there. LabelBinarizer looks at a
 * whole batch to tell binary labels from others; here it is as it was fitted. */
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/encoder_tables.h"
#include "import/sklearn/encoders.h"

/* classes_ as one column of an encoder; category i has code i. */
typedef struct classes {
    mc_cell *cells;
    size_t n;
    char kind; /* of their dtype */
} classes;

static mc_status read_classes(mc_lowering *to, const mc_value *est, classes *out, mc_error *err)
{
    mc_ndarray array;
    MC_TRY(mc_attr_array(to, est, "classes_", &array, err));
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &out->cells, err), err, "attribute classes_");
    out->n = array.n_items;
    out->kind = array.dtype.kind;
    return MC_OK;
}

/* The arrays of ONE_HOT, ORDINAL and SET_INDICATORS for a column with these categories. */
static mc_status put_classes(mc_lowering *to, const mc_value *est, const classes *c,
                             mc_on_unknown on_unknown, mc_step *step, mc_error *err)
{
    mc_encoder_tables t;
    uint32_t *codes = NULL;
    MC_TRY(mc_encoder_start(to, est, 1, c->n, &t, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, c->n, &codes, err));
    for (size_t i = 0; i < c->n; i++)
        codes[i] = (uint32_t)i;
    MC_TRY(mc_encoder_put(to, &t, 0, c->cells, c->n, codes, err));
    t.columns[0].on_unknown = on_unknown;
    t.columns[0].unknown_code = mc_u32_from_size(c->n); /* nowhere */
    t.columns[0].n_out = mc_u32_from_size(c->n);
    return mc_encoder_place(to, &t, step, err);
}

static mc_status one_column(const mc_value *est, const mc_sym *x, mc_error *err)
{
    return x->n_cols == 1
               ? MC_OK
               : mc_refuse(err, est, "a label a row expected, %zu columns found", x->n_cols);
}

/* ---------------------------------------------------------------------- encoder, 0 .. n-1 ---- */

static mc_status encode(mc_lowering *to, const mc_value *est, const classes *c, const mc_sym *x,
                        mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(ORDINAL);
    mc_sym cells;
    double *places = NULL;
    uint32_t buffer = 0;
    MC_TRY(mc_arena_new(to->arena, double, c->n, &places, err));
    for (size_t i = 0; i < c->n; i++)
        places[i] = (double)i;
    MC_TRY(mc_to_cells(to, x, &cells, err));
    step.src = cells.buffer;
    MC_TRY(put_classes(to, est, c, MC_UNKNOWN_REFUSED, &step, err));
    MC_TRY(mc_build_f64(to->b, places, 1, c->n, &step.array[3], err));
    MC_TRY(mc_build_step(to->b, step, 1, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = 1, .type = MC_VALUE_INT};
    return MC_OK;
}

static mc_status decode(mc_lowering *to, const classes *c, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    mc_picks picks;
    mc_sym codes;
    MC_TRY(mc_picks_start(to, 1, c->n, &picks, err));
    picks.is_object = c->kind == 'O';
    for (size_t i = 0; i < c->n; i++)
        mc_picks_add(&picks, 0, c->cells[i]);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &codes, err));
    return mc_emit_picks(to, &picks, &codes, MC_STEP_WHOLE, out, err);
}

/* LabelEncoder: a label -> its place in classes_, and back. */
mc_status mc_lower_label_encoder(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    classes c;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(one_column(est, x, err));
    MC_TRY(read_classes(to, est, &c, err));
    MC_TRY(method == MC_METHOD_TRANSFORM ? encode(to, est, &c, x, &y, err)
                                         : decode(to, &c, x, &y, err));
    return mc_answer_scalar(to, y, out, err);
}

/* ------------------------------------------------------------------------------ binarizer ---- */

/* 0 and 1 -> neg_label and pos_label. */
static mc_status as_marks(mc_lowering *to, const mc_value *est, mc_sym *y, mc_error *err)
{
    int64_t negative = 0, positive = 1;
    bool sparse = false;
    MC_TRY(mc_attr_integer(est, "neg_label", 0, &negative, err));
    MC_TRY(mc_attr_integer(est, "pos_label", 1, &positive, err));
    MC_TRY(mc_attr_bool(est, "sparse_output", false, &sparse, err));
    if (positive - negative != 1)
        MC_TRY(mc_emit_unary(to, y, MC_UNARY_SCALE, (double)(positive - negative), 0.0, y, err));
    if (negative != 0)
        MC_TRY(mc_emit_unary(to, y, MC_UNARY_OFFSET, (double)negative, 0.0, y, err));
    y->sparse = sparse;
    y->sparse_as_input = false;
    y->type = MC_VALUE_INT;
    y->type_as_input = 0;
    return MC_OK;
}

static mc_status indicators(mc_lowering *to, const mc_value *est, const classes *c, const mc_sym *x,
                            mc_sym *out, mc_error *err)
{
    static const uint32_t LAST = 1;
    mc_step step = MC_STEP_INIT(ONE_HOT);
    mc_sym cells;
    uint32_t buffer = 0;
    MC_TRY(one_column(est, x, err));
    MC_TRY(mc_to_cells(to, x, &cells, err));
    step.src = cells.buffer;
    MC_TRY(put_classes(to, est, c, MC_UNKNOWN_CODED, &step, err));
    MC_TRY(mc_build_step(to->b, step, c->n, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = c->n};
    if (c->n == 1) /* one class: never a mark */
        return mc_emit_unary(to, out, MC_UNARY_SCALE, 0.0, 0.0, out, err);
    return c->n == 2 ? mc_emit_columns(to, out, &LAST, 1, out, err) : MC_OK;
}

/* Rows that are indicators already. Of others the first value beside 0 in the batch decides. */
static mc_status truths(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_emit_check(to, x, MC_FINITE, out, err));
    return mc_emit_check_truths(to, out, out, err);
}

/* The marks of rows of true and false, which scikit-learn writes into an array of these: whatever
 * is not 0 is 1, since 1.8 a negative mark too. A neg_label of 0 never was one. */
static mc_status marks_of_truths(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *y,
                                 mc_error *err)
{
    int64_t negative = 0;
    mc_step step = MC_STEP_INIT(CUT);
    step.flags = MC_STEP_CUT_TRUTHS;
    MC_TRY(mc_attr_integer(est, "neg_label", 0, &negative, err));
    if (negative != 0 && mc_version_of(to, est) < 108)
        return MC_OK;
    if (!(x->type_as_input & MC_PART_BOOLS_STAY))
        return MC_OK;
    const bool sparse = y->sparse;
    MC_TRY(mc_emit_step(to, step, y, y->n_cols, y, err));
    y->sparse = sparse;
    y->sparse_as_input = false;
    y->type = MC_VALUE_INT;
    y->type_as_input = 0;
    return MC_OK;
}

static mc_status from_marks(mc_lowering *to, const mc_value *est, const classes *c, bool is_many,
                            const mc_sym *x, mc_answer *out, mc_error *err)
{
    static const uint32_t ONLY[2] = {0, 0};
    double negative = 0.0, positive = 1.0;
    uint32_t table = 0;
    mc_sym y;
    MC_TRY(mc_attr_number(est, "neg_label", 0.0, &negative, err));
    MC_TRY(mc_attr_number(est, "pos_label", 1.0, &positive, err));
    const double threshold = (positive + negative) / 2.0;
    if (is_many) {
        MC_TRY(mc_emit_unary(to, x, MC_UNARY_ABOVE, threshold, 0.0, &y, err));
        y.type = MC_VALUE_INT;
        y.sparse = y.sparse_as_input = false;
        return mc_answer_matrix(to, y, out, err);
    }
    if (c->n == 0 || x->n_cols != (c->n <= 2 ? 1 : c->n))
        return mc_refuse(err, est, "%zu classes_ for %zu columns", c->n, x->n_cols);
    MC_TRY(mc_build_classes(to->b, c->cells, c->n, &table, err));
    MC_TRY(c->n <= 2 ? mc_emit_above(to, x, threshold, false, &y, err)
                     : mc_emit_argmax(to, x, &y, err));
    if (c->n == 1) /* whatever the mark */
        MC_TRY(mc_emit_map_label(to, &y, ONLY, 2, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}

/* LabelBinarizer: a label -> a column of marks for each class, one for two classes; and back. */
mc_status mc_lower_label_binarizer(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    classes c;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, est, method);
    const bool is_many = mc_attr_is_text(est, "y_type_", "multilabel-indicator");
    MC_TRY(read_classes(to, est, &c, err));
    if (method == MC_METHOD_INVERSE_TRANSFORM)
        return from_marks(to, est, &c, is_many, x, out, err);
    MC_TRY(is_many ? truths(to, x, &y, err) : indicators(to, est, &c, x, &y, err));
    MC_TRY(as_marks(to, est, &y, err));
    if (is_many)
        MC_TRY(marks_of_truths(to, est, x, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* ----------------------------------------------------------------------------------- sets ---- */

static mc_status marks_of_sets(mc_lowering *to, const mc_value *est, const classes *c,
                               const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(SET_INDICATORS);
    mc_sym cells, y;
    bool sparse = false;
    MC_TRY(one_column(est, x, err));
    MC_TRY(mc_attr_bool(est, "sparse_output", false, &sparse, err));
    MC_TRY(mc_to_cells(to, x, &cells, err));
    step.src = cells.buffer;
    MC_TRY(put_classes(to, est, c, MC_UNKNOWN_CODED, &step, err));
    MC_TRY(mc_emit_marks(to, step, c->n, &y, err));
    y.sparse = sparse;
    y.type = MC_VALUE_INT;
    return mc_answer_matrix(to, y, out, err);
}

static mc_status sets_of_marks(mc_lowering *to, const mc_value *est, const classes *c,
                               const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(LABEL_SET);
    mc_sym marks, y = {.kind = MC_SYM_CELLS, .n_cols = 1};
    if (x->n_cols != c->n)
        return mc_refuse(err, est, "inverse_transform of %zu columns, of %zu", x->n_cols, c->n);
    MC_TRY(mc_to_numbers(to, x, &marks, err));
    step.src = marks.buffer;
    MC_TRY(mc_build_cells(to->b, c->cells, c->n, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, 1, &y.buffer, err));
    return mc_answer_scalar(to, y, out, err);
}

/* MultiLabelBinarizer: a list of labels -> 1 in the column of each, labels that training did not
 * see are left out; and back. */
mc_status mc_lower_label_sets(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    classes c;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(read_classes(to, est, &c, err));
    return method == MC_METHOD_TRANSFORM ? marks_of_sets(to, est, &c, x, out, err)
                                         : sets_of_marks(to, est, &c, x, out, err);
}
