/* function.c: FunctionTransformer: which function it is.
 *
 * Oracle   sklearn/preprocessing/_function_transformer.py, scikit-learn 1.2 to 1.9.
 * Exact    As function_call.c says of each function. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/function_call.h"

/* ---------------------------------------------------------------------------- the name ---- */

/* numpy.core._ufunc_reconstruct("numpy.core._multiarray_umath", "log1p"), until numpy 1.22. */
static bool is_named_by_call(const mc_value *func, mc_bytes *out_module, mc_bytes *out_name)
{
    if (!mc_value_is(func, MC_KIND_OBJECT) ||
        !mc_value_is_a(func, "numpy.core", "_ufunc_reconstruct"))
        return false;
    const mc_value *names = func->as.object->arguments;
    if (!mc_value_is(names, MC_KIND_TUPLE) || names->as.items.n != 2 ||
        !mc_value_is(names->as.items.at[0], MC_KIND_TEXT) ||
        !mc_value_is(names->as.items.at[1], MC_KIND_TEXT))
        return false;
    *out_module = names->as.items.at[0]->as.bytes;
    if (mc_bytes_is(*out_module, "numpy.core._multiarray_umath"))
        *out_module = mc_bytes_of("numpy");
    *out_name = names->as.items.at[1]->as.bytes;
    return true;
}

/* A global, such a call, or a partial of one. */
static mc_status resolve(const mc_value *est, const mc_value *func, mc_call *c, mc_error *err)
{
    char type[160];
    if (mc_value_is_a(func, "functools", "partial") && mc_value_is(func, MC_KIND_OBJECT)) {
        const mc_value *state = func->as.object->state; /* (func, args, keywords, __dict__) */
        if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n < 3 ||
            !mc_value_is(state->as.items.at[1], MC_KIND_TUPLE))
            return mc_refuse(err, est, "func: a functools.partial without its state");
        c->before = state->as.items.at[1]->as.items;
        c->arguments[1] = state->as.items.at[2];
        func = state->as.items.at[0];
    }
    if (is_named_by_call(func, &c->module, &c->name))
        return MC_OK;
    if (!mc_value_is(func, MC_KIND_GLOBAL))
        return mc_refuse(err, est, "func: expected the name of a function, found %s",
                         mc_value_type_name(func, type, sizeof type));
    c->module = func->as.global->module;
    c->name = func->as.global->name;
    return MC_OK;
}

/* operator.itemgetter("city"), operator.itemgetter(["city", "age"]): columns of a frame by name. */
static mc_status columns_named(mc_lowering *to, const mc_value *est, const mc_value *key, mc_sym *x,
                               mc_error *err)
{
    const mc_value *names = mc_feature_names_of(est);
    const bool is_list = mc_value_is(key, MC_KIND_LIST);
    const size_t n = is_list ? key->as.items.n : 1;
    mc_ndarray array;
    mc_cell *known = NULL;
    uint32_t *columns = NULL;
    if (names == NULL)
        return mc_refuse(err, est, "func: operator.itemgetter of a name, and columns without");
    MC_TRY_IN(mc_ndarray_from_value(to->arena, names, &array, err), err, "feature_names_in_");
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &known, err), err, "feature_names_in_");
    if (array.n_items != x->n_cols)
        return mc_refuse(err, est, "%zu names of %zu columns", array.n_items, x->n_cols);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &columns, err));
    for (size_t i = 0; i < n; i++) {
        const mc_value *item = is_list ? key->as.items.at[i] : key;
        size_t j = 0;
        if (!mc_value_is(item, MC_KIND_TEXT))
            return mc_refuse(err, est, "func: operator.itemgetter: expected names of columns");
        const mc_bytes name = item->as.bytes;
        while (j < x->n_cols && !(known[j].kind == MC_CELL_STRING &&
                                  mc_bytes_equal(name, (mc_bytes){(const uint8_t *)known[j].as.text,
                                                                  known[j].size})))
            j++;
        if (j == x->n_cols)
            return mc_refuse(err, est, "func: operator.itemgetter: no column \"%.*s\"",
                             MC_SHOW(name));
        columns[i] = (uint32_t)j;
    }
    return mc_emit_columns(to, x, columns, n, x, err);
}

/* The one thing that operator.itemgetter takes, or NULL. */
static const mc_value *only_item(const mc_value *func)
{
    const mc_value *items = func->as.object->arguments;
    return mc_value_is(items, MC_KIND_TUPLE) && items->as.items.n == 1 ? items->as.items.at[0]
                                                                       : NULL;
}

/* operator.itemgetter((slice(None), [2, 0])): columns by place. */
static mc_status get_items(mc_lowering *to, const mc_value *est, const mc_value *func, mc_sym *x,
                           mc_error *err)
{
    mc_ndarray array;
    int64_t *at = NULL;
    uint32_t *columns = NULL;
    const mc_value *key = only_item(func);
    if (mc_value_is(key, MC_KIND_TEXT) || mc_value_is(key, MC_KIND_LIST))
        return columns_named(to, est, key, x, err);
    if (!mc_value_is(key, MC_KIND_TUPLE) || key->as.items.n != 2 ||
        !mc_value_is(key->as.items.at[0], MC_KIND_OBJECT) ||
        !mc_value_is_a(key->as.items.at[0], "builtins", "slice") ||
        mc_ndarray_from_value(to->arena, key->as.items.at[1], &array, err) != MC_OK ||
        array.n_dims != 1)
        return mc_refuse(
            err, est, "func: operator.itemgetter: expected (slice(None), [columns]) as its item");
    const mc_value *ends = key->as.items.at[0]->as.object->arguments;
    for (size_t i = 0; mc_value_is(ends, MC_KIND_TUPLE) && i < ends->as.items.n; i++)
        if (!mc_value_is_none(ends->as.items.at[i]))
            return mc_refuse(err, est, "func: operator.itemgetter: it takes some rows of a batch");
    MC_TRY(mc_ndarray_i64(to->arena, &array, &at, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, array.n_items, &columns, err));
    for (size_t i = 0; i < array.n_items; i++) {
        const int64_t place = at[i] < 0 ? at[i] + (int64_t)x->n_cols : at[i];
        if (place < 0 || (uint64_t)place >= x->n_cols)
            return mc_refuse(err, est, "func: operator.itemgetter: column %lld of %zu",
                             (long long)at[i], x->n_cols);
        columns[i] = (uint32_t)place;
    }
    return mc_emit_columns(to, x, columns, array.n_items, x, err);
}

/* functools.partial(check_array, dtype=[float64], ensure_all_finite=False), which histogram
 * boosting puts before its numeric columns: they become numbers, and anything passes. */
static bool is_float_check(const mc_value *func)
{
    if (!mc_value_is_a(func, "functools", "partial"))
        return false;
    const mc_value *state = func->as.object->state; /* (func, args, keywords, __dict__) */
    if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n < 3 ||
        !mc_value_is_a(state->as.items.at[0], "sklearn.utils.validation", "check_array"))
        return false;
    const mc_value *keywords = state->as.items.at[2];
    const mc_value *dtypes = mc_dict_get(keywords, "dtype");
    const mc_value *finite = mc_dict_get(keywords, "ensure_all_finite");
    if (finite == NULL)
        finite = mc_dict_get(keywords, "force_all_finite"); /* up to 1.5 */
    return mc_value_is(finite, MC_KIND_BOOL) && finite->as.integer == 0 &&
           mc_value_is(dtypes, MC_KIND_LIST) && dtypes->as.items.n == 1 &&
           mc_value_is_a(dtypes->as.items.at[0], "numpy", "float64") && keywords->as.items.n == 4;
}

mc_status mc_lower_function_transformer(mc_lowering *to, const mc_value *est, mc_method method,
                                        const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y = *x;
    bool validate = false, is_flat = false;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, est, method);
    const bool forth = method == MC_METHOD_TRANSFORM;
    const mc_value *func = mc_value_attr(est, forth ? "func" : "inverse_func");
    MC_TRY(mc_attr_bool(est, "validate", false, &validate, err));
    if (validate)
        MC_TRY(mc_emit_check_sparse(to, &y, MC_FINITE, &y, err));
    if (mc_value_is_none(func))
        return mc_answer_matrix(to, y, out, err);
    if (is_float_check(func)) {
        MC_TRY(mc_emit_check_sparse(to, &y, MC_OR_NAN | MC_OR_INFINITY, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    if (mc_value_is(func, MC_KIND_OBJECT) && mc_value_is_a(func, "operator", "itemgetter")) {
        is_flat = mc_value_is(only_item(func), MC_KIND_TEXT); /* a Series */
        MC_TRY(get_items(to, est, func, &y, err));
    } else {
        mc_call c = {.est = est};
        c.arguments[0] = mc_value_attr(est, forth ? "kw_args" : "inv_kw_args");
        MC_TRY(resolve(est, func, &c, err));
        MC_TRY(mc_emit_call(to, &c, &y, err));
        is_flat = mc_call_is_flat(&c);
    }
    return is_flat ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}
