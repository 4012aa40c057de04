/* encode.h: answers and errors as JSON, typed and printed as the Flask app prints them.
 *
 * Oracle   `jsonify(prediction=model.predict(X).tolist())`: compact separators, ASCII only, a
 *          newline at the end; numbers by repr's rules; NaN, Infinity, -Infinity by these names.
 * Exact    Byte for byte, except the order of keys where an answer has several. */
#ifndef MC_ENCODE_H
#define MC_ENCODE_H
#include "serve/buffer.h"

/* Where labels come from: as mc_model_classes(). */
typedef const mc_cell *mc_classes_fn(const void *context, size_t table, size_t *n_out);
typedef struct mc_class_tables {
    mc_classes_fn *classes;
    const void *context; /* borrowed */
} mc_class_tables;

mc_class_tables mc_class_tables_of(const mc_model *model);

/* Appends `{"prediction": [y, ...]}` and a newline. A part that has a name beside unnamed ones
 * (`std`, `cov`) becomes a key of its own; when every part is named, a y is an object of them.
 * @return MC_OK; MC_E_BUSY, MC_E_NO_MEMORY (the buffer then holds what it held before). */
MC_MUST_CHECK mc_status mc_encode_answer(mc_buffer *buffer, const mc_class_tables *tables,
                                         const mc_output *output, mc_error *err);

/* Appends one y, without a newline: for protocols that wrap rows themselves. */
MC_MUST_CHECK mc_status mc_encode_row(mc_buffer *buffer, const mc_class_tables *tables,
                                      const mc_output *output, size_t row, mc_error *err);

/* Appends `{"error": {"code": ..., "message": ..., "where": ...}}` and a newline. `where` is the
 * byte of the body, the row, or the chain of contexts; "" when there is none. */
MC_MUST_CHECK mc_status mc_encode_error(mc_buffer *buffer, const mc_error *error, mc_error *err);

/* Appends a JSON string, quotes included; non-ASCII as \uXXXX, bytes that are not UTF-8 as \ufffd.
 */
MC_MUST_CHECK mc_status mc_encode_text(mc_buffer *buffer, const char *text, size_t size,
                                       mc_error *err);
MC_MUST_CHECK mc_status mc_encode_cell(mc_buffer *buffer, const mc_cell *cell, mc_error *err);
#endif
