/* ndarray.h: numpy arrays and scalars, rebuilt from a graph as typed views on its bytes.
 *
 * Oracle   numpy/_core/src/multiarray/{methods,descriptor}.c: ndarray.__reduce__, dtype.__reduce__,
 *          scalar; numpy 1.x and 2.x names (numpy.core.multiarray, numpy._core.multiarray ...).
 * Exact    A view names the same elements that numpy would; conversions are exact or refused.
 *
 * An array borrows its bytes from the graph (or the load arena) and lives as long. Immutable. */
#ifndef MC_ARRAY_NDARRAY_H
#define MC_ARRAY_NDARRAY_H
#include "base/arena.h"
#include "base/limits.h"
#include "pickle/graph.h"

typedef struct mc_dtype_field mc_dtype_field;

/* kind as numpy's dtype.kind: f i u b U S O V (and M, m, c, which no getter accepts). */
typedef struct mc_dtype_info {
    char kind;
    bool big_endian;
    size_t item_size;             /* bytes; U: 4 a character */
    const mc_dtype_field *fields; /* V: (n_fields), arena */
    size_t n_fields;
} mc_dtype_info;

struct mc_dtype_field {
    mc_bytes name;
    size_t offset;
    mc_dtype_info dtype;
};

typedef struct mc_ndarray {
    mc_dtype_info dtype;
    size_t n_dims; /* 0 for scalars */
    size_t shape[MC_LIMIT_DIMENSIONS];
    ptrdiff_t strides[MC_LIMIT_DIMENSIONS]; /* bytes (items of `objects` for kind O) */
    size_t n_items;                         /* product of shape */
    const uint8_t *data;                    /* kind O: NULL */
    mc_value *const *objects;               /* kind O: (n_items), C order */
} mc_ndarray;

/* True if `value` is an ndarray, a masked array's data, a numpy scalar (0-d) or a native array. */
bool mc_value_is_array(const mc_value *value);

/* An ndarray or numpy scalar as a view. Python lists and tuples of numbers, and plain numbers
 * (0-d), are converted; anything else is MC_E_UNSUPPORTED naming what was found. */
MC_MUST_CHECK mc_status mc_ndarray_from_value(mc_arena *arena, const mc_value *value,
                                              mc_ndarray *out, mc_error *err);

/* A numpy.dtype object of the graph, or a type object such as numpy.float32. */
MC_MUST_CHECK mc_status mc_dtype_from_value(mc_arena *arena, const mc_value *value,
                                            mc_dtype_info *out, mc_error *err);

/* The field `name` of a structured array, as a view. MC_E_UNSUPPORTED if there is none. */
MC_MUST_CHECK mc_status mc_ndarray_field(const mc_ndarray *array, const char *name, mc_ndarray *out,
                                         mc_error *err);
bool mc_ndarray_has_field(const mc_ndarray *array, const char *name);

/* All items in C order, converted. f64 takes f (2, 4, 8 bytes), i, u, b where each value is exact,
 * and objects that are numbers (None: NaN). i64 takes i, u, b, and f whose values are integers. */
MC_MUST_CHECK mc_status mc_ndarray_f64(mc_arena *arena, const mc_ndarray *array, double **out,
                                       mc_error *err);
MC_MUST_CHECK mc_status mc_ndarray_i64(mc_arena *arena, const mc_ndarray *array, int64_t **out,
                                       mc_error *err);

/* Items of any kind as cells, C order: f NUMBER, i u INTEGER, b BOOL, U and S STRING (UTF-8 in the
 * arena), O by the object: None, bool, int, float, str, numpy scalars. Others are refused. */
MC_MUST_CHECK mc_status mc_ndarray_cells(mc_arena *arena, const mc_ndarray *array, mc_cell **out,
                                         mc_error *err);

/* One graph value as a cell: None, bool, int, float, str, numpy scalar, numpy.nan, pandas.NA. */
MC_MUST_CHECK mc_status mc_cell_from_value(mc_arena *arena, const mc_value *value, mc_cell *out,
                                           mc_error *err);

/* Python or numpy numbers and truth values of a graph. MC_E_UNSUPPORTED otherwise. */
MC_MUST_CHECK mc_status mc_number_from_value(const mc_value *value, double *out, mc_error *err);
MC_MUST_CHECK mc_status mc_integer_from_value(const mc_value *value, int64_t *out, mc_error *err);
MC_MUST_CHECK mc_status mc_bool_from_value(const mc_value *value, bool *out, mc_error *err);

/* A scipy.sparse CSR or CSC matrix or array; one of one dimension is one row. `indptr` (n + 1)
 * ascending, from 0 to n_items, and all indices in range: checked here. */
typedef struct mc_sparse {
    bool is_csc;
    size_t n_rows, n_cols, n_items;
    const int64_t *indptr, *indices;
    const double *data;
} mc_sparse;
bool mc_value_is_sparse(const mc_value *value);
MC_MUST_CHECK mc_status mc_sparse_from_value(mc_arena *arena, const mc_value *value, mc_sparse *out,
                                             mc_error *err);

/* A native array, as joblib's raw arrays become: the tag of mc_value.as.native, whose data is an
 * mc_ndarray in the arena. */
#define MC_NATIVE_NDARRAY 1u
#endif
