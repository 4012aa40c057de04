/* function.c: FunctionTransformer: which function it is.
 *
 * Oracle   sklearn/preprocessing/_function_transformer.py, scikit-learn 0.18 to 1.9.
 * Exact    As function_call.c says of each function.
 * Why so   A function is a name in a pickle. What the packages behind it compute is known by that
 *          name; a lambda or a function of the user's is code, which is not in the file or not
 *          run. */
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/function_call.h"

/* ---------------------------------------------------------------------------- the name ---- */

/* numpy.core._ufunc_reconstruct("numpy.core._multiarray_umath", "log1p"), until numpy 1.22. It
 * names a module that has the ufunc; to scikit-learn 0.18 scipy's expit is one of its own fixes. */
static bool is_named_by_call(const mc_value *func, mc_call *c)
{
    if (!mc_value_is(func, MC_KIND_OBJECT) ||
        !mc_value_is_a(func, "numpy.core", "_ufunc_reconstruct"))
        return false;
    const mc_value *names = func->as.object->arguments;
    if (!mc_value_is(names, MC_KIND_TUPLE) || names->as.items.n != 2 ||
        !mc_value_is(names->as.items.at[0], MC_KIND_TEXT) ||
        !mc_value_is(names->as.items.at[1], MC_KIND_TEXT))
        return false;
    c->module = names->as.items.at[0]->as.bytes;
    c->name = names->as.items.at[1]->as.bytes;
    if (mc_bytes_is(c->module, "sklearn.utils.fixes"))
        c->module = mc_bytes_of("scipy.special");
    return true;
}

static bool is_of_matrix(const mc_global *class)
{
    static const char *const PACKAGES[] = {"pandas", "scipy.sparse"};
    for (size_t i = 0; i < MC_COUNT_OF(PACKAGES); i++) {
        const mc_bytes package = mc_bytes_of(PACKAGES[i]);
        if (class->module.size >= package.size &&
            mc_bytes_equal((mc_bytes){class->module.data, package.size}, package))
            return true;
    }
    return mc_bytes_is(class->module, "numpy") && mc_bytes_is(class->name, "ndarray");
}

/* getattr(numpy.ndarray, "astype"), or "DataFrame.to_numpy" of pandas: a method of the matrix. */
static bool is_unbound_method(const mc_value *func, mc_call *c)
{
    if (mc_value_is(func, MC_KIND_GLOBAL)) {
        const mc_bytes name = func->as.global->name;
        const uint8_t *dot = name.size > 0 ? memchr(name.data, '.', name.size) : NULL;
        if (dot == NULL || !is_of_matrix(func->as.global))
            return false;
        const size_t at = (size_t)(dot - name.data) + 1;
        c->name = (mc_bytes){name.data + at, name.size - at};
    } else {
        if (!mc_value_is(func, MC_KIND_OBJECT) || !mc_value_is_a(func, "builtins", "getattr"))
            return false;
        const mc_value *pair = func->as.object->arguments;
        if (!mc_value_is(pair, MC_KIND_TUPLE) || pair->as.items.n != 2 ||
            !mc_value_is(pair->as.items.at[0], MC_KIND_GLOBAL) ||
            !is_of_matrix(pair->as.items.at[0]->as.global) ||
            !mc_value_is(pair->as.items.at[1], MC_KIND_TEXT))
            return false;
        c->name = pair->as.items.at[1]->as.bytes;
    }
    c->module = mc_bytes_of(MC_CALL_METHOD);
    return true;
}

/* operator.methodcaller("astype", float), operator.attrgetter("values"): a method of the matrix. */
static bool is_caller(const mc_value *func, mc_call *c)
{
    if (!mc_value_is(func, MC_KIND_OBJECT) || !(mc_value_is_a(func, "operator", "methodcaller") ||
                                                mc_value_is_a(func, "operator", "attrgetter")))
        return false;
    const mc_value *given = func->as.object->arguments;
    if (!mc_value_is(given, MC_KIND_TUPLE) || given->as.items.n == 0 ||
        !mc_value_is(given->as.items.at[0], MC_KIND_TEXT))
        return false;
    if (mc_value_is_a(func, "operator", "attrgetter") &&
        !(given->as.items.n == 1 && mc_value_is_text(given->as.items.at[0], "values")))
        return false;
    c->module = mc_bytes_of(MC_CALL_METHOD);
    c->name = given->as.items.at[0]->as.bytes;
    c->after = (mc_items){.at = given->as.items.at + 1, .n = given->as.items.n - 1};
    c->arguments[1] = func->as.object->named_arguments;
    return true;
}

/* numpy.vectorize(str.lower): numpy.char.lower. */
static bool is_vectorized(const mc_value *func, mc_call *c)
{
    if (!mc_value_is(func, MC_KIND_OBJECT) || !mc_value_is_a(func, "numpy", "vectorize"))
        return false;
    const mc_value *inner = mc_value_attr(func, "pyfunc");
    if (!mc_value_is(inner, MC_KIND_OBJECT) || !mc_value_is_a(inner, "builtins", "getattr"))
        return false;
    const mc_value *pair = inner->as.object->arguments;
    if (!mc_value_is(pair, MC_KIND_TUPLE) || pair->as.items.n != 2 ||
        !(mc_value_is_a(pair->as.items.at[0], "builtins", "str") ||
          mc_value_is_a(pair->as.items.at[0], "builtins", "unicode")) ||
        !mc_value_is(pair->as.items.at[1], MC_KIND_TEXT))
        return false;
    c->module = mc_bytes_of("numpy.char");
    c->name = pair->as.items.at[1]->as.bytes;
    return true;
}

/* A ufunc is `numpy log1p` since numpy 2. */
static void name_ufunc(mc_call *c)
{
    c->is_numpy_1 = mc_bytes_is(c->module, "numpy.core._multiarray_umath");
    if (c->is_numpy_1)
        c->module = mc_bytes_of("numpy");
}

/* A global, one of the calls above, or a partial of one. */
static mc_status named(const mc_value *est, const mc_value *func, mc_call *c, mc_error *err)
{
    char type[160];
    if (is_named_by_call(func, c) || is_unbound_method(func, c) || is_caller(func, c) ||
        is_vectorized(func, c))
        return MC_OK;
    if (!mc_value_is(func, MC_KIND_GLOBAL))
        return mc_refuse(err, est, "func: expected the name of a function, found %s",
                         mc_value_type_name(func, type, sizeof type));
    c->module = func->as.global->module;
    c->name = func->as.global->name;
    return MC_OK;
}

static mc_status resolve(const mc_value *est, const mc_value *func, mc_call *c, mc_error *err)
{
    if (mc_value_is_a(func, "functools", "partial") && mc_value_is(func, MC_KIND_OBJECT)) {
        const mc_value *state = func->as.object->state; /* (func, args, keywords, __dict__) */
        if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n < 3 ||
            !mc_value_is(state->as.items.at[1], MC_KIND_TUPLE))
            return mc_refuse(err, est, "func: a functools.partial without its state");
        c->before = state->as.items.at[1]->as.items;
        c->arguments[1] = state->as.items.at[2];
        func = state->as.items.at[0];
    }
    MC_TRY(named(est, func, c, err));
    name_ufunc(c);
    return MC_OK;
}

/* The one thing that operator.itemgetter takes, or NULL. */
static const mc_value *only_item(const mc_value *func)
{
    const mc_value *items = func->as.object->arguments;
    return mc_value_is(items, MC_KIND_TUPLE) && items->as.items.n == 1 ? items->as.items.at[0]
                                                                       : NULL;
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

mc_status mc_emit_named(mc_lowering *to, const mc_value *est, const mc_value *func,
                        const mc_value *arguments, mc_sym *x, bool *out_is_flat, mc_error *err)
{
    mc_call c = {.est = est};
    c.arguments[0] = arguments;
    if (mc_value_is(func, MC_KIND_OBJECT) && mc_value_is_a(func, "operator", "itemgetter")) {
        c.module = mc_bytes_of("operator");
        c.name = mc_bytes_of("itemgetter");
        MC_TRY(mc_emit_items(to, &c, only_item(func), x, err));
    } else {
        MC_TRY(resolve(est, func, &c, err));
        MC_TRY(mc_emit_call(to, &c, x, err));
    }
    *out_is_flat = c.is_flat;
    return MC_OK;
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
    const mc_value *arguments = mc_value_attr(est, forth ? "kw_args" : "inv_kw_args");
    MC_TRY(mc_emit_named(to, est, func, arguments, &y, &is_flat, err));
    if (is_flat && to->any_width)
        return mc_refuse(err, est, "no attribute n_features_in_ says how wide its input is");
    return is_flat ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}
