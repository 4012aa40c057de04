/* function.c: FunctionTransformer of named numpy functions.
 *
 * Oracle   sklearn/preprocessing/_function_transformer.py; the numpy function of that name.
 * Exact    As kernel/unary.c states for each function. */
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* The function that is asked for, and its keyword arguments. */
typedef struct call {
    const mc_value *est;
    mc_bytes module, name;
    const mc_value *arguments; /* dict or NULL */
} call;

static mc_status number_argument(const call *c, const char *name, const char *old_name,
                                 double otherwise, double *out, mc_error *err)
{
    const mc_value *value = mc_dict_get(c->arguments, name);
    if (value == NULL && old_name != NULL)
        value = mc_dict_get(c->arguments, old_name);
    *out = otherwise;
    if (!mc_value_is_none(value))
        MC_TRY_IN(mc_number_from_value(value, out, err), err, "argument %s of %.*s", name,
                  MC_SHOW(c->name));
    return MC_OK;
}

/* Keyword arguments that are not among `known` would change the answer unseen. */
static mc_status know_arguments(const call *c, const char *const *known, mc_error *err)
{
    if (!mc_value_is(c->arguments, MC_KIND_DICT))
        return MC_OK;
    for (size_t i = 0; i + 1 < c->arguments->as.items.n; i += 2) {
        bool found = false;
        for (size_t j = 0; known[j] != NULL; j++)
            found = found || mc_value_is_text(c->arguments->as.items.at[i], known[j]);
        if (!found)
            return mc_refuse(err, c->est, "kw_args: numpy.%.*s with an argument that is not known",
                             MC_SHOW(c->name));
    }
    return MC_OK;
}

static mc_status emit_clip(mc_lowering *to, const call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"a_min", "a_max", "min", "max", NULL};
    double low = 0.0, high = 0.0;
    MC_TRY(know_arguments(c, KNOWN, err));
    MC_TRY(number_argument(c, "a_min", "min", -(double)INFINITY, &low, err));
    MC_TRY(number_argument(c, "a_max", "max", (double)INFINITY, &high, err));
    const bool as_input = x->type_as_input;
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_CLIP, low, high, x, err));
    x->type_as_input = as_input && low == rint(low) && high == rint(high);
    return MC_OK;
}

static mc_status emit_round(mc_lowering *to, const call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"decimals", NULL};
    double decimals = 0.0;
    MC_TRY(know_arguments(c, KNOWN, err));
    MC_TRY(number_argument(c, "decimals", NULL, 0.0, &decimals, err));
    if (fabs(decimals) > 22.0) /* 10**22 is the last exact power */
        return mc_refuse(err, c->est, "kw_args: decimals: expected -22 to 22, found %g", decimals);
    if (decimals == 0.0)
        return mc_emit_unary(to, x, MC_UNARY_RINT, 0.0, 0.0, x, err);
    double scale = 1.0;
    for (int i = 0; i < (int)fabs(decimals); i++)
        scale *= 10.0;
    return mc_emit_unary(to, x, decimals > 0.0 ? MC_UNARY_ROUND_SCALED : MC_UNARY_ROUND_TENS, scale,
                         0.0, x, err);
}

static mc_status emit_nan_to_num(mc_lowering *to, const call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"nan", "posinf", "neginf", "copy", NULL};
    double nan = 0.0, high = 0.0, low = 0.0;
    MC_TRY(know_arguments(c, KNOWN, err));
    MC_TRY(number_argument(c, "nan", NULL, 0.0, &nan, err));
    MC_TRY(number_argument(c, "posinf", NULL, 0x1.fffffffffffffp1023, &high, err));
    MC_TRY(number_argument(c, "neginf", NULL, -0x1.fffffffffffffp1023, &low, err));
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_IF_INFINITE, high, low, x, err));
    return mc_emit_unary(to, x, MC_UNARY_IF_NAN, nan, 0.0, x, err);
}

/* Ufuncs that give integers for integers in every numpy from 1.23 on. */
static bool keeps_integers(mc_unary which)
{
    return which == MC_UNARY_IDENTITY || which == MC_UNARY_NEGATIVE || which == MC_UNARY_ABSOLUTE ||
           which == MC_UNARY_SIGN || which == MC_UNARY_SQUARE;
}

static mc_status emit_ufunc(mc_lowering *to, const call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    const mc_unary which = mc_unary_find(c->name);
    const bool as_input = x->type_as_input;
    if (which == MC_N_UNARY) {
        return mc_refuse(err, c->est,
                         "func: %.*s.%.*s cannot be served; use a numpy function such as "
                         "numpy.log1p",
                         MC_SHOW(c->module), MC_SHOW(c->name));
    }
    MC_TRY(know_arguments(c, KNOWN, err));
    MC_TRY(mc_emit_unary(to, x, which, 0.0, 0.0, x, err));
    if (which >= MC_UNARY_ISNAN && which <= MC_UNARY_LOGICAL_NOT)
        x->type = MC_VALUE_BOOL;
    x->type_as_input = as_input && keeps_integers(which);
    return MC_OK;
}

static bool is_numpy(mc_bytes module)
{
    return mc_bytes_is(module, "numpy") || mc_bytes_is(module, "numpy.core._multiarray_umath") ||
           mc_bytes_is(module, "numpy._core._multiarray_umath") ||
           mc_bytes_is(module, "numpy.core.fromnumeric") ||
           mc_bytes_is(module, "numpy.lib.type_check") ||
           mc_bytes_is(module, "numpy.lib.ufunclike");
}

static mc_status emit_call(mc_lowering *to, const call *c, mc_sym *x, mc_error *err)
{
    if (!is_numpy(c->module)) {
        return mc_refuse(err, c->est,
                         "func: %.*s.%.*s cannot be served; use a numpy function such as "
                         "numpy.log1p",
                         MC_SHOW(c->module), MC_SHOW(c->name));
    }
    MC_TRY(mc_to_numbers(to, x, x, err));
    if (mc_bytes_is(c->name, "clip"))
        return emit_clip(to, c, x, err);
    if (mc_bytes_is(c->name, "round") || mc_bytes_is(c->name, "around") ||
        mc_bytes_is(c->name, "round_"))
        return emit_round(to, c, x, err);
    if (mc_bytes_is(c->name, "nan_to_num"))
        return emit_nan_to_num(to, c, x, err);
    return emit_ufunc(to, c, x, err);
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

/* A function by its name; a ufunc of numpy before 1.23 is _ufunc_reconstruct(module, name). */
static bool name_of(const mc_value *func, call *out)
{
    if (mc_value_is(func, MC_KIND_GLOBAL)) {
        out->module = func->as.global->module;
        out->name = func->as.global->name;
        return true;
    }
    if (!mc_value_is_a(func, "numpy.core", "_ufunc_reconstruct"))
        return false;
    const mc_value *arguments = func->as.object->arguments;
    if (!mc_value_is(arguments, MC_KIND_TUPLE) || arguments->as.items.n != 2 ||
        !mc_value_is(arguments->as.items.at[1], MC_KIND_TEXT))
        return false;
    out->module = mc_bytes_of("numpy");
    out->name = arguments->as.items.at[1]->as.bytes;
    return true;
}

mc_status mc_lower_function_transformer(mc_lowering *to, const mc_value *est, mc_method method,
                                        const mc_sym *x, mc_answer *out, mc_error *err)
{
    char type[160];
    mc_sym y = *x;
    bool validate = false;
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
    call c = {.est = est, .arguments = mc_value_attr(est, forth ? "kw_args" : "inv_kw_args")};
    if (!name_of(func, &c))
        return mc_refuse(err, est, "func: expected the name of a numpy function, found %s",
                         mc_value_type_name(func, type, sizeof type));
    MC_TRY(emit_call(to, &c, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
