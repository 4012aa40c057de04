/* category.h: is this value one of these categories, and which? */
#ifndef MC_KERNEL_CATEGORY_H
#define MC_KERNEL_CATEGORY_H
#include "base/base.h"

/* Order of cells: none, numbers (integers and truth values among them, by value), NaN, texts by
 * byte. Equal as Python's == says: 1 == 1.0 == True, but NaN equals NaN and "1" is not 1. */
int mc_cell_compare(const mc_cell *a, const mc_cell *b);
bool mc_cell_is_nan(const mc_cell *cell);
#endif
