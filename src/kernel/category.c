/* category.c: comparing cells as Python compares values.
 *
 * Oracle   sklearn/utils/_encode.py (_unique_python, _check_unknown): sets of Python objects, NaN
 *          and None set apart.
 * Exact    Integers compare with doubles without rounding: long double holds both (64 bits of
 *          mantissa on x86-64, 113 on arm64). */
#include "kernel/category.h"

#include <math.h>
#include <string.h>

static int rank(const mc_cell *cell)
{
    switch ((mc_cell_kind)cell->kind) {
    case MC_CELL_NONE:
        return 0;
    case MC_CELL_NUMBER:
        return isnan(cell->as.number) ? 2 : 1;
    case MC_CELL_INTEGER:
    case MC_CELL_BOOL:
        return 1;
    case MC_CELL_STRING:
        return 3;
    case MC_CELL_LIST:
    case MC_CELL_DICT:
        return 4; /* never a category */
    }
    return 0;
}

static long double number_of(const mc_cell *cell)
{
    return cell->kind == MC_CELL_NUMBER ? (long double)cell->as.number
                                        : (long double)cell->as.integer;
}

bool mc_cell_is_nan(const mc_cell *cell)
{
    return cell->kind == MC_CELL_NUMBER && isnan(cell->as.number);
}

int mc_cell_compare(const mc_cell *a, const mc_cell *b)
{
    const int rank_a = rank(a), rank_b = rank(b);
    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    if (rank_a == 1) {
        const long double x = number_of(a), y = number_of(b);
        return x < y ? -1 : x > y ? 1 : 0;
    }
    if (rank_a != 3)
        return 0;
    const mc_bytes x = {(const uint8_t *)a->as.text, a->size};
    const mc_bytes y = {(const uint8_t *)b->as.text, b->size};
    return mc_bytes_compare(x, y);
}
