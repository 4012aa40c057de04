/* golden.c: rows that a model must answer before it is published. */
#include "serve/golden.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/decode.h"

#define WORKSPACE_BYTES ((size_t)1 << 30)

/* What asking needs. */
typedef struct asker {
    const mc_model *model;
    mc_meter meter;
    mc_decode *decode;
    mc_workspace *workspace;
    double tolerance, most;
    bool compares; /* golden rows ... */
    bool is_csv;   /* ... whose answers are fields of CSV, as text */
    size_t n_rows; /* asked so far */
} asker;

static mc_status asker_init(asker *a, const mc_model *model, mc_error *err)
{
    *a = (asker){.model = model, .meter = {.limit = 2 * MC_GOLDEN_BYTES}};
    MC_TRY(mc_decode_create(&a->meter, &a->decode, err));
    return mc_workspace_create(WORKSPACE_BYTES, &a->workspace, err);
}

static void asker_fini(asker *a)
{
    mc_decode_destroy(a->decode);
    mc_workspace_destroy(a->workspace);
}

/* ----------------------------------------------------------------------------- comparing ---- */

static mc_status differs(const asker *a, size_t row, const char *found, const json_t *expected,
                         mc_error *err)
{
    char text[100] = {0}; /* of what does not fit whole, pieces are left out */
    const size_t size = json_dumpb(expected, text, sizeof text, JSON_ENCODE_ANY | JSON_COMPACT);
    return mc_fail(err, MC_E_MISMATCH, a->n_rows + row, "row %zu: expected %.*s, found %s",
                   a->n_rows + row + 1, (int)(size < sizeof text ? size : sizeof text), text,
                   found);
}

static mc_status compare_number(const asker *a, size_t row, double found, const json_t *expected,
                                mc_error *err)
{
    char text[40];
    if (json_is_null(expected) && isnan(found))
        return MC_OK;
    if (json_is_number(expected) || json_is_boolean(expected)) {
        const double want = json_is_boolean(expected) ? (double)json_is_true(expected)
                                                      : json_number_value(expected);
        const double most = fmax(a->most, a->tolerance * fmax(1.0, fabs(want)));
        if (found == want || fabs(found - want) <= most)
            return MC_OK;
    }
    (void)snprintf(text, sizeof text, "%.17g", found);
    return differs(a, row, text, expected, err);
}

/* Integers are labels or categories: no tolerance makes one of another. */
static mc_status compare_integer(const asker *a, size_t row, int64_t found, const json_t *expected,
                                 mc_error *err)
{
    char text[40];
    if (json_is_integer(expected) && json_integer_value(expected) == found)
        return MC_OK;
    if (json_is_boolean(expected) && found == (json_is_true(expected) ? 1 : 0))
        return MC_OK;
    if (json_is_real(expected) && fabs(json_real_value(expected)) < 0x1p53 &&
        json_real_value(expected) == (double)found)
        return MC_OK;
    (void)snprintf(text, sizeof text, "%lld", (long long)found);
    return differs(a, row, text, expected, err);
}

static mc_status compare_cell(const asker *a, size_t row, const mc_cell *found,
                              const json_t *expected, mc_error *err)
{
    char text[120] = "a value of another kind";
    if (found->kind == MC_CELL_NUMBER)
        return compare_number(a, row, found->as.number, expected, err);
    if (found->kind == MC_CELL_INTEGER || found->kind == MC_CELL_BOOL)
        return compare_integer(a, row, found->as.integer, expected, err);
    if (found->kind == MC_CELL_NONE && json_is_null(expected))
        return MC_OK;
    if (found->kind == MC_CELL_STRING) {
        if (json_is_string(expected) && json_string_length(expected) == found->size &&
            memcmp(json_string_value(expected), found->as.text, found->size) == 0)
            return MC_OK;
        (void)snprintf(text, sizeof text, "\"%.*s\"", found->size < 100 ? (int)found->size : 100,
                       found->as.text);
    }
    return differs(a, row, text, expected, err);
}

/* A field of CSV as the number or the truth value that it is, or as text; empty is missing. */
static json_t *field_json(const char *field)
{
    char *end = NULL;
    if (field[0] == '\0')
        return json_null();
    if (strcmp(field, "true") == 0 || strcmp(field, "True") == 0)
        return json_true();
    if (strcmp(field, "false") == 0 || strcmp(field, "False") == 0)
        return json_false();
    errno = 0;
    const long long integer = strtoll(field, &end, 10);
    if (*end == '\0' && errno == 0)
        return json_integer(integer);
    const double number = strtod(field, &end);
    if (*end != '\0' || isinf(number))
        return json_string(field);
    return isnan(number) ? json_null() : json_real(number);
}

/* What of a dense part is no number; else NULL. */
static const mc_cell *cell_of(const asker *a, const mc_part *part, size_t at)
{
    size_t n = 0;
    MC_ASSERT(part->data != NULL); /* compare_part() refuses what is sparse */
    if (part->type == MC_VALUE_CELL)
        return (const mc_cell *)part->data + at;
    if (part->type != MC_VALUE_LABEL)
        return NULL;
    const mc_cell *classes = mc_model_classes(a->model, part->classes, &n);
    const size_t label = (size_t)((const int32_t *)part->data)[at];
    MC_ASSERT(label < n);
    return &classes[label];
}

/* One value of a dense part. */
static mc_status compare_value(const asker *a, size_t row, const mc_part *part, size_t column,
                               const json_t *expected, mc_error *err)
{
    const size_t at = row * part->n_columns + column;
    const mc_cell *cell = cell_of(a, part, at);
    asker as = *a;
    if (part->type == MC_VALUE_LABEL)
        as.tolerance = as.most = 0.0; /* a label is right or wrong */
    if (cell == NULL)
        return compare_number(&as, row, ((const double *)part->data)[at], expected, err);
    return compare_cell(&as, row, cell, expected, err);
}

/* A field of CSV says nothing of its type: it is read as the type of what was found. */
static mc_status compare_field(const asker *a, size_t row, const mc_part *part, const json_t *field,
                               mc_error *err)
{
    const mc_cell *cell = cell_of(a, part, row * part->n_columns);
    if (cell != NULL && cell->kind == MC_CELL_STRING)
        return compare_value(a, row, part, 0, field, err);
    json_t *value = field_json(json_string_value(field));
    const mc_status status = compare_value(a, row, part, 0, value, err);
    json_decref(value);
    return status;
}

/* What one part says of a row: a value, or a list of them. */
static mc_status compare_part(const asker *a, size_t row, const mc_part *part,
                              const json_t *expected, mc_error *err)
{
    char text[60];
    if (part->data == NULL && part->n_columns > 0)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "sparse answers cannot be expected");
    if (part->scalar && a->is_csv && json_is_string(expected))
        return compare_field(a, row, part, expected, err);
    if (part->scalar)
        return compare_value(a, row, part, 0, expected, err);
    if (!json_is_array(expected) || json_array_size(expected) != part->n_columns) {
        (void)snprintf(text, sizeof text, "a list of %zu", part->n_columns);
        return differs(a, row, text, expected, err);
    }
    for (size_t i = 0; i < part->n_columns; i++)
        MC_TRY(compare_value(a, row, part, i, json_array_get(expected, i), err));
    return MC_OK;
}

/* The y of a row, as encode.h writes it; further parts with a name (std) are not compared. */
static mc_status compare_row(const asker *a, const mc_output *out, size_t row,
                             const json_t *expected, mc_error *err)
{
    const bool named = out->n_parts > 0 && out->parts[0].name != NULL;
    char text[60];
    if (!out->list && !named)
        return compare_part(a, row, &out->parts[0], expected, err);
    if (!named && json_array_size(expected) != out->n_parts) {
        (void)snprintf(text, sizeof text, "a list of %zu", out->n_parts);
        return differs(a, row, text, expected, err);
    }
    for (size_t i = 0; i < out->n_parts; i++) {
        const mc_part *part = &out->parts[i];
        const json_t *of =
            named ? json_object_get(expected, part->name) : json_array_get(expected, i);
        if (of == NULL)
            return differs(a, row, part->name, expected, err);
        MC_TRY(compare_part(a, row, part, of, err));
    }
    return MC_OK;
}

static mc_status compare(const asker *a, const mc_output *out, const json_t *expected,
                         mc_error *err)
{
    if (!json_is_array(expected) || json_array_size(expected) != out->n_rows) {
        return mc_fail(
            err, MC_E_BAD_REQUEST, a->n_rows,
            "row %zu: expected \"prediction\" to be a list of %zu, as the daemon answers",
            a->n_rows + 1, out->n_rows);
    }
    for (size_t row = 0; row < out->n_rows; row++)
        MC_TRY(compare_row(a, out, row, json_array_get(expected, row), err));
    return MC_OK;
}

/* -------------------------------------------------------------------------------- asking ---- */

/* Asks a body; `expected` NULL: any answer will do. */
static mc_status ask(asker *a, mc_body_kind kind, const char *body, size_t size,
                     const json_t *expected, mc_error *err)
{
    mc_predict_request request;
    mc_output out;
    const mc_row_schema schema = mc_row_schema_of(a->model);
    mc_decode_begin(a->decode, &schema, kind);
    MC_TRY(mc_decode_feed(a->decode, body, size, err));
    MC_TRY(mc_decode_end(a->decode, &request, err));
    MC_TRY(mc_model_predict(a->model, request.method, &request.input, a->workspace, &out, err));
    if (a->compares)
        MC_TRY(compare(a, &out, expected, err));
    a->n_rows += out.n_rows;
    return MC_OK;
}

static int append(const char *text, size_t size, void *user)
{
    return mc_buffer_append(user, text, size, NULL) == MC_OK ? 0 : -1;
}

static mc_status ask_object(asker *a, const json_t *request, const json_t *expected, mc_error *err)
{
    mc_buffer body;
    mc_buffer_init(&body, &a->meter);
    mc_status status = MC_OK;
    if (json_dump_callback(request, append, &body, JSON_COMPACT) != 0)
        status = mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a row");
    else
        status = ask(a, MC_BODY_JSON, (const char *)body.data, body.size, expected, err);
    mc_buffer_fini(&body);
    return status;
}

/* A request, and beside it the answer. */
static mc_status ask_line(asker *a, const char *line, size_t size, mc_error *err)
{
    json_error_t why;
    json_t *request = json_loadb(line, size, 0, &why);
    json_t *expected = json_incref(json_object_get(request, "prediction"));
    (void)json_object_del(request, "prediction");
    mc_status status = MC_OK;
    if (!json_is_object(request)) {
        status = mc_fail(err, MC_E_BAD_REQUEST, a->n_rows,
                         "expected a request such as {\"input\": ROW, \"prediction\": [y]}: %s",
                         request == NULL ? why.text : "found another JSON value");
    } else {
        status = ask_object(a, request, expected, err);
    }
    json_decref(expected);
    json_decref(request);
    return status;
}

static mc_status ask_lines(asker *a, const mc_buffer *file, mc_error *err)
{
    const char *at = (const char *)file->data, *end = at + file->size;
    for (size_t n = 1; at < end; n++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const size_t size = (size_t)((stop == NULL ? end : stop) - at);
        if (strspn(at, " \t\r") < size) {
            const mc_status status = ask_line(a, at, size, err);
            if (status != MC_OK)
                return mc_fail_in(err, status, "line %zu", n);
        }
        at += size + 1;
    }
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- CSV ---- */

/* Where the line of a record ends that begins at `at`: within quotes, lines may. */
static const char *end_of_record(const char *at, const char *end)
{
    bool quoted = false;
    for (; at < end && (*at != '\n' || quoted); at++)
        quoted = quoted != (*at == '"');
    return at;
}

/* Where the last field of a record begins, behind its comma; 0: there is one field. */
static size_t last_field(const char *line, size_t size)
{
    bool quoted = false;
    size_t found = 0;
    for (size_t i = 0; i < size; i++) {
        quoted = quoted != (line[i] == '"');
        if (line[i] == ',' && !quoted)
            found = i + 1;
    }
    return found;
}

/* A field without its quotes: a doubled one is one. Notes it as the answer to a row. */
static mc_status add_answer(json_t *expected, const char *field, size_t size, mc_buffer *text,
                            mc_error *err)
{
    const bool quoted = size >= 2 && field[0] == '"' && field[size - 1] == '"';
    const char *end = field + size - (quoted ? 1 : 0);
    text->size = 0;
    for (const char *at = field + (quoted ? 1 : 0); at < end; at++) {
        at += quoted && *at == '"' && at + 1 < end && at[1] == '"' ? 1 : 0;
        MC_TRY(mc_buffer_append(text, at, 1, err));
    }
    json_t *value = json_stringn(text->size == 0 ? "" : (const char *)text->data, text->size);
    if (value == NULL)
        return mc_fail(err, MC_E_BAD_REQUEST, json_array_size(expected),
                       "row %zu: expected text of UTF-8", json_array_size(expected) + 1);
    (void)json_array_append_new(expected, value);
    return MC_OK;
}

/* Cuts the answers off: `rows` are the lines without them. A header is kept for a model that knows
 * its names, and only there. */
static mc_status cut_answers(const asker *a, const mc_buffer *file, mc_buffer *rows,
                             mc_buffer *text, json_t *expected, mc_error *err)
{
    const char *at = (const char *)file->data, *end = at + file->size;
    for (bool first = true; at < end; first = false) {
        const size_t all = (size_t)(end_of_record(at, end) - at);
        const size_t size = all > 0 && at[all - 1] == '\r' ? all - 1 : all;
        const size_t field = last_field(at, size);
        const bool header = first && size - field == strlen("prediction") &&
                            memcmp(at + field, "prediction", size - field) == 0;
        if (size > 0 && (!header || mc_model_describe(a->model).has_names)) {
            MC_TRY(mc_buffer_append(rows, at, field == 0 ? 0 : field - 1, err));
            MC_TRY(mc_buffer_append(rows, "\n", 1, err));
        }
        if (size > 0 && !header)
            MC_TRY(add_answer(expected, at + field, size - field, text, err));
        at += all + 1;
    }
    return MC_OK;
}

static mc_status ask_csv(asker *a, const mc_buffer *file, mc_error *err)
{
    if (!a->compares)
        return ask(a, MC_BODY_CSV, (const char *)file->data, file->size, NULL, err);
    mc_buffer rows, text;
    mc_buffer_init(&rows, &a->meter);
    mc_buffer_init(&text, &a->meter);
    json_t *expected = json_array();
    a->is_csv = true;
    mc_status status = cut_answers(a, file, &rows, &text, expected, err);
    if (status == MC_OK)
        status = ask(a, MC_BODY_CSV, (const char *)rows.data, rows.size, expected, err);
    json_decref(expected);
    mc_buffer_fini(&text);
    mc_buffer_fini(&rows);
    return status;
}

/* ---------------------------------------------------------------------------------- files ---- */

static mc_status read_file(const char *path, mc_buffer *out, mc_error *err)
{
    char piece[8192];
    size_t n = 0;
    FILE *from = fopen(path, "re");
    if (from == NULL)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s", strerrordesc_np(errno));
    mc_status status = MC_OK;
    while (status == MC_OK && (n = fread(piece, 1, sizeof piece, from)) > 0) {
        status =
            out->size + n > MC_GOLDEN_BYTES
                ? mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "rows of over %zu bytes", MC_GOLDEN_BYTES)
                : mc_buffer_append(out, piece, n, err);
    }
    if (status == MC_OK && ferror(from) != 0)
        status = mc_fail(err, MC_E_IO, MC_NO_OFFSET, "it cannot be read");
    (void)fclose(from);
    return status;
}

static mc_status ask_file(asker *a, const char *path, mc_error *err)
{
    const size_t size = strlen(path);
    const bool csv = size > 4 && strcmp(path + size - 4, ".csv") == 0;
    mc_buffer file;
    mc_buffer_init(&file, &a->meter);
    mc_status status = read_file(path, &file, err);
    if (status == MC_OK)
        status = csv ? ask_csv(a, &file, err) : ask_lines(a, &file, err);
    if (status == MC_OK && a->n_rows == 0)
        status = mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "it holds no row");
    mc_buffer_fini(&file);
    return status;
}

static mc_status run(const mc_model *model, const char *path, bool compares, double tolerance,
                     double most, mc_error *err)
{
    asker a;
    mc_status status = asker_init(&a, model, err);
    a.compares = compares;
    a.tolerance = tolerance;
    a.most = most;
    if (status == MC_OK)
        status = ask_file(&a, path, err);
    asker_fini(&a);
    if (status == MC_OK)
        return MC_OK;
    /* Whatever it was, who asked for the model has not done it: the request is not to blame. */
    const mc_status kept = status == MC_E_NO_MEMORY || status == MC_E_BUSY ? status : MC_E_MISMATCH;
    if (err != NULL)
        err->status = kept;
    return mc_fail_in(err, kept, "the %s rows %.90s", compares ? "golden" : "warm-up", path);
}

mc_status mc_golden_warm_up(const mc_model *model, const char *path, mc_error *err)
{
    return run(model, path, false, 0.0, 0.0, err);
}

mc_status mc_golden_check(const mc_model *model, const char *path, double tolerance, double most,
                          mc_error *err)
{
    return run(model, path, true, tolerance, most, err);
}
