/* document.c: a tree of values from what a reader meets. */
#include "import/file/document.h"

#include <string.h>

#include "base/number.h"

/* -------------------------------------------------------------------------------- building ---- */

static size_t n_members(const mc_doc_builder *b)
{
    return b->members.size / sizeof(mc_doc_member);
}

static size_t n_numbers(const mc_doc_builder *b)
{
    return b->numbers.size / sizeof(double);
}

bool mc_doc_in_object(const mc_doc_builder *b)
{
    return b->n_open > 0 && b->open[b->n_open - 1].is_object;
}

mc_status mc_doc_begin(mc_doc_builder *b, bool is_object, size_t offset)
{
    if (b->n_open == MC_DOC_DEPTH)
        return mc_fail(b->err, MC_E_LIMIT, offset, "more than %d lists and objects in each other",
                       MC_DOC_DEPTH);
    if (b->n_open == 0 && b->has_root)
        return mc_fail(b->err, MC_E_MALFORMED, offset, "a second document behind the first");
    b->open[b->n_open].first_member = n_members(b);
    b->open[b->n_open].first_number = n_numbers(b);
    b->open[b->n_open].is_object = is_object;
    b->open[b->n_open].only_numbers = !is_object;
    b->open[b->n_open].name = b->key;
    b->n_open++;
    return MC_OK;
}

/* The list holds something else than numbers: what it has so far become members. */
static mc_status spill_numbers(mc_doc_builder *b)
{
    const size_t first = b->open[b->n_open - 1].first_number;
    for (size_t i = first; i < n_numbers(b); i++) {
        mc_doc_member member = {.value.kind = MC_DOC_NUMBER};
        memcpy(&member.value.as.number, b->numbers.data + i * sizeof(double), sizeof(double));
        MC_TRY(mc_vec_append(&b->members, &member, sizeof member, b->err));
    }
    b->numbers.size = first * sizeof(double);
    b->open[b->n_open - 1].only_numbers = false;
    return MC_OK;
}

mc_status mc_doc_add(mc_doc_builder *b, mc_doc value)
{
    const mc_doc_member member = {.name = b->key, .value = value};
    if (b->n_open == 0) {
        if (b->has_root)
            return mc_fail(b->err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "a second document behind the first");
        b->root = value;
        b->has_root = true;
        return MC_OK;
    }
    if (b->open[b->n_open - 1].only_numbers) {
        if (value.kind == MC_DOC_NUMBER)
            return mc_vec_append(&b->numbers, &value.as.number, sizeof(double), b->err);
        MC_TRY(spill_numbers(b));
    }
    return mc_vec_append(&b->members, &member, sizeof member, b->err);
}

mc_status mc_doc_add_numbers(mc_doc_builder *b, const double *items, size_t n)
{
    MC_ASSERT(b->n_open > 0);
    if (b->open[b->n_open - 1].only_numbers)
        return mc_vec_append(&b->numbers, items, n * sizeof *items, b->err);
    for (size_t i = 0; i < n; i++)
        MC_TRY(mc_doc_add(b, (mc_doc){.kind = MC_DOC_NUMBER, .as.number = items[i]}));
    return MC_OK;
}

mc_status mc_doc_end(mc_doc_builder *b, size_t offset)
{
    if (b->n_open == 0)
        return mc_fail(b->err, MC_E_MALFORMED, offset, "an end without a beginning");
    const size_t at = b->n_open - 1;
    const bool is_numbers = b->open[at].only_numbers;
    mc_doc made = {.kind = is_numbers              ? MC_DOC_NUMBERS
                           : b->open[at].is_object ? MC_DOC_OBJECT
                                                   : MC_DOC_LIST};
    if (is_numbers) {
        double *numbers = NULL;
        made.n = n_numbers(b) - b->open[at].first_number;
        MC_TRY(mc_arena_new_raw(b->arena, double, made.n, &numbers, b->err));
        if (made.n > 0)
            memcpy(numbers, b->numbers.data + b->open[at].first_number * sizeof *numbers,
                   made.n * sizeof *numbers);
        made.as.numbers = numbers;
    } else {
        mc_doc_member *members = NULL;
        made.n = n_members(b) - b->open[at].first_member;
        MC_TRY(mc_arena_new_raw(b->arena, mc_doc_member, made.n, &members, b->err));
        if (made.n > 0)
            memcpy(members, b->members.data + b->open[at].first_member * sizeof *members,
                   made.n * sizeof *members);
        made.as.members = members;
    }
    b->members.size = b->open[at].first_member * sizeof(mc_doc_member);
    b->numbers.size = b->open[at].first_number * sizeof(double);
    b->key = b->open[at].name;
    b->n_open--;
    return mc_doc_add(b, made);
}

/* --------------------------------------------------------------------------------- reading ---- */

/* UBJSON gives the length of a key behind a mark of its type; JSON has spaces or a quote there. */
static bool is_ubjson(mc_bytes bytes)
{
    /* Bytes: NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    return bytes.size >= 2 && bytes.data[0] == '{' && memchr("iUIlL", bytes.data[1], 5) != NULL;
}

mc_status mc_doc_read(mc_bytes bytes, mc_arena *arena, mc_doc *out, mc_error *err)
{
    mc_doc_builder b = {.arena = arena, .err = err};
    mc_status status =
        is_ubjson(bytes) ? mc_doc_read_ubjson(&b, bytes) : mc_doc_read_json(&b, bytes);
    if (status == MC_OK && (b.n_open > 0 || !b.has_root))
        status = mc_fail(err, MC_E_TRUNCATED, bytes.size, "the document ends too early");
    *out = b.root;
    mc_vec_fini(&b.members);
    mc_vec_fini(&b.numbers);
    return status;
}

const mc_doc *mc_doc_get(const mc_doc *doc, const char *name)
{
    for (size_t i = 0; doc != NULL && doc->kind == MC_DOC_OBJECT && i < doc->n; i++)
        if (mc_bytes_is(doc->as.members[i].name, name))
            return &doc->as.members[i].value;
    return NULL;
}

bool mc_doc_number(const mc_doc *doc, double *out)
{
    if (doc == NULL)
        return false;
    if (doc->kind == MC_DOC_NUMBER) {
        *out = doc->as.number;
        return true;
    }
    return doc->kind == MC_DOC_TEXT && doc->as.text.size > 0 &&
           mc_parse_double((const char *)doc->as.text.data, doc->as.text.size, out) ==
               doc->as.text.size;
}
