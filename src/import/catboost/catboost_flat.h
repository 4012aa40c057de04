/* catboost_flat.h: flatbuffers, read by hand.
 *
 * HOW IT WORKS  A table is an offset back to its vtable, which has, for each field, where it lies
 * in the table; 0: it has its default. Texts, lists and tables lie at an offset from where they are
 * named. No field is read before the bytes are shown to hold it; an offset out of them is
 * MC_E_MALFORMED. All is borrowed. */
#ifndef MC_IMPORT_CATBOOST_FLAT_H
#define MC_IMPORT_CATBOOST_FLAT_H
#include "import/sklearn/lower.h"

typedef struct mc_flat {
    const mc_value *est; /* for messages */
    mc_bytes bytes;
} mc_flat;

typedef struct mc_flat_table {
    const mc_flat *in;
    size_t at, fields, n_fields; /* where it lies, where its vtable's fields do */
} mc_flat_table;

typedef struct mc_flat_list {
    const uint8_t *at;
    size_t n, start; /* items; where they begin */
} mc_flat_list;

mc_status mc_flat_outside(const mc_flat *in, size_t at, mc_error *err);
uint32_t mc_flat_u32_at(const mc_flat *in, size_t at);
double mc_flat_f64(const uint8_t *b);
float mc_flat_f32(const uint8_t *b);

MC_MUST_CHECK mc_status mc_flat_open(const mc_flat *in, size_t at, mc_flat_table *out,
                                     mc_error *err);
/* Where field i lies, if it has `n` bytes there; *out is 0 where it has its default. */
MC_MUST_CHECK mc_status mc_flat_field(const mc_flat_table *t, size_t i, size_t n, size_t *out,
                                      mc_error *err);
MC_MUST_CHECK mc_status mc_flat_u32(const mc_flat_table *t, size_t i, uint32_t otherwise,
                                    uint32_t *out, mc_error *err);
MC_MUST_CHECK mc_status mc_flat_f32_field(const mc_flat_table *t, size_t i, float otherwise,
                                          float *out, mc_error *err);
/* The table in field i; *out_found is false if it is absent. */
MC_MUST_CHECK mc_status mc_flat_inner(const mc_flat_table *t, size_t i, mc_flat_table *out,
                                      bool *out_found, mc_error *err);
/* Items of `size` bytes each; none if the field is absent. */
MC_MUST_CHECK mc_status mc_flat_read_list(const mc_flat_table *t, size_t i, size_t size,
                                          mc_flat_list *out, mc_error *err);
/* Item i of a list of tables. */
MC_MUST_CHECK mc_status mc_flat_item(const mc_flat *in, const mc_flat_list *from, size_t i,
                                     mc_flat_table *out, mc_error *err);
MC_MUST_CHECK mc_status mc_flat_text(const mc_flat_table *t, size_t i, mc_bytes *out,
                                     mc_error *err);
#endif
