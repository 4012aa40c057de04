/* decode_cases.h: one predict body, read whole and cut everywhere, shown as one line of text.
 *
 *   single [5.1 3.5 1.4 0.2]                       numbers of each row
 *   batch method=apply timeout=0.5 [1.0|7 "x" null] ... and its cells behind the bar
 *   bad_request@12: message                         or why not
 *
 * check_body() compares the line with the wanted one, then demands the same line for the body cut
 * in two at every byte, cut in three, and fed byte by byte. */
#ifndef MC_TEST_DECODE_CASES_H
#define MC_TEST_DECODE_CASES_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "serve/decode.h"

#define LINE_SIZE 4096

typedef struct line {
    char text[LINE_SIZE];
    size_t size;
} line;

MC_PRINTF(2, 3) static inline void add(line *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(to->text + to->size, LINE_SIZE - to->size, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < LINE_SIZE - to->size);
    to->size += (size_t)n;
}

static inline void add_number(line *to, double value)
{
    char text[MC_NUMBER_TEXT];
    add(to, "%.*s", (int)mc_print_double(value, text), text);
}

static inline void add_items(line *to, const mc_cell *items, size_t n, const char *open,
                             const char *close);

static inline void add_cell(line *to, const mc_cell *cell)
{
    switch ((mc_cell_kind)cell->kind) {
    case MC_CELL_NONE:
        add(to, "null");
        break;
    case MC_CELL_NUMBER:
        add_number(to, cell->as.number);
        break;
    case MC_CELL_INTEGER:
        add(to, "%lld", (long long)cell->as.integer);
        break;
    case MC_CELL_BOOL:
        add(to, "%s", cell->as.integer != 0 ? "true" : "false");
        break;
    case MC_CELL_STRING:
        add(to, "\"");
        for (uint32_t i = 0; i < cell->size; i++)
            if (cell->as.text[i] == 0)
                add(to, "\\0");
            else
                add(to, "%c", cell->as.text[i]);
        add(to, "\"");
        break;
    case MC_CELL_LIST:
        add_items(to, cell->as.items, cell->size, "(", ")");
        break;
    case MC_CELL_DICT:
        add_items(to, cell->as.items, 2 * (size_t)cell->size, "{", "}");
        break;
    }
}

/* Nesting is bounded by MC_LIMIT_JSON_DEPTH. */
static inline void add_items(line *to, const mc_cell *items, size_t n, const char *open,
                             const char *close)
{
    add(to, "%s", open);
    for (size_t i = 0; i < n; i++) {
        add(to, "%s", i == 0 ? "" : " ");
        add_cell(to, &items[i]);
    }
    add(to, "%s", close);
}

static inline void add_request(line *to, const mc_row_schema *schema,
                               const mc_predict_request *request)
{
    add(to, "%s", request->single ? "single" : "batch");
    if (request->method != MC_METHOD_DEFAULT)
        add(to, " method=%s", mc_method_name(request->method));
    if (request->timeout_s >= 0) {
        add(to, " timeout=");
        add_number(to, request->timeout_s);
    }
    add(to, "%s%s", request->return_std ? " std" : "", request->return_cov ? " cov" : "");
    assert_int_equal(request->input.layout, MC_LAYOUT_SLOTS);
    for (size_t row = 0; row < request->input.n_rows; row++) {
        add(to, " [");
        for (size_t i = 0; i < schema->n_numbers; i++) {
            add(to, "%s", i > 0 ? " " : "");
            add_number(to, request->input.as.slots.numbers[row * schema->n_numbers + i]);
        }
        const mc_csr_data *rows = &request->input.as.slots.rows;
        const bool sparse = schema->columns[0].kind == MC_COLUMN_SPARSE;
        for (int64_t i = sparse ? rows->indptr[row] : 0; sparse && i < rows->indptr[row + 1]; i++) {
            add(to, "%s%d:", i > rows->indptr[row] ? " " : "", rows->indices[i]);
            add_number(to, rows->data[i]);
        }
        for (size_t i = 0; i < schema->n_cells; i++) {
            add(to, "%s", i > 0 ? " " : "|");
            add_cell(to, &request->input.as.slots.cells[row * schema->n_cells + i]);
        }
        add(to, "]");
    }
}

/* Feeds `size` bytes in pieces that end at `cuts`. Each piece is a heap copy of its own size, so
 * that a sanitizer sees every read beyond it, and is overwritten afterwards: nothing may be kept.
 */
static inline mc_status feed(mc_decode *decode, const char *body, size_t size, const size_t *cuts,
                             size_t n_cuts, mc_error *err)
{
    for (size_t i = 0, from = 0; i <= n_cuts; i++) {
        const size_t to = i == n_cuts ? size : cuts[i];
        char *piece = test_malloc(to - from + 1);
        memcpy(piece, body + from, to - from);
        const mc_status status = mc_decode_feed(decode, piece, to - from, err);
        memset(piece, '#', to - from);
        test_free(piece);
        if (status != MC_OK)
            return status;
        from = to;
    }
    return MC_OK;
}

static inline void read_body(mc_decode *decode, const mc_row_schema *schema, mc_body_kind kind,
                             mc_bytes body, const size_t *cuts, size_t n_cuts, line *out)
{
    mc_predict_request request;
    mc_error err = {.status = MC_OK};
    out->size = 0;
    mc_decode_begin(decode, schema, kind);
    mc_status status = feed(decode, (const char *)body.data, body.size, cuts, n_cuts, &err);
    if (status == MC_OK)
        status = mc_decode_end(decode, &request, &err);
    if (status == MC_OK) {
        add_request(out, schema, &request);
        return;
    }
    assert_int_equal(status, err.status);
    add(out, "%s", mc_status_name(status));
    if (err.offset != MC_NO_OFFSET)
        add(out, "@%llu", (unsigned long long)err.offset);
    add(out, ": %s", err.message);
}

static inline void check_cut(mc_decode *decode, const mc_row_schema *schema, mc_body_kind kind,
                             mc_bytes body, const size_t *cuts, size_t n_cuts, const char *want)
{
    line got;
    read_body(decode, schema, kind, body, cuts, n_cuts, &got);
    if (strcmp(got.text, want) != 0)
        fail_msg("body   %.*s\ncut at %zu (%zu cuts)\ngot    %s\nwant   %s", (int)body.size,
                 (const char *)body.data, n_cuts > 0 ? cuts[0] : 0, n_cuts, got.text, want);
}

static inline void check_body_bytes(const mc_row_schema *schema, mc_body_kind kind, mc_bytes body,
                                    const char *want)
{
    mc_meter meter = {.limit = 1 << 20};
    mc_decode *decode = NULL;
    assert_int_equal(mc_decode_create(&meter, &decode, NULL), MC_OK);
    check_cut(decode, schema, kind, body, NULL, 0, want);
    size_t *every = test_calloc(body.size + 1, sizeof *every);
    for (size_t i = 0; i <= body.size; i++) {
        every[i] = i;
        const size_t cuts[2] = {i, i + (body.size - i) / 2};
        check_cut(decode, schema, kind, body, cuts, 1, want);
        check_cut(decode, schema, kind, body, cuts, 2, want);
    }
    check_cut(decode, schema, kind, body, every, body.size + 1, want);
    test_free(every);
    mc_decode_destroy(decode);
    assert_int_equal(atomic_load(&meter.used), 0);
}

static inline void check_body(const mc_row_schema *schema, mc_body_kind kind, const char *body,
                              const char *want)
{
    check_body_bytes(schema, kind, mc_bytes_of(body), want);
}

/* --------------------------------------------------------------------------- the models ---- */

/* Four numbers, no names. */
static const mc_column IRIS_COLUMNS[] = {{.slot = 0, .kind = MC_COLUMN_NUMBER},
                                         {.slot = 1, .kind = MC_COLUMN_NUMBER},
                                         {.slot = 2, .kind = MC_COLUMN_NUMBER},
                                         {.slot = 3, .kind = MC_COLUMN_NUMBER}};
static const mc_row_schema IRIS = {.columns = IRIS_COLUMNS, .n_columns = 4, .n_numbers = 4};

/* One number; and two whose slots are not in the order of the columns. */
static const mc_row_schema ONE = {.columns = IRIS_COLUMNS, .n_columns = 1, .n_numbers = 1};
static const mc_column TURNED_COLUMNS[] = {{.slot = 1, .kind = MC_COLUMN_NUMBER},
                                           {.slot = 0, .kind = MC_COLUMN_NUMBER}};
static const mc_row_schema TURNED = {.columns = TURNED_COLUMNS, .n_columns = 2, .n_numbers = 2};

/* Named and mixed. */
#define NAMED(text) .name = text, .name_size = sizeof(text) - 1
static const mc_column CHURN_COLUMNS[] = {{NAMED("age"), .slot = 1, .kind = MC_COLUMN_NUMBER},
                                          {NAMED("city"), .slot = 0, .kind = MC_COLUMN_CELL},
                                          {NAMED("id"), .kind = MC_COLUMN_UNUSED},
                                          {NAMED("income"), .slot = 0, .kind = MC_COLUMN_NUMBER},
                                          {NAMED("plan"), .slot = 1, .kind = MC_COLUMN_CELL}};

static inline mc_status find_in(const void *context, const char *name, size_t name_size,
                                size_t *out)
{
    const mc_row_schema *schema = context;
    for (size_t i = 0; i < schema->n_columns; i++)
        if (schema->columns[i].name_size == name_size &&
            memcmp(schema->columns[i].name, name, name_size) == 0) {
            *out = i;
            return MC_OK;
        }
    return MC_E_NOT_FOUND;
}

static const mc_row_schema CHURN = {.columns = CHURN_COLUMNS,
                                    .n_columns = 5,
                                    .n_numbers = 2,
                                    .n_cells = 2,
                                    .has_names = true,
                                    .find_column = find_in,
                                    .find_context = &CHURN};
static const mc_row_schema CHURN_EXTRA = {.columns = CHURN_COLUMNS,
                                          .n_columns = 5,
                                          .n_numbers = 2,
                                          .n_cells = 2,
                                          .has_names = true,
                                          .extra_columns = true,
                                          .find_column = find_in,
                                          .find_context = &CHURN};

/* So wide that rows are read sparse, without and with names. */
static const mc_column SPARSE_COLUMNS[] = {{NAMED("a"), .slot = 0, .kind = MC_COLUMN_SPARSE},
                                           {NAMED("b"), .slot = 1, .kind = MC_COLUMN_SPARSE},
                                           {NAMED("c"), .slot = 2, .kind = MC_COLUMN_SPARSE},
                                           {NAMED("d"), .slot = 3, .kind = MC_COLUMN_SPARSE}};
static const mc_row_schema SPARSE = {.columns = SPARSE_COLUMNS, .n_columns = 4};
static const mc_row_schema SPARSE_NAMED = {.columns = SPARSE_COLUMNS,
                                           .n_columns = 4,
                                           .has_names = true,
                                           .find_column = find_in,
                                           .find_context = &SPARSE_NAMED};

/* A text pipeline: a row is one text. */
static const mc_column TEXT_COLUMNS[] = {{.slot = 0, .kind = MC_COLUMN_CELL}};
static const mc_row_schema TEXT = {
    .columns = TEXT_COLUMNS, .n_columns = 1, .n_cells = 1, .row_is_value = true};
/* Tokens; dicts. */
static const mc_row_schema LISTS = {
    .columns = TEXT_COLUMNS, .n_columns = 1, .n_cells = 1, .row = MC_ROW_LIST};
static const mc_row_schema DICTS = {
    .columns = TEXT_COLUMNS, .n_columns = 1, .n_cells = 1, .row = MC_ROW_DICT};

/* Columns that are called as the keys of a sparse row. */
static const mc_column PAIR_COLUMNS[] = {{NAMED("indices"), .slot = 0, .kind = MC_COLUMN_NUMBER},
                                         {NAMED("values"), .slot = 1, .kind = MC_COLUMN_NUMBER}};
static const mc_row_schema PAIR = {.columns = PAIR_COLUMNS,
                                   .n_columns = 2,
                                   .n_numbers = 2,
                                   .has_names = true,
                                   .find_column = find_in,
                                   .find_context = &PAIR};
#endif
