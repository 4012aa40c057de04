/* sklearn.c: the root of a graph -> every method it has -> an image. */
#include "import/sklearn/sklearn.h"

#include "base/limits.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/text_analyzer.h"

/* ------------------------------------------------------------------------ input schema ---- */

/* feature_names_in_ of the first object on the way of the rows that has it. Other packages keep a
 * list, of numbers for an array: foreign_names() reads these. */
static const mc_value *names_of(const mc_value *est)
{
    for (size_t i = 0; est != NULL && i < MC_LIMIT_ESTIMATOR_DEPTH; i++, est = mc_inside_of(est)) {
        const mc_value *names = mc_feature_names_of(est);
        if (names != NULL)
            return mc_value_is(names, MC_KIND_LIST) ? NULL : names;
    }
    return NULL;
}

/* A frame given to a ColumnTransformer may hold more columns than it was fitted with. */
static bool takes_extra_columns(const mc_value *est)
{
    for (size_t i = 0; est != NULL && i < MC_LIMIT_ESTIMATOR_DEPTH; i++, est = mc_inside_of(est))
        if (mc_bytes_is(mc_class_name(est), "ColumnTransformer"))
            return true;
    return false;
}

/* Names that an estimator of another package knows; NULL if the first on the way is not of one. */
static const mc_bytes *foreign_names(mc_lowering *to, const mc_value *est, size_t n)
{
    mc_shape shape = {0};
    for (size_t i = 0; est != NULL && i < MC_LIMIT_ESTIMATOR_DEPTH; i++, est = mc_inside_of(est))
        if (mc_shape_of(to, est, &shape))
            return shape.n_features == n ? shape.names : NULL;
    return NULL;
}

static mc_status column_names(mc_lowering *to, const mc_value *value, size_t n,
                              const mc_bytes **out, mc_error *err)
{
    mc_ndarray array;
    mc_cell *cells = NULL;
    mc_bytes *names = NULL;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, value, &array, err), err, "feature_names_in_");
    if (array.n_items != n)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                       "feature_names_in_ has %zu names for %zu features", array.n_items, n);
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &cells, err), err, "feature_names_in_");
    MC_TRY(mc_arena_new(to->arena, mc_bytes, n, &names, err));
    for (size_t i = 0; i < n; i++) {
        if (cells[i].kind != MC_CELL_STRING)
            return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                           "feature_names_in_[%zu] is not a text", i);
        names[i] = (mc_bytes){(const uint8_t *)cells[i].as.text, cells[i].size};
    }
    *out = names;
    return MC_OK;
}

static mc_status no_width(mc_lowering *to, const mc_value *root, mc_error *err)
{
    const mc_value *est = root;
    for (size_t i = 0; est != NULL && i < MC_LIMIT_ESTIMATOR_DEPTH; i++, est = mc_inside_of(est))
        MC_TRY(mc_shape_refusal(to, est, err)); /* what cannot be read says nothing */
    if (mc_attr_has(root, "cv_results_") && !mc_attr_has(root, "best_estimator_")) {
        return mc_refuse(err, root,
                         "expected a search fitted with refit=True, found one without "
                         "best_estimator_: save the estimator that it found instead");
    }
    return mc_refuse(err, root, "no attribute n_features_in_ says how wide its input is");
}

/* Columns 0 to n of the request: sparse rows if they are many, and numbers for all we know. */
static mc_status input_symbol(mc_lowering *to, size_t n, mc_sym *out, mc_error *err)
{
    uint32_t *columns = NULL;
    *out = (mc_sym){.n_cols = n, .sparse_as_input = true, .type_as_input = MC_TYPE_STAYS};
    to->sparse_input = n > MC_WIDE && !to->wants_cells;
    if (to->sparse_input) {
        out->kind = MC_SYM_SPARSE;
        out->buffer = mc_build_sparse_input(to->b);
        return MC_OK;
    }
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &columns, err));
    for (size_t i = 0; i < n; i++)
        columns[i] = (uint32_t)i;
    out->kind = MC_SYM_INPUT;
    out->columns = columns;
    return MC_OK;
}

/* Rows that are one value each: texts, tokens, dicts. */
static mc_status declare_values(mc_lowering *to, mc_row_kind row, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_build_columns(to->b, 1, NULL, false, err));
    mc_build_row_kind(to->b, row);
    return input_symbol(to, 1, out, err);
}

/* One column stands for all. */
static mc_status declare_any_width(mc_lowering *to, mc_sym *out, mc_error *err)
{
    to->any_width = true;
    MC_TRY(mc_build_columns(to->b, 1, NULL, false, err));
    mc_build_any_width(to->b);
    return input_symbol(to, 1, out, err);
}

static mc_status declare_input(mc_lowering *to, const mc_value *root, mc_sym *out, mc_error *err)
{
    const mc_bytes *names = NULL;
    size_t n = 0;
    if (mc_row_kind_of(root) != MC_ROW_COLUMNS)
        return declare_values(to, mc_row_kind_of(root), out, err);
    if (!mc_features_of(to, root, &n))
        return mc_takes_any_width(root) ? declare_any_width(to, out, err) : no_width(to, root, err);
    if (n > MC_LIMIT_COLUMNS)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu input columns, at most %zu", n,
                       MC_LIMIT_COLUMNS);
    const mc_value *named = names_of(root);
    if (named != NULL)
        MC_TRY(column_names(to, named, n, &names, err));
    else
        names = foreign_names(to, root, n);
    MC_TRY(mc_build_columns(to->b, n, names, takes_extra_columns(root), err));
    return input_symbol(to, n, out, err);
}

/* ----------------------------------------------------------------------------- methods ---- */

static mc_status to_build_part(mc_lowering *to, const mc_answer_part *part, mc_build_part *out,
                               mc_error *err)
{
    mc_sym value = part->value;
    if (value.kind == MC_SYM_INPUT && to->any_width)
        MC_TRY(mc_to_numbers(to, &value, &value, err));
    else if (value.kind == MC_SYM_INPUT || value.kind == MC_SYM_PARTS)
        MC_TRY(mc_emit_settled(to, &value, &value, err)); /* input that is passed through */
    *out = (mc_build_part){.buffer = value.buffer,
                           .type = value.kind == MC_SYM_CELLS    ? MC_VALUE_CELL
                                   : value.kind == MC_SYM_LABELS ? MC_VALUE_LABEL
                                                                 : value.type,
                           .scalar = part->scalar,
                           .sparse = value.sparse,
                           .sparse_as_input = value.sparse_as_input,
                           .type_as_input = value.type_as_input,
                           .table = part->table,
                           .name = part->name};
    return MC_OK;
}

/* What became of a method: `width` is that of its first part. */
typedef struct lowered {
    bool has;
    size_t n_parts, width;
} lowered;

static mc_status add_method(mc_lowering *to, const mc_value *root, mc_method method,
                            const mc_sym *x, lowered *out, mc_error *err)
{
    mc_answer answer = {0};
    mc_build_part *parts = NULL;
    *out = (lowered){0};
    const mc_status status = mc_lower(to, root, method, x, &answer, err);
    if (status == MC_E_NO_METHOD)
        return MC_OK;
    MC_TRY(status);
    MC_TRY(mc_arena_new(to->arena, mc_build_part, answer.n_parts, &parts, err));
    for (size_t i = 0; i < answer.n_parts; i++)
        MC_TRY(to_build_part(to, &answer.parts[i], &parts[i], err));
    *out = (lowered){true, answer.n_parts, answer.n_parts > 0 ? answer.parts[0].value.n_cols : 0};
    return mc_build_method(to->b, method, parts, answer.n_parts, answer.is_list, err);
}

static mc_status add_methods(mc_lowering *to, const mc_value *root, const mc_sym *x,
                             mc_method *out_default, lowered *out_forth, mc_error *err)
{
    mc_method first = MC_N_METHODS;
    lowered one = {0};
    *out_forth = (lowered){0};
    for (size_t i = 0; i < MC_N_METHODS; i++) {
        if (i == MC_METHOD_INVERSE_TRANSFORM)
            continue; /* of other rows: see add_back() */
        MC_TRY(add_method(to, root, (mc_method)i, x, &one, err));
        if (i == MC_METHOD_TRANSFORM)
            *out_forth = one;
        if (one.has &&
            (first == MC_N_METHODS || (i == MC_METHOD_TRANSFORM && first != MC_METHOD_PREDICT)))
            first = (mc_method)i;
    }
    if (first == MC_N_METHODS)
        return mc_refuse(err, root, "it has no method for new rows");
    *out_default = first;
    return MC_OK;
}

/* What was lowered for one column must mean the same for any number of them. */
static mc_status check_any_width(mc_lowering *to, const mc_value *root, mc_error *err)
{
    bool is_open = false;
    MC_TRY(mc_build_is_open(to->b, &is_open, err));
    return is_open ? MC_OK : no_width(to, root, err);
}

/* ---------------------------------------------------------------------------- the way back ---- */

static mc_status declare_identity(mc_lowering *to, const mc_value *root, mc_error *err)
{
    const mc_value *version = mc_value_attr(root, "_sklearn_version");
    const mc_bytes version_text =
        mc_value_is(version, MC_KIND_TEXT) ? version->as.bytes : mc_bytes_of("");
    return mc_build_identity(to->b, mc_class_name(root), version_text, "sklearn", err);
}

/* The program of inverse_transform on rows of `width` unnamed columns. */
static mc_status make_back(mc_lowering *to, const mc_value *root, size_t width, mc_error *err)
{
    mc_sym x;
    lowered back = {0};
    MC_TRY(declare_identity(to, root, err));
    if (to->any_width && width != 1)
        return mc_no_method(err, root, MC_METHOD_INVERSE_TRANSFORM);
    if (to->any_width) {
        MC_TRY(declare_any_width(to, &x, err));
    } else {
        MC_TRY(mc_build_columns(to->b, width, NULL, false, err));
        MC_TRY(input_symbol(to, width, &x, err));
    }
    MC_TRY(add_method(to, root, MC_METHOD_INVERSE_TRANSFORM, &x, &back, err));
    if (back.has && to->any_width)
        MC_TRY(check_any_width(to, root, err));
    return back.has ? mc_build_back(to->b, err)
                    : mc_no_method(err, root, MC_METHOD_INVERSE_TRANSFORM);
}

/* On a builder of its own; `cells` as in attempt(). */
static mc_status try_back(const mc_lowering *to, const mc_value *root, size_t width, bool *cells,
                          mc_error *err)
{
    mc_lowering other = *to;
    other.memo = NULL;
    other.wants_cells = *cells;
    MC_TRY(mc_builder_create_back(to->b, &other.b, err));
    const mc_status status = make_back(&other, root, width, err);
    mc_builder_destroy(other.b);
    *cells = other.wants_cells;
    return status;
}

/* The way forth is in the builder: what it was made of makes room for the way back. */
static void forget_forth(mc_lowering *to)
{
    mc_arena_fini(to->arena);
    to->memo = NULL;
    to->converted = NULL;
}

/* inverse_transform takes what transform answers, so it is a program of its own. A way back that is
 * not understood is not offered; the way forth is no worse for it. */
static mc_status add_back(mc_lowering *to, const mc_value *root, lowered forth, mc_error *err)
{
    if (forth.n_parts != 1 || forth.width > MC_LIMIT_COLUMNS)
        return MC_OK;
    bool cells = false;
    forget_forth(to);
    mc_status status = try_back(to, root, forth.width, &cells, err);
    if (status != MC_OK && cells)
        status = try_back(to, root, forth.width, &cells, err);
    return status == MC_E_NO_METHOD || status == MC_E_UNSUPPORTED ? MC_OK : status;
}

static mc_status lower_root(mc_lowering *to, const mc_value *root, mc_method *out_default,
                            mc_error *err)
{
    mc_sym x;
    lowered forth;
    char type[160];
    if (!mc_value_is(root, MC_KIND_OBJECT)) {
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "expected a fitted scikit-learn estimator, found %s",
                       mc_value_type_name(root, type, sizeof type));
    }
    if (!mc_lower_knows(root)) {
        return mc_fail(err, MC_E_UNSUPPORTED, root->offset,
                       "%s is not an estimator that can be served",
                       mc_value_type_name(root, type, sizeof type));
    }
    MC_TRY(declare_identity(to, root, err));
    to->version = mc_version_inside(to, root);
    MC_TRY(declare_input(to, root, &x, err));
    MC_TRY(add_methods(to, root, &x, out_default, &forth, err));
    if (to->any_width)
        MC_TRY(check_any_width(to, root, err));
    return add_back(to, root, forth, err);
}

static mc_status import_root(mc_lowering *to, const mc_value *root, mc_image *out, mc_error *err)
{
    mc_method default_method = MC_METHOD_PREDICT;
    MC_TRY(lower_root(to, root, &default_method, err));
    mc_arena_fini(to->arena); /* before the image takes its place */
    return mc_build_finish(to->b, default_method, out, err);
}

/* One attempt; with `cells`, the input's columns are open however many they are. */
static mc_status attempt(const mc_value *root, const mc_arena *arena, mc_reserve_fn *reserve,
                         void *context, bool *cells, mc_image *out, mc_error *err)
{
    mc_builder *b = NULL;
    mc_arena own; /* of the lowering alone: what is in it goes before the graph does */
    mc_arena_init(&own, arena->limit - arena->used, arena->name);
    own.spools = arena->spools;
    MC_TRY(mc_builder_create(&b, err));
    mc_build_budget(b, reserve, context);
    mc_lowering to = {.b = b, .arena = &own, .wants_cells = *cells};
    const mc_status status = import_root(&to, root, out, err);
    mc_builder_destroy(b);
    mc_arena_fini(&own);
    *cells = to.wants_cells;
    return status;
}

mc_status mc_sklearn_import(const mc_value *root, mc_arena *arena, mc_reserve_fn *reserve,
                            void *context, mc_image *out, mc_error *err)
{
    bool cells = false;
    const mc_status status = attempt(root, arena, reserve, context, &cells, out, err);
    /* A wide input was taken for sparse numbers, and a step deep inside needs its texts. */
    return status != MC_OK && cells ? attempt(root, arena, reserve, context, &cells, out, err)
                                    : status;
}
