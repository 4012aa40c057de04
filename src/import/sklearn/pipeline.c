/* pipeline.c: one estimator after the other.
 *
 * Oracle   sklearn/pipeline.py Pipeline, scikit-learn 1.2 to 1.9.
 * Exact    As its steps. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* The name and the object of a (name, estimator) step. */
static mc_status step_of(const mc_value *est, const mc_value *step, mc_bytes *out_name,
                         const mc_value **out, mc_error *err)
{
    if (!mc_value_is(step, MC_KIND_TUPLE) || step->as.items.n < 2 ||
        !mc_value_is(step->as.items.at[0], MC_KIND_TEXT))
        return mc_refuse(err, est, "steps: expected (name, estimator)");
    *out_name = step->as.items.at[0]->as.bytes;
    *out = step->as.items.at[1];
    return MC_OK;
}

/* Samplers of imbalanced-learn change the rows of training alone. */
static bool is_sampler(const mc_value *value)
{
    static const char *const ROOMS[] = {"imblearn.over_sampling", "imblearn.under_sampling",
                                        "imblearn.combine", "imblearn.base"};
    if (!mc_value_is(value, MC_KIND_OBJECT))
        return false;
    const mc_bytes module = value->as.object->global->module;
    for (size_t i = 0; i < MC_COUNT_OF(ROOMS); i++) {
        const mc_bytes room = mc_bytes_of(ROOMS[i]);
        if (module.size >= room.size && mc_bytes_equal((mc_bytes){module.data, room.size}, room))
            return true;
    }
    return false;
}

static bool passes_through(const mc_value *value)
{
    return mc_value_is_none(value) || mc_value_is_text(value, "passthrough") || is_sampler(value);
}

static mc_status transform_forth(mc_lowering *to, const mc_value *est, const mc_items *steps,
                                 size_t n, mc_sym *x, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const mc_value *step = NULL;
        mc_bytes name;
        MC_TRY(step_of(est, steps->at[i], &name, &step, err));
        if (!passes_through(step))
            MC_TRY_IN(mc_lower_one(to, step, MC_METHOD_TRANSFORM, x, x, err), err, "step \"%.*s\"",
                      MC_SHOW(name));
    }
    return MC_OK;
}

/* inverse_transform goes back through all steps; what the first one answers is the answer: of
 * texts, a list for each row. */
static mc_status transform_back(mc_lowering *to, const mc_value *est, const mc_items *steps,
                                mc_sym *x, mc_answer *out, mc_error *err)
{
    MC_TRY(mc_answer_matrix(to, *x, out, err));
    for (size_t i = steps->n; i-- > 0;) {
        const mc_value *step = NULL;
        mc_bytes name;
        MC_TRY(step_of(est, steps->at[i], &name, &step, err));
        if (passes_through(step))
            continue;
        MC_TRY_IN(mc_lower(to, step, MC_METHOD_INVERSE_TRANSFORM, x, out, err), err,
                  "step \"%.*s\"", MC_SHOW(name));
        if (out->n_parts != 1)
            return mc_refuse(err, step, "inverse_transform answers with %zu parts, expected one",
                             out->n_parts);
        *x = out->parts[0].value;
    }
    return MC_OK;
}

mc_status mc_lower_pipeline(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    mc_items steps;
    mc_sym y = *x;
    const mc_value *last = NULL;
    mc_bytes name;
    if (method == MC_METHOD_KNEIGHBORS)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_items(to, est, "steps", &steps, err));
    if (steps.n == 0)
        return mc_refuse(err, est, "steps: expected at least one, found none");
    if (method == MC_METHOD_INVERSE_TRANSFORM)
        return transform_back(to, est, &steps, &y, out, err);
    MC_TRY(step_of(est, steps.at[steps.n - 1], &name, &last, err));
    MC_TRY(transform_forth(to, est, &steps, steps.n - 1, &y, err));
    if (!passes_through(last)) {
        MC_TRY_IN(mc_lower(to, last, method, &y, out, err), err, "step \"%.*s\"", MC_SHOW(name));
        return MC_OK;
    }
    return method == MC_METHOD_TRANSFORM ? mc_answer_matrix(to, y, out, err)
                                         : mc_no_method(err, est, method);
}
