/* show_graph.c: a graph as text that a test can compare, and reading bytes into graphs. */
#include "show_graph.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/number.h"
#include "import/file/joblib.h"
#include "import/globals.h"

#define MAX_NESTING 12

typedef struct text {
    char *at;
    size_t left;
} text;

static void put(text *out, const char *format, ...) MC_PRINTF(2, 3);

static void put(text *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(out->at, out->left, format, args);
    va_end(args);
    const size_t used = n < 0 ? 0 : (size_t)n < out->left ? (size_t)n : out->left - 1;
    out->at += used;
    out->left -= used;
}

static void put_hex(text *out, mc_bytes bytes, bool reversed)
{
    for (size_t i = 0; i < bytes.size; i++)
        put(out, "%02x", bytes.data[reversed ? bytes.size - 1 - i : i]);
}

static void show(text *out, const mc_value *value, int depth);

static void show_items(text *out, const char *open, const mc_items *items, const char *close,
                       int depth)
{
    put(out, "%s", open);
    for (size_t i = 0; i < items->n; i++) {
        put(out, i == 0 ? "" : ", ");
        show(out, items->at[i], depth + 1);
    }
    put(out, "%s", close);
}

static void show_pairs(text *out, const char *open, const mc_items *items, int depth)
{
    put(out, "%s", open);
    for (size_t i = 0; i + 1 < items->n; i += 2) {
        put(out, i == 0 ? "" : ", ");
        show(out, items->at[i], depth + 1);
        put(out, ": ");
        show(out, items->at[i + 1], depth + 1);
    }
    put(out, "}");
}

static void show_object(text *out, const mc_object *object, int depth)
{
    put(out, "%.*s.%.*s", MC_SHOW(object->global->module), MC_SHOW(object->global->name));
    show(out, object->arguments, depth);
    if (object->named_arguments != NULL)
        show_pairs(out, "**{", &object->named_arguments->as.items, depth);
    for (size_t i = 0; i < object->states.n; i++) {
        put(out, " state ");
        show(out, object->states.at[i], depth + 1);
    }
    if (object->list_items.n > 0)
        show_items(out, " list [", &object->list_items, "]", depth);
    if (object->dict_items.n > 0)
        show_pairs(out, " dict {", &object->dict_items, depth);
}

static void show_scalar(text *out, const mc_value *value)
{
    char number[MC_NUMBER_TEXT];
    if (value->kind == MC_KIND_BOOL) {
        put(out, value->as.integer ? "True" : "False");
    } else if (value->kind == MC_KIND_INT) {
        put(out, "%" PRId64, value->as.integer);
    } else if (value->kind == MC_KIND_BIG_INT) {
        put(out, "big 0x");
        put_hex(out, value->as.bytes, true);
    } else if (value->kind == MC_KIND_FLOAT) {
        put(out, "%.*s", (int)mc_print_double(value->as.number, number), number);
    } else if (value->kind == MC_KIND_TEXT) {
        put(out, "'%.*s'", (int)value->as.bytes.size, (const char *)value->as.bytes.data);
    } else if (value->kind == MC_KIND_BYTES) {
        put(out, "b'");
        put_hex(out, value->as.bytes, false);
        put(out, "'");
    } else {
        put(out, "%s", mc_value_kind_name(value->kind));
    }
}

static void show(text *out, const mc_value *value, int depth)
{
    if (value == NULL || depth > MAX_NESTING) {
        put(out, value == NULL ? "NULL" : "...");
        return;
    }
    const mc_items *items = &value->as.items;
    if (value->kind == MC_KIND_LIST)
        show_items(out, "[", items, "]", depth);
    else if (value->kind == MC_KIND_TUPLE)
        show_items(out, "(", items, ")", depth);
    else if (value->kind == MC_KIND_SET)
        show_items(out, items->n == 0 ? "{set" : "{set: ", items, "}", depth);
    else if (value->kind == MC_KIND_DICT)
        show_pairs(out, "{", items, depth);
    else if (value->kind == MC_KIND_GLOBAL)
        put(out, "%.*s.%.*s", MC_SHOW(value->as.global->module), MC_SHOW(value->as.global->name));
    else if (value->kind == MC_KIND_OBJECT)
        show_object(out, value->as.object, depth);
    else
        show_scalar(out, value);
}

void show_graph(const mc_value *value, char *out, size_t size)
{
    text to = {out, size};
    show(&to, value, 0);
}

mc_status read_graph(const void *data, size_t size, mc_arena *arena, mc_value **out, mc_error *err)
{
    mc_joblib joblib;
    mc_reader reader = {.data = data, .size = size, .err = err};
    mc_arena_init(arena, MC_LIMIT_GRAPH_FACTOR * size + MC_LIMIT_GRAPH_BASE, "graph");
    mc_joblib_init(&joblib, mc_globals_lookup, arena);
    return mc_joblib_read(&joblib, &reader, out, err);
}
