/* function_ufunc.c: ufuncs of numpy and scipy.special, alone or with a constant before x, and the
 * functions of the operator module that are theirs.
 *
 * Oracle   The ufunc of that name.
 * Exact    As kernel/unary.c states. */
#include <float.h>
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/function_call.h"

/* Functions of one value beside those of unary.def that numpy names. */
static const struct {
    const char *name;
    mc_unary which;
    double a;
    bool is_truth;
} SPECIAL[] = {
    {"sinc", MC_UNARY_SINC, 0.0, false},         {"expit", MC_UNARY_EXPIT, 0.0, false},
    {"logit", MC_UNARY_LOGIT_EXACT, 0.0, false}, {"log_expit", MC_UNARY_LOG_EXPIT, 0.0, false},
    {"erf", MC_UNARY_ERF, 0.0, false},           {"erfc", MC_UNARY_ERFC, 0.0, false},
    {"ndtr", MC_UNARY_NDTR, 0.0, false},         {"ndtri", MC_UNARY_NDTRI, 0.0, false},
    {"exp10", MC_UNARY_EXP10, 0.0, false},       {"gammaln", MC_UNARY_GAMMALN, 0.0, false},
    {"psi", MC_UNARY_PSI, 0.0, false},           {"digamma", MC_UNARY_PSI, 0.0, false},
    {"entr", MC_UNARY_ENTROPY, 0.0, false},      {"i0", MC_UNARY_I0, 0.0, false},
    {"abs", MC_UNARY_ABSOLUTE, 0.0, false},      {"neg", MC_UNARY_NEGATIVE, 0.0, false},
    {"pos", MC_UNARY_IDENTITY, 0.0, false},      {"conjugate", MC_UNARY_IDENTITY, 0.0, false},
    {"conj", MC_UNARY_IDENTITY, 0.0, false},     {"real", MC_UNARY_IDENTITY, 0.0, false},
    {"isposinf", MC_UNARY_ABOVE, DBL_MAX, true}, {"isneginf", MC_UNARY_BELOW, -DBL_MAX, true},
};

/* f(constant, x), as functools.partial makes it. Integers stay so with a whole constant. */
static const struct {
    const char *name;
    mc_unary which;
    bool keeps_integers, is_truth;
} WITH_CONSTANT[] = {
    {"add", MC_UNARY_OFFSET, true, false},
    {"subtract", MC_UNARY_FROM, true, false},
    {"sub", MC_UNARY_FROM, true, false},
    {"multiply", MC_UNARY_SCALE, true, false},
    {"mul", MC_UNARY_SCALE, true, false},
    {"divide", MC_UNARY_DIVIDES, false, false},
    {"true_divide", MC_UNARY_DIVIDES, false, false},
    {"truediv", MC_UNARY_DIVIDES, false, false},
    {"float_power", MC_UNARY_RAISES, false, false},
    {"power", MC_UNARY_RAISES, true, false},
    {"pow", MC_UNARY_RAISES, true, false},
    {"maximum", MC_UNARY_MAXIMUM, true, false},
    {"minimum", MC_UNARY_MINIMUM, true, false},
    {"fmax", MC_UNARY_FMAX, true, false},
    {"fmin", MC_UNARY_FMIN, true, false},
    {"hypot", MC_UNARY_HYPOT, false, false},
    {"arctan2", MC_UNARY_ANGLE, false, false},
    {"copysign", MC_UNARY_SIGNED_AS, false, false},
    {"heaviside", MC_UNARY_STEP_OF, false, false},
    {"logaddexp", MC_UNARY_LOG_ADD, false, false},
    {"greater", MC_UNARY_BELOW, false, true},
    {"gt", MC_UNARY_BELOW, false, true},
    {"less", MC_UNARY_ABOVE, false, true},
    {"lt", MC_UNARY_ABOVE, false, true},
    {"greater_equal", MC_UNARY_NOT_ABOVE, false, true},
    {"ge", MC_UNARY_NOT_ABOVE, false, true},
    {"less_equal", MC_UNARY_NOT_BELOW, false, true},
    {"le", MC_UNARY_NOT_BELOW, false, true},
    {"equal", MC_UNARY_EQUAL, false, true},
    {"eq", MC_UNARY_EQUAL, false, true},
    {"not_equal", MC_UNARY_UNEQUAL, false, true},
    {"ne", MC_UNARY_UNEQUAL, false, true},
    {"logical_and", MC_UNARY_UNEQUAL, false, true},
    {"logical_or", MC_UNARY_UNEQUAL, false, true},
    {"logical_xor", MC_UNARY_UNEQUAL, false, true},
    {"floor_divide", MC_UNARY_FLOOR_DIVIDES, true, false},
    {"floordiv", MC_UNARY_FLOOR_DIVIDES, true, false},
    {"mod", MC_UNARY_MODULO_OF, true, false},
    {"remainder", MC_UNARY_MODULO_OF, true, false},
    {"fmod", MC_UNARY_FMOD_OF, true, false},
    {"xlogy", MC_UNARY_TIMES_LOG, false, false},
    {"xlog1py", MC_UNARY_TIMES_LOG1P, false, false},
};

/* numpy before 1.20: i0 answers integers with integers, and what is divided by 0 leaves NaN. Which
 * numpy it was is not in the file, but scikit-learn 0.24 is as old as 1.20. */
static bool former_numpy(mc_lowering *to, const mc_call *c)
{
    return mc_version_of(to, c->est) < 24;
}

/* A truth and that of x: whether x is not `a`. With a true constant `or` is always true, as x is
 * never NaN's equal. Of another function nothing is changed. */
static void as_logical(const mc_call *c, double constant, mc_unary *which, double *a)
{
    const bool is_and = mc_bytes_is(c->name, "logical_and"), is_true = constant != 0.0;
    if (!is_and && !mc_bytes_is(c->name, "logical_or") && !mc_bytes_is(c->name, "logical_xor"))
        return;
    *a = 0.0;
    if (is_and && !is_true) {
        *which = MC_UNARY_EQUAL; /* to nothing: never */
        *a = (double)NAN;
    } else if (is_true && mc_bytes_is(c->name, "logical_or")) {
        *a = (double)NAN;
    } else if (is_true && !is_and) {
        *which = MC_UNARY_EQUAL;
    }
}

static mc_status with_constant(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    double constant[2] = {0.0, 0.0};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    if (c->before.n != 1)
        return mc_refuse(err, c->est, "func: %.*s of more than two values", MC_SHOW(c->name));
    MC_TRY_IN(mc_number_from_value(c->before.at[0], &constant[0], err), err,
              "the first argument of %.*s", MC_SHOW(c->name));
    const bool is_whole = mc_value_is(c->before.at[0], MC_KIND_INT);
    for (size_t i = 0; i < MC_COUNT_OF(WITH_CONSTANT); i++) {
        if (!mc_bytes_is(c->name, WITH_CONSTANT[i].name))
            continue;
        if (WITH_CONSTANT[i].which == MC_UNARY_FLOOR_DIVIDES)
            constant[1] = former_numpy(to, c);
        mc_unary which = WITH_CONSTANT[i].which;
        as_logical(c, constant[0], &which, &constant[0]);
        MC_TRY(mc_call_unary(to, x, which, constant, is_whole && WITH_CONSTANT[i].keeps_integers,
                             err));
        if (WITH_CONSTANT[i].is_truth)
            x->type = MC_VALUE_BOOL;
        return MC_OK;
    }
    return mc_call_unknown(c, err);
}

/* What a ufunc makes of integers and of true and false. numpy's ceil, floor and trunc keep both
 * since 2.1; which numpy wrote numpy.fix is not in the file, but scikit-learn 1.5 came with 2. */
static uint32_t type_of(mc_lowering *to, const mc_call *c, mc_unary which, uint32_t as_input)
{
    const bool is_new =
        mc_bytes_is(c->name, "fix") ? mc_version_of(to, c->est) >= 105 : !c->is_numpy_1;
    const bool rounds = which >= MC_UNARY_FLOOR && which <= MC_UNARY_FIX && which != MC_UNARY_RINT;
    if (which == MC_UNARY_ABSOLUTE || mc_bytes_is(c->name, "real") || (rounds && is_new))
        return as_input;
    if (which == MC_UNARY_I0)
        return former_numpy(to, c) ? as_input & MC_PART_TYPE_AS_INPUT : 0;
    return which == MC_UNARY_IDENTITY || which == MC_UNARY_NEGATIVE || which == MC_UNARY_SIGN ||
                   which == MC_UNARY_SQUARE || which == MC_UNARY_RECIPROCAL
               ? mc_type_counts(as_input)
               : 0;
}

/* numpy computes floats of true and false in 16 bits; its functions that are no ufuncs, and those
 * of scipy, do not. */
static mc_status round_half(mc_lowering *to, mc_sym *x, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CUT);
    step.flags = MC_STEP_CUT_HALF;
    return mc_emit_step(to, step, x, x->n_cols, x, err);
}

static mc_status alone(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    mc_unary which = mc_unary_find(c->name);
    double a[2] = {0.0, 0.0};
    const bool is_ufunc = which != MC_N_UNARY && mc_bytes_is(c->module, "numpy");
    bool is_truth = which >= MC_UNARY_ISNAN && which <= MC_UNARY_LOGICAL_NOT;
    for (size_t i = 0; i < MC_COUNT_OF(SPECIAL); i++) {
        if (!mc_bytes_is(c->name, SPECIAL[i].name))
            continue;
        which = SPECIAL[i].which;
        a[0] = SPECIAL[i].a;
        is_truth = SPECIAL[i].is_truth;
    }
    if (which == MC_N_UNARY)
        return mc_call_unknown(c, err);
    MC_TRY(mc_call_knows(c, KNOWN, err));
    const mc_sym in = *x;
    const uint32_t kept = type_of(to, c, which, in.type_as_input);
    MC_TRY(mc_call_unary(to, x, which, a, kept != 0, err));
    x->type_as_input = kept;
    if (is_truth)
        x->type = MC_VALUE_BOOL;
    else if (kept == 0 && is_ufunc && (in.type_as_input & MC_PART_BOOLS_STAY) &&
             x->kind == MC_SYM_NUMBERS)
        MC_TRY(round_half(to, x, err));
    const bool is_cut =
        which == MC_UNARY_RECIPROCAL || (which == MC_UNARY_I0 && former_numpy(to, c));
    if (is_cut && in.type != MC_VALUE_BOOL) { /* of integers: cut to one */
        const mc_sym whole = *x;
        const mc_sym like = {.type = in.type, .type_as_input = kept};
        MC_TRY(mc_emit_as_type_of(to, &like, &whole, x, err));
    }
    return MC_OK;
}

mc_status mc_emit_ufunc(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return c->before.n > 0 ? with_constant(to, c, x, err) : alone(to, c, x, err);
}
