/* category_tables.c: Series and DataFrames of fitted encoders -> tables.
 *
 * Oracle   category_encoders 2.6 to 2.11: ordinal.py (ordinal_encoding), one_hot.py (get_dummies),
 *          basen.py, base_contrast_encoder.py, rankhot.py, count.py, and the _score or
 *          target_encode of those with one number a category.
 * Exact    Bit for bit: values are looked up; what divides is category_means.c.
 * Why so   Most encoders number the categories first (their ordinal_encoder: -1 is unknown, -2
 *          missing) and keep what a number stands for. A number that nothing stands for is NaN.
 *          None and NaN are one missing value, but for LeaveOneOut and CatBoost: see tell_apart()
 *          there. */
#include "import/category_encoders/category_tables.h"

#include <math.h>

#include "array/frame.h"
#include "import/category_encoders/category_rows.h"
#include "import/sklearn/attr.h"

#define UNKNOWN_CODE (-1.0)
#define MISSING_CODE (-2.0)

/* --------------------------------------------------------------------------------- ordinal ---- */

/* The number of a category, as handle_missing makes it. */
static double ordinal_code(double code, const mc_category_rule *missing)
{
    if (code != MISSING_CODE)
        return code;
    return missing->kind == MC_AS_NAN      ? (double)NAN
           : missing->kind == MC_AS_NUMBER ? missing->number
                                           : code;
}

static mc_status ordinal_table(mc_lowering *to, const mc_value *est, const mc_cell *column,
                               mc_category_table *out, mc_error *err)
{
    mc_category_rule unknown, missing;
    mc_frame codes;
    mc_category_builder b;
    MC_TRY(mc_category_rule_of(est, "handle_unknown", &unknown, err));
    MC_TRY(mc_category_rule_of(est, "handle_missing", &missing, err));
    MC_TRY(mc_category_read_frame(to, mc_value_attr(est, "mapping"), column, &codes, err));
    MC_TRY(mc_category_start(to, codes.n_rows, 1, &b, err));
    for (size_t i = 0; i < codes.n_rows; i++)
        mc_category_put(&b, &codes.rows[i], NULL,
                        ordinal_code(codes.values[i * codes.n_cols], &missing));
    if (unknown.kind != MC_AS_ERROR) {
        b.table.unknown_row = mc_category_add_row(&b, NULL,
                                                  unknown.kind == MC_AS_VALUE    ? UNKNOWN_CODE
                                                  : unknown.kind == MC_AS_NUMBER ? unknown.number
                                                                                 : (double)NAN);
    }
    if (b.table.missing_row == MC_NO_ROW)
        b.table.missing_row = b.table.unknown_row;
    *out = mc_category_finish(&b);
    return MC_OK;
}

/* --------------------------------------------------------------------------- number and row ----
 */

/* A frame's rows by number, and what stands for numbers that it lacks. */
typedef struct coded {
    mc_frame frame;
    mc_label_index index;
    double otherwise, if_missing;
} coded;

/* RankHotEncoder: rows of its own for what is not among them. */
static mc_status rank_hot_rules(const mc_value *est, coded *c, mc_error *err)
{
    mc_category_rule unknown, missing;
    MC_TRY(mc_category_rule_of(est, "handle_unknown", &unknown, err));
    MC_TRY(mc_category_rule_of(est, "handle_missing", &missing, err));
    c->otherwise = unknown.kind == MC_AS_NAN ? (double)NAN : 0.0;
    c->if_missing = missing.kind == MC_AS_NAN ? (double)NAN : c->otherwise;
    return MC_OK;
}

static size_t find_number(const mc_label_index *index, double number)
{
    const mc_cell cell = {.kind = MC_CELL_NUMBER, .as.number = number};
    return mc_label_index_find(index, &cell);
}

static void put_code(mc_category_builder *b, const coded *c, const mc_cell *cell, double code)
{
    const size_t row = find_number(&c->index, code);
    mc_category_put(b, cell, row == MC_NO_ROW ? NULL : c->frame.values + row * c->frame.n_cols,
                    isnan(code) ? c->if_missing : c->otherwise);
}

static mc_status read_coded(mc_lowering *to, const mc_value *est, const mc_value *kept, coded *out,
                            mc_error *err)
{
    *out = (coded){.otherwise = (double)NAN, .if_missing = (double)NAN};
    MC_TRY(mc_frame_from_value(to->arena, kept, &out->frame, err));
    MC_TRY(mc_label_index_init(to, out->frame.rows, out->frame.n_rows, &out->index, err));
    return mc_bytes_is(mc_class_name(est), "RankHotEncoder") ? rank_hot_rules(est, out, err)
                                                             : MC_OK;
}

/* RankHotEncoder numbers what is missing NaN if its inner encoder answers NaN for it, and then
 * knows it only by some of its rules. */
static mc_status lost_by_rank(const mc_value *est, bool *out_is_nan, bool *out_is_refused,
                              mc_error *err)
{
    mc_category_rule inner, missing;
    const mc_value *ordinal = mc_value_attr(est, "ordinal_encoder");
    MC_TRY(mc_category_rule_of(ordinal, "handle_missing", &inner, err));
    MC_TRY(mc_category_rule_of(est, "handle_missing", &missing, err));
    *out_is_nan = inner.kind == MC_AS_NAN && mc_bytes_is(mc_class_name(est), "RankHotEncoder");
    *out_is_refused = *out_is_nan && missing.kind != MC_AS_NAN && missing.kind != MC_AS_VALUE &&
                      !mc_attr_is_text(est, "handle_missing", "ignore");
    return MC_OK;
}

static mc_status fill_coded(mc_lowering *to, const mc_value *est, const mc_frame *codes,
                            const coded *c, mc_category_builder *b, mc_error *err)
{
    mc_category_rule unknown;
    const mc_cell none = {.kind = MC_CELL_NONE};
    bool is_nan = false, is_refused = false;
    MC_TRY(mc_category_rule_of(est, "handle_unknown", &unknown, err));
    MC_TRY(lost_by_rank(est, &is_nan, &is_refused, err));
    MC_TRY(mc_category_start(to, codes->n_rows, c->frame.n_cols, b, err));
    for (size_t i = 0; i < codes->n_rows; i++) {
        const double code = codes->values[i * codes->n_cols];
        const bool is_lost = is_nan && code == MISSING_CODE;
        if (!is_lost || !is_refused)
            put_code(b, c, &codes->rows[i], is_lost ? (double)NAN : code);
    }
    if (unknown.kind == MC_AS_ERROR)
        return MC_OK;
    const size_t n = b->table.n_labels, at = b->table.missing_row;
    put_code(b, c, &none, UNKNOWN_CODE); /* as if it were a label */
    MC_ASSERT(b->table.n_labels == n);
    b->table.unknown_row = b->table.missing_row;
    b->table.missing_row = at != MC_NO_ROW || is_refused ? at : b->table.unknown_row;
    return MC_OK;
}

/* Where nothing is kept of a column, the numbers themselves come out. */
static mc_status coded_table(mc_lowering *to, const mc_value *est, const mc_cell *column,
                             mc_category_table *out, mc_error *err)
{
    const mc_value *ordinal = mc_value_attr(est, "ordinal_encoder"), *kept = NULL;
    mc_frame codes;
    mc_category_builder b;
    coded c;
    MC_TRY_IN(mc_category_read_frame(to, mc_value_attr(ordinal, "mapping"), column, &codes, err),
              err, "ordinal_encoder");
    MC_TRY(mc_category_of_column(to, mc_value_attr(est, "mapping"), column, &kept, err));
    if (kept == NULL)
        return ordinal_table(to, ordinal, column, out, err);
    MC_TRY(read_coded(to, est, kept, &c, err));
    MC_TRY(fill_coded(to, est, &codes, &c, &b, err));
    *out = mc_category_finish(&b);
    out->names = c.frame.columns;
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- count ---- */

/* Dicts that CountEncoder makes of its options hold one a column. */
static mc_status rule_of_column(mc_lowering *to, const mc_value *est, const char *name,
                                const mc_cell *column, mc_category_rule *out, mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(mc_category_of_column(to, mc_value_attr(est, name), column, &value, err));
    return mc_category_rule_from(value, name, out, err);
}

/* What handle_unknown makes of a NaN; false: refused. */
static bool settled(double *value, const mc_category_rule *unknown, const mc_category_rule *missing)
{
    if (!isnan(*value))
        return true;
    if (unknown->kind == MC_AS_NUMBER && unknown->number == trunc(unknown->number))
        *value = unknown->number;
    else if (unknown->kind == MC_AS_VALUE && missing->kind != MC_AS_NAN)
        *value = 0.0;
    return unknown->kind != MC_AS_ERROR;
}

static mc_status count_table(mc_lowering *to, const mc_value *est, const mc_cell *column,
                             mc_category_table *out, mc_error *err)
{
    mc_category_rule unknown, missing;
    mc_frame counts;
    mc_category_builder b;
    double none = (double)NAN;
    MC_TRY(rule_of_column(to, est, "_handle_unknown", column, &unknown, err));
    MC_TRY(rule_of_column(to, est, "_handle_missing", column, &missing, err));
    MC_TRY(mc_category_read_frame(to, mc_value_attr(est, "mapping"), column, &counts, err));
    MC_TRY(mc_category_start(to, counts.n_rows, 1, &b, err));
    for (size_t i = 0; i < counts.n_rows; i++) {
        double value = counts.values[i * counts.n_cols];
        if (settled(&value, &unknown, &missing))
            mc_category_put(&b, &counts.rows[i], NULL, value);
    }
    if (settled(&none, &unknown, &missing))
        b.table.unknown_row = mc_category_add_row(&b, NULL, none);
    if (b.table.missing_row == MC_NO_ROW)
        b.table.missing_row = b.table.unknown_row;
    *out = mc_category_finish(&b);
    return MC_OK;
}

/* ---------------------------------------------------------------------------------- groups ---- */

/* Small groups have a name together: their labels mean what it means. */
static mc_status add_groups(mc_lowering *to, const mc_value *groups, mc_category_table *table,
                            mc_error *err)
{
    mc_label_index index, known;
    mc_cell *labels = NULL, cell, name;
    size_t *rows = NULL;
    if (!mc_value_is(groups, MC_KIND_DICT))
        return MC_OK;
    const size_t n = groups->as.items.n / 2;
    MC_TRY(mc_label_index_init(to, table->labels, table->n_labels, &known, err));
    MC_TRY(mc_arena_new(to->arena, mc_cell, table->n_labels + n, &labels, err));
    MC_TRY(mc_arena_new(to->arena, size_t, table->n_labels + n, &rows, err));
    for (size_t i = 0; i < table->n_labels; i++) {
        labels[i] = table->labels[i];
        rows[i] = table->label_rows[i];
    }
    for (size_t i = 0; i < n; i++) {
        MC_TRY(mc_cell_from_value(to->arena, groups->as.items.at[2 * i], &cell, err));
        MC_TRY(mc_cell_from_value(to->arena, groups->as.items.at[2 * i + 1], &name, err));
        const size_t at = mc_label_index_find(&known, &name),
                     own = mc_label_index_find(&known, &cell);
        const size_t row = at == MC_NO_ROW ? table->unknown_row : table->label_rows[at];
        if (mc_cell_is_missing(&cell)) {
            table->missing_row = row;
        } else if (own != MC_NO_ROW) {
            rows[own] = row;
        } else {
            labels[table->n_labels] = cell;
            rows[table->n_labels++] = row;
        }
    }
    table->labels = labels;
    table->label_rows = rows;
    return mc_label_index_init(to, labels, table->n_labels, &index, err); /* each once */
}

static mc_status read_groups(mc_lowering *to, const mc_value *est, const mc_cell *column,
                             mc_category_table *table, mc_error *err)
{
    static const char *const NAMES[] = {"_min_group_categories", "min_group_lumping_"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        const mc_value *held = mc_value_attr(est, NAMES[i]), *groups = NULL;
        if (!mc_value_is(held, MC_KIND_DICT))
            continue;
        MC_TRY(mc_category_of_column(to, held, column, &groups, err));
        MC_TRY(add_groups(to, groups, table, err));
    }
    return MC_OK;
}

/* --------------------------------------------------------------------------------- classes ---- */

static bool is_of_means(const mc_value *est)
{
    const mc_bytes name = mc_class_name(est);
    return mc_bytes_is(name, "CatBoostEncoder") || mc_bytes_is(name, "LeaveOneOutEncoder");
}

static mc_status table_of_class(mc_lowering *to, const mc_value *est, const mc_cell *column,
                                mc_category_table *out, mc_error *err)
{
    const mc_bytes name = mc_class_name(est);
    double a = 0.0;
    if (!is_of_means(est) && !mc_bytes_is(name, "OrdinalEncoder") &&
        !mc_bytes_is(name, "CountEncoder"))
        return coded_table(to, est, column, out, err);
    if (mc_bytes_is(name, "OrdinalEncoder"))
        return ordinal_table(to, est, column, out, err);
    if (mc_bytes_is(name, "CountEncoder"))
        return count_table(to, est, column, out, err);
    if (mc_bytes_is(name, "CatBoostEncoder"))
        MC_TRY(mc_attr_number(est, "a", 1.0, &a, err));
    return mc_category_mean_table(to, est, column, a, out, err);
}

mc_status mc_category_table_of(mc_lowering *to, const mc_value *est, const mc_cell *column,
                               mc_category_table *out, mc_error *err)
{
    MC_TRY(table_of_class(to, est, column, out, err));
    MC_TRY(read_groups(to, est, column, out, err));
    if (!is_of_means(est))
        out->none_row = out->missing_row;
    if (mc_attr_is_text(est, "handle_missing", "error"))
        out->missing_row = out->none_row = MC_NO_ROW;
    return MC_OK;
}
