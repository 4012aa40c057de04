/* decode.c: a decoder's life, and the kinds of bodies it takes. */
#include "serve/decode.h"

#include "base/alloc.h"
#include "serve/decode_csv.h"
#include "serve/decode_json.h"
#include "serve/decode_rows.h"

struct mc_decode {
    mc_body_kind kind;
    mc_rows rows;
    mc_json_body json;
    mc_csv csv;
};

mc_status mc_decode_create(mc_meter *meter, mc_decode **out, mc_error *err)
{
    mc_decode *decode = mc_alloc(1, sizeof *decode);
    if (decode == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "the system refused %zu bytes",
                       sizeof *decode);
    mc_rows_init(&decode->rows, meter);
    mc_json_body_init(&decode->json, &decode->rows, meter);
    mc_csv_init(&decode->csv, &decode->rows, meter);
    *out = decode;
    return MC_OK;
}

void mc_decode_trim(mc_decode *decode, size_t keep)
{
    mc_rows_trim(&decode->rows, keep);
    mc_json_body_trim(&decode->json, keep);
    mc_csv_trim(&decode->csv, keep);
}

void mc_decode_destroy(mc_decode *decode)
{
    if (decode == NULL)
        return;
    mc_decode_trim(decode, 0);
    mc_free(decode);
}

size_t mc_decode_bytes(const mc_decode *decode)
{
    return mc_rows_bytes(&decode->rows) + mc_json_body_bytes(&decode->json) +
           mc_csv_bytes(&decode->csv);
}

void mc_decode_begin(mc_decode *decode, const mc_row_schema *schema, mc_body_kind kind)
{
    decode->kind = kind;
    mc_rows_begin(&decode->rows, schema);
    if (kind == MC_BODY_CSV)
        mc_csv_begin(&decode->csv);
    else
        mc_json_body_begin(&decode->json, kind == MC_BODY_NDJSON);
}

mc_status mc_decode_feed(mc_decode *decode, const void *bytes, size_t size, mc_error *err)
{
    if (decode->kind == MC_BODY_CSV)
        return mc_csv_feed(&decode->csv, bytes, size, err);
    return mc_json_body_feed(&decode->json, bytes, size, err);
}

mc_status mc_decode_end(mc_decode *decode, mc_predict_request *out, mc_error *err)
{
    mc_predict_request request = {.method = MC_METHOD_DEFAULT, .timeout_s = -1.0};
    if (decode->kind == MC_BODY_CSV)
        MC_TRY(mc_csv_end(&decode->csv, err));
    else
        MC_TRY(mc_json_body_end(&decode->json, &request, err));
    mc_rows_finish(&decode->rows, &request.input);
    *out = request;
    return MC_OK;
}
