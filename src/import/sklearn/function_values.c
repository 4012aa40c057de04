/* function_values.c: functions of one value.
 *
 * Oracle   numpy's ufuncs, numpy.clip, round, nan_to_num, i0; scipy.special and scipy.stats
 *          (boxcox, yeojohnson); methods of numpy.ndarray and pandas.DataFrame of the same names.
 * Exact    As kernel/unary.c states. */
#include <float.h>
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/function_call.h"
#include "kernel/text_options.h"

/* Of integers what may grow or become a fraction is checked where it runs. */
static mc_status check_whole(mc_lowering *to, mc_sym *x, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CUT);
    const uint32_t as_input = x->type_as_input;
    step.flags = mc_cut_as(as_input) | MC_STEP_CUT_WHOLE;
    MC_TRY(mc_emit_step(to, step, x, x->n_cols, x, err));
    x->type_as_input = as_input;
    return MC_OK;
}

static bool may_grow(mc_unary which)
{
    return which == MC_UNARY_OFFSET || which == MC_UNARY_FROM || which == MC_UNARY_SCALE ||
           which == MC_UNARY_MINUS || (which >= MC_UNARY_FLOOR_OVER && which <= MC_UNARY_FMOD_OF) ||
           which == MC_UNARY_POWER || which == MC_UNARY_RAISES || which == MC_UNARY_SQUARE;
}

mc_status mc_call_unary(mc_lowering *to, mc_sym *x, mc_unary which, const double ab[2], bool whole,
                        mc_error *err)
{
    const uint32_t as_input = x->type_as_input;
    MC_TRY(mc_emit_unary(to, x, which, ab == NULL ? 0.0 : ab[0], ab == NULL ? 0.0 : ab[1], x, err));
    x->type_as_input = whole ? mc_type_counts(as_input) : 0;
    return x->type_as_input != 0 && x->kind == MC_SYM_NUMBERS && may_grow(which)
               ? check_whole(to, x, err)
               : MC_OK;
}

/* ------------------------------------------------------------------- functions of numpy ---- */

/* The first of some names that is given. */
static mc_status number_of(const mc_call *c, const char *const names[], double otherwise,
                           double *out, mc_error *err)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (names[i + 1] == NULL || mc_call_argument(c, names[i]) != NULL)
            return mc_call_number(c, names[i], otherwise, out, err);
    return MC_OK;
}

/* Is the argument absent, or of a type of integers? */
static bool is_integer_or_none(mc_lowering *to, const mc_call *c, const char *const names[])
{
    mc_cell cell = {.kind = MC_CELL_INTEGER};
    for (size_t i = 0; names[i] != NULL; i++) {
        const mc_value *value = mc_call_argument(c, names[i]);
        if (!mc_value_is_none(value) &&
            (mc_cell_from_value(to->arena, value, &cell, NULL) != MC_OK ||
             cell.kind != MC_CELL_INTEGER))
            return false;
    }
    return true;
}

static mc_status emit_clip(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"a_min", "a_max", "min", "max", "lower", "upper", NULL};
    static const char *const LOW[] = {"a_min", "min", "lower", NULL};
    static const char *const HIGH[] = {"a_max", "max", "upper", NULL};
    double ends[2];
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(number_of(c, LOW, -(double)INFINITY, &ends[0], err));
    MC_TRY(number_of(c, HIGH, (double)INFINITY, &ends[1], err));
    const bool whole = is_integer_or_none(to, c, LOW) && is_integer_or_none(to, c, HIGH);
    return mc_call_unary(to, x, MC_UNARY_CLIP, ends, whole, err);
}

static mc_status emit_round(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"decimals", NULL};
    double decimals = 0.0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_number(c, "decimals", 0.0, &decimals, err));
    if (fabs(decimals) > 22.0) /* 10**22 is the last exact power */
        return mc_refuse(err, c->est, "kw_args: decimals: expected -22 to 22, found %g", decimals);
    if (decimals == 0.0) {
        const uint32_t as_input = x->type_as_input;
        MC_TRY(mc_call_unary(to, x, MC_UNARY_RINT, NULL, true, err));
        x->type_as_input = as_input & MC_PART_TYPE_AS_INPUT; /* floats of true and false */
        return MC_OK;
    }
    double scale[2] = {1.0, 0.0};
    for (int i = 0; i < (int)fabs(decimals); i++)
        scale[0] *= 10.0;
    return mc_call_unary(to, x, decimals > 0.0 ? MC_UNARY_ROUND_SCALED : MC_UNARY_ROUND_TENS, scale,
                         true, err);
}

static mc_status emit_nan_to_num(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"copy", "nan", "posinf", "neginf", NULL};
    double nan = 0.0, high = 0.0, low = 0.0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_number(c, "nan", 0.0, &nan, err));
    MC_TRY(mc_call_number(c, "posinf", DBL_MAX, &high, err));
    MC_TRY(mc_call_number(c, "neginf", -DBL_MAX, &low, err));
    const double ends[2] = {high, low}, other[2] = {nan, 0.0};
    const uint32_t as_input = x->type_as_input; /* as it is of integers */
    MC_TRY(mc_call_unary(to, x, MC_UNARY_IF_INFINITE, ends, true, err));
    MC_TRY(mc_call_unary(to, x, MC_UNARY_IF_NAN, other, true, err));
    x->type_as_input = as_input;
    return MC_OK;
}

static mc_status emit_truth(mc_lowering *to, mc_sym *x, mc_unary which, mc_error *err)
{
    MC_TRY(mc_call_unary(to, x, which, NULL, false, err));
    x->type = MC_VALUE_BOOL;
    return MC_OK;
}

/* scipy.stats.boxcox(x, lmbda), yeojohnson(x, lmbda): with a given lmbda they learn nothing. */
static mc_status emit_power(mc_lowering *to, mc_call *c, mc_unary which, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"lmbda", NULL};
    double power[2] = {(double)NAN, 0.0};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_number(c, "lmbda", (double)NAN, &power[0], err));
    if (isnan(power[0]))
        return mc_refuse(err, c->est, "kw_args: %.*s without lmbda learns it from each batch",
                         MC_SHOW(c->name));
    return mc_call_unary(to, x, which, power, false, err);
}

static mc_status emit_box_cox(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_power(to, c, MC_UNARY_BOX_COX, x, err);
}

static mc_status emit_yeo_johnson(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_power(to, c, MC_UNARY_YEO_JOHNSON, x, err);
}

/* ---------------------------------------------------------------------------- their types ---- */

/* A dtype by class, name or object: 'f', 'i', 'b', 'O' (as it is), '4' (float32), 's'
 * (texts), 0 if unknown. */
static char kind_of(mc_lowering *to, const mc_value *dtype)
{
    static const struct {
        const char *name;
        char kind;
    } NAMES[] = {{"float", 'f'},    {"int", 'i'},     {"bool", 'b'},   {"object", 'O'},
                 {"category", 'O'}, {"float64", 'f'}, {"double", 'f'}, {"int64", 'i'},
                 {"float32", '4'},  {"single", '4'},  {"f4", '4'},     {"f8", 'f'},
                 {"d", 'f'},        {"i8", 'i'},      {"str", 's'}};
    mc_dtype_info info;
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        if (mc_value_is_text(dtype, NAMES[i].name) ||
            mc_value_is_a(dtype, "builtins", NAMES[i].name))
            return NAMES[i].kind;
    }
    if (mc_dtype_from_value(to->arena, dtype, &info, NULL) != MC_OK)
        return 0;
    if (info.kind == 'f' && info.item_size == sizeof(float))
        return '4';
    const bool is_wide = info.item_size == sizeof(double) || info.kind == 'b' || info.kind == 'O';
    return (char)(is_wide && info.kind != 'u' ? info.kind : 0);
}

/* Of texts what they are; what else there is would have to be printed, and is refused. */
static mc_status emit_texts(mc_lowering *to, mc_sym *x, mc_error *err)
{
    mc_step step = MC_STEP_INIT(TEXT_CELLS);
    MC_TRY(mc_to_cells(to, x, x, err));
    step.src = x->buffer;
    step.n[0] = MC_TEXT_KEEP;
    return mc_build_step(to->b, step, x->n_cols, &x->buffer, err);
}

static mc_status emit_type(mc_lowering *to, const mc_call *c, const mc_value *dtype, mc_sym *x,
                           mc_error *err)
{
    char text[160];
    const char kind = kind_of(to, dtype);
    if (kind == 'O')
        return MC_OK;
    if (kind == 's')
        return emit_texts(to, x, err);
    if (x->kind != MC_SYM_SPARSE)
        MC_TRY(mc_to_numbers(to, x, x, err));
    if (kind == 'b')
        MC_TRY(mc_emit_unary(to, x, MC_UNARY_LOGICAL_NOT, 0.0, 0.0, x, err));
    if (kind == 'i') /* what is no number makes no integer */
        MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, x, err));
    if (kind == '4') {
        mc_step step = MC_STEP_INIT(ROUND32);
        step.flags = MC_STEP_ALLOW_NAN | MC_STEP_ALLOW_INFINITY;
        MC_TRY(mc_emit_step(to, step, x, x->n_cols, x, err));
    } else if (kind == 'f' || kind == 'i' || kind == 'b') {
        const mc_unary which = kind == 'f'   ? MC_UNARY_IDENTITY
                               : kind == 'i' ? MC_UNARY_TRUNC
                                             : MC_UNARY_LOGICAL_NOT;
        MC_TRY(mc_emit_unary(to, x, which, 0.0, 0.0, x, err));
    } else {
        return mc_refuse(err, c->est, "func: %.*s to %s", MC_SHOW(c->name),
                         mc_value_is(dtype, MC_KIND_TEXT)
                             ? "a type that is not known"
                             : mc_value_type_name(dtype, text, sizeof text));
    }
    x->type_as_input = 0;
    x->type = kind == 'i' ? MC_VALUE_INT : kind == 'b' ? MC_VALUE_BOOL : MC_VALUE_FLOAT;
    return MC_OK;
}

/* astype(), asarray(): as it is unless a dtype is given. */
static mc_status emit_as(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"dtype", "copy", "order", "na_value", NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    const mc_value *dtype = mc_call_argument(c, "dtype");
    if (!mc_value_is_none(mc_call_argument(c, "na_value")))
        return mc_refuse(err, c->est, "kw_args: na_value");
    return mc_value_is_none(dtype) ? MC_OK : emit_type(to, c, dtype, x, err);
}

/* numpy.float64 and the like, of a matrix. */
static mc_status emit_float64(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    return mc_call_unary(to, x, MC_UNARY_IDENTITY, NULL, false, err);
}

/* ---------------------------------------------------------------------------- what is missing ----
 */

static mc_status emit_missing(mc_lowering *to, mc_call *c, bool is_there, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    mc_step step = MC_STEP_INIT(CELLS_MISSING);
    uint32_t *columns = NULL;
    mc_sym cells;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    if (x->kind == MC_SYM_NUMBERS || x->kind == MC_SYM_SPARSE || to->any_width) {
        MC_TRY(mc_to_numbers(to, x, x, err));
        MC_TRY(emit_truth(to, x, MC_UNARY_ISNAN, err));
    } else {
        MC_TRY(mc_to_cells(to, x, &cells, err));
        MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &columns, err));
        for (size_t i = 0; i < x->n_cols; i++)
            columns[i] = (uint32_t)i;
        step.flags = MC_STEP_MISSING_NAN;
        step.src = cells.buffer;
        MC_TRY(mc_build_u32(to->b, columns, x->n_cols, &step.array[0], err));
        *x = (mc_sym){.kind = MC_SYM_NUMBERS, .n_cols = x->n_cols, .type = MC_VALUE_BOOL};
        MC_TRY(mc_build_step(to->b, step, x->n_cols, &x->buffer, err));
    }
    return is_there ? emit_truth(to, x, MC_UNARY_LOGICAL_NOT, err) : MC_OK;
}

static mc_status emit_isna(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_missing(to, c, false, x, err);
}

static mc_status emit_notna(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_missing(to, c, true, x, err);
}

/* What fills column j of a frame: one value for all, or a dict by name; NaN fills nothing. */
static mc_status filler_of(mc_lowering *to, const mc_call *c, const mc_value *value, size_t n,
                           mc_cell *out, mc_error *err)
{
    mc_ndarray array;
    mc_cell *names = NULL, one = {.kind = MC_CELL_NUMBER, .as.number = (double)NAN};
    const bool by_name = mc_value_is(value, MC_KIND_DICT);
    if (!by_name)
        MC_TRY_IN(mc_cell_from_value(to->arena, value, &one, err), err, "argument value of fillna");
    if (one.kind == MC_CELL_NONE)
        return mc_refuse(err, c->est, "func: fillna without a value looks at other rows");
    for (size_t j = 0; j < n; j++)
        out[j] = one;
    if (!by_name)
        return MC_OK;
    if (mc_feature_names_of(c->est) == NULL)
        return mc_refuse(err, c->est, "func: fillna of names, and columns without");
    MC_TRY(mc_ndarray_from_value(to->arena, mc_feature_names_of(c->est), &array, err));
    MC_TRY(mc_ndarray_cells(to->arena, &array, &names, err));
    for (size_t j = 0; j < n && j < array.n_items; j++) {
        if (names[j].kind != MC_CELL_STRING)
            continue;
        const mc_bytes name = {(const uint8_t *)names[j].as.text, names[j].size};
        const mc_value *found = mc_dict_get_bytes(value, name);
        if (found != NULL)
            MC_TRY(mc_cell_from_value(to->arena, found, &out[j], err));
    }
    return MC_OK;
}

static bool all_numbers(const mc_cell *cells, size_t n)
{
    for (size_t j = 0; j < n; j++)
        if (cells[j].kind == MC_CELL_STRING || cells[j].kind == MC_CELL_NONE)
            return false;
    return true;
}

/* fillna(): of a frame, whose columns are numbers or texts. */
static mc_status emit_fillna(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"value", NULL};
    mc_step step = MC_STEP_INIT(FILL_CELLS);
    mc_cell *fill = NULL;
    mc_sym *part = NULL;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    if (x->n_cols == 0)
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, mc_cell, x->n_cols, &fill, err));
    MC_TRY(filler_of(to, c, mc_call_argument(c, "value"), x->n_cols, fill, err));
    if (x->kind == MC_SYM_NUMBERS && !mc_value_is(mc_call_argument(c, "value"), MC_KIND_DICT) &&
        all_numbers(fill, x->n_cols)) {
        const double value =
            fill[0].kind == MC_CELL_NUMBER ? fill[0].as.number : (double)fill[0].as.integer;
        return mc_emit_unary(to, x, MC_UNARY_IF_NAN, value, 0.0, x, err);
    }
    MC_TRY(mc_to_cells(to, x, x, err));
    step.flags = MC_STEP_MISSING_NAN;
    step.src = x->buffer;
    MC_TRY(mc_build_cells(to->b, fill, x->n_cols, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, x->n_cols, &x->buffer, err));
    /* Still open: which of its columns are numbers is seen when it runs. */
    MC_TRY(mc_arena_new(to->arena, mc_sym, 1, &part, err));
    *part = (mc_sym){.kind = MC_SYM_CELLS, .buffer = x->buffer, .n_cols = x->n_cols};
    *x = (mc_sym){.kind = MC_SYM_PARTS, .parts = part, .n_parts = 1, .n_cols = x->n_cols};
    return MC_OK;
}

/* -------------------------------------------------------------------------- x with a constant ----
 */

static const struct {
    const char *name;
    mc_unary which;
    bool keeps_integers;
} WITH_OTHER[] = {
    {"add", MC_UNARY_OFFSET, true},
    {"radd", MC_UNARY_OFFSET, true},
    {"mul", MC_UNARY_SCALE, true},
    {"multiply", MC_UNARY_SCALE, true},
    {"rmul", MC_UNARY_SCALE, true},
    {"div", MC_UNARY_OVER, false},
    {"truediv", MC_UNARY_OVER, false},
    {"divide", MC_UNARY_OVER, false},
    {"pow", MC_UNARY_POWER, true},
    {"rsub", MC_UNARY_FROM, true},
    {"rdiv", MC_UNARY_DIVIDES, false},
    {"rtruediv", MC_UNARY_DIVIDES, false},
    {"rpow", MC_UNARY_RAISES, true},
    {"gt", MC_UNARY_ABOVE, false},
    {"lt", MC_UNARY_BELOW, false},
    {"sub", MC_UNARY_MINUS, true},
    {"subtract", MC_UNARY_MINUS, true},
    {"__sub__", MC_UNARY_MINUS, true},
    {"floordiv", MC_UNARY_FLOOR_OVER, true},
    {"__floordiv__", MC_UNARY_FLOOR_OVER, true},
    {"rfloordiv", MC_UNARY_FLOOR_DIVIDES, true},
    {"__rfloordiv__", MC_UNARY_FLOOR_DIVIDES, true},
    {"mod", MC_UNARY_MODULO, true},
    {"__mod__", MC_UNARY_MODULO, true},
    {"rmod", MC_UNARY_MODULO_OF, true},
    {"__rmod__", MC_UNARY_MODULO_OF, true},
    {"__add__", MC_UNARY_OFFSET, true},
    {"__mul__", MC_UNARY_SCALE, true},
    {"__truediv__", MC_UNARY_OVER, false},
    {"__pow__", MC_UNARY_POWER, true},
    {"__gt__", MC_UNARY_ABOVE, false},
    {"__lt__", MC_UNARY_BELOW, false},
    {"__rsub__", MC_UNARY_FROM, true},
};

/* DataFrame.add(2), ndarray.__pow__(2) ... */
static mc_status emit_with_other(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"other", NULL};
    double other[2] = {0.0, 0.0};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    const mc_value *value = mc_call_argument(c, "other");
    if (mc_value_is_none(value))
        return mc_call_unknown(c, err);
    MC_TRY(mc_call_number(c, "other", 0.0, &other[0], err));
    const bool whole = mc_value_is(value, MC_KIND_INT);
    if (mc_bytes_is(c->name, "floordiv") || mc_bytes_is(c->name, "mod"))
        if (other[0] == 0.0) /* pandas and numpy answer each their own */
            return mc_refuse(err, c->est, "func: %.*s by 0", MC_SHOW(c->name));
    for (size_t i = 0; i < MC_COUNT_OF(WITH_OTHER); i++) {
        if (!mc_bytes_is(c->name, WITH_OTHER[i].name))
            continue;
        const mc_unary which = WITH_OTHER[i].which;
        const bool keeps = WITH_OTHER[i].keeps_integers && whole;
        MC_TRY(mc_call_unary(to, x, which, other, keeps, err));
        if (which == MC_UNARY_ABOVE || which == MC_UNARY_BELOW)
            x->type = MC_VALUE_BOOL;
        return MC_OK;
    }
    return mc_call_unknown(c, err);
}

/* -------------------------------------------------------------------------------- which one ----
 */

const mc_function *mc_function_of_values(const mc_call *c)
{
    static const mc_function TABLE[] = {
        {"numpy", "clip", emit_clip, false},
        {MC_CALL_METHOD, "clip", emit_clip, false},
        {"numpy", "round", emit_round, false},
        {"numpy", "around", emit_round, false},
        {"numpy", "round_", emit_round, false},
        {MC_CALL_METHOD, "round", emit_round, false},
        {"numpy", "nan_to_num", emit_nan_to_num, false},
        {"scipy.stats", "boxcox", emit_box_cox, false},
        {"scipy.stats", "yeojohnson", emit_yeo_johnson, false},
        {"numpy", "copy", emit_as, true},
        {"numpy", "array", emit_as, true},
        {"numpy", "asarray", emit_as, true},
        {"numpy", "asanyarray", emit_as, true},
        {"numpy", "ascontiguousarray", emit_as, true},
        {"numpy", "asfortranarray", emit_as, true},
        {"numpy", "float64", emit_float64, false},
        {MC_CALL_METHOD, "astype", emit_as, true},
        {MC_CALL_METHOD, "to_numpy", emit_as, true},
        {"pandas", "isna", emit_isna, true},
        {"pandas", "isnull", emit_isna, true},
        {"pandas", "notna", emit_notna, true},
        {"pandas", "notnull", emit_notna, true},
        {MC_CALL_METHOD, "isna", emit_isna, true},
        {MC_CALL_METHOD, "isnull", emit_isna, true},
        {MC_CALL_METHOD, "notna", emit_notna, true},
        {MC_CALL_METHOD, "notnull", emit_notna, true},
        {MC_CALL_METHOD, "fillna", emit_fillna, true},
    };
    static const mc_function OTHER = {MC_CALL_METHOD, "", emit_with_other, false};
    const mc_function *found = mc_function_find(TABLE, MC_COUNT_OF(TABLE), c);
    if (found != NULL || !mc_bytes_is(c->module, MC_CALL_METHOD))
        return found;
    for (size_t i = 0; i < MC_COUNT_OF(WITH_OTHER); i++)
        if (mc_bytes_is(c->name, WITH_OTHER[i].name))
            return &OTHER;
    return NULL;
}
