/* function_call.c: functions that compute each row from itself: which one it is, and its arguments.
 *
 * Oracle   The function of that name of numpy, scipy, pandas or sklearn.preprocessing.
 * Exact    As function_values.c, function_rows.c and function_columns.c say. What mixes the rows of
 *          a batch is refused. */
#include "import/sklearn/function_call.h"

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

mc_status mc_call_unknown(const mc_call *c, mc_error *err)
{
    return mc_refuse(err, c->est,
                     "func: %.*s.%.*s cannot be served: it is no function known here that computes "
                     "each row from itself; use one of numpy such as numpy.log1p",
                     MC_SHOW(c->module), MC_SHOW(c->name));
}

/* --------------------------------------------------------------------------- arguments ---- */

const mc_value *mc_call_argument(const mc_call *c, const char *name)
{
    const mc_bytes wanted = mc_bytes_of(name);
    for (size_t i = 0; c->known != NULL && c->known[i] != NULL && i < c->after.n; i++)
        if (mc_bytes_is(wanted, c->known[i]))
            return c->after.at[i];
    const mc_value *value = mc_dict_get(c->arguments[0], name);
    return value != NULL ? value : mc_dict_get(c->arguments[1], name);
}

static bool is_known(const mc_value *name, const char *const *known)
{
    for (size_t i = 0; known[i] != NULL; i++)
        if (mc_value_is_text(name, known[i]))
            return true;
    return false;
}

mc_status mc_call_knows(mc_call *c, const char *const *known, mc_error *err)
{
    size_t n_known = 0;
    while (known[n_known] != NULL)
        n_known++;
    if (c->after.n > n_known)
        return mc_refuse(err, c->est, "func: %.*s with %zu arguments", MC_SHOW(c->name),
                         c->after.n);
    c->known = known;
    for (size_t k = 0; k < MC_COUNT_OF(c->arguments); k++) {
        if (!mc_value_is(c->arguments[k], MC_KIND_DICT))
            continue;
        const mc_items *items = &c->arguments[k]->as.items;
        for (size_t i = 0; i + 1 < items->n; i += 2) {
            if (!is_known(items->at[i], known))
                return mc_refuse(err, c->est, "kw_args: %.*s with an argument that is not known",
                                 MC_SHOW(c->name));
        }
    }
    return MC_OK;
}

mc_status mc_call_number(const mc_call *c, const char *name, double otherwise, double *out,
                         mc_error *err)
{
    const mc_value *value = mc_call_argument(c, name);
    *out = otherwise;
    if (!mc_value_is_none(value))
        MC_TRY_IN(mc_number_from_value(value, out, err), err, "argument %s of %.*s", name,
                  MC_SHOW(c->name));
    return MC_OK;
}

mc_status mc_call_by_row(const mc_call *c, double otherwise, mc_error *err)
{
    double axis = otherwise;
    if (!mc_value_is_text(mc_call_argument(c, "axis"), "columns"))
        MC_TRY(mc_call_number(c, "axis", otherwise, &axis, err));
    else
        axis = 1.0;
    return axis == 1.0 || axis == -1.0
               ? MC_OK
               : mc_refuse(err, c->est, "kw_args: %.*s mixes the rows of a batch unless axis is 1",
                           MC_SHOW(c->name));
}

/* ------------------------------------------------------------------------------- which ---- */

/* Is `module` the package or in it? */
static bool is_in(mc_bytes module, const char *package)
{
    const mc_bytes name = mc_bytes_of(package);
    const mc_bytes start = {module.data, module.size < name.size ? module.size : name.size};
    return mc_bytes_equal(start, name) &&
           (module.size == name.size || module.data[name.size] == '.');
}

const mc_function *mc_function_find(const mc_function *table, size_t n, const mc_call *c)
{
    for (size_t i = 0; i < n; i++)
        if (is_in(c->module, table[i].package) && mc_bytes_is(c->name, table[i].name))
            return &table[i];
    return NULL;
}

static const mc_function *find(const mc_call *c)
{
    if (is_in(c->module, "numpy.lib.scimath"))
        return NULL;
    const mc_function *found = mc_function_of_values(c);
    if (found == NULL)
        found = mc_function_of_rows(c);
    return found != NULL ? found : mc_function_of_columns(c);
}

mc_status mc_emit_call(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    const mc_function *function = find(c);
    const bool reads_any = function == NULL ? x->kind == MC_SYM_SPARSE : function->any_kind;
    if (!reads_any) /* mc_emit_unary() decides whether zeros stay */
        MC_TRY(mc_to_numbers(to, x, x, err));
    if (function != NULL)
        return c->before.n == 0 ? function->emit(to, c, x, err) : mc_call_unknown(c, err);
    const bool is_ufunc = mc_bytes_is(c->module, "numpy") || is_in(c->module, "scipy.special") ||
                          is_in(c->module, "numpy.core") || mc_bytes_is(c->module, "operator") ||
                          mc_bytes_is(c->module, "builtins");
    return is_ufunc ? mc_emit_ufunc(to, c, x, err) : mc_call_unknown(c, err);
}
