/* prediction_answer.c: answers cut into rows and put together.
 *
 * HOW IT WORKS  A value is laid out for being used where it is copied to: a cell is an mc_cell,
 * with an offset from the value's start where a pointer stands, and the cells of all its lists
 *          stand in one run, those of the row first. So merging is copying runs and adding an
 *          address to offsets; nothing is walked into. */
#include "cache/prediction_answer.h"

#include <string.h>

#include "base/size.h"

#define NAME_MAX_BYTES 16u

typedef struct value_head {
    uint32_t n_parts;
    uint32_t list;
} value_head;

typedef enum part_form {
    FORM_NUMBERS = 0, /* n_columns numbers or labels */
    FORM_ENTRIES,     /* how many, 8 bytes; their columns; their values */
    FORM_CELLS        /* how many, 8 bytes; cells; texts */
} part_form;

typedef struct part_head {
    uint32_t type, classes, n_columns;
    uint8_t scalar, has_name;
    char name[NAME_MAX_BYTES]; /* NUL-terminated */
    uint8_t sparse, form;
} part_head;
_Static_assert(sizeof(part_head) % 8 == 0 && sizeof(value_head) % 8 == 0, "parts are aligned");

static size_t width_of(uint32_t type)
{
    return type == MC_VALUE_LABEL ? sizeof(int32_t) : sizeof(double);
}

static part_form form_of(const mc_part *part)
{
    return part->indptr != NULL          ? FORM_ENTRIES
           : part->type == MC_VALUE_CELL ? FORM_CELLS
                                         : FORM_NUMBERS;
}

static bool can_keep(const mc_part *part)
{
    return (part->data != NULL || part->indptr != NULL) && part->n_deep == 0 &&
           part->n_columns <= UINT32_MAX &&
           (part->name == NULL || strlen(part->name) < NAME_MAX_BYTES);
}

/* ------------------------------------------------------------------------------- writing ---- */

/* A value that is being written. */
typedef struct writer {
    uint8_t *out;
    size_t size, room;
    bool is_full;
} writer;

/* Room for `size` bytes, padded to 8; NULL if there is none. */
static uint8_t *take(writer *w, size_t size)
{
    if (w->is_full || size > w->room - w->size) {
        w->is_full = true;
        return NULL;
    }
    uint8_t *at = w->out + w->size;
    const size_t padded = mc_round_up(size, 8);
    if (padded > w->room - w->size) {
        w->is_full = true;
        return NULL;
    }
    memset(at + size, 0, padded - size);
    w->size += padded;
    return at;
}

static void put(writer *w, const void *bytes, size_t size)
{
    uint8_t *at = take(w, size);
    if (at != NULL && size > 0)
        memcpy(at, bytes, size);
}

static void put_head(writer *w, const mc_part *part)
{
    part_head head = {.type = part->type,
                      .classes = part->classes,
                      .n_columns = (uint32_t)part->n_columns,
                      .scalar = part->scalar,
                      .has_name = part->name != NULL,
                      .sparse = part->sparse,
                      .form = (uint8_t)form_of(part)};
    if (part->name != NULL)
        memcpy(head.name, part->name, strlen(part->name));
    put(w, &head, sizeof head);
}

static void put_entries(writer *w, const mc_part *part, size_t i)
{
    const size_t first = (size_t)part->indptr[i];
    const uint64_t n = (uint64_t)part->indptr[i + 1] - first;
    if (n > w->room) {
        w->is_full = true;
        return;
    }
    put(w, &n, sizeof n);
    put(w, n == 0 ? NULL : part->indices + first, n * sizeof *part->indices);
    put(w, n == 0 ? NULL : part->values + first, n * sizeof *part->values);
}

static size_t items_of(const mc_cell *cell)
{
    return cell->kind == MC_CELL_DICT   ? 2 * (size_t)cell->size
           : cell->kind == MC_CELL_LIST ? cell->size
                                        : 0;
}

/* Cells, then those of the lists among them, and so on; then texts. Offsets are from `out`. */
static void put_cells(writer *w, const mc_cell *cells, size_t n_columns)
{
    uint8_t *count = take(w, sizeof(uint64_t));
    mc_cell *at = (mc_cell *)(void *)(w->out + w->size);
    uint64_t n = n_columns;
    if (n_columns > w->room)
        w->is_full = true;
    else
        put(w, cells, n_columns * sizeof *cells);
    for (size_t i = 0; !w->is_full && i < n; i++) {
        const size_t n_items = items_of(&at[i]);
        const mc_cell *items = at[i].as.items;
        if (at[i].kind == MC_CELL_LIST || at[i].kind == MC_CELL_DICT)
            at[i].as.integer = (int64_t)w->size;
        put(w, items, n_items * sizeof *items);
        n += n_items;
    }
    for (size_t i = 0; !w->is_full && i < n; i++) {
        const char *text = at[i].as.text;
        if (at[i].kind != MC_CELL_STRING)
            continue;
        at[i].as.integer = (int64_t)w->size;
        put(w, text, at[i].size);
    }
    if (!w->is_full)
        memcpy(count, &n, sizeof n);
}

size_t mc_value_write(const mc_output *output, size_t i, uint8_t *out, size_t room)
{
    writer w = {.out = out, .room = room < MC_VALUE_MAX ? room : MC_VALUE_MAX};
    const value_head head = {(uint32_t)output->n_parts, output->list};
    put(&w, &head, sizeof head);
    for (size_t k = 0; !w.is_full && k < output->n_parts; k++) {
        if (!can_keep(&output->parts[k]))
            return 0;
        put_head(&w, &output->parts[k]);
    }
    for (size_t k = 0; !w.is_full && k < output->n_parts; k++) {
        const mc_part *part = &output->parts[k];
        const size_t row = part->n_columns * width_of(part->type);
        if (part->indptr != NULL)
            put_entries(&w, part, i);
        else if (part->type == MC_VALUE_CELL)
            put_cells(&w, (const mc_cell *)part->data + i * part->n_columns, part->n_columns);
        else
            put(&w, (const uint8_t *)part->data + i * row, row);
    }
    return w.is_full ? 0 : w.size;
}

/* ------------------------------------------------------------------------------- reading ---- */

static value_head head_of(const uint8_t *value)
{
    value_head head;
    memcpy(&head, value, sizeof head);
    return head;
}

static const uint8_t *part_at(const uint8_t *value, size_t k)
{
    return value + sizeof(value_head) + k * sizeof(part_head);
}

bool mc_value_alike(const uint8_t *a, const uint8_t *b)
{
    const value_head head = head_of(a);
    return memcmp(a, b, sizeof head) == 0 &&
           memcmp(part_at(a, 0), part_at(b, 0), head.n_parts * sizeof(part_head)) == 0;
}

bool mc_value_varies(const uint8_t *value)
{
    const uint32_t n_parts = head_of(value).n_parts;
    bool varies = false;
    for (size_t k = 0; k < n_parts; k++)
        varies = varies || part_at(value, k)[offsetof(part_head, form)] != FORM_NUMBERS;
    return varies;
}

size_t mc_value_merged_size(size_t n, size_t size)
{
    /* Beside what is in the values: where each is read, the parts, and the ends of sparse rows. */
    const size_t most_parts = size / sizeof(part_head) + 1;
    return n * (size + sizeof(size_t)) + most_parts * (sizeof(mc_part) + 4 * 64) + 2 * 64;
}

/* Values that are being put together. */
typedef struct merging {
    uint8_t *values;
    size_t n, stride;
    size_t *from; /* (n): what is read next of each value, from its start */
    uint8_t *to;
} merging;

static uint8_t *place(merging *m, size_t size)
{
    uint8_t *at = m->to;
    m->to += mc_round_up(size, 64);
    return at;
}

static uint8_t *next_of(const merging *m, size_t i)
{
    return m->values + i * m->stride + m->from[i];
}

static uint64_t count_next(const merging *m, size_t i)
{
    uint64_t n = 0;
    memcpy(&n, next_of(m, i), sizeof n);
    return n;
}

static void merge_numbers(merging *m, size_t row, mc_part *out)
{
    uint8_t *to = place(m, m->n * row);
    for (size_t i = 0; i < m->n; i++) {
        memcpy(to + i * row, next_of(m, i), row);
        m->from[i] += mc_round_up(row, 8);
    }
    out->data = to;
}

static void merge_entries(merging *m, mc_part *out)
{
    int64_t *indptr = (int64_t *)(void *)place(m, (m->n + 1) * sizeof *indptr);
    indptr[0] = 0;
    for (size_t i = 0; i < m->n; i++)
        indptr[i + 1] = indptr[i] + (int64_t)count_next(m, i);
    const size_t all = (size_t)indptr[m->n];
    int32_t *indices = (int32_t *)(void *)place(m, all * sizeof *indices);
    double *values = (double *)(void *)place(m, all * sizeof *values);
    for (size_t i = 0; i < m->n; i++) {
        const size_t n = (size_t)count_next(m, i), at = (size_t)indptr[i];
        const size_t size = mc_round_up(n * sizeof *indices, 8);
        const uint8_t *entries = next_of(m, i) + sizeof(uint64_t);
        memcpy(indices + at, entries, n * sizeof *indices);
        memcpy(values + at, entries + size, n * sizeof *values);
        m->from[i] += sizeof(uint64_t) + size + n * sizeof *values;
    }
    out->indptr = indptr;
    out->indices = indices;
    out->values = values;
}

/* Offsets become pointers, and the cursor goes behind the texts. */
static void point(merging *m, size_t i)
{
    uint8_t *value = m->values + i * m->stride;
    const size_t n = (size_t)count_next(m, i);
    mc_cell *cells = (mc_cell *)(void *)(next_of(m, i) + sizeof(uint64_t));
    size_t end = m->from[i] + sizeof(uint64_t) + n * sizeof *cells;
    for (size_t k = 0; k < n; k++) {
        const uint8_t *at = value + cells[k].as.integer;
        if (cells[k].kind == MC_CELL_STRING) {
            cells[k].as.text = (const char *)at;
            end += mc_round_up(cells[k].size, 8);
        } else if (cells[k].kind > MC_CELL_STRING) {
            cells[k].as.items = (const mc_cell *)(const void *)at;
        }
    }
    m->from[i] = end;
}

static void merge_cells(merging *m, size_t n_columns, mc_part *out)
{
    mc_cell *to = (mc_cell *)(void *)place(m, m->n * n_columns * sizeof *to);
    for (size_t i = 0; i < m->n; i++) {
        const mc_cell *cells = (const mc_cell *)(const void *)(next_of(m, i) + sizeof(uint64_t));
        point(m, i);
        memcpy(to + i * n_columns, cells, n_columns * sizeof *to);
    }
    out->data = to;
}

void mc_value_merge(uint8_t *values, size_t n, size_t stride, uint8_t *memory, mc_output *out)
{
    const value_head head = head_of(values);
    merging m = {.values = values, .n = n, .stride = stride, .to = memory};
    mc_part *parts = (mc_part *)(void *)place(&m, head.n_parts * sizeof *parts);
    m.from = (size_t *)(void *)place(&m, n * sizeof *m.from);
    for (size_t i = 0; i < n; i++)
        m.from[i] = sizeof head + head.n_parts * sizeof(part_head);
    for (size_t k = 0; k < head.n_parts; k++) {
        part_head about;
        memcpy(&about, part_at(values, k), sizeof about);
        parts[k] = (mc_part){.type = (mc_value_type)about.type,
                             .scalar = about.scalar != 0,
                             .sparse = about.sparse != 0,
                             .classes = about.classes,
                             .n_columns = about.n_columns};
        if (about.has_name != 0)
            parts[k].name = (const char *)part_at(values, k) + offsetof(part_head, name);
        if (about.form == FORM_ENTRIES)
            merge_entries(&m, &parts[k]);
        else if (about.form == FORM_CELLS)
            merge_cells(&m, about.n_columns, &parts[k]);
        else
            merge_numbers(&m, about.n_columns * width_of(about.type), &parts[k]);
    }
    *out =
        (mc_output){.n_rows = n, .n_parts = head.n_parts, .list = head.list != 0, .parts = parts};
}
