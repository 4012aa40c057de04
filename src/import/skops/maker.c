/* maker.c: see maker.h. */
#include "import/skops/maker.h"

#include "base/limits.h"
#include "import/globals.h"

mc_status mc_skops_bad(const mc_value *node, mc_error *err, const char *what)
{
    return mc_fail(err, MC_E_MALFORMED, node->offset, "skops node: %s", what);
}

mc_status mc_skops_need(const mc_value *node, const char *key, mc_value_kind kind,
                        const mc_value **out, mc_error *err)
{
    const mc_value *found = mc_dict_get(node, key);
    if (!mc_value_is(found, kind))
        return mc_fail(err, MC_E_MALFORMED, node->offset, "skops node: \"%s\" is no %s", key,
                       mc_value_kind_name(kind));
    *out = found;
    return MC_OK;
}

/* Has `slot` filled later by what `node` is. */
mc_status mc_skops_later(mc_skops_maker *m, const mc_value *node, mc_value **slot, mc_error *err)
{
    const mc_skops_task made = {node, slot};
    if (node == NULL)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "skops node: a child is missing");
    return mc_vec_append(&m->tasks, &made, sizeof made, err);
}

/* A list of nodes, in their order: the last task comes next. */
mc_status mc_skops_later_items(mc_skops_maker *m, const mc_value *nodes, mc_items *out,
                               mc_error *err)
{
    const size_t n = nodes->as.items.n;
    MC_TRY(mc_arena_new(m->arena, mc_value *, n, &out->at, err));
    out->n = out->room = n;
    for (size_t i = n; i-- > 0;)
        MC_TRY(mc_skops_later(m, nodes->as.items.at[i], &out->at[i], err));
    return MC_OK;
}

mc_status mc_skops_new(mc_skops_maker *m, const mc_value *node, mc_value_kind kind, mc_value **out,
                       mc_error *err)
{
    MC_TRY(mc_arena_new(m->arena, mc_value, 1, out, err));
    (*out)->kind = kind;
    (*out)->offset = node->offset;
    return MC_OK;
}

mc_status mc_skops_global(mc_skops_maker *m, const mc_value *at, mc_bytes module, mc_bytes name,
                          const mc_global **out, mc_error *err)
{
    mc_global *global = NULL;
    MC_TRY(mc_arena_new(m->arena, mc_global, 1, &global, err));
    if (module.size > MC_LIMIT_LINE || name.size > MC_LIMIT_LINE ||
        !mc_globals_lookup(NULL, module, name, global)) {
        return mc_fail(err, MC_E_UNSUPPORTED, at->offset,
                       "%.*s.%.*s is not a name that a model file may hold", MC_SHOW(module),
                       MC_SHOW(name));
    }
    *out = global;
    return MC_OK;
}

/* The class or function that the node names. */
mc_status mc_skops_named(mc_skops_maker *m, const mc_value *node, const mc_global **out,
                         mc_error *err)
{
    const mc_value *module = NULL, *name = NULL;
    MC_TRY(mc_skops_need(node, "__module__", MC_KIND_TEXT, &module, err));
    MC_TRY(mc_skops_need(node, "__class__", MC_KIND_TEXT, &name, err));
    return mc_skops_global(m, node, module->as.bytes, name->as.bytes, out, err);
}

/* An object of `global` without arguments. */
mc_status mc_skops_object(mc_skops_maker *m, const mc_global *global, mc_value *out, mc_error *err)
{
    char text[256];
    mc_value *empty = NULL;
    if (global->kind == MC_GLOBAL_FUNCTION) {
        const mc_value name = {.kind = MC_KIND_GLOBAL, .as.global = global};
        return mc_fail(err, MC_E_UNSUPPORTED, out->offset, "%s is not a class",
                       mc_value_type_name(&name, text, sizeof text));
    }
    out->kind = MC_KIND_OBJECT;
    MC_TRY(mc_arena_new(m->arena, mc_object, 1, &out->as.object, err));
    MC_TRY(mc_skops_new(m, out, MC_KIND_TUPLE, &empty, err));
    out->as.object->global = global;
    out->as.object->arguments = empty;
    return MC_OK;
}

/* Where the state of an object goes, as BUILD leaves it. */
mc_status mc_skops_state_slot(mc_skops_maker *m, mc_object *object, mc_value ***out, mc_error *err)
{
    MC_TRY(mc_arena_new(m->arena, mc_value *, 1, &object->states.at, err));
    object->states.n = object->states.room = 1;
    *out = &object->states.at[0];
    return mc_vec_append(&m->stateful, &object, sizeof object, err);
}

mc_status mc_skops_later_state(mc_skops_maker *m, const mc_value *node, mc_object *object,
                               mc_error *err)
{
    mc_value **slot = NULL;
    MC_TRY(mc_skops_state_slot(m, object, &slot, err));
    return mc_skops_later(m, node, slot, err);
}

/* A tuple of values that are there already. */
mc_status mc_skops_tuple(mc_skops_maker *m, const mc_value *node, size_t n, mc_value **out,
                         mc_error *err)
{
    MC_TRY(mc_skops_new(m, node, MC_KIND_TUPLE, out, err));
    (*out)->as.items.n = (*out)->as.items.room = n;
    return mc_arena_new(m->arena, mc_value *, n, &(*out)->as.items.at, err);
}

mc_status mc_skops_text(mc_skops_maker *m, const mc_value *node, mc_bytes text, mc_value **out,
                        mc_error *err)
{
    MC_TRY(mc_skops_new(m, node, MC_KIND_TEXT, out, err));
    (*out)->as.bytes = text;
    return MC_OK;
}

mc_status mc_skops_member(mc_skops_maker *m, const mc_value *node, mc_bytes *out, mc_error *err)
{
    const mc_value *name = mc_dict_get(node, "file");
    if (!mc_value_is(name, MC_KIND_TEXT))
        return mc_skops_bad(node, err, "\"file\" is no text");
    return mc_zip_read(m->zip, name->as.bytes, out, err);
}
