/* graph.c: looking things up in a graph. Every function is O(items) of the one value given. */
#include "pickle/graph.h"

#include <stdio.h>
#include <string.h>

const char *mc_value_kind_name(mc_value_kind kind)
{
    static const char *const NAMES[] = {
        [MC_KIND_NONE] = "None",     [MC_KIND_BOOL] = "bool",    [MC_KIND_INT] = "int",
        [MC_KIND_BIG_INT] = "int",   [MC_KIND_FLOAT] = "float",  [MC_KIND_TEXT] = "str",
        [MC_KIND_BYTES] = "bytes",   [MC_KIND_LIST] = "list",    [MC_KIND_TUPLE] = "tuple",
        [MC_KIND_SET] = "set",       [MC_KIND_DICT] = "dict",    [MC_KIND_GLOBAL] = "name",
        [MC_KIND_OBJECT] = "object", [MC_KIND_NATIVE] = "array",
    };
    const size_t at = (size_t)kind;
    return at < MC_COUNT_OF(NAMES) ? NAMES[at] : "unknown";
}

bool mc_value_is_text(const mc_value *value, const char *literal)
{
    return mc_value_is(value, MC_KIND_TEXT) && mc_bytes_is(value->as.bytes, literal);
}

mc_value *mc_dict_get_bytes(const mc_value *dict, mc_bytes name)
{
    const mc_items *items = NULL;
    if (mc_value_is(dict, MC_KIND_DICT))
        items = &dict->as.items;
    else if (mc_value_is(dict, MC_KIND_OBJECT)) /* OrderedDict, defaultdict ... */
        items = &dict->as.object->dict_items;
    else
        return NULL;
    for (size_t i = items->n / 2; i > 0; i--) {
        const mc_value *key = items->at[2 * i - 2];
        if (key->kind == MC_KIND_TEXT && mc_bytes_equal(key->as.bytes, name))
            return items->at[2 * i - 1];
    }
    return NULL;
}

mc_value *mc_dict_get(const mc_value *dict, const char *name)
{
    return mc_dict_get_bytes(dict, mc_bytes_of(name));
}

/* In one BUILD state: a dict, or (dict or None, dict of slots), where the slots are set last. */
static mc_value *state_get(const mc_value *state, mc_bytes name)
{
    if (!mc_value_is(state, MC_KIND_TUPLE))
        return mc_dict_get_bytes(state, name);
    if (state->as.items.n != 2)
        return NULL;
    mc_value *found = mc_dict_get_bytes(state->as.items.at[1], name);
    return found != NULL ? found : mc_dict_get_bytes(state->as.items.at[0], name);
}

mc_value *mc_value_attr(const mc_value *object, const char *name)
{
    if (!mc_value_is(object, MC_KIND_OBJECT))
        return NULL;
    const mc_items *states = &object->as.object->states;
    for (size_t i = states->n; i > 0; i--) {
        mc_value *found = state_get(states->at[i - 1], mc_bytes_of(name));
        if (found != NULL)
            return found;
    }
    return NULL;
}

static const mc_global *global_of(const mc_value *value)
{
    if (mc_value_is(value, MC_KIND_GLOBAL))
        return value->as.global;
    return mc_value_is(value, MC_KIND_OBJECT) ? value->as.object->global : NULL;
}

bool mc_value_is_a(const mc_value *value, const char *module, const char *name)
{
    const mc_global *global = global_of(value);
    return global != NULL && mc_bytes_is(global->name, name) && mc_bytes_is(global->module, module);
}

const char *mc_value_type_name(const mc_value *value, char *text, size_t size)
{
    const mc_global *global = global_of(value);
    if (global != NULL)
        (void)snprintf(text, size, "%.*s.%.*s", MC_SHOW(global->module), MC_SHOW(global->name));
    else
        (void)snprintf(text, size, "%s",
                       mc_value_kind_name(value == NULL ? MC_KIND_NONE : value->kind));
    return text;
}
