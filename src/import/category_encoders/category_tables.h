/* category_tables.h: what an encoder of category_encoders has learnt of one column.
 *
 * Whatever the encoder, it comes to one table: the rows of numbers that stand for the categories,
 * for what is missing and for what is unknown. Everything lives in the load arena. */
#ifndef MC_CATEGORY_TABLES_H
#define MC_CATEGORY_TABLES_H
#include "import/sklearn/lower.h"

#define MC_NO_ROW SIZE_MAX /* refused */

typedef struct mc_category_table {
    const mc_cell *labels; /* (n_labels) none of them missing */
    const size_t *label_rows;
    size_t n_labels;
    /* May be MC_NO_ROW. Of NaN, of None, and of what is no label. */
    size_t missing_row, none_row, unknown_row;
    const double *values; /* (n_rows, width), C order */
    size_t n_rows, width;
    const mc_cell *names; /* (width) of its columns; NULL: one, of the name of its column */
} mc_category_table;

/* Of the column named `column`. MC_E_UNSUPPORTED names what is not understood. */
MC_MUST_CHECK mc_status mc_category_table_of(mc_lowering *to, const mc_value *est,
                                             const mc_cell *column, mc_category_table *out,
                                             mc_error *err);
#endif
