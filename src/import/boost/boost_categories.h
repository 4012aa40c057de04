/* boost_categories.h: the categories of a frame that a booster was trained on, as steps. */
#ifndef MC_IMPORT_BOOST_CATEGORIES_H
#define MC_IMPORT_BOOST_CATEGORIES_H
#include "import/sklearn/lower.h"

typedef struct mc_boost_column {
    uint32_t column;      /* of the rows */
    const mc_cell *cells; /* (n) texts or numbers; category i has the code i */
    size_t n;
} mc_boost_column;

/* Those columns of x, in ascending order, hold categories; in `out` they hold their codes, and what
 * is missing is NaN. Where all categories of a column are texts, numbers are codes already, as in
 * an array. What is no category is NaN too, or refused. */
MC_MUST_CHECK mc_status mc_boost_codes(mc_lowering *to, const mc_value *est,
                                       const mc_boost_column *columns, size_t n,
                                       bool refuse_unknown, const mc_sym *x, mc_sym *out,
                                       mc_error *err);
#endif
