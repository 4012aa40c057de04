/* decode_json.h: JSON and NDJSON predict bodies, as a state machine over JSON tokens.
 *
 * *Owned* by one thread; rows go to the mc_rows that it was given. */
#ifndef MC_DECODE_JSON_H
#define MC_DECODE_JSON_H
#include "serve/decode_nested.h"
#include "serve/json_push.h"

/* A place in the body, named by what stands there next. */
typedef enum mc_json_place {
    MC_PLACE_BODY = 0, /* the object that is the body */
    MC_PLACE_KEY,      /* a key of it, or its end */
    MC_PLACE_OPTION,   /* the value of `key` */
    MC_PLACE_INPUT,    /* the value of "input" or an alias: a row, or a batch */
    MC_PLACE_INPUTS,   /* the value of "inputs": a batch */
    MC_PLACE_FIRST,    /* behind the [ of "input": a row's first value, or a batch's first row */
    MC_PLACE_ROW,      /* a row of a batch, or the end of the batch */
    MC_PLACE_ITEM,     /* a value of a list row, or the end of the row */
    MC_PLACE_NAME,     /* a key of an object row, or the end of the row */
    MC_PLACE_NAMED,    /* the value of that key */
    MC_PLACE_IGNORED,  /* anything, inside the value of a column that the model does not know */
    MC_PLACE_INDEX,    /* an element of a sparse row's "indices", or the end */
    MC_PLACE_SPARSE,   /* an element of a sparse row's "values", or the end */
    MC_PLACE_NESTED,   /* anything in a row that is one list or one object */
    MC_N_PLACES
} mc_json_place;

/* The two keys of a sparse row. */
typedef enum mc_sparse_key {
    MC_SPARSE_NONE = 0,
    MC_SPARSE_INDICES,
    MC_SPARSE_VALUES
} mc_sparse_key;

typedef struct mc_json_body {
    mc_rows *rows; /* borrowed */
    mc_json json;
    mc_predict_request request; /* the options so far */
    mc_json_place place;
    uint32_t key;   /* in the table of keys: whose value is being read */
    bool lines;     /* NDJSON */
    bool has_input; /* a key with rows was seen */
    uint32_t input_key;
    /* The open row. */
    size_t n_filled;              /* list row: values so far */
    size_t column;                /* object row: of the key just read, or MC_NO_COLUMN */
    mc_sparse_key sparse;         /* object row: the key just read may be one of a sparse row's */
    size_t n_named;               /* object row: keys that are columns */
    bool has_indices, has_values; /* object row: as lists */
    uint32_t ignored_depth;
    mc_buffer indices; /* int64_t */
    mc_buffer values;  /* double, as many in the end */
    mc_nested nested;
} mc_json_body;

void mc_json_body_init(mc_json_body *body, mc_rows *rows, mc_meter *meter);
void mc_json_body_trim(mc_json_body *body, size_t keep);
size_t mc_json_body_bytes(const mc_json_body *body);

void mc_json_body_begin(mc_json_body *body, bool lines);
MC_MUST_CHECK mc_status mc_json_body_feed(mc_json_body *body, const void *bytes, size_t size,
                                          mc_error *err);
/* Writes everything of `*out` but the rows. */
MC_MUST_CHECK mc_status mc_json_body_end(mc_json_body *body, mc_predict_request *out,
                                         mc_error *err);
#endif
