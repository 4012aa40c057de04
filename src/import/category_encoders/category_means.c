/* category_means.c: the tables of encoders that keep a sum of targets and a count a category.
 *
 * Oracle   category_encoders 2.6 to 2.11: leave_one_out.py, cat_boost.py.
 * Exact    Divides as numpy does. */
#include <math.h>

#include "import/category_encoders/category_rows.h"
#include "import/sklearn/attr.h"

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
        if (!mc_cell_is_missing(row) &&
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
static void tell_apart(mc_category_builder *b, double of_none)
{
    mc_category_table *table = &b->table;
    const double of_nan = b->values[table->missing_row];
    bool has_text = false;
    table->none_row = table->missing_row;
    if (of_nan == of_none || (isnan(of_nan) && isnan(of_none)))
        return;
    for (size_t i = 0; i < table->n_labels; i++)
        has_text = has_text || b->labels[i].kind == MC_CELL_STRING;
    table->none_row = has_text ? mc_category_add_row(b, NULL, of_none) : MC_NO_ROW;
    if (has_text || table->n_labels == 0)
        table->missing_row = MC_NO_ROW;
}

mc_status mc_category_mean_table(mc_lowering *to, const mc_value *est, const mc_cell *column,
                                 double a, mc_category_table *out, mc_error *err)
{
    mc_category_rule unknown, missing;
    mc_frame sums;
    mc_category_builder b;
    double mean = 0.0;
    MC_TRY(mc_category_rule_of(est, "handle_unknown", &unknown, err));
    MC_TRY(mc_category_rule_of(est, "handle_missing", &missing, err));
    MC_TRY(mc_attr_number(est, "_mean", (double)NAN, &mean, err));
    MC_TRY(mc_category_read_frame(to, mc_value_attr(est, "mapping"), column, &sums, err));
    if (sums.columns == NULL || sums.n_cols != 2 || sums.columns[0].kind != MC_CELL_STRING ||
        sums.columns[0].size != 3)
        return mc_refuse(err, est, "mapping: expected the columns sum and count");
    MC_TRY(refuse_truth(to, est, column, &sums, err));
    MC_TRY(mc_category_start(to, sums.n_rows, 1, &b, err));
    const double of_none = missing.kind == MC_AS_VALUE ? mean : (double)NAN;
    for (size_t i = 0; i < sums.n_rows; i++) {
        const double sum = sums.values[2 * i], count = sums.values[2 * i + 1];
        const double value = a > 0.0 ? (sum + mean * a) / (count + a) : sum / count;
        mc_category_put(&b, &sums.rows[i], NULL, count > 1.0 ? value : mean);
    }
    if (unknown.kind != MC_AS_ERROR)
        b.table.unknown_row =
            mc_category_add_row(&b, NULL, unknown.kind == MC_AS_VALUE ? mean : (double)NAN);
    if (b.table.missing_row == MC_NO_ROW)
        b.table.missing_row = mc_category_add_row(&b, NULL, of_none);
    else if (missing.kind == MC_AS_NAN)
        b.values[b.table.missing_row] = (double)NAN;
    tell_apart(&b, of_none);
    *out = mc_category_finish(&b);
    return MC_OK;
}
