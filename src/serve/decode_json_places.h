/* decode_json_places.h: what the files of the JSON decoder share. Nobody else includes it.
 *
 * A place takes the token that stands there and sets `body->place` to what comes next. */
#ifndef MC_DECODE_JSON_PLACES_H
#define MC_DECODE_JSON_PLACES_H
#include "serve/decode_json.h"

typedef mc_status mc_json_place_fn(mc_json_body *body, mc_json_token token, mc_error *err);

/* "a list", "the end of the body": for messages. */
const char *mc_json_token_name(mc_json_token token);

/* The value of a scalar token; false for lists, objects and ends. Text is borrowed. */
bool mc_json_scalar_cell(const mc_json *json, mc_json_token token, mc_cell *out);

/* Of the model. */
size_t mc_json_columns(const mc_json_body *body);

/* Ends a row: a batch goes on, a single row was all. */
void mc_json_end_row(mc_json_body *body);

/* Inside a row that is an object. */
mc_json_place_fn mc_json_at_name;
mc_json_place_fn mc_json_at_named;
mc_json_place_fn mc_json_at_ignored;
mc_json_place_fn mc_json_at_index;
mc_json_place_fn mc_json_at_sparse;
#endif
