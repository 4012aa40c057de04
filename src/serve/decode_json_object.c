/* decode_json_object.c: rows that are objects: {"column": value, ...}, or {"indices": [...],
 * "values": [...]} of a model that reads sparse rows. */
#include "serve/decode_json_places.h"

static mc_status end_sparse(mc_json_body *body, mc_error *err)
{
    if (body->n_named > 0 || !body->has_indices || !body->has_values) {
        return mc_rows_fail(body->rows, err,
                            "a sparse row holds the two lists \"indices\" and \"values\", and "
                            "nothing else");
    }
    const size_t n_indices = body->indices.size / sizeof(int64_t);
    const size_t n_values = body->values.size / sizeof(double);
    if (n_indices != n_values) {
        return mc_rows_fail(body->rows, err,
                            "expected as many values as indices, found %zu and %zu", n_values,
                            n_indices);
    }
    MC_TRY(mc_rows_put_sparse(body->rows, (const int64_t *)(const void *)body->indices.data,
                              (const double *)(const void *)body->values.data, n_values, err));
    mc_json_end_row(body);
    return MC_OK;
}

static mc_status end_object(mc_json_body *body, mc_error *err)
{
    if (body->has_indices || body->has_values)
        return end_sparse(body, err);
    const mc_row_schema *schema = &body->rows->schema;
    if (!schema->has_names) {
        return mc_rows_fail(body->rows, err,
                            "the model was fitted without column names: expected a list of %zu "
                            "values, found an object",
                            schema->n_columns);
    }
    const size_t missing = mc_rows_unmarked(body->rows);
    if (missing != MC_NO_COLUMN)
        return mc_rows_fail_at(body->rows, missing, err, "missing from the row");
    mc_json_end_row(body);
    return MC_OK;
}

/* "indices" and "values" announce a sparse row, unless both are names of columns. */
static mc_sparse_key sparse_key(mc_json_body *body)
{
    const bool indices = mc_bytes_is(body->json.text, "indices");
    if (!indices && !mc_bytes_is(body->json.text, "values"))
        return MC_SPARSE_NONE;
    if (body->column != MC_NO_COLUMN &&
        mc_rows_find(body->rows, mc_bytes_of(indices ? "values" : "indices")) != MC_NO_COLUMN)
        return MC_SPARSE_NONE;
    return indices ? MC_SPARSE_INDICES : MC_SPARSE_VALUES;
}

mc_status mc_json_at_name(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (token == MC_JSON_OBJECT_END)
        return end_object(body, err);
    MC_ASSERT(token == MC_JSON_KEY);
    const mc_row_schema *schema = &body->rows->schema;
    const mc_bytes name = body->json.text;
    body->column = mc_rows_find(body->rows, name);
    body->sparse = sparse_key(body);
    body->place = MC_PLACE_NAMED;
    if (body->column != MC_NO_COLUMN || body->sparse != MC_SPARSE_NONE)
        return MC_OK;
    if (!schema->has_names) {
        return mc_rows_fail(body->rows, err,
                            "the model was fitted without column names: expected a list of %zu "
                            "values, found an object with the key \"%.*s\"",
                            schema->n_columns, MC_SHOW(name));
    }
    if (!schema->extra_columns)
        return mc_rows_fail(body->rows, err, "the model has no column \"%.*s\"", MC_SHOW(name));
    return MC_OK;
}

static void begin_sparse_list(mc_json_body *body)
{
    const bool indices = body->sparse == MC_SPARSE_INDICES;
    if (indices)
        body->has_indices = true;
    else
        body->has_values = true;
    (indices ? &body->indices : &body->values)->size = 0; /* of twice the same key, the last wins */
    body->place = indices ? MC_PLACE_INDEX : MC_PLACE_SPARSE;
}

mc_status mc_json_at_named(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (body->sparse != MC_SPARSE_NONE && token == MC_JSON_LIST) {
        begin_sparse_list(body);
        return MC_OK;
    }
    mc_cell value;
    const bool one = mc_json_scalar_cell(&body->json, token, &value);
    body->place = MC_PLACE_NAME;
    if (body->column != MC_NO_COLUMN) {
        if (!one)
            return mc_rows_fail_at(body->rows, body->column, err, "expected one value, found %s",
                                   mc_json_token_name(token));
        body->n_named++;
        /* Of twice the same key, the last wins; entries of a sparse row are not looked for again.
         */
        if (!mc_rows_mark(body->rows, body->column) && body->rows->sparse)
            return mc_rows_fail_at(body->rows, body->column, err, "occurs twice");
        return mc_rows_put(body->rows, body->column, &value, err);
    }
    if (body->sparse != MC_SPARSE_NONE && !body->rows->schema.extra_columns) {
        return mc_rows_fail(body->rows, err, "\"%s\" of a sparse row: expected a list, found %s",
                            body->sparse == MC_SPARSE_INDICES ? "indices" : "values",
                            mc_json_token_name(token));
    }
    if (!one) {
        body->ignored_depth = 1;
        body->place = MC_PLACE_IGNORED;
    }
    return MC_OK;
}

mc_status mc_json_at_ignored(mc_json_body *body, mc_json_token token, mc_error *err)
{
    (void)err;
    if (token == MC_JSON_LIST || token == MC_JSON_OBJECT)
        body->ignored_depth++;
    else if (token == MC_JSON_LIST_END || token == MC_JSON_OBJECT_END)
        body->ignored_depth--;
    if (body->ignored_depth == 0)
        body->place = MC_PLACE_NAME;
    return MC_OK;
}

mc_status mc_json_at_index(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (token == MC_JSON_LIST_END) {
        body->place = MC_PLACE_NAME;
        return MC_OK;
    }
    if (token != MC_JSON_NUMBER || !body->json.integral)
        return mc_rows_fail(body->rows, err, "\"indices\": expected integers below %zu, found %s",
                            mc_json_columns(body), mc_json_token_name(token));
    return mc_buffer_append(&body->indices, &body->json.integer, sizeof(int64_t), err);
}

mc_status mc_json_at_sparse(mc_json_body *body, mc_json_token token, mc_error *err)
{
    if (token == MC_JSON_LIST_END) {
        body->place = MC_PLACE_NAME;
        return MC_OK;
    }
    double number = body->json.number;
    if (token == MC_JSON_TRUE || token == MC_JSON_FALSE)
        number = token == MC_JSON_TRUE ? 1.0 : 0.0;
    else if (token == MC_JSON_NULL)
        number = __builtin_nan("");
    else if (token != MC_JSON_NUMBER)
        return mc_rows_fail(body->rows, err, "\"values\": expected numbers, found %s",
                            mc_json_token_name(token));
    return mc_buffer_append(&body->values, &number, sizeof number, err);
}
