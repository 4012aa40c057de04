/* category_encoders.c: the encoders of category_encoders: columns become columns, in their places.
 *
 * Oracle   category_encoders 2.6 to 2.11: utils.py (transform of BaseEncoder), quantile_encoder.py
 *          (SummaryEncoder).
 * Exact    Bit for bit, see category_tables.c; other columns pass as they are.
 * Why so   An encoder answers whole numbers as floats in a batch that holds an unknown category. */
#include "import/category_encoders/category_encoders.h"

#include <math.h>

#include "base/limits.h"
#include "base/size.h"
#include "import/category_encoders/category_tables.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/encoder_tables.h"
#include "import/sklearn/encoders.h"
#include "kernel/category.h"

/* What comes out, in order: a table's columns, or a column as it is. */
typedef struct piece {
    size_t column; /* of the input */
    bool is_encoded;
    mc_category_table table;
    size_t first; /* of its columns among all encoded ones */
} piece;

typedef struct plan {
    const mc_value *est;
    const mc_cell *inputs; /* (n_inputs) names or numbers of columns */
    size_t n_inputs;
    piece *pieces;
    size_t n_pieces, n_tables, n_encoded, n_labels;
    size_t n_passing;
    bool has_intercept;
} plan;

/* ----------------------------------------------------------------------------------- names ---- */

mc_status mc_category_cells(mc_lowering *to, const mc_value *est, const char *name,
                            const mc_cell **out, size_t *out_n, mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(mc_attr_need(est, name, &value, err));
    return mc_attr_cells(to, est, name, out, out_n, err);
}

bool mc_category_is_among(const mc_cell *cells, size_t n, const mc_cell *wanted)
{
    for (size_t i = 0; i < n; i++)
        if (mc_cell_compare(&cells[i], wanted) == 0)
            return true;
    return false;
}

/* 2.6 puts an intercept before what its contrasts encode. */
static bool has_intercept(const mc_value *est, const mc_cell *outputs, size_t n)
{
    static const char *const CONTRASTS[] = {"BackwardDifferenceEncoder", "HelmertEncoder",
                                            "PolynomialEncoder", "SumEncoder"};
    if (n == 0 || outputs[0].kind != MC_CELL_STRING ||
        !mc_bytes_is((mc_bytes){(const uint8_t *)outputs[0].as.text, outputs[0].size}, "intercept"))
        return false;
    const mc_bytes class_name = mc_class_name(est);
    for (size_t i = 0; i < MC_COUNT_OF(CONTRASTS); i++)
        if (mc_bytes_is(class_name, CONTRASTS[i]))
            return true;
    return false;
}

static bool holds(const mc_category_table *table, const mc_cell *column, const mc_cell *name)
{
    if (table->names == NULL)
        return mc_cell_compare(column, name) == 0;
    return mc_category_is_among(table->names, table->width, name);
}

/* 2.6.0 keeps no names of what comes in: what comes out tells them, where every column does. */
static mc_status inputs_of_outputs(mc_lowering *to, const mc_value *est, const mc_cell **out,
                                   size_t *out_n, mc_error *err)
{
    const mc_cell *outputs = NULL, *cols = NULL;
    mc_cell *inputs = NULL;
    mc_category_table *tables = NULL;
    size_t n_outputs = 0, n_cols = 0, n = 0;
    int64_t width = 0;
    MC_TRY(mc_category_cells(to, est, "feature_names_out_", &outputs, &n_outputs, err));
    MC_TRY(mc_category_cells(to, est, "cols", &cols, &n_cols, err));
    MC_TRY(mc_attr_integer(est, "_dim", 0, &width, err));
    MC_TRY(mc_arena_new(to->arena, mc_cell, n_outputs, &inputs, err));
    MC_TRY(mc_arena_new(to->arena, mc_category_table, n_cols, &tables, err));
    for (size_t j = 0; j < n_cols; j++)
        MC_TRY(mc_category_table_of(to, est, &cols[j], &tables[j], err));
    const size_t first = has_intercept(est, outputs, n_outputs) ? 1 : 0;
    for (size_t i = first; i < n_outputs; i++) {
        size_t j = 0;
        while (j < n_cols && !holds(&tables[j], &cols[j], &outputs[i]))
            j++;
        const mc_cell *input = j < n_cols ? &cols[j] : &outputs[i];
        if (n == 0 || mc_cell_compare(&inputs[n - 1], input) != 0)
            inputs[n++] = *input;
    }
    if (width < 0 || (uint64_t)width != n)
        return mc_refuse(err, est, "only %zu of its %lld columns are named: it is of before 2.6.1",
                         n, (long long)width);
    *out = inputs;
    *out_n = n;
    return MC_OK;
}

static mc_status inputs_of(mc_lowering *to, const mc_value *est, const mc_cell **out, size_t *out_n,
                           mc_error *err)
{
    mc_items encoders;
    if (mc_attr_has(est, "feature_names_in_"))
        return mc_category_cells(to, est, "feature_names_in_", out, out_n, err);
    if (!mc_attr_has(est, "encoder_list"))
        return inputs_of_outputs(to, est, out, out_n, err);
    MC_TRY(mc_attr_items(to, est, "encoder_list", &encoders, err));
    return encoders.n > 0 ? inputs_of_outputs(to, encoders.at[0], out, out_n, err)
                          : mc_refuse(err, est, "encoder_list: it is empty");
}

mc_status mc_category_inputs(mc_lowering *to, const mc_value *est, const mc_cell **out,
                             size_t *out_n, mc_error *err)
{
    return inputs_of(to, est, out, out_n, err);
}

mc_status mc_shape_category(mc_lowering *to, const mc_value *est, mc_shape *out, mc_error *err)
{
    const mc_cell *inputs = NULL;
    mc_bytes *names = NULL;
    size_t n = 0;
    MC_TRY(inputs_of(to, est, &inputs, &n, err));
    *out = (mc_shape){.n_features = n};
    MC_TRY(mc_arena_new(to->arena, mc_bytes, n, &names, err));
    for (size_t i = 0; i < n; i++) {
        if (inputs[i].kind != MC_CELL_STRING)
            return MC_OK; /* fitted on an array */
        names[i] = (mc_bytes){(const uint8_t *)inputs[i].as.text, inputs[i].size};
    }
    out->names = names;
    return MC_OK;
}

/* ------------------------------------------------------------------------------------ plan ---- */

static mc_status add_encoded(mc_lowering *to, plan *p, const mc_value *est, size_t column,
                             mc_error *err)
{
    piece *made = &p->pieces[p->n_pieces];
    *made = (piece){.column = column, .is_encoded = true, .first = p->n_encoded};
    MC_TRY_IN(mc_category_table_of(to, est, &p->inputs[column], &made->table, err), err,
              "column %zu of %.*s", column, MC_SHOW(mc_class_name(est)));
    p->n_encoded += made->table.width;
    p->n_labels += made->table.n_labels + 2; /* None and NaN */
    p->n_tables++;
    p->n_pieces++;
    if (p->n_encoded > MC_LIMIT_WIDTH)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu columns", p->n_encoded);
    return MC_OK;
}

mc_status mc_category_dropped(mc_lowering *to, const mc_value *est, const mc_cell **out,
                              size_t *out_n, mc_error *err)
{
    bool drops = false;
    *out = NULL;
    *out_n = 0;
    MC_TRY(mc_attr_bool(est, "drop_invariant", false, &drops, err));
    return drops && mc_attr_has(est, "invariant_cols")
               ? mc_attr_cells(to, est, "invariant_cols", out, out_n, err)
               : MC_OK;
}

/* SummaryEncoder's encoders drop theirs before it names them. */
static mc_status add_inner(mc_lowering *to, plan *p, const mc_value *est, size_t column,
                           mc_error *err)
{
    const mc_cell *dropped = NULL;
    size_t n = 0;
    MC_TRY(mc_category_dropped(to, est, &dropped, &n, err));
    return mc_category_is_among(dropped, n, &p->inputs[column])
               ? MC_OK
               : add_encoded(to, p, est, column, err);
}

/* SummaryEncoder holds an encoder a quantile, and puts what they answer side by side. */
static mc_status encoders_of(mc_lowering *to, const mc_value *est, mc_items *out, mc_error *err)
{
    if (mc_attr_has(est, "encoder_list"))
        return mc_attr_items(to, est, "encoder_list", out, err);
    *out = (mc_items){0};
    return MC_OK;
}

static mc_status make_plan(mc_lowering *to, const mc_value *est, size_t n_cols, plan *out,
                           mc_error *err)
{
    const mc_cell *cols = NULL;
    size_t n = 0;
    mc_items encoders;
    const mc_value *composed = mc_value_attr(est, "composite_members_");
    *out = (plan){.est = est};
    if (mc_value_is(composed, MC_KIND_DICT) && composed->as.items.n > 0)
        return mc_refuse(err, est, "composite_cols: columns encoded together are not supported");
    MC_TRY(inputs_of(to, est, &out->inputs, &out->n_inputs, err));
    MC_TRY(mc_category_cells(to, est, "cols", &cols, &n, err));
    MC_TRY(encoders_of(to, est, &encoders, err));
    if (out->n_inputs != n_cols)
        return mc_refuse(err, est, "feature_names_in_: %zu names for %zu columns", out->n_inputs,
                         n_cols);
    MC_TRY(mc_arena_new(to->arena, piece, n_cols * (encoders.n + 1), &out->pieces, err));
    for (size_t j = 0; j < n_cols; j++) {
        if (!mc_category_is_among(cols, n, &out->inputs[j])) {
            out->pieces[out->n_pieces++] = (piece){.column = j, .first = out->n_passing++};
            continue;
        }
        for (size_t i = 0; i < encoders.n; i++)
            MC_TRY(add_inner(to, out, encoders.at[i], j, err));
        if (encoders.n == 0)
            MC_TRY(add_encoded(to, out, est, j, err));
    }
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- steps ---- */

/* What is refused has a code behind the rows, the last one. */
static uint32_t code_of(const mc_category_table *table, size_t row)
{
    return mc_u32_from_size(row == MC_NO_ROW ? table->n_rows : row);
}

/* Codes of the rows of a table. */
static mc_status put_table(mc_lowering *to, mc_encoder_tables *t, size_t j,
                           const mc_category_table *table, mc_error *err)
{
    mc_cell *labels = NULL;
    uint32_t *codes = NULL;
    const size_t n = table->n_labels + 2, n_rows = table->n_rows;
    MC_TRY(mc_arena_new(to->arena, mc_cell, n, &labels, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &codes, err));
    for (size_t i = 0; i < table->n_labels; i++) {
        labels[i] = table->labels[i];
        codes[i] = code_of(table, table->label_rows[i]);
    }
    labels[n - 2] = (mc_cell){.kind = MC_CELL_NONE};
    labels[n - 1] = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = (double)NAN};
    codes[n - 2] = code_of(table, table->none_row);
    codes[n - 1] = code_of(table, table->missing_row);
    const bool is_refused = table->unknown_row == MC_NO_ROW;
    t->columns[j].on_unknown = is_refused ? MC_UNKNOWN_REFUSED : MC_UNKNOWN_CODED;
    t->columns[j].unknown_code = is_refused ? 0 : mc_u32_from_size(table->unknown_row);
    t->columns[j].first_out = mc_u32_from_size(t->n_outputs);
    t->columns[j].n_out = mc_u32_from_size(n_rows + 1);
    t->n_outputs += n_rows + 1;
    return mc_encoder_put(to, t, j, labels, n, codes, err);
}

/* The row of each column's table, a column a table. */
static mc_status emit_rows(mc_lowering *to, const plan *p, const mc_sym *x, mc_sym *out,
                           mc_error *err)
{
    mc_step step = MC_STEP_INIT(ORDINAL);
    mc_encoder_tables t;
    mc_sym cells;
    uint32_t *from = NULL, buffer = 0;
    double *values = NULL;
    size_t n = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, p->n_tables, &from, err));
    MC_TRY(mc_encoder_start(to, p->est, p->n_tables, p->n_labels, &t, err));
    for (size_t i = 0; i < p->n_pieces; i++) {
        if (!p->pieces[i].is_encoded)
            continue;
        from[n] = mc_u32_from_size(p->pieces[i].column);
        MC_TRY(put_table(to, &t, n++, &p->pieces[i].table, err));
    }
    MC_TRY(mc_arena_new(to->arena, double, t.n_outputs, &values, err));
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < t.columns[j].n_out; i++)
            values[t.columns[j].first_out + i] = (double)i;
    MC_TRY(mc_emit_columns(to, x, from, n, &cells, err));
    MC_TRY(mc_to_cells(to, &cells, &cells, err));
    step.src = cells.buffer;
    step.flags = MC_STEP_ONE_ANSWER;
    MC_TRY(mc_encoder_place(to, &t, &step, err));
    MC_TRY(mc_build_f64(to->b, values, 1, t.n_outputs, &step.array[3], err));
    MC_TRY(mc_build_step(to->b, step, n, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = n};
    return MC_OK;
}

/* The columns of the tables: from[i] is the table of encoded column i, its values a run. */
static mc_status place_runs(mc_lowering *to, const plan *p, uint32_t *from, mc_step *step,
                            bool *is_whole, mc_error *err)
{
    uint32_t *runs = NULL;
    double *values = NULL;
    size_t n = 0, at = 0, n_columns = 0, table_at = 0;
    for (size_t i = 0; i < p->n_pieces; i++) {
        if (p->pieces[i].is_encoded &&
            !mc_add_size(n, p->pieces[i].table.n_rows * p->pieces[i].table.width, &n))
            return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "too many values");
    }
    MC_TRY(mc_arena_new(to->arena, double, n, &values, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, p->n_encoded + 1, &runs, err));
    *is_whole = true;
    for (size_t i = 0; i < p->n_pieces; i++) {
        const mc_category_table *t = &p->pieces[i].table;
        for (size_t k = 0; p->pieces[i].is_encoded && k < t->width; k++) {
            from[n_columns] = mc_u32_from_size(table_at);
            runs[n_columns++] = mc_u32_from_size(at);
            for (size_t r = 0; r < t->n_rows; r++, at++) {
                values[at] = t->values[r * t->width + k];
                *is_whole = *is_whole && values[at] == trunc(values[at]);
            }
        }
        table_at += p->pieces[i].is_encoded ? 1 : 0;
    }
    runs[n_columns] = mc_u32_from_size(at);
    MC_TRY(mc_build_u32(to->b, runs, n_columns + 1, &step->array[0], err));
    return mc_build_f64(to->b, values, 1, n, &step->array[1], err);
}

static mc_status emit_encoded(mc_lowering *to, const plan *p, const mc_sym *x, mc_sym *out,
                              mc_error *err)
{
    mc_step step = MC_STEP_INIT(PICK);
    uint32_t *from = NULL, buffer = 0;
    bool is_whole = false;
    mc_sym rows;
    MC_TRY(emit_rows(to, p, x, &rows, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, p->n_encoded, &from, err));
    MC_TRY(place_runs(to, p, from, &step, &is_whole, err));
    MC_TRY(mc_emit_columns(to, &rows, from, p->n_encoded, &rows, err));
    step.src = rows.buffer;
    MC_TRY(mc_build_step(to->b, step, p->n_encoded, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS,
                    .buffer = buffer,
                    .n_cols = p->n_encoded,
                    .type = is_whole ? MC_VALUE_INT : MC_VALUE_FLOAT};
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- order ---- */

/* Encoded columns, those that pass, and the intercept of 2.6's contrasts side by side. */
static mc_status emit_parts(mc_lowering *to, const plan *p, const mc_sym *x, mc_sym *out,
                            mc_error *err)
{
    mc_sym parts[3];
    uint32_t *passing = NULL;
    const double one = 1.0;
    size_t n = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, p->n_passing, &passing, err));
    for (size_t i = 0; i < p->n_pieces; i++)
        if (!p->pieces[i].is_encoded)
            passing[p->pieces[i].first] = mc_u32_from_size(p->pieces[i].column);
    if (p->n_encoded > 0)
        MC_TRY(emit_encoded(to, p, x, &parts[n++], err));
    if (p->n_passing > 0)
        MC_TRY(mc_emit_columns(to, x, passing, p->n_passing, &parts[n++], err));
    if (p->has_intercept)
        MC_TRY(mc_emit_constant(to, &one, 1, &parts[n++], err));
    if (n == 0)
        return mc_refuse(err, p->est, "no column comes out");
    return mc_emit_hstack(to, parts, n, false, out, err);
}

/* The name that column k of a piece comes out by. */
static const mc_cell *name_of(const plan *p, const piece *from, size_t k)
{
    return from->is_encoded && from->table.names != NULL ? &from->table.names[k]
                                                         : &p->inputs[from->column];
}

/* Columns that do not vary in training are dropped by name. */
static mc_status keep(mc_lowering *to, const plan *p, uint32_t *at, size_t *out_n, mc_error *err)
{
    const mc_cell *dropped = NULL;
    const mc_cell intercept = {
        .kind = MC_CELL_STRING, .size = sizeof "intercept" - 1, .as.text = "intercept"};
    size_t n_dropped = 0, n = 0;
    MC_TRY(mc_category_dropped(to, p->est, &dropped, &n_dropped, err));
    if (p->has_intercept && !mc_category_is_among(dropped, n_dropped, &intercept))
        at[n++] = mc_u32_from_size(p->n_encoded + p->n_passing);
    for (size_t i = 0; i < p->n_pieces; i++) {
        const piece *from = &p->pieces[i];
        const size_t width = from->is_encoded ? from->table.width : 1;
        for (size_t k = 0; k < width; k++)
            if (!mc_category_is_among(dropped, n_dropped, name_of(p, from, k)))
                at[n++] = mc_u32_from_size(from->first + k + (from->is_encoded ? 0 : p->n_encoded));
    }
    *out_n = n;
    return MC_OK;
}

mc_status mc_lower_category(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    plan p;
    mc_sym y;
    uint32_t *at = NULL;
    size_t n = 0, n_names = 0;
    const mc_cell *names = NULL;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(make_plan(to, est, x->n_cols, &p, err));
    MC_TRY(mc_category_cells(to, est, "feature_names_out_", &names, &n_names, err));
    p.has_intercept = has_intercept(est, names, n_names);
    MC_TRY(emit_parts(to, &p, x, &y, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, y.n_cols, &at, err));
    MC_TRY(keep(to, &p, at, &n, err));
    if (n_names != n || n == 0)
        return mc_refuse(err, est, "feature_names_out_: %zu names for %zu columns", n_names, n);
    MC_TRY(mc_emit_columns(to, &y, at, n, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
