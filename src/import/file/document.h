/* document.h: JSON and UBJSON, read into one kind of tree.
 *
 * HOW IT WORKS  Both readers report what they meet (a number, a key, the end of a list) to
 *               document.c, which keeps what is still open on a stack of its own: nesting is
 * bounded by MC_DOC_DEPTH and never by the machine's stack. A list of nothing but numbers becomes
 * one array of doubles, so a model of a million nodes costs its numbers.
 *
 * All memory is of the arena given; texts without escapes are borrowed from the input. *Owned*: one
 * loader thread. */
#ifndef MC_IMPORT_DOCUMENT_H
#define MC_IMPORT_DOCUMENT_H
#include "base/arena.h"
#include "base/vec.h"

#define MC_DOC_DEPTH 64

typedef enum mc_doc_kind {
    MC_DOC_NULL,
    MC_DOC_NUMBER, /* truth values are 0 and 1 */
    MC_DOC_TEXT,
    MC_DOC_NUMBERS, /* a list of numbers; an empty list too */
    MC_DOC_LIST,
    MC_DOC_OBJECT
} mc_doc_kind;

typedef struct mc_doc {
    mc_doc_kind kind;
    size_t n; /* NUMBERS, LIST, OBJECT */
    union {
        double number;
        mc_bytes text;
        const double *numbers;
        const struct mc_doc_member *members; /* LIST: without names */
    } as;
} mc_doc;

typedef struct mc_doc_member {
    mc_bytes name;
    mc_doc value;
} mc_doc_member;

/* Reads the whole of `bytes`, JSON text (with NaN and Infinity) or UBJSON. MC_E_MALFORMED with the
 * offset of what is wrong. */
MC_MUST_CHECK mc_status mc_doc_read(mc_bytes bytes, mc_arena *arena, mc_doc *out, mc_error *err);

/* The member of that name, or NULL: also where `doc` is NULL or no object. */
const mc_doc *mc_doc_get(const mc_doc *doc, const char *name);
/* A number, or a text that is one; false if it is neither. */
bool mc_doc_number(const mc_doc *doc, double *out);

/* -- for the readers: what they meet, in order */
typedef struct mc_doc_builder {
    mc_arena *arena;
    mc_vec members, numbers; /* of what is open */
    struct {
        size_t first_member, first_number;
        bool is_object, only_numbers;
        mc_bytes name; /* of this container in the one around it */
    } open[MC_DOC_DEPTH];
    size_t n_open;
    mc_bytes key; /* of the next value */
    mc_doc root;
    bool has_root;
    mc_error *err;
} mc_doc_builder;

MC_MUST_CHECK mc_status mc_doc_begin(mc_doc_builder *b, bool is_object, size_t offset);
MC_MUST_CHECK mc_status mc_doc_end(mc_doc_builder *b, size_t offset);
MC_MUST_CHECK mc_status mc_doc_add(mc_doc_builder *b, mc_doc value);
/* `n` numbers at once; only in a list. */
MC_MUST_CHECK mc_status mc_doc_add_numbers(mc_doc_builder *b, const double *items, size_t n);
bool mc_doc_in_object(const mc_doc_builder *b);

MC_MUST_CHECK mc_status mc_doc_read_json(mc_doc_builder *b, mc_bytes bytes);
MC_MUST_CHECK mc_status mc_doc_read_ubjson(mc_doc_builder *b, mc_bytes bytes);
#endif
