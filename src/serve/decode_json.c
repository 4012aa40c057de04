/* decode_json.c: `{"input": ROW, "method": ...}`, token by token.
 *
 * HOW IT WORKS: each place in the body has one function, which takes the token found there, and
 * says which place comes next. Whether "input" holds one row or many is known at the first element
 * of its list, so nothing is read twice. While a list row of an all-number model is open, tokens
 * are bypassed: mc_json_numbers() writes into the slots. */
#include "serve/decode_json.h"

#include "serve/decode_json_places.h"

#define EXAMPLE "for example {\"input\": [5.1, 3.5, 1.4, 0.2]}"

/* ------------------------------------------------------------------------------- helpers ---- */

const char *mc_json_token_name(mc_json_token token)
{
    static const char *const NAMES[] = {
        [MC_JSON_MORE] = "nothing",     [MC_JSON_END] = "the end of the body",
        [MC_JSON_LIST] = "a list",      [MC_JSON_LIST_END] = "the end of the list",
        [MC_JSON_OBJECT] = "an object", [MC_JSON_OBJECT_END] = "the end of the object",
        [MC_JSON_KEY] = "a key",        [MC_JSON_STRING] = "a string",
        [MC_JSON_NUMBER] = "a number",  [MC_JSON_TRUE] = "true",
        [MC_JSON_FALSE] = "false",      [MC_JSON_NULL] = "null",
    };
    MC_ASSERT((size_t)token < MC_COUNT_OF(NAMES));
    return NAMES[token];
}

bool mc_json_scalar_cell(const mc_json *json, mc_json_token token, mc_cell *out)
{
    *out = (mc_cell){.kind = MC_CELL_NONE};
    if (token == MC_JSON_NUMBER && json->integral) {
        out->kind = MC_CELL_INTEGER;
        out->as.integer = json->integer;
    } else if (token == MC_JSON_NUMBER) {
        out->kind = MC_CELL_NUMBER;
        out->as.number = json->number;
    } else if (token == MC_JSON_TRUE || token == MC_JSON_FALSE) {
        out->kind = MC_CELL_BOOL;
        out->as.integer = token == MC_JSON_TRUE ? 1 : 0;
    } else if (token == MC_JSON_STRING) {
        out->kind = MC_CELL_STRING;
        out->size = (uint32_t)json->text.size; /* checked by run() */
        out->as.text = json->text.size == 0 ? "" : (const char *)json->text.data;
    } else {
        return token == MC_JSON_NULL;
    }
    return true;
}

size_t mc_json_columns(const mc_json_body *body)
{
    return body->rows->schema.n_columns;
}

void mc_json_end_row(mc_json_body *body)
{
    mc_rows_close(body->rows);
    body->place = body->request.single ? MC_PLACE_KEY : MC_PLACE_ROW;
}

/* --------------------------------------------------------------------- keys, options ---- */

typedef enum key_kind {
    KEY_INPUT,
    KEY_INPUTS,
    KEY_METHOD,
    KEY_TIMEOUT,
    KEY_RETURN_STD,
    KEY_RETURN_COV
} key_kind;

static const struct {
    const char *name;
    key_kind kind;
} KEYS[] = {
    {"input", KEY_INPUT},     {"inputs", KEY_INPUTS},         {"features", KEY_INPUT},
    {"data", KEY_INPUT},      {"instances", KEY_INPUT},       {"method", KEY_METHOD},
    {"timeout", KEY_TIMEOUT}, {"return_std", KEY_RETURN_STD}, {"return_cov", KEY_RETURN_COV},
};

static mc_status at_body(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (token != MC_JSON_OBJECT)
        return mc_fail(err, MC_E_BAD_REQUEST, body->json.token_at,
                       "expected an object, " EXAMPLE ", found %s", mc_json_token_name(token));
    body->place = MC_PLACE_KEY;
    return MC_OK;
}

static mc_status begin_input(mc_json_body *body, mc_error *err)
{
    if (body->has_input) {
        return mc_fail(err, MC_E_BAD_REQUEST, body->json.token_at,
                       "expected rows under one key, found \"%s\" and \"%s\"",
                       KEYS[body->input_key].name, KEYS[body->key].name);
    }
    body->has_input = true;
    body->input_key = body->key;
    body->place = KEYS[body->key].kind == KEY_INPUT ? MC_PLACE_INPUT : MC_PLACE_INPUTS;
    return MC_OK;
}

static mc_status at_key(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (token == MC_JSON_OBJECT_END) /* the tokenizer lets nothing but the end follow */
        return MC_OK;
    MC_ASSERT(token == MC_JSON_KEY);
    uint32_t key = 0;
    while (key < MC_COUNT_OF(KEYS) && !mc_bytes_is(body->json.text, KEYS[key].name))
        key++;
    if (key == MC_COUNT_OF(KEYS)) {
        return mc_fail(err, MC_E_BAD_REQUEST, body->json.token_at,
                       "unknown key \"%.*s\": expected \"input\" or \"inputs\", and \"method\", "
                       "\"timeout\", \"return_std\", \"return_cov\"",
                       MC_SHOW(body->json.text));
    }
    body->key = key;
    if (KEYS[key].kind == KEY_INPUT || KEYS[key].kind == KEY_INPUTS)
        return begin_input(body, err);
    body->place = MC_PLACE_OPTION;
    return MC_OK;
}

static mc_status set_method(mc_json_body *body, const mc_cell *value, mc_error *err)
{
    if (value->kind == MC_CELL_NONE) {
        body->request.method = MC_METHOD_DEFAULT;
        return MC_OK;
    }
    const mc_bytes name = body->json.text;
    if (value->kind != MC_CELL_STRING)
        return mc_fail(err, MC_E_BAD_REQUEST, body->json.token_at,
                       "\"method\": expected a name such as \"predict\"");
    if (mc_method_find(value->as.text, value->size, &body->request.method) != MC_OK)
        return mc_fail(err, MC_E_NO_METHOD, body->json.token_at, "there is no method \"%.*s\"",
                       MC_SHOW(name));
    return MC_OK;
}

static mc_status set_timeout(mc_json_body *body, const mc_cell *value, mc_error *err)
{
    const bool number = value->kind == MC_CELL_NUMBER || value->kind == MC_CELL_INTEGER;
    if (value->kind != MC_CELL_NONE &&
        !(number && body->json.number > 0.0 && body->json.number < __builtin_inf()))
        return mc_fail(err, MC_E_BAD_REQUEST, body->json.token_at,
                       "\"timeout\": expected a number of seconds above 0");
    body->request.timeout_s = number ? body->json.number : -1.0;
    return MC_OK;
}

static mc_status set_flag(mc_json_body *body, const mc_cell *value, bool *out, mc_error *err)
{
    if (value->kind != MC_CELL_BOOL && value->kind != MC_CELL_NONE)
        return mc_fail(err, MC_E_BAD_REQUEST, body->json.token_at, "\"%s\": expected true or false",
                       KEYS[body->key].name);
    *out = value->kind == MC_CELL_BOOL && value->as.integer != 0;
    return MC_OK;
}

static mc_status at_option(mc_json_body *body, mc_json_token token, mc_error *err)
{
    mc_cell value;
    if (!mc_json_scalar_cell(&body->json, token, &value)) {
        return mc_fail(err, MC_E_BAD_REQUEST, body->json.token_at,
                       "\"%s\": expected one value, found %s", KEYS[body->key].name,
                       mc_json_token_name(token));
    }
    body->place = MC_PLACE_KEY;
    switch (KEYS[body->key].kind) {
    case KEY_METHOD:
        return set_method(body, &value, err);
    case KEY_TIMEOUT:
        return set_timeout(body, &value, err);
    case KEY_RETURN_STD:
        return set_flag(body, &value, &body->request.return_std, err);
    case KEY_RETURN_COV:
        return set_flag(body, &value, &body->request.return_cov, err);
    case KEY_INPUT:
    case KEY_INPUTS:
        break;
    }
    MC_ASSERT(false); /* begin_input() took those */
    return MC_E_INTERNAL;
}

/* ---------------------------------------------------------------------------- rows begin ---- */

static mc_status open_list(mc_json_body *body, mc_error *err)
{
    MC_TRY(mc_rows_open(body->rows, err));
    body->n_filled = 0;
    body->place = MC_PLACE_ITEM;
    return MC_OK;
}

static mc_status open_object(mc_json_body *body, mc_error *err)
{
    MC_TRY(mc_rows_open(body->rows, err));
    if (body->rows->schema.has_names) /* else it can only be a sparse row */
        MC_TRY(mc_rows_start_marks(body->rows, err));
    body->n_named = 0;
    body->has_indices = body->has_values = false;
    body->place = MC_PLACE_NAME;
    return MC_OK;
}

/* A row that is one value, or a complaint. */
static mc_status put_bare(mc_json_body *body, mc_json_token token, mc_error *err)
{
    const mc_row_schema *schema = &body->rows->schema;
    mc_cell value;
    if (!schema->row_is_value || !mc_json_scalar_cell(&body->json, token, &value)) {
        return mc_rows_fail(body->rows, err, "expected a list of %zu value%s%s, found %s",
                            schema->n_columns, schema->n_columns == 1 ? "" : "s",
                            schema->has_names ? " or an object" : "", mc_json_token_name(token));
    }
    MC_TRY(mc_rows_open(body->rows, err));
    MC_TRY(mc_rows_put(body->rows, 0, &value, err));
    mc_json_end_row(body);
    return MC_OK;
}

/* A row that is one list or one object. An object where a list is expected stands for its names, as
 * it does in Python; whether it may is the model's to say. */
static mc_status open_nested(mc_json_body *body, mc_json_token token, mc_error *err)
{
    const bool wants_dict = body->rows->schema.row == MC_ROW_DICT,
               is_dict = token == MC_JSON_OBJECT;
    if (!is_dict && (wants_dict || token != MC_JSON_LIST))
        return mc_rows_fail(body->rows, err, "expected %s, found %s",
                            wants_dict ? "an object" : "a list", mc_json_token_name(token));
    MC_TRY(mc_rows_open(body->rows, err));
    mc_nested_begin(&body->nested);
    mc_nested_open(&body->nested, is_dict);
    body->place = MC_PLACE_NESTED;
    return MC_OK;
}

static bool row_is_nested(const mc_json_body *body)
{
    return body->rows->schema.row == MC_ROW_LIST || body->rows->schema.row == MC_ROW_DICT;
}

static mc_status at_row(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (token != MC_JSON_LIST_END && row_is_nested(body))
        return open_nested(body, token, err);
    if (token == MC_JSON_LIST)
        return open_list(body, err);
    if (token == MC_JSON_OBJECT)
        return open_object(body, err);
    if (token == MC_JSON_LIST_END) { /* of the batch: NDJSON has no list around its rows */
        body->place = MC_PLACE_KEY;
        return MC_OK;
    }
    return put_bare(body, token, err);
}

static mc_status at_inputs(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (token != MC_JSON_LIST) {
        return mc_fail(err, MC_E_BAD_REQUEST, body->json.token_at,
                       "\"inputs\": expected a list of rows, found %s; one row goes under "
                       "\"input\"",
                       mc_json_token_name(token));
    }
    body->request.single = false;
    body->place = MC_PLACE_ROW;
    return MC_OK;
}

static mc_status at_input(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (token == MC_JSON_LIST && body->rows->schema.row_is_value)
        return at_inputs(body, token, err);
    if (token == MC_JSON_LIST) {
        body->place = MC_PLACE_FIRST;
        return MC_OK;
    }
    body->request.single = true;
    if (row_is_nested(body))
        return open_nested(body, token, err);
    return token == MC_JSON_OBJECT ? open_object(body, err) : put_bare(body, token, err);
}

static mc_status at_item(mc_json_body *body, mc_json_token token, mc_error *err);
static mc_status at_nested(mc_json_body *body, mc_json_token token, mc_error *err);

static mc_status at_first(mc_json_body *body, mc_json_token token, mc_error *err)
{
    body->request.single = token != MC_JSON_LIST && token != MC_JSON_OBJECT;
    if (!body->request.single)
        return at_row(body, token, err);
    if (row_is_nested(body)) {
        MC_TRY(open_nested(body, MC_JSON_LIST, err));
        return at_nested(body, token, err);
    }
    MC_TRY(open_list(body, err));
    return at_item(body, token, err);
}

/* ------------------------------------------------------------------------------ list rows ---- */

static mc_status end_list(mc_json_body *body, mc_error *err)
{
    if (body->n_filled != mc_json_columns(body)) {
        return mc_rows_fail(body->rows, err, "expected %zu value%s, found %zu",
                            mc_json_columns(body), mc_json_columns(body) == 1 ? "" : "s",
                            body->n_filled);
    }
    mc_json_end_row(body);
    return MC_OK;
}

static mc_status at_item(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (token == MC_JSON_LIST_END)
        return end_list(body, err);
    mc_cell value;
    const bool one = mc_json_scalar_cell(&body->json, token, &value);
    const size_t column = body->n_filled++;
    if (column < mc_json_columns(body)) {
        if (one)
            return mc_rows_put(body->rows, column, &value, err);
        return mc_rows_fail_at(body->rows, column, err, "expected one value, found %s",
                               mc_json_token_name(token));
    }
    if (one) /* counted, for the message at the end of the list */
        return MC_OK;
    return mc_rows_fail(body->rows, err, "expected %zu value%s, found %s behind them",
                        mc_json_columns(body), mc_json_columns(body) == 1 ? "" : "s",
                        mc_json_token_name(token));
}

static void take_numbers(mc_json_body *body)
{
    if (body->n_filled < mc_json_columns(body)) {
        const size_t n = mc_json_numbers(&body->json, body->rows->row_numbers + body->n_filled,
                                         mc_json_columns(body) - body->n_filled);
        body->n_filled += n;
        mc_rows_saw_numbers(body->rows, n, body->json.has_fraction);
    }
}

/* The same for a list row of a model that reads sparse rows: most of them are zeros. */
static mc_status take_entries(mc_json_body *body, mc_error *err)
{
    double values[64];
    size_t wanted = 0, n = 0;
    do {
        const size_t left =
            body->n_filled < mc_json_columns(body) ? mc_json_columns(body) - body->n_filled : 0;
        wanted = left < MC_COUNT_OF(values) ? left : MC_COUNT_OF(values);
        n = wanted == 0 ? 0 : mc_json_numbers(&body->json, values, wanted);
        MC_TRY(mc_rows_put_run(body->rows, body->n_filled, values, n, err));
        body->n_filled += n;
        mc_rows_saw_numbers(body->rows, n, body->json.has_fraction);
    } while (wanted > 0 && n == wanted);
    return MC_OK;
}

/* ---------------------------------------------------------------------------- nested rows ---- */

static mc_status at_nested(mc_json_body *body, mc_json_token token, mc_error *err)
{
    mc_cell value;
    bool done = false;
    if (token == MC_JSON_LIST || token == MC_JSON_OBJECT) {
        mc_nested_open(&body->nested, token == MC_JSON_OBJECT);
        return MC_OK;
    }
    if (token == MC_JSON_LIST_END || token == MC_JSON_OBJECT_END) {
        MC_TRY(mc_nested_close(&body->nested, body->rows, &done, err));
        if (done)
            mc_json_end_row(body);
        return MC_OK;
    }
    const bool one =
        mc_json_scalar_cell(&body->json, token == MC_JSON_KEY ? MC_JSON_STRING : token, &value);
    MC_ASSERT(one);
    return mc_nested_put(&body->nested, body->rows, &value, err);
}

/* ---------------------------------------------------------------------------------- drive ---- */

static mc_json_place_fn *const PLACES[MC_N_PLACES] = {
    [MC_PLACE_BODY] = at_body,
    [MC_PLACE_KEY] = at_key,
    [MC_PLACE_OPTION] = at_option,
    [MC_PLACE_INPUT] = at_input,
    [MC_PLACE_INPUTS] = at_inputs,
    [MC_PLACE_FIRST] = at_first,
    [MC_PLACE_ROW] = at_row,
    [MC_PLACE_ITEM] = at_item,
    [MC_PLACE_NAME] = mc_json_at_name,
    [MC_PLACE_NAMED] = mc_json_at_named,
    [MC_PLACE_IGNORED] = mc_json_at_ignored,
    [MC_PLACE_INDEX] = mc_json_at_index,
    [MC_PLACE_SPARSE] = mc_json_at_sparse,
    [MC_PLACE_NESTED] = at_nested,
};

/* Takes every token that the chunk holds. */
static mc_status run(mc_json_body *body, mc_error *err)
{
    for (;;) {
        if (body->place == MC_PLACE_ITEM && body->rows->all_numbers)
            take_numbers(body);
        if (body->place == MC_PLACE_ITEM && body->rows->sparse)
            MC_TRY(take_entries(body, err));
        mc_json_token token = MC_JSON_MORE;
        MC_TRY(mc_json_next(&body->json, &token, err));
        if (token == MC_JSON_MORE || token == MC_JSON_END)
            return MC_OK;
        if (token == MC_JSON_STRING && body->json.text.size > UINT32_MAX)
            return mc_fail(err, MC_E_BAD_REQUEST, body->json.token_at, "a string of %zu bytes",
                           body->json.text.size);
        MC_TRY(PLACES[body->place](body, token, err));
    }
}

void mc_json_body_init(mc_json_body *body, mc_rows *rows, mc_meter *meter)
{
    *body = (mc_json_body){.rows = rows};
    mc_json_init(&body->json, meter);
    mc_buffer_init(&body->indices, meter);
    mc_buffer_init(&body->values, meter);
    mc_nested_init(&body->nested, meter);
}

void mc_json_body_trim(mc_json_body *body, size_t keep)
{
    mc_buffer_trim(&body->json.gathered, keep);
    mc_buffer_trim(&body->indices, keep);
    mc_buffer_trim(&body->values, keep);
    mc_nested_trim(&body->nested, keep);
}

size_t mc_json_body_bytes(const mc_json_body *body)
{
    return body->json.gathered.room + body->indices.room + body->values.room +
           mc_nested_bytes(&body->nested);
}

void mc_json_body_begin(mc_json_body *body, bool lines)
{
    mc_json_begin(&body->json, lines);
    body->request = (mc_predict_request){.method = MC_METHOD_DEFAULT, .timeout_s = -1.0};
    body->place = lines ? MC_PLACE_ROW : MC_PLACE_BODY;
    body->lines = lines;
    body->has_input = lines;
    body->input_key = 0;
}

mc_status mc_json_body_feed(mc_json_body *body, const void *bytes, size_t size, mc_error *err)
{
    mc_json_feed(&body->json, bytes, size);
    return run(body, err);
}

mc_status mc_json_body_end(mc_json_body *body, mc_predict_request *out, mc_error *err)
{
    if (!body->json.started && body->json.at == body->json.end) {
        return mc_fail(err, MC_E_BAD_REQUEST, 0, "the body is empty: expected %s",
                       body->lines ? "a row a line, for example [5.1, 3.5, 1.4, 0.2]"
                                   : "an object, " EXAMPLE);
    }
    mc_json_finish(&body->json);
    MC_TRY(run(body, err));
    if (!body->has_input) {
        return mc_fail(
            err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
            "the body holds no rows: expected the key \"input\" or \"inputs\", " EXAMPLE);
    }
    *out = body->request;
    return MC_OK;
}
