/* category_rows.h: what all encoders of category_encoders need to make a mc_category_table: labels
 * found again, the rules of handle_unknown and handle_missing, and a table filled row by row.
 *
 * None and NaN are one missing value here. Everything lives in the load arena. */
#ifndef MC_CATEGORY_ROWS_H
#define MC_CATEGORY_ROWS_H
#include "array/frame.h"
#include "import/category_encoders/category_tables.h"
#include "kernel/category.h"

static inline bool mc_cell_is_missing(const mc_cell *cell)
{
    return cell->kind == MC_CELL_NONE || mc_cell_is_nan(cell);
}

typedef struct mc_label {
    mc_cell cell;
    size_t row;
} mc_label;

typedef struct mc_label_index {
    mc_label *at; /* (n) in the order of mc_cell_compare() */
    size_t n;
} mc_label_index;

/* Of `cells` (n); MC_E_UNSUPPORTED if one is there twice. */
MC_MUST_CHECK mc_status mc_label_index_init(mc_lowering *to, const mc_cell *cells, size_t n,
                                            mc_label_index *out, mc_error *err);
/* Row of a label; MC_NO_ROW without. */
size_t mc_label_index_find(const mc_label_index *index, const mc_cell *cell);

/* What stands behind a column's name, of a dict {column: ...} or a list of {"col": column,
 * "mapping": ...}; NULL if nothing does. */
MC_MUST_CHECK mc_status mc_category_of_column(mc_lowering *to, const mc_value *held,
                                              const mc_cell *column, const mc_value **out,
                                              mc_error *err);
/* The same as a frame; MC_E_UNSUPPORTED without. */
MC_MUST_CHECK mc_status mc_category_read_frame(mc_lowering *to, const mc_value *held,
                                               const mc_cell *column, mc_frame *out, mc_error *err);

/* handle_unknown or handle_missing. */
typedef enum mc_category_rule_kind {
    MC_AS_VALUE,
    MC_AS_NAN,
    MC_AS_ERROR,
    MC_AS_NUMBER,
    MC_AS_OTHER
} mc_category_rule_kind;
typedef struct mc_category_rule {
    mc_category_rule_kind kind;
    double number;
} mc_category_rule;

/* `name` words the error. */
MC_MUST_CHECK mc_status mc_category_rule_from(const mc_value *value, const char *name,
                                              mc_category_rule *out, mc_error *err);
/* Of the attribute `name`. */
MC_MUST_CHECK mc_status mc_category_rule_of(const mc_value *est, const char *name,
                                            mc_category_rule *out, mc_error *err);

/* Under construction: rows come one by one. */
typedef struct mc_category_builder {
    mc_cell *labels;
    size_t *label_rows;
    double *values;
    mc_category_table table;
} mc_category_builder;

/* Room for `n` labels, and a row each and for what is missing and unknown. */
MC_MUST_CHECK mc_status mc_category_start(mc_lowering *to, size_t n, size_t width,
                                          mc_category_builder *out, mc_error *err);
/* A row of `width` values, or of that many times `otherwise`; returns which row. */
size_t mc_category_add_row(mc_category_builder *b, const double *row, double otherwise);
/* What `cell` stands for. */
void mc_category_put(mc_category_builder *b, const mc_cell *cell, const double *row,
                     double otherwise);
mc_category_table mc_category_finish(mc_category_builder *b);

/* LeaveOneOut and CatBoost (category_means.c): the mean of a category's targets, smoothed by `a`;
 * of one that occurred once, the mean of all. */
MC_MUST_CHECK mc_status mc_category_mean_table(mc_lowering *to, const mc_value *est,
                                               const mc_cell *column, double a,
                                               mc_category_table *out, mc_error *err);
#endif
