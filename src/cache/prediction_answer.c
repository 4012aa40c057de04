/* prediction_answer.c: answers cut into rows and put together. */
#include "cache/prediction_answer.h"

#include <string.h>

#include "base/size.h"

#define NAME_MAX_BYTES 16u

typedef struct value_head {
    uint32_t n_parts;
    uint32_t list;
} value_head;

typedef struct part_head {
    uint32_t type, classes, n_columns;
    uint8_t scalar, has_name;
    char name[NAME_MAX_BYTES]; /* NUL-terminated */
    uint8_t zero[2];
} part_head;

static size_t width_of(uint32_t type)
{
    return type == MC_VALUE_LABEL ? sizeof(int32_t) : sizeof(double);
}

static bool can_keep(const mc_part *part)
{
    return part->data != NULL && part->indptr == NULL && !part->sparse && part->n_deep == 0 &&
           part->type != MC_VALUE_CELL && part->n_columns < MC_VALUE_MAX &&
           (part->name == NULL || strlen(part->name) < NAME_MAX_BYTES);
}

size_t mc_value_size(const mc_output *output)
{
    size_t size = sizeof(value_head);
    for (size_t i = 0; i < output->n_parts; i++) {
        const mc_part *part = &output->parts[i];
        if (!can_keep(part))
            return 0;
        size += sizeof(part_head) + part->n_columns * width_of(part->type);
        if (size > MC_VALUE_MAX)
            return 0;
    }
    return size;
}

void mc_value_write(const mc_output *output, size_t i, uint8_t *out)
{
    const value_head head = {(uint32_t)output->n_parts, output->list};
    uint8_t *numbers = out + sizeof head + output->n_parts * sizeof(part_head);
    memcpy(out, &head, sizeof head);
    for (size_t k = 0; k < output->n_parts; k++) {
        const mc_part *part = &output->parts[k];
        part_head about = {.type = part->type,
                           .classes = part->classes,
                           .n_columns = (uint32_t)part->n_columns,
                           .scalar = part->scalar,
                           .has_name = part->name != NULL};
        if (part->name != NULL)
            memcpy(about.name, part->name, strlen(part->name));
        memcpy(out + sizeof head + k * sizeof about, &about, sizeof about);
        const size_t row = part->n_columns * width_of(part->type);
        memcpy(numbers, (const uint8_t *)part->data + i * row, row);
        numbers += row;
    }
}

bool mc_value_alike(const uint8_t *a, const uint8_t *b)
{
    value_head head;
    memcpy(&head, a, sizeof head);
    return memcmp(a, b, sizeof head) == 0 &&
           memcmp(a + sizeof head, b + sizeof head, head.n_parts * sizeof(part_head)) == 0;
}

size_t mc_value_merged_size(size_t n, size_t size)
{
    const size_t most_parts = size / sizeof(part_head) + 1;
    return n * size + most_parts * (sizeof(mc_part) + 64) + 64;
}

void mc_value_merge(const uint8_t *values, size_t n, size_t stride, uint8_t *memory, mc_output *out)
{
    value_head head;
    memcpy(&head, values, sizeof head);
    mc_part *parts = (mc_part *)(void *)memory;
    size_t at = mc_round_up(head.n_parts * sizeof(mc_part), 64);
    size_t from = sizeof head + head.n_parts * sizeof(part_head);
    for (size_t k = 0; k < head.n_parts; k++) {
        const uint8_t *about_at = values + sizeof head + k * sizeof(part_head);
        part_head about;
        memcpy(&about, about_at, sizeof about);
        const size_t row = about.n_columns * width_of(about.type);
        parts[k] = (mc_part){.type = (mc_value_type)about.type,
                             .scalar = about.scalar != 0,
                             .classes = about.classes,
                             .n_columns = about.n_columns,
                             .data = memory + at};
        if (about.has_name != 0)
            parts[k].name = (const char *)about_at + offsetof(part_head, name);
        for (size_t i = 0; i < n; i++)
            memcpy(memory + at + i * row, values + i * stride + from, row);
        from += row;
        at = mc_round_up(at + n * row, 64);
    }
    *out =
        (mc_output){.n_rows = n, .n_parts = head.n_parts, .list = head.list != 0, .parts = parts};
}
