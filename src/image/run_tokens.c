/* run_tokens.c: tokens, pairs and dicts to columns and back, and the weights of TF-IDF.
 *
 * Oracle   sklearn/feature_extraction/_hash.py, _hashing_fast.pyx, _dict_vectorizer.py; text.py
 *          TfidfTransformer and CountVectorizer.inverse_transform.
 * Exact    Bit for bit, but for the order in which three and more values that meet in one column
 *          are added up, and as kernel/tfidf.h says. */
#include <math.h>
#include <string.h>

#include "image/steps.h"
#include "image/text_steps.h"
#include "kernel/tfidf.h"
#include "kernel/token_table.h"

static const char *kind_name(const mc_cell *cell)
{
    static const char *const NAMES[] = {
        [MC_CELL_NONE] = "a missing value", [MC_CELL_NUMBER] = "a number",
        [MC_CELL_INTEGER] = "a number",     [MC_CELL_BOOL] = "a truth value",
        [MC_CELL_STRING] = "a text",        [MC_CELL_LIST] = "a list",
        [MC_CELL_DICT] = "an object",
    };
    return cell->kind < MC_COUNT_OF(NAMES) ? NAMES[cell->kind] : "nothing";
}

static mc_status expected(mc_error *err, const char *what, const mc_cell *found)
{
    return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "expected %s, found %s", what,
                   kind_name(found));
}

static mc_bytes text_of(const mc_cell *cell)
{
    return mc_text_at(cell->as.text, cell->size);
}

/* float() of a number or a truth value. */
static bool number_of(const mc_cell *cell, double *out)
{
    *out = cell->kind == MC_CELL_NUMBER ? cell->as.number : (double)cell->as.integer;
    return cell->kind == MC_CELL_NUMBER || cell->kind == MC_CELL_INTEGER ||
           cell->kind == MC_CELL_BOOL;
}

/* `name`, `between` and `text` as one, in scratch memory. */
static mc_status join(const mc_run *run, mc_bytes name, mc_bytes between, mc_bytes text,
                      mc_bytes *out, mc_error *err)
{
    void *memory = NULL;
    const mc_bytes parts[] = {name, between, text};
    const size_t size = name.size + between.size + text.size; /* each below 2^32 */
    mc_workspace_reset(run->workspace, MC_HEAP_SCRATCH);
    MC_TRY(mc_workspace_room(run->workspace, MC_HEAP_SCRATCH, size, &memory, err));
    uint8_t *at = memory;
    for (size_t i = 0; i < MC_COUNT_OF(parts); i++) {
        if (parts[i].size > 0)
            memcpy(at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    *out = (mc_bytes){memory, size};
    return MC_OK;
}

/* ---------------------------------------------------------------------------- hashed features ----
 */

typedef enum hashed { HASHED_DICT = 0, HASHED_PAIR, HASHED_STRING, N_HASHED } hashed;

static mc_status hash_one(const mc_run *run, const mc_step *step, const mc_cell *name,
                          const mc_cell *value, mc_row_maker *maker, mc_error *err)
{
    static const mc_bytes EQUALS = {(const uint8_t *)"=", 1};
    double number = 1.0;
    uint32_t column = 0;
    if (name->kind != MC_CELL_STRING)
        return expected(err, "a feature's name", name);
    mc_bytes feature = text_of(name);
    if (value != NULL && value->kind == MC_CELL_STRING)
        MC_TRY(join(run, feature, EQUALS, text_of(value), &feature, err));
    else if (value != NULL && !number_of(value, &number))
        return expected(err, "a number or a text", value);
    if (number == 0.0)
        return MC_OK;
    const double sign = mc_hash_column(feature, (uint32_t)mc_run_width(run, step->dst), &column);
    if (step->flags & MC_STEP_ALTERNATE_SIGN)
        number *= sign;
    if (step->flags & MC_STEP_HELD32)
        number = (double)(float)number;
    return mc_row_add(maker, column, number, err);
}

/* `name, value = item` of what Python unpacks: a list of two, an object's two names, or a text's
 * two characters. */
static mc_status unpack_pair(const mc_cell *item, mc_cell out[2], mc_error *err)
{
    if (item->size == 2 && item->kind == MC_CELL_LIST) {
        out[0] = item->as.items[0];
        out[1] = item->as.items[1];
        return MC_OK;
    }
    if (item->size == 2 && item->kind == MC_CELL_DICT) {
        out[0] = item->as.items[0];
        out[1] = item->as.items[2];
        return MC_OK;
    }
    if (item->kind != MC_CELL_STRING || item->size == 0)
        return expected(err, "a pair of name and value", item);
    const uint8_t *text = text_of(item).data;
    uint32_t second = 1; /* where the second character begins, and whether there is a third */
    while (second < item->size && (text[second] & 0xc0u) == 0x80u)
        second++;
    uint32_t end = second + 1;
    while (end < item->size && (text[end] & 0xc0u) == 0x80u)
        end++;
    if (end != item->size)
        return expected(err, "a pair of name and value", item);
    out[0] = (mc_cell){.kind = MC_CELL_STRING, .size = second, .as.text = item->as.text};
    out[1] =
        (mc_cell){.kind = MC_CELL_STRING, .size = end - second, .as.text = item->as.text + second};
    return MC_OK;
}

static mc_status hash_item(const mc_run *run, const mc_step *step, const mc_cell *item,
                           mc_row_maker *maker, mc_error *err)
{
    if (step->n[0] == HASHED_STRING)
        return hash_one(run, step, item, NULL, maker, err);
    mc_cell pair[2];
    MC_TRY(unpack_pair(item, pair, err));
    return hash_one(run, step, &pair[0], &pair[1], maker, err);
}

static mc_status hash_row(const mc_run *run, const mc_step *step, const mc_cell *row,
                          mc_sparse_row *out, mc_error *err)
{
    mc_row_maker maker;
    const bool is_dict = row->kind == MC_CELL_DICT;
    const bool wants_dict = step->n[0] == HASHED_DICT;
    if (!is_dict && (wants_dict || row->kind != MC_CELL_LIST))
        return expected(err, wants_dict ? "an object" : "a list", row);
    MC_TRY(mc_row_begin(run, &maker, err));
    for (uint32_t i = 0; i < row->size; i++) { /* of an object that is no dict: its names */
        const mc_cell *item = row->as.items + (is_dict ? 2 * (size_t)i : i);
        if (wants_dict)
            MC_TRY(hash_one(run, step, item, item + 1, &maker, err));
        else
            MC_TRY(hash_item(run, step, item, &maker, err));
    }
    return mc_row_end(&maker, out, err);
}

mc_status mc_run_hash_features(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_cell *x = run->buffers[step->src];
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        MC_TRY(mc_run_at_row(run, i, hash_row(run, step, &x[i], &out[i], err), err));
    return MC_OK;
}

mc_status mc_check_hash_features(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, mc_check_width(view, step->dst) > 0,
                         "it answers with no columns", err));
    MC_TRY(mc_check_that(view, step, step->n[0] < N_HASHED, "unknown kind of features", err));
    return mc_check_that(view, step, mc_check_width(view, step->src) == 1,
                         "its source is more than one column", err);
}

/* ------------------------------------------------------------------------------- dicts ---- */

#define DICT_NAMES     0 /* and their bytes behind it */
#define DICT_SEPARATOR 2

typedef enum dict_dtype { DICT_F64 = 0, DICT_F32, DICT_WHOLE, N_DICT_DTYPES } dict_dtype;

typedef struct dict_row {
    const mc_run *run;
    const mc_step *step;
    mc_token_table names;
    mc_bytes separator;
    mc_row_maker maker;
} dict_row;

/* dtype(value): int() cuts, None is NaN and no integer. */
static bool as_dtype(uint32_t dtype, const mc_cell *cell, double *out)
{
    *out = (double)NAN;
    if (cell->kind != MC_CELL_NONE && !number_of(cell, out))
        return false;
    if (dtype == DICT_F32)
        *out = (double)(float)*out;
    if (dtype == DICT_WHOLE)
        *out = trunc(*out);
    return dtype != DICT_WHOLE || isfinite(*out);
}

static mc_status put_name(dict_row *d, mc_bytes name, double value, mc_error *err)
{
    const uint32_t column = mc_token_find(&d->names, name);
    return column == MC_NO_TOKEN ? MC_OK : mc_row_add(&d->maker, column, value, err);
}

static mc_status put_text(dict_row *d, mc_bytes name, const mc_cell *text, mc_error *err)
{
    mc_bytes joined;
    if (text->kind != MC_CELL_STRING)
        return expected(err, "a list of texts", text);
    MC_TRY(join(d->run, name, d->separator, text_of(text), &joined, err));
    return put_name(d, joined, 1.0, err);
}

static mc_status put_pair(dict_row *d, const mc_cell *key, const mc_cell *value, mc_error *err)
{
    double number = 0.0;
    if (key->kind != MC_CELL_STRING)
        return expected(err, "a feature's name", key);
    const mc_bytes name = text_of(key);
    if (value->kind == MC_CELL_STRING)
        return put_text(d, name, value, err);
    for (uint32_t i = 0; value->kind == MC_CELL_LIST && i < value->size; i++)
        MC_TRY(put_text(d, name, &value->as.items[i], err));
    if (value->kind == MC_CELL_LIST || mc_token_find(&d->names, name) == MC_NO_TOKEN)
        return value->kind == MC_CELL_DICT ? expected(err, "a number, a text or a list", value)
                                           : MC_OK;
    if (!as_dtype(d->step->n[0], value, &number))
        return expected(err, "a number, a text or a list", value);
    return put_name(d, name, number, err);
}

static mc_status read_dict(dict_row *d, const mc_cell *row, mc_sparse_row *out, mc_error *err)
{
    if (row->kind != MC_CELL_DICT)
        return expected(err, "an object", row);
    MC_TRY(mc_row_begin(d->run, &d->maker, err));
    for (size_t i = 0; i < row->size; i++)
        MC_TRY(put_pair(d, &row->as.items[2 * i], &row->as.items[2 * i + 1], err));
    return mc_row_end(&d->maker, out, err);
}

static mc_token_table names_at(const mc_run *run, const mc_step *step)
{
    return mc_token_table_of(mc_view_u32(run->view, step->array[DICT_NAMES]),
                             mc_view_array(run->view, step->array[DICT_NAMES + 1]));
}

mc_status mc_run_dict_columns(const mc_run *run, const mc_step *step, mc_error *err)
{
    const uint32_t separator = step->array[DICT_SEPARATOR];
    const mc_cell *x = run->buffers[step->src];
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    dict_row d = {.run = run, .step = step, .names = names_at(run, step)};
    d.separator =
        (mc_bytes){mc_view_array(run->view, separator), run->view->arrays[separator].n_items};
    for (size_t i = 0; i < run->n_rows; i++)
        MC_TRY(mc_run_at_row(run, i, read_dict(&d, &x[i], &out[i], err), err));
    return MC_OK;
}

/* Names array 0, 1 for exactly the columns of `buffer`. */
static mc_status check_names(const mc_view *view, const mc_step *step, uint32_t buffer,
                             mc_error *err)
{
    uint32_t n = 0;
    MC_TRY(mc_check_token_table(view, step, DICT_NAMES, &n, err));
    return mc_check_that(view, step, n == mc_check_width(view, buffer),
                         "not as many names as columns", err);
}

mc_status mc_check_dict_columns(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_names(view, step, step->dst, err));
    MC_TRY(mc_check_array(view, step, DICT_SEPARATOR, MC_ARRAY_U8, SIZE_MAX, 1, err));
    MC_TRY(mc_check_that(view, step, step->n[0] < N_DICT_DTYPES, "unknown dtype", err));
    return mc_check_that(view, step, mc_check_width(view, step->src) == 1,
                         "its source is more than one column", err);
}

/* -------------------------------------------------------------------------------- TF-IDF ---- */

mc_status mc_run_tfidf(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    const mc_tfidf how = {.idf = mc_view_f64_or_null(run->view, step->array[0]),
                          .norm = step->n[0],
                          .sublinear = (step->flags & MC_STEP_SUBLINEAR) != 0,
                          .descending = (step->flags & MC_STEP_DESCENDING) != 0,
                          .float32 = (step->flags & MC_STEP_HELD32) != 0 &&
                                     (run->came_sparse || !(step->flags & MC_STEP_HELD_AS_ROWS))};
    for (size_t i = 0; i < run->n_rows; i++) {
        void *values = NULL;
        MC_TRY(mc_run_room(run, x[i].n * sizeof(double), &values, err));
        mc_tfidf_weigh(&how, &x[i], values);
        out[i] = (mc_sparse_row){x[i].at, values, x[i].n};
    }
    return MC_OK;
}

mc_status mc_check_tfidf(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->src);
    MC_TRY(mc_check_that(view, step, width == mc_check_width(view, step->dst),
                         "source and destination differ in width", err));
    MC_TRY(mc_check_that(view, step, step->n[0] <= 2, "unknown norm", err));
    return step->array[0] == MC_NONE ? MC_OK
                                     : mc_check_array(view, step, 0, MC_ARRAY_F64, 1, width, err);
}

/* ------------------------------------------------------------------------------ and back ---- */

mc_status mc_run_items(const mc_run *run, size_t n, mc_cell **out, mc_error *err)
{
    void *memory = NULL;
    size_t size = 0;
    if (__builtin_mul_overflow(n, sizeof(mc_cell), &size))
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "a list of %zu values", n);
    MC_TRY(mc_workspace_room(run->workspace, MC_HEAP_ANSWER, size, &memory, err));
    *out = memory;
    return MC_OK;
}

/* A list is a numpy array of texts in scikit-learn, whose items lose NULs at their end. */
static mc_cell token_cell(const mc_token_table *names, uint32_t id, bool in_array)
{
    mc_bytes token = mc_token_at(names, id);
    while (in_array && token.size > 0 && token.data[token.size - 1] == 0)
        token.size--;
    return (mc_cell){
        .kind = MC_CELL_STRING, .size = (uint32_t)token.size, .as.text = (const char *)token.data};
}

static mc_status names_of_row(const mc_run *run, const mc_step *step, const mc_sparse_row *row,
                              mc_cell *out, mc_error *err)
{
    const mc_token_table names = names_at(run, step);
    const size_t each = step->op == MC_OP_TOKEN_DICT ? 2 : 1;
    const uint32_t kind = step->n[0];
    mc_cell *items = NULL;
    uint32_t n = 0;
    MC_TRY(mc_run_items(run, each * row->n, &items, err));
    for (size_t i = 0; i < row->n; i++) {
        if (row->values[i] == 0.0)
            continue;
        items[each * n] = token_cell(&names, row->at[i], each == 1);
        if (each == 2 && kind == MC_CELL_NUMBER)
            items[2 * n + 1] = (mc_cell){.kind = kind, .as.number = row->values[i]};
        else if (each == 2)
            items[2 * n + 1] = (mc_cell){.kind = kind, .as.integer = (int64_t)row->values[i]};
        n++;
    }
    *out = (mc_cell){.kind = each == 2 ? MC_CELL_DICT : MC_CELL_LIST, .size = n, .as.items = items};
    return MC_OK;
}

mc_status mc_run_token_list(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    mc_cell *out = run->buffers[step->dst];
    for (size_t i = 0; i < run->n_rows; i++)
        MC_TRY(names_of_row(run, step, &x[i], &out[i], err));
    return MC_OK;
}

mc_status mc_check_token_list(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_names(view, step, step->src, err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == 1,
                         "it answers with more than one column", err);
}

mc_status mc_run_token_dict(const mc_run *run, const mc_step *step, mc_error *err)
{
    return mc_run_token_list(run, step, err);
}

mc_status mc_check_token_dict(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] == MC_CELL_NUMBER, "values of no kind of number",
                         err));
    return mc_check_token_list(view, step, err);
}
