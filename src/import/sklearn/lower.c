/* lower.c: the registry, and what every lowering needs. */
#include "import/sklearn/lower.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "import/sklearn/lowerings.h"

typedef struct registry_row {
    const char *package, *name;
    mc_lower_fn *lower;
    mc_shape_fn *shape; /* of other packages */
} registry_row;

static const registry_row REGISTRY[] = {
#define ESTIMATOR(name, function, file) {"sklearn", #name, mc_lower_##function, NULL},
#define FOREIGN(package, name, function, file) \
    {#package, #name, mc_lower_##function, mc_shape_##function},
#define COUSIN(package, name, function, file) {#package, #name, mc_lower_##function, NULL},
#include "import/sklearn/estimators.def"
#undef ESTIMATOR
#undef FOREIGN
#undef COUSIN
};

/* --------------------------------------------------------------------------- identity ---- */

static const mc_global *class_of(const mc_value *est)
{
    return mc_value_is(est, MC_KIND_OBJECT) ? est->as.object->global : NULL;
}

mc_bytes mc_class_name(const mc_value *est)
{
    const mc_global *global = class_of(est);
    return global == NULL ? mc_bytes_of(est == NULL ? "nothing" : mc_value_kind_name(est->kind))
                          : global->name;
}

static bool is_of(mc_bytes module, const char *package)
{
    const size_t n = strlen(package);
    return module.size >= n && memcmp(module.data, package, n) == 0 &&
           (module.size == n || module.data[n] == '.');
}

static const registry_row *find_row(const mc_value *est)
{
    const mc_global *global = class_of(est);
    for (size_t i = 0; global != NULL && i < MC_COUNT_OF(REGISTRY); i++) {
        if (mc_bytes_is(global->name, REGISTRY[i].name) &&
            is_of(global->module, REGISTRY[i].package))
            return &REGISTRY[i];
    }
    return NULL;
}

bool mc_shape_of(mc_lowering *to, const mc_value *est, mc_shape *out)
{
    mc_error ignored = {0};
    const registry_row *row = find_row(est);
    return row != NULL && row->shape != NULL && row->shape(to, est, out, &ignored) == MC_OK;
}

mc_status mc_shape_refusal(mc_lowering *to, const mc_value *est, mc_error *err)
{
    mc_shape ignored;
    const registry_row *row = find_row(est);
    return row == NULL || row->shape == NULL ? MC_OK : row->shape(to, est, &ignored, err);
}

bool mc_lower_knows(const mc_value *est)
{
    return find_row(est) != NULL;
}

/* "1.6.1" -> 106, "0.24.2" -> 24, "1.10.dev0" -> 110; 0 if it is no version. */
static unsigned parse_version(mc_bytes text)
{
    unsigned number[2] = {0, 0};
    size_t at = 0;
    for (size_t i = 0; i < 2; i++, at++) {
        if (at >= text.size || text.data[at] < '0' || text.data[at] > '9')
            return 0;
        for (; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++)
            if (number[i] < 1000)
                number[i] = number[i] * 10 + (unsigned)(text.data[at] - '0');
    }
    return number[0] * 100 + number[1];
}

unsigned mc_version_of(const mc_lowering *to, const mc_value *est)
{
    const mc_value *version = mc_value_attr(est, "_sklearn_version");
    const unsigned found =
        mc_value_is(version, MC_KIND_TEXT) ? parse_version(version->as.bytes) : 0;
    return found != 0 ? found : to->version;
}

/* The objects that `est` holds directly, or in lists, or in tuples of these; at most `room`. */
static size_t parts_of(const mc_value *est, const mc_value **out, size_t room)
{
    static const char *const HOLDERS[] = {"best_estimator_", "estimator_", "_estimator",
                                          "estimators_", "steps"};
    size_t n = 0;
    for (size_t i = 0; i < MC_COUNT_OF(HOLDERS); i++) {
        const mc_value *held = mc_value_attr(est, HOLDERS[i]);
        if (mc_value_is(held, MC_KIND_OBJECT) && n < room)
            out[n++] = held;
        if (!mc_value_is(held, MC_KIND_LIST))
            continue;
        for (size_t j = 0; j < held->as.items.n && n < room; j++) {
            const mc_value *part = held->as.items.at[j];
            if (mc_value_is(part, MC_KIND_TUPLE) && part->as.items.n > 1)
                part = part->as.items.at[1];
            if (mc_value_is(part, MC_KIND_OBJECT))
                out[n++] = part;
        }
    }
    return n;
}

unsigned mc_version_inside(const mc_lowering *to, const mc_value *est)
{
    const mc_value *queue[64] = {est};
    size_t n = 1;
    for (size_t i = 0; i < n; i++) {
        const unsigned found = mc_version_of(to, queue[i]);
        if (found != 0)
            return found;
        n += parts_of(queue[i], queue + n, MC_COUNT_OF(queue) - n);
    }
    return 0;
}

const mc_value *mc_inside_of(const mc_value *est)
{
    static const char *const HOLDERS[] = {"best_estimator_", "regressor_", "estimator_",
                                          "base_estimator_", "estimator"};
    for (size_t i = 0; i < MC_COUNT_OF(HOLDERS); i++) {
        const mc_value *inside = mc_value_attr(est, HOLDERS[i]);
        if (mc_value_is(inside, MC_KIND_OBJECT))
            return inside;
    }
    const mc_value *members = mc_value_attr(est, "estimators_"); /* votes and stacks: as given */
    if (mc_value_is(members, MC_KIND_LIST) && members->as.items.n > 0 &&
        mc_value_attr(est, "n_features_in_") == NULL)
        return members->as.items.at[0];
    const mc_value *steps = mc_value_attr(est, "steps");
    if (steps == NULL)
        steps = mc_value_attr(est, "transformer_list");
    if (!mc_value_is(steps, MC_KIND_LIST) && !mc_value_is(steps, MC_KIND_TUPLE))
        return NULL;
    for (size_t i = 0; i < steps->as.items.n; i++) {
        const mc_value *step = steps->as.items.at[i];
        if (mc_value_is(step, MC_KIND_TUPLE) && step->as.items.n >= 2 &&
            mc_value_is(step->as.items.at[1], MC_KIND_OBJECT))
            return step->as.items.at[1];
    }
    return NULL;
}

/* ----------------------------------------------------------------------------- errors ---- */

mc_status(mc_no_method)(mc_error *err, const mc_value *est, mc_method method)
{
    return mc_fail(err, MC_E_NO_METHOD, MC_NO_OFFSET, "%.*s has no %s", MC_SHOW(mc_class_name(est)),
                   mc_method_name(method));
}

mc_status(mc_refuse)(mc_error *err, const mc_value *est, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "%.*s: %s", MC_SHOW(mc_class_name(est)),
                   text);
}

/* --------------------------------------------------------------------------- dispatch ---- */

static mc_status check_width(const mc_value *est, const mc_sym *x, mc_error *err)
{
    const mc_value *found = mc_value_attr(est, "n_features_in_");
    int64_t n = 0;
    if (mc_value_is_none(found))
        return MC_OK;
    MC_TRY_IN(mc_integer_from_value(found, &n, err), err, "attribute n_features_in_");
    if (n < 0 || (uint64_t)n != x->n_cols) {
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                       "%.*s was fitted on %lld features, and is given %zu",
                       MC_SHOW(mc_class_name(est)), (long long)n, x->n_cols);
    }
    return MC_OK;
}

/* Methods of few classes are asked of no other: no family need know that they are there. What holds
 * others has none of them, but for FrozenEstimator, which has whatever is inside it. */
static bool may_have(const mc_value *est, mc_method method)
{
    static const struct {
        mc_method method;
        const char *name;
    } FEW[] = {
#define FEW_HAVE(method, name) {MC_METHOD_##method, #name},
#include "import/sklearn/methods_of_few.def"
#undef FEW_HAVE
    };
    bool is_rare = false;
    for (size_t i = 0; i < MC_COUNT_OF(FEW); i++) {
        if (FEW[i].method == method && mc_bytes_is(mc_class_name(est), FEW[i].name))
            return true;
        is_rare = is_rare || FEW[i].method == method;
    }
    return !is_rare || mc_bytes_is(mc_class_name(est), "FrozenEstimator");
}

/* Formulas differ from version to version: a file of one that was never compared with its
 * scikit-learn is refused, never answered with another one's. */
static mc_status check_version(const mc_lowering *to, const mc_value *est, mc_error *err)
{
    const mc_value *found = mc_value_attr(est, "_sklearn_version");
    if (found == NULL && (to->depth > 1 || to->version != 0))
        return MC_OK; /* the root's counts, or of another package's root what is inside it */
    if (!mc_value_is(found, MC_KIND_TEXT))
        return mc_refuse(err, est,
                         "no attribute _sklearn_version says which scikit-learn wrote it");
    const unsigned version = parse_version(found->as.bytes);
    if (version < MC_SKLEARN_FIRST || version > MC_SKLEARN_LAST) {
        return mc_refuse(err, est, "written by scikit-learn \"%.*s\": expected %u.%u to %u.%u",
                         MC_SHOW(found->as.bytes), MC_SKLEARN_FIRST / 100, MC_SKLEARN_FIRST % 100,
                         MC_SKLEARN_LAST / 100, MC_SKLEARN_LAST % 100);
    }
    return MC_OK;
}

static mc_status lower_row(mc_lowering *to, const registry_row *row, const mc_value *est,
                           mc_method method, const mc_sym *x, mc_answer *out, mc_error *err)
{
    const bool is_ours = strcmp(row->package, "sklearn") == 0;
    if (row->shape == NULL && (is_ours || row->lower != mc_lower_pipeline))
        MC_TRY(check_version(to, est, err));
    if (method != MC_METHOD_INVERSE_TRANSFORM) /* that one takes what transform gives */
        MC_TRY(check_width(est, x, err));
    return row->lower(to, est, method, x, out, err);
}

mc_status mc_lower(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                   mc_answer *out, mc_error *err)
{
    char name[160];
    const registry_row *row = find_row(est);
    if (row == NULL) {
        return mc_fail(err, MC_E_UNSUPPORTED, est == NULL ? MC_NO_OFFSET : est->offset,
                       "%s is not an estimator that can be served",
                       mc_value_type_name(est, name, sizeof name));
    }
    if (!may_have(est, method))
        return mc_no_method(err, est, method);
    if (to->depth >= MC_LIMIT_ESTIMATOR_DEPTH)
        return mc_fail(err, MC_E_LIMIT, est->offset, "more than %d estimators in each other",
                       MC_LIMIT_ESTIMATOR_DEPTH);
    if (to->n_lowered >= MC_LIMIT_LOWERED)
        return mc_fail(err, MC_E_LIMIT, est->offset, "more than %d estimators in one model",
                       MC_LIMIT_LOWERED);
    to->n_lowered++;
    to->depth++;
    const mc_status status = lower_row(to, row, est, method, x, out, err);
    to->depth--;
    return status == MC_OK || status == MC_E_NO_METHOD
               ? status
               : mc_fail_in(err, status, "%s.%s", row->name, mc_method_name(method));
}

mc_status mc_lower_one(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                       mc_sym *out, mc_error *err)
{
    mc_answer answer = {0};
    MC_TRY(mc_lower(to, est, method, x, &answer, err));
    if (answer.n_parts != 1)
        return mc_refuse(err, est, "%s answers with %zu parts, expected one",
                         mc_method_name(method), answer.n_parts);
    *out = answer.parts[0].value;
    return MC_OK;
}

/* ---------------------------------------------------------------------------- answers ---- */

mc_status mc_answer_parts(mc_lowering *to, size_t n, mc_answer *out, mc_error *err)
{
    mc_answer_part *parts = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_answer_part, n, &parts, err));
    for (size_t i = 0; i < n; i++)
        parts[i].table = MC_NONE;
    *out = (mc_answer){.parts = parts, .n_parts = n, .is_list = n > 1};
    return MC_OK;
}

static mc_status one_part(mc_lowering *to, mc_sym value, bool scalar, uint32_t table,
                          mc_answer *out, mc_error *err)
{
    MC_TRY(mc_answer_parts(to, 1, out, err));
    out->parts[0] = (mc_answer_part){.value = value, .scalar = scalar, .table = table};
    return MC_OK;
}

mc_status mc_answer_matrix(mc_lowering *to, mc_sym value, mc_answer *out, mc_error *err)
{
    return one_part(to, value, false, MC_NONE, out, err);
}

mc_status mc_answer_scalar(mc_lowering *to, mc_sym value, mc_answer *out, mc_error *err)
{
    return one_part(to, value, true, MC_NONE, out, err);
}

mc_status mc_answer_labels(mc_lowering *to, mc_sym labels, uint32_t table, mc_answer *out,
                           mc_error *err)
{
    return one_part(to, labels, true, table, out, err);
}

/* ------------------------------------------------------------------------------- memo ---- */

/* A list is enough: it holds compiled ensembles, not nodes. Newest first. */
typedef struct mc_memo {
    struct mc_memo *next;
    const mc_value *est;
    uint32_t tag;
    uint32_t ids[4];
} mc_memo;

bool mc_memo_find(const mc_lowering *to, const mc_value *est, uint32_t tag, uint32_t ids[4])
{
    for (const mc_memo *memo = to->memo; memo != NULL; memo = memo->next) {
        if (memo->est == est && memo->tag == tag) {
            memcpy(ids, memo->ids, sizeof memo->ids);
            return true;
        }
    }
    return false;
}

mc_status mc_memo_add(mc_lowering *to, const mc_value *est, uint32_t tag, const uint32_t ids[4],
                      mc_error *err)
{
    mc_memo *memo = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_memo, 1, &memo, err));
    *memo = (mc_memo){.next = to->memo, .est = est, .tag = tag};
    memcpy(memo->ids, ids, sizeof memo->ids);
    to->memo = memo;
    return MC_OK;
}
