/* node_arrays.c: what skops keeps in members of the zip: arrays, dtypes, sparse matrices, bytes.
 *
 * Oracle   skops/io/{_numpy,_scipy}.py: .npy members, .npz members that are zips themselves, and
 *          arrays of objects as lists of nodes. */
#include "import/skops/node_arrays.h"

#include "array/shape.h"
#include "base/number.h"
#include "base/size.h"
#include "import/file/literal.h"
#include "import/file/npy.h"

static mc_status make_native(mc_skops_maker *m, const mc_ndarray *array, mc_value *out,
                             mc_error *err)
{
    mc_ndarray *kept = NULL;
    MC_TRY(mc_arena_new(m->arena, mc_ndarray, 1, &kept, err));
    *kept = *array;
    out->kind = MC_KIND_NATIVE;
    out->as.native.tag = MC_NATIVE_NDARRAY;
    out->as.native.data = kept;
    return MC_OK;
}

/* The content of list nodes, one behind the other: one dimension less. */
static mc_status unfold(mc_skops_maker *m, mc_value **nodes, size_t n, size_t width,
                        mc_value ***out, mc_error *err)
{
    mc_value **made = NULL;
    size_t n_made = 0;
    if (!mc_mul_size(n, width, &n_made))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "an array of more objects than memory");
    for (size_t i = 0; i < n; i++) { /* before anything is allocated for what they announce */
        const mc_value *content = mc_dict_get(nodes[i], "content");
        if (!mc_value_is(content, MC_KIND_LIST) || content->as.items.n != width)
            return mc_skops_bad(nodes[i], err, "a row of objects of another length");
    }
    MC_TRY(mc_arena_new(m->arena, mc_value *, n_made, &made, err));
    for (size_t i = 0; i < n && width > 0; i++)
        memcpy(made + i * width, mc_dict_get(nodes[i], "content")->as.items.at,
               width * sizeof *made);
    *out = made;
    return MC_OK;
}

/* Numbers of a node that holds a tuple of JSON integers, as a value for mc_ndarray_set_shape(). */
static mc_status read_shape(mc_skops_maker *m, const mc_value *node, mc_value **out, mc_error *err)
{
    const mc_value *shape = NULL, *items = NULL, *number = NULL;
    MC_TRY(mc_skops_need(node, "shape", MC_KIND_DICT, &shape, err));
    MC_TRY(mc_skops_need(shape, "content", MC_KIND_LIST, &items, err));
    MC_TRY(mc_skops_tuple(m, node, items->as.items.n, out, err));
    for (size_t i = 0; i < items->as.items.n; i++) {
        MC_TRY(mc_skops_need(items->as.items.at[i], "content", MC_KIND_TEXT, &number, err));
        MC_TRY(mc_literal_read(number->as.bytes, number->offset, m->arena, &(*out)->as.items.at[i],
                               err));
    }
    return MC_OK;
}

/* Objects: a list of nodes, of list nodes where there is more than one dimension. */
static mc_status fill_objects(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *content = NULL;
    mc_value *shape = NULL, **objects = NULL;
    mc_ndarray array = {.dtype = {.kind = 'O', .item_size = 8}};
    MC_TRY(mc_skops_need(node, "content", MC_KIND_LIST, &content, err));
    MC_TRY(read_shape(m, node, &shape, err));
    MC_TRY(mc_ndarray_set_shape(&array, shape, false, node->offset, err));
    if (array.n_dims == 0 || content->as.items.n != array.shape[0])
        return mc_skops_bad(node, err, "an array of objects has another shape");
    mc_value **nodes = content->as.items.at;
    size_t n = array.shape[0];
    for (size_t i = 1; i < array.n_dims; n *= array.shape[i++])
        MC_TRY(unfold(m, nodes, n, array.shape[i], &nodes, err));
    MC_TRY(mc_arena_new(m->arena, mc_value *, n, &objects, err));
    for (size_t i = n; i-- > 0;)
        MC_TRY(mc_skops_later(m, nodes[i], &objects[i], err));
    array.objects = objects;
    return make_native(m, &array, out, err);
}

static mc_status read_array(mc_skops_maker *m, const mc_value *node, mc_ndarray *out, mc_error *err)
{
    mc_bytes file;
    MC_TRY(mc_skops_member(m, node, &file, err));
    const mc_value *name = mc_dict_get(node, "file");
    MC_TRY_IN(mc_npy_read(file, m->arena, out, err), err, "\"%.*s\"", MC_SHOW(name->as.bytes));
    return MC_OK;
}

mc_status mc_skops_fill_array(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *type = NULL;
    mc_ndarray array;
    MC_TRY(mc_skops_need(node, "type", MC_KIND_TEXT, &type, err));
    if (mc_bytes_is(type->as.bytes, "json"))
        return fill_objects(m, node, out, err);
    if (!mc_bytes_is(type->as.bytes, "numpy"))
        return mc_skops_bad(node, err, "an array of an unknown type");
    MC_TRY(read_array(m, node, &array, err));
    return make_native(m, &array, out, err);
}

/* Hidden values play no part in predictions: the data alone. */
mc_status mc_skops_fill_masked(mc_skops_maker *m, const mc_value *node, mc_value *out,
                               mc_error *err)
{
    const mc_value *content = NULL, *data = NULL;
    MC_TRY(mc_skops_need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(mc_skops_need(content, "data", MC_KIND_DICT, &data, err));
    return mc_skops_fill_array(m, data, out, err);
}

mc_status mc_skops_fill_bytes(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    out->kind = MC_KIND_BYTES;
    return mc_skops_member(m, node, &out->as.bytes, err);
}

/* A dtype is kept as an empty array of it. */
mc_status mc_skops_fill_dtype(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    static const char CODES[] = "fiubSUVOMmc";
    const mc_value *content = NULL;
    const mc_global *global = NULL;
    mc_ndarray array = {.dtype = {.kind = 'O', .item_size = 8}};
    char *text = NULL;
    MC_TRY(mc_skops_need(node, "content", MC_KIND_DICT, &content, err));
    if (!mc_value_is_text(mc_dict_get(content, "type"), "json"))
        MC_TRY(read_array(m, content, &array, err));
    if (array.dtype.n_fields > 0 || strchr(CODES, array.dtype.kind) == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, node->offset, "a dtype with fields");
    const size_t size = array.dtype.item_size / (array.dtype.kind == 'U' ? 4 : 1);
    MC_TRY(mc_arena_new(m->arena, char, 2 + MC_NUMBER_TEXT, &text, err));
    text[0] = array.dtype.big_endian ? '>' : '<';
    text[1] = array.dtype.kind;
    const size_t digits = mc_print_int((int64_t)size, text + 2);
    MC_TRY(mc_skops_global(m, node, mc_bytes_of("numpy"), mc_bytes_of("dtype"), &global, err));
    MC_TRY(mc_skops_object(m, global, out, err));
    MC_TRY(mc_skops_tuple(m, node, 1, &out->as.object->arguments, err));
    return mc_skops_text(m, node, (mc_bytes){(const uint8_t *)text, 2 + digits},
                         &out->as.object->arguments->as.items.at[0], err);
}

/* ------------------------------------------------------------------------------ sparse ---- */

/* A member of an .npz, which is a zip archive too. */
static mc_status npz_array(mc_skops_maker *m, mc_zip *npz, const char *name, mc_ndarray *out,
                           mc_error *err)
{
    mc_bytes file;
    MC_TRY(mc_zip_read(npz, mc_bytes_of(name), &file, err));
    MC_TRY_IN(mc_npy_read(file, m->arena, out, err), err, "\"%s\"", name);
    return MC_OK;
}

static mc_status add_attribute(mc_skops_maker *m, const mc_value *node, mc_value *dict,
                               const char *name, mc_value **out_slot, mc_error *err)
{
    mc_items *items = &dict->as.items;
    MC_TRY(mc_skops_text(m, node, mc_bytes_of(name), &items->at[items->n], err));
    MC_TRY(mc_skops_new(m, node, MC_KIND_NONE, &items->at[items->n + 1], err));
    *out_slot = items->at[items->n + 1];
    items->n += 2;
    return MC_OK;
}

/* The two counts of shape.npy as a tuple of ints. */
static mc_status make_shape(mc_skops_maker *m, mc_zip *npz, const mc_value *node, mc_value *out,
                            mc_error *err)
{
    mc_ndarray array;
    int64_t *counts = NULL;
    mc_value *tuple = NULL;
    MC_TRY(npz_array(m, npz, "shape.npy", &array, err));
    MC_TRY(mc_ndarray_i64(m->arena, &array, &counts, err));
    MC_TRY(mc_skops_tuple(m, node, array.n_items, &tuple, err));
    for (size_t i = 0; i < array.n_items; i++) {
        MC_TRY(mc_skops_new(m, node, MC_KIND_INT, &tuple->as.items.at[i], err));
        tuple->as.items.at[i]->as.integer = counts[i];
    }
    *out = *tuple;
    return MC_OK;
}

/* "csr" or "csc"; scipy writes the name as bytes, older ones as a string. */
static mc_status find_format(mc_skops_maker *m, mc_zip *npz, const mc_value *node,
                             const mc_global **out, mc_error *err)
{
    mc_ndarray array;
    MC_TRY(npz_array(m, npz, "format.npy", &array, err));
    const size_t step = array.dtype.kind == 'U' ? 4 : 1;
    char name[4] = "";
    for (size_t i = 0; i < 3 && array.n_items == 1 && i * step < array.dtype.item_size; i++)
        name[i] = (char)array.data[i * step];
    const bool is_csr = strcmp(name, "csr") == 0;
    if (!is_csr && strcmp(name, "csc") != 0)
        return mc_fail(err, MC_E_UNSUPPORTED, node->offset,
                       "a sparse matrix of format \"%s\", csr and csc are read", name);
    return mc_skops_global(m, node, mc_bytes_of(is_csr ? "scipy.sparse._csr" : "scipy.sparse._csc"),
                           mc_bytes_of(is_csr ? "csr_matrix" : "csc_matrix"), out, err);
}

mc_status mc_skops_fill_sparse(mc_skops_maker *m, const mc_value *node, mc_value *out,
                               mc_error *err)
{
    static const char *const ARRAYS[][2] = {
        {"indptr", "indptr.npy"}, {"indices", "indices.npy"}, {"data", "data.npy"}};
    const mc_global *global = NULL;
    mc_value **state = NULL, *slot = NULL;
    mc_bytes file;
    mc_zip npz;
    MC_TRY(mc_skops_member(m, node, &file, err));
    MC_TRY_IN(mc_zip_open(file, m->arena, &npz, err), err, "the file of a sparse matrix");
    npz.reserve = m->zip->reserve;
    npz.context = m->zip->context;
    MC_TRY(find_format(m, &npz, node, &global, err));
    MC_TRY(mc_skops_object(m, global, out, err));
    MC_TRY(mc_skops_state_slot(m, out->as.object, &state, err));
    MC_TRY(mc_skops_new(m, node, MC_KIND_DICT, state, err));
    MC_TRY(mc_arena_new(m->arena, mc_value *, 8, &(*state)->as.items.at, err));
    MC_TRY(add_attribute(m, node, *state, "_shape", &slot, err));
    MC_TRY(make_shape(m, &npz, node, slot, err));
    for (size_t i = 0; i < MC_COUNT_OF(ARRAYS); i++) {
        mc_ndarray array;
        MC_TRY(npz_array(m, &npz, ARRAYS[i][1], &array, err));
        MC_TRY(add_attribute(m, node, *state, ARRAYS[i][0], &slot, err));
        MC_TRY(make_native(m, &array, slot, err));
    }
    return MC_OK;
}
