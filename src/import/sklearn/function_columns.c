/* function_columns.c: functions that choose columns, or only change how the matrix is held, and
 * those of texts.
 *
 * Oracle   operator.itemgetter; numpy.take, delete, flip, reshape ... and methods of numpy.ndarray,
 *          pandas.DataFrame and scipy.sparse matrices of the same names; numpy.char.
 * Exact    Bit for bit: values are only chosen; texts as kernel/unicode.h says. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/function_call.h"
#include "import/sklearn/text_tokenizer.h"
#include "kernel/category.h"

/* ------------------------------------------------------------------------ columns by place ---- */

typedef struct places {
    uint32_t *at; /* (n) arena */
    size_t n;
    bool one; /* a single column was asked for: it is 1-D */
} places;

/* What is lowered for one column that stands for any number of them must not choose. */
static mc_status known_width(const mc_lowering *to, const mc_call *c, mc_error *err)
{
    return to->any_width
               ? mc_refuse(err, c->est,
                           "func: %.*s chooses columns, and nothing says how many there are",
                           MC_SHOW(c->name))
               : MC_OK;
}

static mc_status place_of(const mc_call *c, int64_t at, size_t n_cols, uint32_t *out, mc_error *err)
{
    const int64_t place = at < 0 ? at + (int64_t)n_cols : at;
    if (place < 0 || (uint64_t)place >= n_cols)
        return mc_refuse(err, c->est, "func: %.*s: column %lld of %zu", MC_SHOW(c->name),
                         (long long)at, n_cols);
    *out = (uint32_t)place;
    return MC_OK;
}

/* `at` (start, stop, step) as Python clips a slice of n items. */
static void clip_slice(const bool given[3], int64_t n, int64_t at[3])
{
    const int64_t least = at[2] > 0 ? 0 : -1, most = at[2] > 0 ? n : n - 1;
    for (size_t i = 0; i < 2; i++) {
        if (!given[i])
            at[i] = (i == 0) == (at[2] > 0) ? least : most;
        else if (at[i] < 0)
            at[i] = at[i] < -n ? least : at[i] + n;
        at[i] = at[i] < least ? least : at[i] > most ? most : at[i];
    }
}

/* slice(2, None, -1).indices(n). */
static mc_status read_slice(mc_lowering *to, const mc_call *c, const mc_value *slice, size_t n_cols,
                            places *out, mc_error *err)
{
    const mc_value *ends = slice->as.object->arguments;
    int64_t at[3] = {0, 0, 1};
    bool given[3] = {false, false, false};
    const int64_t n = (int64_t)n_cols;
    if (!mc_value_is(ends, MC_KIND_TUPLE) || ends->as.items.n != 3)
        return mc_refuse(err, c->est, "func: %.*s: a slice without its ends", MC_SHOW(c->name));
    for (size_t i = 0; i < 3; i++) {
        given[i] = !mc_value_is_none(ends->as.items.at[i]);
        if (given[i])
            MC_TRY(mc_integer_from_value(ends->as.items.at[i], &at[i], err));
    }
    if (at[2] == 0 || at[2] > n + 1 || at[2] < -n - 1)
        return mc_refuse(err, c->est, "func: %.*s: a slice of step %lld", MC_SHOW(c->name),
                         (long long)at[2]);
    clip_slice(given, n, at);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_cols, &out->at, err));
    for (int64_t j = at[0]; at[2] > 0 ? j < at[1] : j > at[1]; j += at[2])
        out->at[out->n++] = (uint32_t)j;
    return MC_OK;
}

static mc_status read_mask(mc_lowering *to, const mc_call *c, const mc_ndarray *mask, size_t n_cols,
                           places *out, mc_error *err)
{
    mc_cell *cells = NULL;
    if (mask->n_items != n_cols)
        return mc_refuse(err, c->est, "func: %.*s: %zu truth values for %zu columns",
                         MC_SHOW(c->name), mask->n_items, n_cols);
    MC_TRY(mc_ndarray_cells(to->arena, mask, &cells, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_cols, &out->at, err));
    for (size_t j = 0; j < n_cols; j++)
        if (cells[j].kind == MC_CELL_BOOL && cells[j].as.integer != 0)
            out->at[out->n++] = (uint32_t)j;
    return MC_OK;
}

/* A number, a list, an array, a mask or a slice. */
static mc_status read_places(mc_lowering *to, const mc_call *c, const mc_value *key, size_t n_cols,
                             places *out, mc_error *err)
{
    mc_ndarray array;
    int64_t *at = NULL;
    *out = (places){0};
    if (mc_value_is(key, MC_KIND_OBJECT) && mc_value_is_a(key, "builtins", "slice"))
        return read_slice(to, c, key, n_cols, out, err);
    if (mc_value_is_none(key) || mc_ndarray_from_value(to->arena, key, &array, err) != MC_OK ||
        array.n_dims > 1)
        return mc_refuse(err, c->est, "func: %.*s: expected columns", MC_SHOW(c->name));
    out->one = array.n_dims == 0;
    if (array.dtype.kind == 'b' && !out->one)
        return read_mask(to, c, &array, n_cols, out, err);
    MC_TRY_IN(mc_ndarray_i64(to->arena, &array, &at, err), err, "columns of %.*s",
              MC_SHOW(c->name));
    MC_TRY(mc_arena_new(to->arena, uint32_t, array.n_items, &out->at, err));
    for (out->n = 0; out->n < array.n_items; out->n++)
        MC_TRY(place_of(c, at[out->n], n_cols, &out->at[out->n], err));
    return MC_OK;
}

static mc_status emit_take(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"indices", "axis", NULL};
    places chosen;
    MC_TRY(known_width(to, c, err));
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, 0.0, err));
    MC_TRY(read_places(to, c, mc_call_argument(c, "indices"), x->n_cols, &chosen, err));
    c->is_flat = chosen.one;
    return mc_emit_columns(to, x, chosen.at, chosen.n, x, err);
}

/* All columns but those. */
static mc_status emit_others(mc_lowering *to, const places *gone, mc_sym *x, mc_error *err)
{
    uint32_t *kept = NULL;
    bool *is_gone = NULL;
    size_t n_kept = 0;
    MC_TRY(mc_arena_new(to->arena, bool, x->n_cols, &is_gone, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &kept, err));
    for (size_t i = 0; i < gone->n; i++)
        is_gone[gone->at[i]] = true;
    for (uint32_t j = 0; j < x->n_cols; j++)
        if (!is_gone[j])
            kept[n_kept++] = j;
    return mc_emit_columns(to, x, kept, n_kept, x, err);
}

static mc_status emit_delete(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"obj", "axis", NULL};
    places gone;
    MC_TRY(known_width(to, c, err));
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, 0.0, err));
    MC_TRY(read_places(to, c, mc_call_argument(c, "obj"), x->n_cols, &gone, err));
    return emit_others(to, &gone, x, err);
}

static mc_status reversed(mc_lowering *to, mc_sym *x, mc_error *err)
{
    uint32_t *at = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &at, err));
    for (size_t i = 0; i < x->n_cols; i++)
        at[i] = (uint32_t)(x->n_cols - 1 - i);
    return mc_emit_columns(to, x, at, x->n_cols, x, err);
}

static mc_status emit_flip(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"axis", NULL};
    MC_TRY(known_width(to, c, err));
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, 0.0, err));
    return reversed(to, x, err);
}

static mc_status emit_fliplr(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    MC_TRY(known_width(to, c, err));
    MC_TRY(mc_call_knows(c, KNOWN, err));
    return reversed(to, x, err);
}

/* ------------------------------------------------------------------------- columns by name ---- */

/* The places of a name, or of a list, tuple or array of names. */
static mc_status read_names(mc_lowering *to, const mc_call *c, const mc_value *key, size_t n_cols,
                            places *out, mc_error *err)
{
    const mc_value *names = mc_feature_names_of(c->est);
    mc_items items = {.n = 1};
    mc_ndarray array;
    mc_cell *known = NULL;
    if (names == NULL)
        return mc_refuse(err, c->est, "func: %.*s of a name, and columns without",
                         MC_SHOW(c->name));
    MC_TRY(known_width(to, c, err));
    MC_TRY_IN(mc_ndarray_from_value(to->arena, names, &array, err), err, "feature_names_in_");
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &known, err), err, "feature_names_in_");
    if (array.n_items != n_cols)
        return mc_refuse(err, c->est, "%zu names of %zu columns", array.n_items, n_cols);
    if (!mc_value_is(key, MC_KIND_TEXT))
        MC_TRY(mc_items_of(to, key, &items, err));
    *out = (places){.one = mc_value_is(key, MC_KIND_TEXT)};
    MC_TRY(mc_arena_new(to->arena, uint32_t, items.n, &out->at, err));
    for (; out->n < items.n; out->n++) {
        mc_cell name;
        size_t j = 0;
        MC_TRY(mc_cell_from_value(to->arena, out->one ? key : items.at[out->n], &name, err));
        while (j < n_cols && mc_cell_compare(&name, &known[j]) != 0)
            j++;
        if (j == n_cols)
            return mc_refuse(err, c->est, "func: %.*s: item %zu is the name of no column",
                             MC_SHOW(c->name), out->n);
        out->at[out->n] = (uint32_t)j;
    }
    return MC_OK;
}

/* DataFrame.get(name), filter(items=names), reindex(columns=names). */
static mc_status emit_named(mc_lowering *to, mc_call *c, const char *argument, mc_sym *x,
                            mc_error *err)
{
    places chosen;
    const mc_value *key = mc_call_argument(c, argument);
    if (mc_value_is_none(key))
        return mc_call_unknown(c, err);
    MC_TRY(read_names(to, c, key, x->n_cols, &chosen, err));
    c->is_flat = chosen.one;
    return mc_emit_columns(to, x, chosen.at, chosen.n, x, err);
}

static mc_status emit_get(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"key", NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    return emit_named(to, c, "key", x, err);
}

static mc_status emit_filter(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"items", NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    return emit_named(to, c, "items", x, err);
}

static mc_status emit_reindex(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"labels", "columns", NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    return emit_named(to, c, "columns", x, err);
}

/* DataFrame.drop(columns=names), drop(names, axis=1). */
static mc_status emit_drop(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"labels", "axis", "columns", NULL};
    places gone;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    const mc_value *key = mc_call_argument(c, "columns");
    if (mc_value_is_none(key)) {
        MC_TRY(mc_call_by_row(c, 0.0, err));
        key = mc_call_argument(c, "labels");
    }
    if (mc_value_is_none(key))
        return mc_call_unknown(c, err);
    MC_TRY(read_names(to, c, key, x->n_cols, &gone, err));
    return emit_others(to, &gone, x, err);
}

/* ---------------------------------------------------------------------------- itemgetter ---- */

/* slice(None) or ...: all rows. */
static bool is_all_rows(const mc_value *key)
{
    if (mc_value_is_a(key, "builtins", "Ellipsis"))
        return true;
    if (!mc_value_is(key, MC_KIND_OBJECT) || !mc_value_is_a(key, "builtins", "slice"))
        return false;
    const mc_value *ends = key->as.object->arguments;
    bool all = mc_value_is(ends, MC_KIND_TUPLE);
    for (size_t i = 0; all && i < ends->as.items.n; i++)
        all = mc_value_is_none(ends->as.items.at[i]);
    return all;
}

static bool is_names(const mc_value *key)
{
    if (mc_value_is(key, MC_KIND_LIST))
        return key->as.items.n > 0 && mc_value_is(key->as.items.at[0], MC_KIND_TEXT);
    return mc_value_is(key, MC_KIND_TEXT);
}

mc_status mc_emit_items(mc_lowering *to, mc_call *c, const mc_value *key, mc_sym *x, mc_error *err)
{
    places chosen;
    if (is_all_rows(key))
        return MC_OK;
    MC_TRY(known_width(to, c, err));
    const bool is_pair =
        mc_value_is(key, MC_KIND_TUPLE) && key->as.items.n == 2 && is_all_rows(key->as.items.at[0]);
    if (is_names(key))
        MC_TRY(read_names(to, c, key, x->n_cols, &chosen, err));
    else if (is_pair)
        MC_TRY(read_places(to, c, key->as.items.at[1], x->n_cols, &chosen, err));
    else {
        return mc_refuse(
            err, c->est,
            "func: operator.itemgetter: it takes some rows of a batch, unless its item "
            "is (slice(None), columns) or names of columns");
    }
    c->is_flat = chosen.one;
    return mc_emit_columns(to, x, chosen.at, chosen.n, x, err);
}

/* --------------------------------------------------------------------------------- its form ----
 */

static mc_status one_column(const mc_call *c, const mc_sym *x, mc_error *err)
{
    return x->n_cols == 1 ? MC_OK
                          : mc_refuse(err, c->est, "func: %.*s of %zu columns mixes rows",
                                      MC_SHOW(c->name), x->n_cols);
}

/* ravel(), flatten(), squeeze(): of one column, a value a row. */
static mc_status emit_flat(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"order", "axis", NULL};
    MC_TRY(known_width(to, c, err));
    MC_TRY(mc_call_knows(c, KNOWN, err));
    c->is_flat = true;
    if (mc_bytes_is(c->name, "squeeze") && x->n_cols != 1) {
        c->is_flat = false; /* there is nothing to squeeze */
        return mc_value_is_none(mc_call_argument(c, "axis")) ? MC_OK : mc_call_unknown(c, err);
    }
    return one_column(c, x, err);
}

/* The sizes that a shape lists: -1, (-1, 1) ...: false if it is none. */
static bool read_shape(const mc_items *sizes, int64_t out[2], size_t *out_n)
{
    *out_n = sizes->n;
    for (size_t i = 0; i < sizes->n && i < 2; i++)
        if (mc_integer_from_value(sizes->at[i], &out[i], NULL) != MC_OK)
            return false;
    return sizes->n == 1 || sizes->n == 2;
}

/* reshape(-1, 1), reshape((-1,)): of one column; or to the shape that it has. */
static mc_status emit_reshape(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"newshape", "shape", "order", NULL};
    static const char *const METHOD[] = {"shape", "", NULL};
    const bool is_method = mc_bytes_is(c->module, MC_CALL_METHOD);
    int64_t sizes[2] = {0, 0};
    size_t n = 0;
    MC_TRY(known_width(to, c, err));
    MC_TRY(mc_call_knows(c, is_method ? METHOD : KNOWN, err));
    const mc_value *shape = mc_call_argument(c, "shape");
    mc_items items = c->after;
    if (shape == NULL)
        shape = mc_call_argument(c, "newshape");
    if (mc_value_is(shape, MC_KIND_TUPLE) || mc_value_is(shape, MC_KIND_LIST))
        items = shape->as.items;
    if (mc_value_is(shape, MC_KIND_INT) && !is_method) {
        n = 1;
        sizes[0] = shape->as.integer;
    } else if (!read_shape(&items, sizes, &n)) {
        n = 0;
    }
    if (n == 0 || sizes[0] != -1)
        return mc_refuse(err, c->est, "func: %.*s: expected a shape that begins with -1",
                         MC_SHOW(c->name));
    c->is_flat = n == 1;
    return n == 2 && sizes[1] == (int64_t)x->n_cols ? MC_OK : one_column(c, x, err);
}

/* What only changes how the matrix is held. */
static mc_status emit_same(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"copy", "columns", "dtype", "index", "deep", "order", NULL};
    (void)to;
    (void)x;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    return mc_value_is_none(mc_call_argument(c, "dtype")) &&
                   mc_value_is_none(mc_call_argument(c, "index"))
               ? MC_OK
               : mc_call_unknown(c, err);
}

static mc_status emit_dense(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    MC_TRY(emit_same(to, c, x, err));
    if (x->kind == MC_SYM_SPARSE)
        MC_TRY(mc_to_numbers(to, x, x, err));
    x->sparse = x->sparse_as_input = false;
    return MC_OK;
}

static mc_status emit_sparse(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    MC_TRY(emit_same(to, c, x, err));
    if (x->kind != MC_SYM_SPARSE)
        MC_TRY(mc_to_numbers(to, x, x, err));
    x->sparse = true;
    return MC_OK;
}

/* -------------------------------------------------------------------------------- texts ---- */

static mc_status emit_text(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    mc_step step = MC_STEP_INIT(TEXT_CELLS);
    const size_t width = x->n_cols;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    step.n[0] = mc_text_op_named(c->name);
    if (step.n[0] == MC_N_TEXT_OPS)
        return mc_call_unknown(c, err);
    MC_TRY(mc_to_cells(to, x, x, err));
    step.src = x->buffer;
    *x = (mc_sym){.kind = MC_SYM_CELLS, .n_cols = width};
    return mc_build_step(to->b, step, width, &x->buffer, err);
}

/* -------------------------------------------------------------------------------- which one ----
 */

const mc_function *mc_function_of_columns(const mc_call *c)
{
    static const mc_function TABLE[] = {
        {"numpy", "take", emit_take, true},
        {MC_CALL_METHOD, "take", emit_take, true},
        {"numpy", "delete", emit_delete, true},
        {"numpy", "flip", emit_flip, true},
        {"numpy", "fliplr", emit_fliplr, true},
        {MC_CALL_METHOD, "get", emit_get, true},
        {MC_CALL_METHOD, "filter", emit_filter, true},
        {MC_CALL_METHOD, "reindex", emit_reindex, true},
        {MC_CALL_METHOD, "drop", emit_drop, true},
        {"numpy", "ravel", emit_flat, true},
        {MC_CALL_METHOD, "ravel", emit_flat, true},
        {MC_CALL_METHOD, "flatten", emit_flat, true},
        {"numpy", "squeeze", emit_flat, true},
        {MC_CALL_METHOD, "squeeze", emit_flat, true},
        {"numpy", "reshape", emit_reshape, true},
        {MC_CALL_METHOD, "reshape", emit_reshape, true},
        {"numpy", "atleast_2d", emit_same, true},
        {MC_CALL_METHOD, "copy", emit_same, true},
        {MC_CALL_METHOD, "to_frame", emit_same, true},
        {MC_CALL_METHOD, "infer_objects", emit_same, true},
        {MC_CALL_METHOD, "convert_dtypes", emit_same, true},
        {MC_CALL_METHOD, "values", emit_same, true},
        {"pandas", "DataFrame", emit_same, true},
        {MC_CALL_METHOD, "toarray", emit_dense, true},
        {MC_CALL_METHOD, "todense", emit_dense, true},
        {"scipy.sparse", "csr_matrix", emit_sparse, true},
        {"scipy.sparse", "csr_array", emit_sparse, true},
        {"scipy.sparse", "csc_matrix", emit_sparse, true},
        {MC_CALL_METHOD, "tocsr", emit_same, true},
        {MC_CALL_METHOD, "tocsc", emit_same, true},
        {"numpy.char", "lower", emit_text, true},
        {"numpy.char", "upper", emit_text, true},
        {"numpy.char", "strip", emit_text, true},
        {"numpy.char", "lstrip", emit_text, true},
        {"numpy.char", "rstrip", emit_text, true},
    };
    return mc_function_find(TABLE, MC_COUNT_OF(TABLE), c);
}
