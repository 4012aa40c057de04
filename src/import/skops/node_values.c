/* node_values.c: what skops keeps in schema.json itself: containers, scalars, objects, functions.
 *
 * Oracle   skops/io/{_general,_sklearn}.py and old/. Objects and what is called to make them have
 * the form that their pickles have: REDUCE's arguments, BUILD's state. */
#include "import/skops/node_values.h"

#include <string.h>

#include "import/file/literal.h"

static mc_status fill_items(mc_skops_maker *m, const mc_value *node, mc_value_kind kind,
                            mc_value *out, mc_error *err)
{
    const mc_value *content = NULL;
    MC_TRY(mc_skops_need(node, "content", MC_KIND_LIST, &content, err));
    out->kind = kind;
    return mc_skops_later_items(m, content, &out->as.items, err);
}

mc_status mc_skops_fill_list(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    return fill_items(m, node, MC_KIND_LIST, out, err);
}

mc_status mc_skops_fill_tuple(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    return fill_items(m, node, MC_KIND_TUPLE, out, err);
}

mc_status mc_skops_fill_set(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    return fill_items(m, node, MC_KIND_SET, out, err);
}

static bool starts_with(mc_bytes text, const char *start)
{
    const size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

/* A key that JSON has made a text of, as what it was: `type` is the node of its type. */
static mc_status make_key(mc_skops_maker *m, const mc_value *text, const mc_value *type,
                          mc_value **out, mc_error *err)
{
    const mc_value *name = NULL;
    MC_TRY(mc_skops_need(type, "__class__", MC_KIND_TEXT, &name, err));
    const mc_bytes is = name->as.bytes, key = text->as.bytes;
    MC_TRY(mc_skops_text(m, text, key, out, err));
    if (mc_bytes_is(is, "str") || mc_bytes_is(is, "str_"))
        return MC_OK;
    if (mc_bytes_is(is, "bool") ||
        mc_bytes_is(is, "bool_")) { /* bool("false") is true, there too */
        (*out)->kind = MC_KIND_BOOL;
        (*out)->as.integer = key.size > 0;
        return MC_OK;
    }
    MC_TRY(mc_literal_read(key, text->offset, m->arena, out, err));
    const bool is_int = (*out)->kind == MC_KIND_INT;
    if (starts_with(is, "float") && (is_int || (*out)->kind == MC_KIND_FLOAT)) {
        if (is_int) {
            **out = (mc_value){.kind = MC_KIND_FLOAT,
                               .offset = text->offset,
                               .as.number = (double)(*out)->as.integer};
        }
        return MC_OK;
    }
    if (is_int && (starts_with(is, "int") || starts_with(is, "uint")))
        return MC_OK;
    return mc_fail(err, MC_E_UNSUPPORTED, text->offset, "a key of type %.*s", MC_SHOW(is));
}

mc_status mc_skops_fill_dict(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *content = NULL, *types = NULL, *type_list = NULL;
    MC_TRY(mc_skops_need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(mc_skops_need(node, "key_types", MC_KIND_DICT, &types, err));
    MC_TRY(mc_skops_need(types, "content", MC_KIND_LIST, &type_list, err));
    const mc_items from = content->as.items;
    if (type_list->as.items.n != from.n / 2)
        return mc_skops_bad(node, err, "not as many types of keys as keys");
    out->kind = MC_KIND_DICT;
    out->as.items.n = out->as.items.room = from.n;
    MC_TRY(mc_arena_new(m->arena, mc_value *, from.n, &out->as.items.at, err));
    for (size_t i = from.n; i > 0; i -= 2) {
        if (from.at[i - 2]->kind != MC_KIND_TEXT)
            return mc_skops_bad(node, err, "a key that is no text");
        MC_TRY(make_key(m, from.at[i - 2], type_list->as.items.at[i / 2 - 1],
                        &out->as.items.at[i - 2], err));
        MC_TRY(mc_skops_later(m, from.at[i - 1], &out->as.items.at[i - 1], err));
    }
    return MC_OK;
}

/* What `content` holds under `key` stands for the whole: its other parts say nothing here. */
static mc_status fill_as(mc_skops_maker *m, const mc_value *node, const char *key, mc_value *out,
                         mc_error *err)
{
    const mc_value *content = NULL, *inner = NULL, *loader = NULL;
    MC_TRY(mc_skops_need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(mc_skops_need(content, key, MC_KIND_DICT, &inner, err));
    MC_TRY(mc_skops_need(inner, "__loader__", MC_KIND_TEXT, &loader, err));
    if (mc_bytes_is(loader->as.bytes, "DictNode"))
        return mc_skops_fill_dict(m, inner, out, err);
    return mc_skops_bad(node, err, "the dict in it is none");
}

mc_status mc_skops_fill_default_dict(mc_skops_maker *m, const mc_value *node, mc_value *out,
                                     mc_error *err)
{
    return fill_as(m, node, "main", out, err);
}

/* ----------------------------------------------------------------------------- objects ---- */

mc_status mc_skops_fill_json(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *content = NULL;
    mc_value *read = NULL;
    MC_TRY(mc_skops_need(node, "content", MC_KIND_TEXT, &content, err));
    MC_TRY(mc_literal_read(content->as.bytes, content->offset, m->arena, &read, err));
    *out = *read;
    return MC_OK;
}

mc_status mc_skops_fill_name(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    out->kind = MC_KIND_GLOBAL;
    return mc_skops_named(m, node, &out->as.global, err);
}

/* Protocol 0 has both names in its content. */
mc_status mc_skops_fill_function(mc_skops_maker *m, const mc_value *node, mc_value *out,
                                 mc_error *err)
{
    const mc_value *module = NULL, *name = NULL, *content = mc_dict_get(node, "content");
    if (m->protocol > 0 || !mc_value_is(content, MC_KIND_DICT))
        return mc_skops_fill_name(m, node, out, err);
    MC_TRY(mc_skops_need(content, "module_path", MC_KIND_TEXT, &module, err));
    MC_TRY(mc_skops_need(content, "function", MC_KIND_TEXT, &name, err));
    out->kind = MC_KIND_GLOBAL;
    return mc_skops_global(m, node, module->as.bytes, name->as.bytes, &out->as.global, err);
}

mc_status mc_skops_fill_object(mc_skops_maker *m, const mc_value *node, mc_value *out,
                               mc_error *err)
{
    const mc_global *global = NULL;
    const mc_value *content = mc_dict_get(node, "content");
    MC_TRY(mc_skops_named(m, node, &global, err));
    MC_TRY(mc_skops_object(m, global, out, err));
    return mc_value_is_none(content) ? MC_OK
                                     : mc_skops_later_state(m, content, out->as.object, err);
}

/* Tree, and compiled losses: made of arguments, then given a state. */
mc_status mc_skops_fill_reduced(mc_skops_maker *m, const mc_value *node, mc_value *out,
                                mc_error *err)
{
    const mc_global *global = NULL;
    const mc_value *reduce = NULL, *args = NULL;
    MC_TRY(mc_skops_need(node, "__reduce__", MC_KIND_DICT, &reduce, err));
    MC_TRY(mc_skops_need(reduce, "args", MC_KIND_DICT, &args, err));
    MC_TRY(mc_skops_named(m, node, &global, err));
    MC_TRY(mc_skops_object(m, global, out, err));
    MC_TRY(mc_skops_later_state(m, mc_dict_get(node, "content"), out->as.object, err));
    return mc_skops_later(m, args, &out->as.object->arguments, err);
}

mc_status mc_skops_fill_constructed(mc_skops_maker *m, const mc_value *node, mc_value *out,
                                    mc_error *err)
{
    const mc_global *global = NULL;
    MC_TRY(mc_skops_named(m, node, &global, err));
    MC_TRY(mc_skops_object(m, global, out, err));
    return mc_skops_later(m, mc_dict_get(node, "content"), &out->as.object->arguments, err);
}

/* slice(start, stop, step): three JSON values. */
mc_status mc_skops_fill_slice(mc_skops_maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    static const char *const NAMES[] = {"start", "stop", "step"};
    const mc_value *content = NULL;
    const mc_global *global = NULL;
    MC_TRY(mc_skops_need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(mc_skops_global(m, node, mc_bytes_of("builtins"), mc_bytes_of("slice"), &global, err));
    MC_TRY(mc_skops_object(m, global, out, err));
    MC_TRY(mc_skops_tuple(m, node, 3, &out->as.object->arguments, err));
    for (size_t i = 0; i < 3; i++) {
        mc_value *bound = mc_dict_get(content, NAMES[i]);
        if (bound == NULL || (bound->kind != MC_KIND_NONE && bound->kind != MC_KIND_INT))
            return mc_skops_bad(node, err, "a slice without its bounds");
        out->as.object->arguments->as.items.at[i] = bound;
    }
    return MC_OK;
}

/* As the pickle of a method: getattr(object, "name"). */
mc_status mc_skops_fill_method(mc_skops_maker *m, const mc_value *node, mc_value *out,
                               mc_error *err)
{
    const mc_value *content = NULL, *name = NULL;
    const mc_global *global = NULL;
    MC_TRY(mc_skops_need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(mc_skops_need(content, "func", MC_KIND_TEXT, &name, err));
    MC_TRY(mc_skops_global(m, node, mc_bytes_of("builtins"), mc_bytes_of("getattr"), &global, err));
    MC_TRY(mc_skops_object(m, global, out, err));
    MC_TRY(mc_skops_tuple(m, node, 2, &out->as.object->arguments, err));
    mc_value **arguments = out->as.object->arguments->as.items.at;
    MC_TRY(mc_skops_text(m, node, name->as.bytes, &arguments[1], err));
    return mc_skops_later(m, mc_dict_get(content, "obj"), &arguments[0], err);
}

/* As the pickle of a partial: partial(func), given the state (func, args, kwds, namespace). */
mc_status mc_skops_fill_partial(mc_skops_maker *m, const mc_value *node, mc_value *out,
                                mc_error *err)
{
    static const char *const PARTS[] = {"namespace", "kwds", "args", "func"};
    const mc_value *content = NULL;
    const mc_global *global = NULL;
    mc_value **state = NULL;
    MC_TRY(mc_skops_need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(
        mc_skops_global(m, node, mc_bytes_of("functools"), mc_bytes_of("partial"), &global, err));
    MC_TRY(mc_skops_object(m, global, out, err));
    MC_TRY(mc_skops_tuple(m, node, 1, &out->as.object->arguments, err));
    MC_TRY(mc_skops_state_slot(m, out->as.object, &state, err));
    MC_TRY(mc_skops_tuple(m, node, 4, state, err));
    for (size_t i = 0; i < 4; i++)
        MC_TRY(
            mc_skops_later(m, mc_dict_get(content, PARTS[i]), &(*state)->as.items.at[3 - i], err));
    return mc_skops_later(m, mc_dict_get(content, "func"),
                          &out->as.object->arguments->as.items.at[0], err);
}

mc_status mc_skops_fill_operator(mc_skops_maker *m, const mc_value *node, mc_value *out,
                                 mc_error *err)
{
    const mc_global *global = NULL;
    MC_TRY(mc_skops_named(m, node, &global, err));
    MC_TRY(mc_skops_object(m, global, out, err));
    return mc_skops_later(m, mc_dict_get(node, "attrs"), &out->as.object->arguments, err);
}

/* Random states say nothing about predictions: an object that nobody can look into. */
mc_status mc_skops_fill_random(mc_skops_maker *m, const mc_value *node, mc_value *out,
                               mc_error *err)
{
    mc_global *global = NULL;
    (void)node;
    MC_TRY(mc_arena_new(m->arena, mc_global, 1, &global, err));
    *global = (mc_global){.module = mc_bytes_of("numpy.random"),
                          .name = mc_bytes_of("RandomState"),
                          .kind = MC_GLOBAL_CLASS};
    return mc_skops_object(m, global, out, err);
}
