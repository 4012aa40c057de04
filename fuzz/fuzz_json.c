/* fuzz_json.c: predict bodies, JSON, NDJSON and CSV.
 *
 * Input: one byte that picks the kind of body and the model, one that says where the body is cut,
 * then the body. Property: cut or whole, the body gives the same request, or the same refusal whose
 * offset lies within it; memory is bounded by the body's size; text cells are UTF-8.
 */
#include <string.h>

#include "serve/decode.h"
#include "serve/json_scalar.h"

#define BYTES_PER_BYTE 64 /* `1,` is a double, doubled by the growth of its buffer, twice cut */
#define BYTES_MORE     16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const mc_column NUMBERS[] = {{.slot = 0, .kind = MC_COLUMN_NUMBER},
                                    {.slot = 1, .kind = MC_COLUMN_NUMBER}};
static const mc_column TEXT[] = {{.slot = 0, .kind = MC_COLUMN_CELL}};
static const mc_column MIXED[] = {
    {.name = "a", .name_size = 1, .slot = 0, .kind = MC_COLUMN_NUMBER},
    {.name = "b", .name_size = 1, .slot = 0, .kind = MC_COLUMN_CELL},
    {.name = "c", .name_size = 1, .kind = MC_COLUMN_UNUSED},
};

static const mc_column SPARSE[] = {{.slot = 0, .kind = MC_COLUMN_SPARSE},
                                   {.slot = 1, .kind = MC_COLUMN_SPARSE},
                                   {.slot = 2, .kind = MC_COLUMN_SPARSE}};

static mc_status find_mixed(const void *context, const char *name, size_t name_size, size_t *out)
{
    (void)context;
    if (name_size != 1 || name[0] < 'a' || name[0] > 'c')
        return MC_E_NOT_FOUND;
    *out = (size_t)(name[0] - 'a');
    return MC_OK;
}

static const mc_row_schema SCHEMAS[] = {
    {.columns = NUMBERS, .n_columns = 2, .n_numbers = 2},
    {.columns = TEXT, .n_columns = 1, .n_cells = 1, .row_is_value = true},
    {.columns = MIXED,
     .n_columns = 3,
     .n_numbers = 1,
     .n_cells = 1,
     .has_names = true,
     .find_column = find_mixed},
    {.columns = MIXED,
     .n_columns = 3,
     .n_numbers = 1,
     .n_cells = 1,
     .has_names = true,
     .extra_columns = true,
     .find_column = find_mixed},
    {.columns = TEXT, .n_columns = 1, .n_cells = 1, .row = MC_ROW_LIST},
    {.columns = TEXT, .n_columns = 1, .n_cells = 1, .row = MC_ROW_DICT},
    {.columns = SPARSE, .n_columns = 3},
};

typedef struct reading {
    mc_decode *decode;
    mc_meter meter;
    mc_status status;
    mc_predict_request request;
    mc_error error;
} reading;

static void read_body(reading *out, const mc_row_schema *schema, mc_body_kind kind, mc_bytes body,
                      size_t piece)
{
    memset(out, 0, sizeof *out);
    out->meter.limit = SIZE_MAX / 2;
    MC_ASSERT(mc_decode_create(&out->meter, &out->decode, &out->error) == MC_OK);
    mc_decode_begin(out->decode, schema, kind);
    for (size_t at = 0; at < body.size && out->status == MC_OK; at += piece) {
        const size_t n = body.size - at < piece ? body.size - at : piece;
        out->status = mc_decode_feed(out->decode, body.data + at, n, &out->error);
    }
    if (out->status == MC_OK)
        out->status = mc_decode_end(out->decode, &out->request, &out->error);
    MC_ASSERT(atomic_load(&out->meter.used) <= body.size * BYTES_PER_BYTE + BYTES_MORE);
}

static void check_same_items(const mc_cell *a, const mc_cell *b);

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than MC_LIMIT_JSON_DEPTH */
static void check_same_cell(const mc_cell *a, const mc_cell *b)
{
    uint32_t character = 0;
    MC_ASSERT(a->kind == b->kind);
    MC_ASSERT(a->size == b->size);
    if (a->kind == MC_CELL_LIST || a->kind == MC_CELL_DICT) {
        check_same_items(a, b);
        return;
    }
    if (a->kind != MC_CELL_STRING) {
        MC_ASSERT(memcmp(&a->as, &b->as, sizeof a->as) == 0);
        return;
    }
    MC_ASSERT(a->size == 0 || memcmp(a->as.text, b->as.text, a->size) == 0);
    for (size_t at = 0, n = 0; at < a->size; at += n) {
        n = mc_utf8_read((mc_bytes){(const uint8_t *)a->as.text + at, a->size - at}, &character);
        MC_ASSERT(n > 0);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than MC_LIMIT_JSON_DEPTH */
static void check_same_items(const mc_cell *a, const mc_cell *b)
{
    const size_t n = (size_t)a->size * (a->kind == MC_CELL_DICT ? 2 : 1);
    for (size_t i = 0; i < n; i++)
        check_same_cell(&a->as.items[i], &b->as.items[i]);
}

/* Rows that are read sparse: the same, and within the columns. */
static void check_same_rows(const mc_csr_data *a, const mc_csr_data *b, size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++) {
        MC_ASSERT(a->indptr[i + 1] == b->indptr[i + 1]);
        MC_ASSERT(a->indptr[i] <= a->indptr[i + 1]);
    }
    const size_t n = n_rows == 0 ? 0 : (size_t)a->indptr[n_rows];
    for (size_t i = 0; i < n; i++) {
        MC_ASSERT(a->indices[i] == b->indices[i]);
        MC_ASSERT(a->indices[i] >= 0 && (size_t)a->indices[i] < a->n_columns);
        MC_ASSERT(memcmp(&a->data[i], &b->data[i], sizeof(double)) == 0);
    }
}

static void check_same_request(const mc_row_schema *schema, const mc_predict_request *a,
                               const mc_predict_request *b)
{
    const size_t n_rows = a->input.n_rows;
    MC_ASSERT(a->method == b->method);
    MC_ASSERT(a->single == b->single);
    MC_ASSERT(memcmp(&a->timeout_s, &b->timeout_s, sizeof a->timeout_s) == 0);
    MC_ASSERT(a->return_std == b->return_std);
    MC_ASSERT(a->return_cov == b->return_cov);
    MC_ASSERT(n_rows == b->input.n_rows);
    if (n_rows * schema->n_numbers > 0)
        MC_ASSERT(memcmp(a->input.as.slots.numbers, b->input.as.slots.numbers,
                         n_rows * schema->n_numbers * sizeof(double)) == 0);
    for (size_t i = 0; i < n_rows * schema->n_cells; i++)
        check_same_cell(&a->input.as.slots.cells[i], &b->input.as.slots.cells[i]);
    if (schema->columns[0].kind == MC_COLUMN_SPARSE)
        check_same_rows(&a->input.as.slots.rows, &b->input.as.slots.rows, n_rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const mc_row_schema *schema = &SCHEMAS[data[0] % MC_COUNT_OF(SCHEMAS)];
    const mc_body_kind kind = (mc_body_kind)(data[0] / MC_COUNT_OF(SCHEMAS) % 3);
    const mc_bytes body = {data + 2, size - 2};
    reading whole, cut;

    read_body(&whole, schema, kind, body, body.size + 1);
    read_body(&cut, schema, kind, body, (size_t)data[1] + 1);
    MC_ASSERT(whole.status == cut.status);
    if (whole.status == MC_OK) {
        check_same_request(schema, &whole.request, &cut.request);
    } else {
        MC_ASSERT(strcmp(whole.error.message, cut.error.message) == 0);
        MC_ASSERT(whole.error.offset == cut.error.offset);
        MC_ASSERT(whole.error.offset == MC_NO_OFFSET || whole.error.offset <= body.size);
    }
    mc_decode_destroy(whole.decode);
    mc_decode_destroy(cut.decode);
    MC_ASSERT(atomic_load(&whole.meter.used) == 0);
    MC_ASSERT(atomic_load(&cut.meter.used) == 0);
    return 0;
}
