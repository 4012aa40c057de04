/* prediction_key.c: rows as bytes. */
#include "cache/prediction_key.h"

#include <string.h>

#define DEEPEST 8u /* lists in lists */

/* Where bytes go; `data` is NULL while they are counted only. */
typedef struct writer {
    uint8_t *data;
    size_t size;
} writer;

static void put(writer *w, const void *bytes, size_t size)
{
    if (w->data != NULL && size > 0)
        memcpy(w->data + w->size, bytes, size);
    w->size += size;
}

/* ------------------------------------------------------------------------------- prefix ---- */

bool mc_key_begin(const mc_model *model, mc_method method, const mc_input *input,
                  mc_key_prefix *out)
{
    const mc_model_info info = mc_model_describe(model);
    const mc_model *back = method == MC_METHOD_INVERSE_TRANSFORM ? mc_model_inverse(model) : NULL;
    const mc_model_info slots = back == NULL ? info : mc_model_describe(back);
    const size_t name = strlen(info.name) + 1, version = strlen(info.version) + 1;
    const size_t digest = strlen(info.digest) + 1;
    const uint32_t kind = (uint32_t)method | (input->sparse ? 1u << 16 : 0) |
                          (input->integers ? 1u << 17 : 0) | (input->truths ? 1u << 18 : 0);
    const bool is_sparse = input->as.slots.rows.indptr != NULL;
    const uint64_t widths[3] = {slots.n_numbers, slots.n_cells,
                                is_sparse ? input->as.slots.rows.n_columns + 1 : 0};
    if (info.digest[0] == '\0' ||
        digest + name + version + sizeof kind + sizeof widths > MC_KEY_PREFIX_MAX)
        return false;
    writer w = {out->bytes, 0};
    put(&w, info.digest, digest);
    put(&w, info.name, name);
    put(&w, info.version, version);
    put(&w, &kind, sizeof kind);
    put(&w, widths, sizeof widths);
    out->n_numbers = slots.n_numbers;
    out->n_cells = slots.n_cells;
    out->size = (uint32_t)w.size;
    return true;
}

uint64_t mc_key_owner(const char *name, const char *digest)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 1099511628211u;
    hash = (hash ^ 0xffu) * 1099511628211u;
    for (; *digest != '\0'; digest++)
        hash = (hash ^ (uint8_t)*digest) * 1099511628211u;
    return hash | 1u;
}

/* --------------------------------------------------------------------------------- rows ---- */

/* A list or a dict that is being written. */
typedef struct level {
    const mc_cell *items;
    uint64_t left;
} level;

/* Writes cells, and those in them: each with its kind and size, so that what follows is certain. */
static bool put_cells(writer *w, const mc_cell *cells, size_t n)
{
    level levels[DEEPEST];
    size_t depth = 1;
    levels[0] = (level){cells, n};
    while (depth > 0) {
        level *top = &levels[depth - 1];
        if (top->left == 0) {
            depth--;
            continue;
        }
        const mc_cell *cell = top->items++;
        const bool nests = cell->kind == MC_CELL_LIST || cell->kind == MC_CELL_DICT;
        top->left--;
        put(w, &cell->kind, sizeof cell->kind);
        put(w, &cell->size, nests || cell->kind == MC_CELL_STRING ? sizeof cell->size : 0);
        if (nests && depth == DEEPEST)
            return false;
        if (nests) {
            levels[depth++] = (level){
                cell->as.items, cell->kind == MC_CELL_DICT ? (uint64_t)cell->size * 2 : cell->size};
        } else if (cell->kind == MC_CELL_STRING) {
            put(w, cell->as.text, cell->size);
        } else if (cell->kind != MC_CELL_NONE) {
            put(w, &cell->as.integer, sizeof cell->as.integer);
        }
    }
    return true;
}

static bool put_row(writer *w, const mc_key_prefix *prefix, const mc_input *input, size_t i)
{
    const mc_csr_data *rows = &input->as.slots.rows;
    put(w, prefix->bytes, prefix->size);
    if (prefix->n_numbers > 0)
        put(w, input->as.slots.numbers + i * prefix->n_numbers, prefix->n_numbers * sizeof(double));
    if (rows->indptr != NULL) {
        const size_t begin = (size_t)rows->indptr[i];
        const size_t n = (size_t)rows->indptr[i + 1] - begin;
        put(w, &n, sizeof n);
        put(w, rows->indices + begin, n * sizeof *rows->indices);
        put(w, rows->data + begin, n * sizeof *rows->data);
    }
    return prefix->n_cells == 0 ||
           put_cells(w, input->as.slots.cells + i * prefix->n_cells, prefix->n_cells);
}

size_t mc_key_size(const mc_key_prefix *prefix, const mc_input *input, size_t i)
{
    writer w = {NULL, 0};
    return put_row(&w, prefix, input, i) ? w.size : 0;
}

void mc_key_write(const mc_key_prefix *prefix, const mc_input *input, size_t i, uint8_t *out)
{
    writer w = {out, 0};
    (void)put_row(&w, prefix, input, i);
}
