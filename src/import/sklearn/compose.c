/* compose.c: ColumnTransformer and FeatureUnion: transformers side by side.
 *
 * Oracle   sklearn/compose/_column_transformer.py, sklearn/pipeline.py, scikit-learn 1.2 to 1.9.
 * Exact    As the transformers.
 * Why so   Columns that pass through stay open (mc_sym INPUT): whether they are numbers or texts is
 *          decided by who reads them, as numpy's hstack decides by what is in them. */
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* One transformer of a composite. */
typedef struct member {
    mc_bytes name;
    const mc_value *transformer;
    const mc_value *columns; /* ColumnTransformer only */
} member;

static mc_status read_member(const mc_value *est, const mc_value *item, size_t n, member *out,
                             mc_error *err)
{
    if (!mc_value_is(item, MC_KIND_TUPLE) || item->as.items.n != n ||
        !mc_value_is(item->as.items.at[0], MC_KIND_TEXT))
        return mc_refuse(err, est, "expected a tuple of %zu that begins with a name", n);
    *out = (member){.name = item->as.items.at[0]->as.bytes,
                    .transformer = item->as.items.at[1],
                    .columns = n > 2 ? item->as.items.at[2] : NULL};
    return MC_OK;
}

/* transformer_weights[name] as a factor on the block. */
static mc_status weigh(mc_lowering *to, const mc_value *est, const member *m, mc_sym *x,
                       mc_error *err)
{
    double weight = 1.0;
    const mc_value *value = mc_dict_get_bytes(mc_value_attr(est, "transformer_weights"), m->name);
    if (mc_value_is_none(value))
        return MC_OK;
    MC_TRY_IN(mc_number_from_value(value, &weight, err), err, "transformer_weights");
    return mc_emit_unary(to, x, MC_UNARY_SCALE, weight, 0.0, x, err);
}

static mc_status apply(mc_lowering *to, const mc_value *est, const member *m, const mc_sym *x,
                       mc_sym *out, mc_error *err)
{
    if (mc_value_is_none(m->transformer) || mc_value_is_text(m->transformer, "passthrough"))
        *out = *x;
    else
        MC_TRY_IN(mc_lower_one(to, m->transformer, MC_METHOD_TRANSFORM, x, out, err), err,
                  "transformer \"%.*s\"", MC_SHOW(m->name));
    return weigh(to, est, m, out, err);
}

/* ------------------------------------------------------------------- which columns ---- */

/* A growing list of column numbers, as large as the input at most. */
typedef struct selection {
    const mc_value *est;
    uint32_t *at;
    size_t n, n_cols;
    const mc_cell *names; /* feature_names_in_, or NULL */
} selection;

static mc_status select_number(selection *s, int64_t index, mc_error *err)
{
    const int64_t at = index < 0 ? index + (int64_t)s->n_cols : index;
    if (at < 0 || (uint64_t)at >= s->n_cols || s->n >= s->n_cols)
        return mc_refuse(err, s->est, "column %lld, of %zu", (long long)index, s->n_cols);
    s->at[s->n++] = (uint32_t)at;
    return MC_OK;
}

static mc_status select_name(selection *s, mc_bytes name, mc_error *err)
{
    for (size_t i = 0; s->names != NULL && i < s->n_cols; i++) {
        if (s->names[i].kind == MC_CELL_STRING &&
            mc_bytes_equal(name,
                           (mc_bytes){(const uint8_t *)s->names[i].as.text, s->names[i].size}))
            return select_number(s, (int64_t)i, err);
    }
    return mc_refuse(err, s->est, "no column is named \"%.*s\"", MC_SHOW(name));
}

static mc_status select_slice(selection *s, const mc_value *slice, mc_error *err)
{
    int64_t part[3] = {0, (int64_t)s->n_cols, 1};
    const mc_value *arguments = slice->as.object->arguments;
    if (!mc_value_is(arguments, MC_KIND_TUPLE) || arguments->as.items.n != 3)
        return mc_refuse(err, s->est, "columns: a slice of %s", "unknown form");
    for (size_t i = 0; i < 3; i++) {
        const mc_value *value = arguments->as.items.at[i];
        if (mc_value_is_none(value))
            continue;
        if (mc_value_is(value, MC_KIND_TEXT)) { /* by name: both ends belong to it */
            const size_t before = s->n;
            MC_TRY(select_name(s, value->as.bytes, err));
            part[i] = (int64_t)s->at[before] + (i == 1);
            s->n = before;
            continue;
        }
        MC_TRY_IN(mc_integer_from_value(value, &part[i], err), err, "columns: slice");
        if (part[i] < 0)
            part[i] += (int64_t)s->n_cols;
        if (i == 1 && part[i] > (int64_t)s->n_cols)
            part[i] = (int64_t)s->n_cols;
    }
    if (part[2] <= 0)
        return mc_refuse(err, s->est, "columns: a slice of step %lld", (long long)part[2]);
    for (int64_t i = part[0]; i < part[1]; i += part[2])
        MC_TRY(select_number(s, i, err));
    return MC_OK;
}

static mc_status select_cells(selection *s, const mc_cell *cells, size_t n, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (cells[i].kind == MC_CELL_STRING) {
            MC_TRY(
                select_name(s, (mc_bytes){(const uint8_t *)cells[i].as.text, cells[i].size}, err));
        } else if (cells[i].kind == MC_CELL_BOOL && cells[i].as.integer) {
            MC_TRY(select_number(s, (int64_t)i, err));
        } else if (cells[i].kind == MC_CELL_INTEGER) {
            MC_TRY(select_number(s, cells[i].as.integer, err));
        } else if (cells[i].kind != MC_CELL_BOOL) {
            return mc_refuse(err, s->est, "columns: item %zu is no name, number or truth value", i);
        }
    }
    return MC_OK;
}

/* A list of names, numbers or truth values: the latter stand for their place in it. */
static mc_status select_items(mc_lowering *to, selection *s, const mc_items *items, mc_error *err)
{
    mc_cell *cells = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_cell, items->n, &cells, err));
    for (size_t i = 0; i < items->n; i++)
        MC_TRY_IN(mc_cell_from_value(to->arena, items->at[i], &cells[i], err), err, "columns[%zu]",
                  i);
    return select_cells(s, cells, items->n, err);
}

/* Columns as the user gave them: names, numbers, a mask, a slice, or one of these alone. */
static mc_status select_columns(mc_lowering *to, selection *s, const mc_value *columns,
                                mc_error *err)
{
    const mc_value *inner = mc_value_attr(columns, "data"); /* _RemainderColsList of 1.5, 1.6 */
    if (mc_value_is(columns, MC_KIND_OBJECT) && inner != NULL)
        columns = inner;
    if (mc_value_is_a(columns, "builtins", "slice") ||
        mc_value_is_a(columns, "__builtin__", "slice"))
        return select_slice(s, columns, err);
    if (mc_value_is(columns, MC_KIND_TEXT))
        return select_name(s, columns->as.bytes, err);
    if (mc_value_is(columns, MC_KIND_LIST) || mc_value_is(columns, MC_KIND_TUPLE))
        return select_items(to, s, &columns->as.items, err);
    mc_ndarray array;
    mc_cell *cells = NULL;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, columns, &array, err), err, "columns");
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &cells, err), err, "columns");
    return select_cells(s, cells, array.n_items, err);
}

/* scikit-learn has worked the columns out already: _transformer_to_input_indices. Older files are
 * read from the columns themselves. */
static mc_status columns_of(mc_lowering *to, const member *m, selection *s, mc_error *err)
{
    const mc_value *known =
        mc_dict_get_bytes(mc_value_attr(s->est, "_transformer_to_input_indices"), m->name);
    s->n = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, s->n_cols, &s->at, err));
    return select_columns(to, s, known != NULL ? known : m->columns, err);
}

/* ---------------------------------------------------------------------- the composites ---- */

static mc_status column_blocks(mc_lowering *to, const mc_items *members, selection *s,
                               const mc_sym *x, mc_sym *blocks, size_t *n_blocks, mc_error *err)
{
    for (size_t i = 0; i < members->n; i++) {
        member m;
        mc_sym taken;
        MC_TRY(read_member(s->est, members->at[i], 3, &m, err));
        if (mc_value_is_text(m.transformer, "drop"))
            continue;
        MC_TRY_IN(columns_of(to, &m, s, err), err, "transformer \"%.*s\"", MC_SHOW(m.name));
        if (s->n == 0)
            continue;
        MC_TRY(mc_emit_columns(to, x, s->at, s->n, &taken, err));
        MC_TRY(apply(to, s->est, &m, &taken, &blocks[*n_blocks], err));
        (*n_blocks)++;
    }
    return MC_OK;
}

/* feature_names_in_ or its forerunners; NULL if the columns have no names. */
static mc_status names_of(mc_lowering *to, const mc_value *est, const mc_cell **out, size_t *out_n,
                          mc_error *err)
{
    mc_ndarray array;
    mc_cell *cells = NULL;
    const mc_value *names = mc_feature_names_of(est);
    if (names == NULL)
        return MC_OK;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, names, &array, err), err, "feature names");
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &cells, err), err, "feature names");
    *out = cells;
    *out_n = array.n_items;
    return MC_OK;
}

mc_status mc_lower_column_transformer(mc_lowering *to, const mc_value *est, mc_method method,
                                      const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_items members;
    mc_sym *blocks = NULL, y;
    size_t n_blocks = 0, n_names = 0;
    bool sparse = false;
    selection s = {.est = est, .n_cols = x->n_cols};
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_items(to, est, "transformers_", &members, err));
    MC_TRY(mc_attr_bool(est, "sparse_output_", false, &sparse, err));
    MC_TRY(names_of(to, est, &s.names, &n_names, err));
    if (s.names != NULL && n_names != x->n_cols)
        return mc_refuse(err, est, "feature_names_in_: expected %zu names, found %zu", x->n_cols,
                         n_names);
    MC_TRY(mc_arena_new(to->arena, mc_sym, members.n, &blocks, err));
    MC_TRY(column_blocks(to, &members, &s, x, blocks, &n_blocks, err));
    MC_TRY(mc_emit_hstack(to, blocks, n_blocks, sparse, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_feature_union(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_items members;
    mc_sym *blocks = NULL, y;
    size_t n_blocks = 0;
    bool sparse = false, sparse_as_input = false;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_items(to, est, "transformer_list", &members, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, members.n, &blocks, err));
    for (size_t i = 0; i < members.n; i++) {
        member m;
        MC_TRY(read_member(est, members.at[i], 2, &m, err));
        if (mc_value_is_text(m.transformer, "drop"))
            continue;
        MC_TRY(apply(to, est, &m, x, &blocks[n_blocks], err));
        sparse = sparse || blocks[n_blocks].sparse;
        sparse_as_input = sparse_as_input || blocks[n_blocks].sparse_as_input;
        n_blocks++;
    }
    MC_TRY(mc_emit_hstack(to, blocks, n_blocks, sparse, &y, err));
    y.sparse_as_input = sparse_as_input;
    return mc_answer_matrix(to, y, out, err);
}
