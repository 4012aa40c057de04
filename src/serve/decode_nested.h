/* decode_nested.h: a row that is one list or one object, value by value.
 *
 * HOW IT WORKS  Values of lists and objects that are still open wait on a stack; when one ends, its
 *               values move to the rows' `items`, side by side, and one cell stands for them. So
 *               every list lies in one piece, whatever is nested in it.
 *
 * *Owned* by one thread. */
#ifndef MC_DECODE_NESTED_H
#define MC_DECODE_NESTED_H
#include "base/limits.h"
#include "serve/decode_rows.h"

typedef struct mc_nested {
    mc_buffer open;  /* mc_cell: values of what is open, outermost first */
    mc_buffer slots; /* uint32_t: scratch, to find keys that occur twice */
    struct {
        size_t first; /* in `open` */
        bool is_dict;
    } levels[MC_LIMIT_JSON_DEPTH];
    size_t depth;
} mc_nested;

void mc_nested_init(mc_nested *nested, mc_meter *meter);
void mc_nested_trim(mc_nested *nested, size_t keep);
size_t mc_nested_bytes(const mc_nested *nested);

/* Forgets what is open: the body before may have ended in the middle. */
void mc_nested_begin(mc_nested *nested);
/* A list or an object begins; the tokenizer has checked the depth. */
void mc_nested_open(mc_nested *nested, bool is_dict);
/* A key or a single value; text is borrowed for the call. */
MC_MUST_CHECK mc_status mc_nested_put(mc_nested *nested, mc_rows *rows, const mc_cell *value,
                                      mc_error *err);
/* The innermost ends. True in `*out_done` when it was the row itself: it stands in column 0. Of
 * twice the same key in an object, the last value wins and stands where the first did. */
MC_MUST_CHECK mc_status mc_nested_close(mc_nested *nested, mc_rows *rows, bool *out_done,
                                        mc_error *err);
#endif
