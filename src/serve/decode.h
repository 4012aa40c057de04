/* decode.h: the body of a predict request, straight into the model's typed slots.
 *
 *   mc_decode_begin(decode, &schema, kind)
 *   mc_decode_feed(decode, bytes, size, err)      any number of times, the body cut anywhere
 *   mc_decode_end(decode, &request, err)
 *
 * Three kinds of bodies give the same request: JSON (`{"input": ROW}` and its relatives, contract
 * section 3), CSV, and NDJSON (a ROW a line). There is no document tree: a value goes from the
 * chunk into its slot. Memory is O(body), charged to a meter, kept for the next request.
 *
 * A decoder is *owned* by one connection or thread at a time. After a failed feed only
 * mc_decode_begin() and mc_decode_destroy() may be called. */
#ifndef MC_DECODE_H
#define MC_DECODE_H
#include "serve/buffer.h"

typedef enum mc_body_kind {
    MC_BODY_JSON = 0, /* one object */
    MC_BODY_NDJSON,   /* a ROW a line; empty lines are skipped */
    MC_BODY_CSV       /* RFC 4180; see decode_csv.c for how a field becomes a value */
} mc_body_kind;

/* As mc_model_find_column(). */
typedef mc_status mc_find_column_fn(const void *context, const char *name, size_t name_size,
                                    size_t *out);

/* What a decoder must know about a model. Small, copied by mc_decode_begin(); what it points to is
 * borrowed until mc_decode_end() and for as long as the request is used. */
typedef struct mc_row_schema {
    const mc_column *columns; /* (n_columns), or NULL: all are unnamed and `alike` */
    mc_column_kind alike;
    size_t n_columns;
    size_t n_numbers, n_cells; /* slots of a row */
    bool has_names;            /* rows may be objects */
    bool extra_columns;        /* ... with columns that the model does not know */
    bool row_is_value;         /* a row may be one value: text pipelines, a single column */
    mc_row_kind row;           /* of the model */
    mc_find_column_fn *find_column;
    const void *find_context;
} mc_row_schema;

static inline mc_column_kind mc_schema_kind(const mc_row_schema *schema, size_t column)
{
    return schema->columns != NULL ? schema->columns[column].kind : schema->alike;
}
static inline size_t mc_schema_slot(const mc_row_schema *schema, size_t column)
{
    return schema->columns != NULL ? schema->columns[column].slot : column;
}

/* The schema of a model that the caller holds. O(1). */
mc_row_schema mc_row_schema_of(const mc_model *model);

/* A decoded request. `input` points into the decoder until its next begin, trim or destroy; text
 * cells too. */
typedef struct mc_predict_request {
    mc_method method; /* MC_METHOD_DEFAULT when the body names none */
    mc_input input;   /* MC_LAYOUT_SLOTS */
    double timeout_s; /* above 0, or -1 when the body gives none */
    bool single;      /* the body held one ROW, not a list of them */
    bool return_std, return_cov;
} mc_predict_request;

typedef struct mc_decode mc_decode;

/* `meter` is borrowed and outlives the decoder. @return MC_OK, MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_decode_create(mc_meter *meter, mc_decode **out, mc_error *err);
void mc_decode_destroy(mc_decode *decode); /* NULL is fine */
/* Gives every buffer that has grown beyond `keep` bytes back: call it after large requests. */
void mc_decode_trim(mc_decode *decode, size_t keep);
size_t mc_decode_bytes(const mc_decode *decode); /* charged to the meter now */

/* Forgets whatever was read before. Cannot fail, allocates nothing. */
void mc_decode_begin(mc_decode *decode, const mc_row_schema *schema, mc_body_kind kind);

/* Reads the next `size` bytes of the body (borrowed for the call); 0 is fine.
 * @return MC_OK; MC_E_BAD_REQUEST (syntax, keys, options; err->offset is the byte of the body where
 * there is one); MC_E_BAD_INPUT (a row that does not fit; err->offset is the row); MC_E_NO_METHOD;
 * MC_E_BUSY (the meter); MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_decode_feed(mc_decode *decode, const void *bytes, size_t size,
                                       mc_error *err);

/* The body is complete. @return as mc_decode_feed(); `*out` is written on MC_OK. */
MC_MUST_CHECK mc_status mc_decode_end(mc_decode *decode, mc_predict_request *out, mc_error *err);
#endif
