/* category_tables.c: Series and DataFrames of fitted encoders -> tables.
 *
 * Oracle   category_encoders 2.6 to 2.11: ordinal.py (ordinal_encoding), one_hot.py (get_dummies),
 *          basen.py, base_contrast_encoder.py, rankhot.py, count.py, leave_one_out.py,
 *          cat_boost.py, and the _score or target_encode of those with one number a category.
 * Exact    Bit for bit: values are looked up; LeaveOneOut and CatBoost divide as numpy does.
 * Why so   Most encoders number the categories first (their ordinal_encoder: -1 is unknown, -2
 *          missing) and keep what a number stands for. A number that nothing stands for is NaN.
 *          None and NaN are one missing value, but for LeaveOneOut and CatBoost: see
 *          tell_apart(). */
#include "import/category_encoders/category_tables.h"

#include <math.h>
#include <stdlib.h>

#include "array/frame.h"
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "kernel/category.h"

#define UNKNOWN_CODE (-1.0)
#define MISSING_CODE (-2.0)

/* --------------------------------------------------------------------------------- look-up ---- */

typedef struct label {
    mc_cell cell;
    size_t row;
} label;

typedef struct label_index {
    label *at; /* (n) in the order of mc_cell_compare() */
    size_t n;
} label_index;

static bool is_missing(const mc_cell *cell)
{
    return cell->kind == MC_CELL_NONE || mc_cell_is_nan(cell);
}

/* None as NaN: both are missing. */
static mc_cell plain(const mc_cell *cell)
{
    return is_missing(cell) ? (mc_cell){.kind = MC_CELL_NUMBER, .as.number = (double)NAN} : *cell;
}

static int by_label(const void *a, const void *b)
{
    return mc_cell_compare(&((const label *)a)->cell, &((const label *)b)->cell);
}

static mc_status make_index(mc_lowering *to, const mc_cell *cells, size_t n, label_index *out,
                            mc_error *err)
{
    MC_TRY(mc_arena_new(to->arena, label, n, &out->at, err));
    out->n = n;
    for (size_t i = 0; i < n; i++)
        out->at[i] = (label){plain(&cells[i]), i};
    if (n > 0)
        qsort(out->at, n, sizeof *out->at, by_label);
    for (size_t i = 1; i < n; i++)
        if (by_label(&out->at[i - 1], &out->at[i]) == 0)
            return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "label %zu is there twice", i);
    return MC_OK;
}

/* Row of a label; MC_NO_ROW without. */
static size_t find(const label_index *index, const mc_cell *cell)
{
    const label wanted = {plain(cell), 0};
    const label *found =
        index->n == 0 ? NULL : bsearch(&wanted, index->at, index->n, sizeof wanted, by_label);
    return found == NULL ? MC_NO_ROW : found->row;
}

static size_t find_number(const label_index *index, double number)
{
    const mc_cell cell = {.kind = MC_CELL_NUMBER, .as.number = number};
    return find(index, &cell);
}

/* What stands behind a column's name, of a dict {column: ...} or a list of {"col": column,
 * "mapping": ...}; NULL if nothing does. */
static mc_status of_column(mc_lowering *to, const mc_value *held, const mc_cell *column,
                           const mc_value **out, mc_error *err)
{
    const bool is_dict = mc_value_is(held, MC_KIND_DICT);
    mc_cell cell;
    *out = NULL;
    if (!is_dict && !mc_value_is(held, MC_KIND_LIST))
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "mapping: expected a dict or a list");
    const size_t step = is_dict ? 2 : 1;
    for (size_t i = 0; i + step <= held->as.items.n; i += step) {
        const mc_value *item = held->as.items.at[i];
        const mc_value *key = is_dict ? item : mc_dict_get(item, "col");
        if (key == NULL)
            return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "mapping: an item without \"col\"");
        MC_TRY(mc_cell_from_value(to->arena, key, &cell, err));
        if (mc_cell_compare(&cell, column) == 0)
            *out = is_dict ? held->as.items.at[i + 1] : mc_dict_get(item, "mapping");
    }
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- rules ---- */

/* handle_unknown or handle_missing. */
typedef enum rule_kind { AS_VALUE, AS_NAN, AS_ERROR, AS_NUMBER, AS_OTHER } rule_kind;
typedef struct rule {
    rule_kind kind;
    double number;
} rule;

static mc_status rule_from(const mc_value *value, const char *name, rule *out, mc_error *err)
{
    char type[160];
    static const struct {
        const char *text;
        rule_kind kind;
    } TEXTS[] = {{"value", AS_VALUE}, {"return_nan", AS_NAN}, {"error", AS_ERROR}};
    *out = (rule){AS_OTHER, 0.0};
    for (size_t i = 0; i < MC_COUNT_OF(TEXTS); i++)
        if (mc_value_is_text(value, TEXTS[i].text))
            out->kind = TEXTS[i].kind;
    if (mc_value_is_none(value) || mc_value_is(value, MC_KIND_TEXT))
        return MC_OK;
    out->kind = AS_NUMBER;
    if (mc_number_from_value(value, &out->number, NULL) == MC_OK)
        return MC_OK;
    return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "%s: found %s", name,
                   mc_value_type_name(value, type, sizeof type));
}

static mc_status rule_of(const mc_value *est, const char *name, rule *out, mc_error *err)
{
    return rule_from(mc_value_attr(est, name), name, out, err);
}

/* ----------------------------------------------------------------------------------- table ---- */

/* Under construction: rows come one by one. */
typedef struct builder {
    mc_cell *labels;
    size_t *label_rows;
    double *values;
    mc_category_table table;
} builder;

/* Room for `n` labels, and a row each and for what is missing and unknown. */
static mc_status start(mc_lowering *to, size_t n, size_t width, builder *out, mc_error *err)
{
    size_t n_values = 0;
    *out = (builder){.table = {.missing_row = MC_NO_ROW, .unknown_row = MC_NO_ROW, .width = width}};
    if (!mc_mul_size(n + 2, width, &n_values))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu categories of %zu columns", n, width);
    MC_TRY(mc_arena_new(to->arena, mc_cell, n, &out->labels, err));
    MC_TRY(mc_arena_new(to->arena, size_t, n, &out->label_rows, err));
    return mc_arena_new(to->arena, double, n_values, &out->values, err);
}

/* A row of `width` values, or of that many times NaN. */
static size_t add_row(builder *b, const double *row, double otherwise)
{
    double *to = b->values + b->table.n_rows * b->table.width;
    for (size_t k = 0; k < b->table.width; k++)
        to[k] = row == NULL ? otherwise : row[k];
    return b->table.n_rows++;
}

/* What `cell` stands for. */
static void put(builder *b, const mc_cell *cell, const double *row, double otherwise)
{
    const size_t at = add_row(b, row, otherwise);
    if (is_missing(cell)) {
        b->table.missing_row = at;
        return;
    }
    b->labels[b->table.n_labels] = *cell;
    b->label_rows[b->table.n_labels++] = at;
}

static mc_category_table finish(builder *b)
{
    b->table.labels = b->labels;
    b->table.label_rows = b->label_rows;
    b->table.values = b->values;
    return b->table;
}

static mc_status read_frame(mc_lowering *to, const mc_value *held, const mc_cell *column,
                            mc_frame *out, mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(of_column(to, held, column, &value, err));
    if (value == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "mapping: the column is not in it");
    return mc_frame_from_value(to->arena, value, out, err);
}

/* --------------------------------------------------------------------------------- ordinal ---- */

/* The number of a category, as handle_missing makes it. */
static double ordinal_code(double code, const rule *missing)
{
    if (code != MISSING_CODE)
        return code;
    return missing->kind == AS_NAN      ? (double)NAN
           : missing->kind == AS_NUMBER ? missing->number
                                        : code;
}

static mc_status ordinal_table(mc_lowering *to, const mc_value *est, const mc_cell *column,
                               mc_category_table *out, mc_error *err)
{
    rule unknown, missing;
    mc_frame codes;
    builder b;
    MC_TRY(rule_of(est, "handle_unknown", &unknown, err));
    MC_TRY(rule_of(est, "handle_missing", &missing, err));
    MC_TRY(read_frame(to, mc_value_attr(est, "mapping"), column, &codes, err));
    MC_TRY(start(to, codes.n_rows, 1, &b, err));
    for (size_t i = 0; i < codes.n_rows; i++)
        put(&b, &codes.rows[i], NULL, ordinal_code(codes.values[i * codes.n_cols], &missing));
    if (unknown.kind != AS_ERROR) {
        b.table.unknown_row = add_row(&b, NULL,
                                      unknown.kind == AS_VALUE    ? UNKNOWN_CODE
                                      : unknown.kind == AS_NUMBER ? unknown.number
                                                                  : (double)NAN);
    }
    if (b.table.missing_row == MC_NO_ROW)
        b.table.missing_row = b.table.unknown_row;
    *out = finish(&b);
    return MC_OK;
}

/* --------------------------------------------------------------------------- number and row ----
 */

/* A frame's rows by number, and what stands for numbers that it lacks. */
typedef struct coded {
    mc_frame frame;
    label_index index;
    double otherwise, if_missing;
} coded;

/* RankHotEncoder: rows of its own for what is not among them. */
static mc_status rank_hot_rules(const mc_value *est, coded *c, mc_error *err)
{
    rule unknown, missing;
    MC_TRY(rule_of(est, "handle_unknown", &unknown, err));
    MC_TRY(rule_of(est, "handle_missing", &missing, err));
    c->otherwise = unknown.kind == AS_NAN ? (double)NAN : 0.0;
    c->if_missing = missing.kind == AS_NAN ? (double)NAN : c->otherwise;
    return MC_OK;
}

static void put_code(builder *b, const coded *c, const mc_cell *cell, double code)
{
    const size_t row = find_number(&c->index, code);
    put(b, cell, row == MC_NO_ROW ? NULL : c->frame.values + row * c->frame.n_cols,
        isnan(code) ? c->if_missing : c->otherwise);
}

static mc_status read_coded(mc_lowering *to, const mc_value *est, const mc_value *kept, coded *out,
                            mc_error *err)
{
    *out = (coded){.otherwise = (double)NAN, .if_missing = (double)NAN};
    MC_TRY(mc_frame_from_value(to->arena, kept, &out->frame, err));
    MC_TRY(make_index(to, out->frame.rows, out->frame.n_rows, &out->index, err));
    return mc_bytes_is(mc_class_name(est), "RankHotEncoder") ? rank_hot_rules(est, out, err)
                                                             : MC_OK;
}

/* RankHotEncoder numbers what is missing NaN if its inner encoder answers NaN for it, and then
 * knows it only by some of its rules. */
static mc_status lost_by_rank(const mc_value *est, bool *out_is_nan, bool *out_is_refused,
                              mc_error *err)
{
    rule inner, missing;
    const mc_value *ordinal = mc_value_attr(est, "ordinal_encoder");
    MC_TRY(rule_of(ordinal, "handle_missing", &inner, err));
    MC_TRY(rule_of(est, "handle_missing", &missing, err));
    *out_is_nan = inner.kind == AS_NAN && mc_bytes_is(mc_class_name(est), "RankHotEncoder");
    *out_is_refused = *out_is_nan && missing.kind != AS_NAN && missing.kind != AS_VALUE &&
                      !mc_attr_is_text(est, "handle_missing", "ignore");
    return MC_OK;
}

static mc_status fill_coded(mc_lowering *to, const mc_value *est, const mc_frame *codes,
                            const coded *c, builder *b, mc_error *err)
{
    rule unknown;
    const mc_cell none = {.kind = MC_CELL_NONE};
    bool is_nan = false, is_refused = false;
    MC_TRY(rule_of(est, "handle_unknown", &unknown, err));
    MC_TRY(lost_by_rank(est, &is_nan, &is_refused, err));
    MC_TRY(start(to, codes->n_rows, c->frame.n_cols, b, err));
    for (size_t i = 0; i < codes->n_rows; i++) {
        const double code = codes->values[i * codes->n_cols];
        const bool is_lost = is_nan && code == MISSING_CODE;
        if (!is_lost || !is_refused)
            put_code(b, c, &codes->rows[i], is_lost ? (double)NAN : code);
    }
    if (unknown.kind == AS_ERROR)
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
    builder b;
    coded c;
    MC_TRY_IN(read_frame(to, mc_value_attr(ordinal, "mapping"), column, &codes, err), err,
              "ordinal_encoder");
    MC_TRY(of_column(to, mc_value_attr(est, "mapping"), column, &kept, err));
    if (kept == NULL)
        return ordinal_table(to, ordinal, column, out, err);
    MC_TRY(read_coded(to, est, kept, &c, err));
    MC_TRY(fill_coded(to, est, &codes, &c, &b, err));
    *out = finish(&b);
    out->names = c.frame.columns;
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- count ---- */

/* Dicts that CountEncoder makes of its options hold one a column. */
static mc_status rule_of_column(mc_lowering *to, const mc_value *est, const char *name,
                                const mc_cell *column, rule *out, mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(of_column(to, mc_value_attr(est, name), column, &value, err));
    return rule_from(value, name, out, err);
}

/* What handle_unknown makes of a NaN; false: refused. */
static bool settled(double *value, const rule *unknown, const rule *missing)
{
    if (!isnan(*value))
        return true;
    if (unknown->kind == AS_NUMBER && unknown->number == trunc(unknown->number))
        *value = unknown->number;
    else if (unknown->kind == AS_VALUE && missing->kind != AS_NAN)
        *value = 0.0;
    return unknown->kind != AS_ERROR;
}

static mc_status count_table(mc_lowering *to, const mc_value *est, const mc_cell *column,
                             mc_category_table *out, mc_error *err)
{
    rule unknown, missing;
    mc_frame counts;
    builder b;
    double none = (double)NAN;
    MC_TRY(rule_of_column(to, est, "_handle_unknown", column, &unknown, err));
    MC_TRY(rule_of_column(to, est, "_handle_missing", column, &missing, err));
    MC_TRY(read_frame(to, mc_value_attr(est, "mapping"), column, &counts, err));
    MC_TRY(start(to, counts.n_rows, 1, &b, err));
    for (size_t i = 0; i < counts.n_rows; i++) {
        double value = counts.values[i * counts.n_cols];
        if (settled(&value, &unknown, &missing))
            put(&b, &counts.rows[i], NULL, value);
    }
    if (settled(&none, &unknown, &missing))
        b.table.unknown_row = add_row(&b, NULL, none);
    if (b.table.missing_row == MC_NO_ROW)
        b.table.missing_row = b.table.unknown_row;
    *out = finish(&b);
    return MC_OK;
}

/* -------------------------------------------------------------------------- sums and counts ----
 */

/* Truth values of training are kept as 0.0 and 1.0, and pandas then finds no truth value among
 * them: only where the type of the column is kept too is it known what is meant. */
static mc_status refuse_truth(mc_lowering *to, const mc_value *est, const mc_cell *column,
                              const mc_frame *sums, mc_error *err)
{
    const mc_cell *names = NULL;
    mc_items dtypes;
    mc_dtype_info dtype;
    size_t n = 0;
    for (size_t i = 0; i < sums->n_rows; i++) {
        const mc_cell *row = &sums->rows[i];
        if (!is_missing(row) &&
            (row->kind != MC_CELL_NUMBER || (row->as.number != 0.0 && row->as.number != 1.0)))
            return MC_OK;
    }
    if (mc_attr_has(est, "feature_dtypes_in_")) {
        MC_TRY(mc_attr_cells(to, est, "feature_names_in_", &names, &n, err));
        MC_TRY(mc_attr_items(to, est, "feature_dtypes_in_", &dtypes, err));
        for (size_t i = 0; i < n && i < dtypes.n; i++) {
            if (mc_cell_compare(&names[i], column) == 0 &&
                mc_dtype_from_value(to->arena, dtypes.at[i], &dtype, NULL) == MC_OK &&
                (dtype.kind == 'i' || dtype.kind == 'u' || dtype.kind == 'f'))
                return MC_OK;
        }
    }
    return mc_refuse(err, est,
                     "its categories 0 and 1 may be truth values, which it does not "
                     "recognise again");
}

/* LeaveOneOut and CatBoost look values up with pandas, which tells None from NaN where a column is
 * one of objects, and whether it is depends on the other rows of the batch: NaN is what training
 * saw in a column of texts if another row holds a text, but not alone or beside a None; None is
 * NaN in a column of numbers, but not alone. A row has one answer in every batch, and it is the
 * one that the package gives: where it gives two, the row is refused. */
static void tell_apart(builder *b, double of_none)
{
    mc_category_table *table = &b->table;
    const double of_nan = b->values[table->missing_row];
    bool has_text = false;
    table->none_row = table->missing_row;
    if (of_nan == of_none || (isnan(of_nan) && isnan(of_none)))
        return;
    for (size_t i = 0; i < table->n_labels; i++)
        has_text = has_text || b->labels[i].kind == MC_CELL_STRING;
    table->none_row = has_text ? add_row(b, NULL, of_none) : MC_NO_ROW;
    if (has_text || table->n_labels == 0)
        table->missing_row = MC_NO_ROW;
}

/* Mean of a category's targets, smoothed by `a`; of one that occurred once, the mean of all. */
static mc_status mean_table(mc_lowering *to, const mc_value *est, const mc_cell *column, double a,
                            mc_category_table *out, mc_error *err)
{
    rule unknown, missing;
    mc_frame sums;
    builder b;
    double mean = 0.0;
    MC_TRY(rule_of(est, "handle_unknown", &unknown, err));
    MC_TRY(rule_of(est, "handle_missing", &missing, err));
    MC_TRY(mc_attr_number(est, "_mean", (double)NAN, &mean, err));
    MC_TRY(read_frame(to, mc_value_attr(est, "mapping"), column, &sums, err));
    if (sums.columns == NULL || sums.n_cols != 2 || sums.columns[0].kind != MC_CELL_STRING ||
        sums.columns[0].size != 3)
        return mc_refuse(err, est, "mapping: expected the columns sum and count");
    MC_TRY(refuse_truth(to, est, column, &sums, err));
    MC_TRY(start(to, sums.n_rows, 1, &b, err));
    const double of_none = missing.kind == AS_VALUE ? mean : (double)NAN;
    for (size_t i = 0; i < sums.n_rows; i++) {
        const double sum = sums.values[2 * i], count = sums.values[2 * i + 1];
        const double value = a > 0.0 ? (sum + mean * a) / (count + a) : sum / count;
        put(&b, &sums.rows[i], NULL, count > 1.0 ? value : mean);
    }
    if (unknown.kind != AS_ERROR)
        b.table.unknown_row = add_row(&b, NULL, unknown.kind == AS_VALUE ? mean : (double)NAN);
    if (b.table.missing_row == MC_NO_ROW)
        b.table.missing_row = add_row(&b, NULL, of_none);
    else if (missing.kind == AS_NAN)
        b.values[b.table.missing_row] = (double)NAN;
    tell_apart(&b, of_none);
    *out = finish(&b);
    return MC_OK;
}

/* ---------------------------------------------------------------------------------- groups ---- */

/* Small groups have a name together: their labels mean what it means. */
static mc_status add_groups(mc_lowering *to, const mc_value *groups, mc_category_table *table,
                            mc_error *err)
{
    label_index index, known;
    mc_cell *labels = NULL, cell, name;
    size_t *rows = NULL;
    if (!mc_value_is(groups, MC_KIND_DICT))
        return MC_OK;
    const size_t n = groups->as.items.n / 2;
    MC_TRY(make_index(to, table->labels, table->n_labels, &known, err));
    MC_TRY(mc_arena_new(to->arena, mc_cell, table->n_labels + n, &labels, err));
    MC_TRY(mc_arena_new(to->arena, size_t, table->n_labels + n, &rows, err));
    for (size_t i = 0; i < table->n_labels; i++) {
        labels[i] = table->labels[i];
        rows[i] = table->label_rows[i];
    }
    for (size_t i = 0; i < n; i++) {
        MC_TRY(mc_cell_from_value(to->arena, groups->as.items.at[2 * i], &cell, err));
        MC_TRY(mc_cell_from_value(to->arena, groups->as.items.at[2 * i + 1], &name, err));
        const size_t at = find(&known, &name), own = find(&known, &cell);
        const size_t row = at == MC_NO_ROW ? table->unknown_row : table->label_rows[at];
        if (is_missing(&cell)) {
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
    return make_index(to, labels, table->n_labels, &index, err); /* each once */
}

static mc_status read_groups(mc_lowering *to, const mc_value *est, const mc_cell *column,
                             mc_category_table *table, mc_error *err)
{
    static const char *const NAMES[] = {"_min_group_categories", "min_group_lumping_"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        const mc_value *held = mc_value_attr(est, NAMES[i]), *groups = NULL;
        if (!mc_value_is(held, MC_KIND_DICT))
            continue;
        MC_TRY(of_column(to, held, column, &groups, err));
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
    return mean_table(to, est, column, a, out, err);
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
