/* sparse.c: scipy.sparse CSR and CSC, proved consistent before anybody indexes with them.
 *
 * A scipy object is its dict: _shape, indptr, indices, data (and flags that mean nothing here). */
#include "array/ndarray.h"

static const struct {
    const char *module, *name;
    bool is_csc;
} CLASSES[] = {
    {"scipy.sparse._csr", "csr_matrix", false},
    {"scipy.sparse._csr", "csr_array", false},
    {"scipy.sparse._csc", "csc_matrix", true},
    {"scipy.sparse._csc", "csc_array", true},
};

static bool find_class(const mc_value *value, bool *out_is_csc)
{
    for (size_t i = 0; i < MC_COUNT_OF(CLASSES); i++) {
        if (mc_value_is(value, MC_KIND_OBJECT) &&
            mc_value_is_a(value, CLASSES[i].module, CLASSES[i].name)) {
            *out_is_csc = CLASSES[i].is_csc;
            return true;
        }
    }
    return false;
}

bool mc_value_is_sparse(const mc_value *value)
{
    bool is_csc = false;
    return find_class(value, &is_csc);
}

static mc_status read_shape(const mc_value *value, mc_sparse *out, mc_error *err)
{
    const mc_value *shape = mc_value_attr(value, "_shape");
    int64_t n[2] = {1, 0};
    if (!mc_value_is(shape, MC_KIND_TUPLE) || shape->as.items.n == 0 || shape->as.items.n > 2)
        return mc_fail(err, MC_E_MALFORMED, value->offset,
                       "a sparse matrix needs a _shape of one or two counts");
    const size_t first = 2 - shape->as.items.n; /* csr_array of one dimension: one row */
    for (size_t i = first; i < 2; i++) {
        MC_TRY(mc_integer_from_value(shape->as.items.at[i - first], &n[i], err));
        if (n[i] < 0)
            return mc_fail(err, MC_E_MALFORMED, value->offset, "negative _shape");
    }
    out->n_rows = (size_t)n[0];
    out->n_cols = (size_t)n[1];
    return MC_OK;
}

static mc_status read_integers(mc_arena *arena, const mc_value *object, const char *name,
                               const int64_t **out, size_t *out_n, mc_error *err)
{
    mc_ndarray array = {0};
    int64_t *integers = NULL;
    MC_TRY_IN(mc_ndarray_from_value(arena, mc_value_attr(object, name), &array, err), err, "%s",
              name);
    MC_TRY_IN(mc_ndarray_i64(arena, &array, &integers, err), err, "%s", name);
    *out = integers;
    *out_n = array.n_items;
    return MC_OK;
}

static mc_status verify(const mc_value *value, const mc_sparse *sparse, size_t n_indptr,
                        size_t n_indices, mc_error *err)
{
    const size_t n_major = sparse->is_csc ? sparse->n_cols : sparse->n_rows;
    const size_t n_minor = sparse->is_csc ? sparse->n_rows : sparse->n_cols;

    if (n_indptr == 0 || n_indptr - 1 != n_major)
        return mc_fail(err, MC_E_MALFORMED, value->offset, "indptr of %zu items for %zu rows",
                       n_indptr, n_major);
    if (n_indices != sparse->n_items)
        return mc_fail(err, MC_E_MALFORMED, value->offset, "%zu indices for %zu items", n_indices,
                       sparse->n_items);
    bool is_ascending = sparse->indptr[0] == 0;
    for (size_t i = 0; i < n_major; i++)
        is_ascending = is_ascending && sparse->indptr[i] <= sparse->indptr[i + 1];
    if (!is_ascending || (uint64_t)sparse->indptr[n_major] != sparse->n_items)
        return mc_fail(err, MC_E_MALFORMED, value->offset, "indptr does not ascend from 0 to %zu",
                       sparse->n_items);
    for (size_t i = 0; i < n_indices; i++) {
        if (sparse->indices[i] < 0 || (uint64_t)sparse->indices[i] >= n_minor)
            return mc_fail(err, MC_E_MALFORMED, value->offset, "index %lld of %zu",
                           (long long)sparse->indices[i], n_minor);
    }
    return MC_OK;
}

mc_status mc_sparse_from_value(mc_arena *arena, const mc_value *value, mc_sparse *out,
                               mc_error *err)
{
    char text[256];
    mc_sparse sparse = {0};
    mc_ndarray data = {0};
    double *numbers = NULL;
    size_t n_indptr = 0, n_indices = 0;

    if (!find_class(value, &sparse.is_csc)) {
        return mc_fail(err, MC_E_UNSUPPORTED, value == NULL ? MC_NO_OFFSET : value->offset,
                       "need a CSR or CSC matrix, found %s",
                       mc_value_type_name(value, text, sizeof text));
    }
    MC_TRY(read_shape(value, &sparse, err));
    MC_TRY(read_integers(arena, value, "indptr", &sparse.indptr, &n_indptr, err));
    MC_TRY(read_integers(arena, value, "indices", &sparse.indices, &n_indices, err));
    MC_TRY_IN(mc_ndarray_from_value(arena, mc_value_attr(value, "data"), &data, err), err, "data");
    MC_TRY_IN(mc_ndarray_f64(arena, &data, &numbers, err), err, "data");
    sparse.data = numbers;
    sparse.n_items = data.n_items;
    MC_TRY(verify(value, &sparse, n_indptr, n_indices, err));
    *out = sparse;
    return MC_OK;
}
