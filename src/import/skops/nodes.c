/* nodes.c: one function a loader of skops: node -> value.
 *
 * Oracle   skops/io/{_general,_numpy,_scipy,_sklearn,_audit}.py and old/, skops 0.2 to 0.16:
 *          protocols 0, 1 and 2.
 * HOW IT WORKS  A value is made for a node, and its children are put on a list of what is still to
 *          be made, each with the place that waits for it: no recursion, and cycles and shared
 *          objects (nodes of the same __id__) are no special case. Values have the form that the
 *          pickle of the same object has, so that whoever reads graphs need not know of skops.
 * Why so   Nothing is imported or called; a class that the table of globals does not know is
 *          refused by name, as in pickles. */
#include "import/skops/nodes.h"

#include <xxhash.h>

#include "array/shape.h"
#include "base/number.h"
#include "base/size.h"
#include "base/vec.h"
#include "import/file/literal.h"
#include "import/file/npy.h"
#include "import/globals.h"

#define LAST_PROTOCOL 2

typedef struct task {
    const mc_value *node;
    mc_value **slot; /* arena */
} task;

typedef struct known {
    int64_t id;
    mc_value *value;
} known;

typedef struct maker {
    mc_zip *zip;     /* borrowed */
    mc_arena *arena; /* borrowed */
    int64_t protocol;
    mc_vec tasks;    /* the last one comes next */
    mc_vec stateful; /* mc_object *: `state` is set when all values are there */
    mc_vec memo;     /* known */
    mc_intern ids;   /* of memo */
} maker;

typedef mc_status fill_fn(maker *m, const mc_value *node, mc_value *out, mc_error *err);

/* ----------------------------------------------------------------------------- helpers ---- */

static mc_status bad(const mc_value *node, mc_error *err, const char *what)
{
    return mc_fail(err, MC_E_MALFORMED, node->offset, "skops node: %s", what);
}

static mc_status need(const mc_value *node, const char *key, mc_value_kind kind,
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
static mc_status later(maker *m, const mc_value *node, mc_value **slot, mc_error *err)
{
    const task made = {node, slot};
    if (node == NULL)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "skops node: a child is missing");
    return mc_vec_append(&m->tasks, &made, sizeof made, err);
}

/* A list of nodes, in their order: the last task comes next. */
static mc_status later_items(maker *m, const mc_value *nodes, mc_items *out, mc_error *err)
{
    const size_t n = nodes->as.items.n;
    MC_TRY(mc_arena_new(m->arena, mc_value *, n, &out->at, err));
    out->n = out->room = n;
    for (size_t i = n; i-- > 0;)
        MC_TRY(later(m, nodes->as.items.at[i], &out->at[i], err));
    return MC_OK;
}

static mc_status new_value(maker *m, const mc_value *node, mc_value_kind kind, mc_value **out,
                           mc_error *err)
{
    MC_TRY(mc_arena_new(m->arena, mc_value, 1, out, err));
    (*out)->kind = kind;
    (*out)->offset = node->offset;
    return MC_OK;
}

static mc_status find_global(maker *m, const mc_value *at, mc_bytes module, mc_bytes name,
                             const mc_global **out, mc_error *err)
{
    mc_global *global = NULL;
    MC_TRY(mc_arena_new(m->arena, mc_global, 1, &global, err));
    if (module.size > MC_LIMIT_LINE || name.size > MC_LIMIT_LINE ||
        !mc_globals_lookup(NULL, module, name, global))
        return mc_fail(err, MC_E_UNSUPPORTED, at->offset,
                       "%.*s.%.*s is not a name that a model file may hold", MC_SHOW(module),
                       MC_SHOW(name));
    *out = global;
    return MC_OK;
}

/* The class or function that the node names. */
static mc_status named_global(maker *m, const mc_value *node, const mc_global **out, mc_error *err)
{
    const mc_value *module = NULL, *name = NULL;
    MC_TRY(need(node, "__module__", MC_KIND_TEXT, &module, err));
    MC_TRY(need(node, "__class__", MC_KIND_TEXT, &name, err));
    return find_global(m, node, module->as.bytes, name->as.bytes, out, err);
}

/* An object of `global` without arguments. */
static mc_status make_object(maker *m, const mc_global *global, mc_value *out, mc_error *err)
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
    MC_TRY(new_value(m, out, MC_KIND_TUPLE, &empty, err));
    out->as.object->global = global;
    out->as.object->arguments = empty;
    return MC_OK;
}

/* Where the state of an object goes, as BUILD leaves it. */
static mc_status state_slot(maker *m, mc_object *object, mc_value ***out, mc_error *err)
{
    MC_TRY(mc_arena_new(m->arena, mc_value *, 1, &object->states.at, err));
    object->states.n = object->states.room = 1;
    *out = &object->states.at[0];
    return mc_vec_append(&m->stateful, &object, sizeof object, err);
}

static mc_status later_state(maker *m, const mc_value *node, mc_object *object, mc_error *err)
{
    mc_value **slot = NULL;
    MC_TRY(state_slot(m, object, &slot, err));
    return later(m, node, slot, err);
}

/* A tuple of values that are there already. */
static mc_status make_tuple(maker *m, const mc_value *node, size_t n, mc_value **out, mc_error *err)
{
    MC_TRY(new_value(m, node, MC_KIND_TUPLE, out, err));
    (*out)->as.items.n = (*out)->as.items.room = n;
    return mc_arena_new(m->arena, mc_value *, n, &(*out)->as.items.at, err);
}

static mc_status make_text(maker *m, const mc_value *node, mc_bytes text, mc_value **out,
                           mc_error *err)
{
    MC_TRY(new_value(m, node, MC_KIND_TEXT, out, err));
    (*out)->as.bytes = text;
    return MC_OK;
}

static mc_status read_member(maker *m, const mc_value *node, mc_bytes *out, mc_error *err)
{
    const mc_value *name = mc_dict_get(node, "file");
    if (!mc_value_is(name, MC_KIND_TEXT))
        return bad(node, err, "\"file\" is no text");
    return mc_zip_read(m->zip, name->as.bytes, out, err);
}

/* -------------------------------------------------------------------------- containers ---- */

static mc_status fill_items(maker *m, const mc_value *node, mc_value_kind kind, mc_value *out,
                            mc_error *err)
{
    const mc_value *content = NULL;
    MC_TRY(need(node, "content", MC_KIND_LIST, &content, err));
    out->kind = kind;
    return later_items(m, content, &out->as.items, err);
}

static mc_status fill_list(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    return fill_items(m, node, MC_KIND_LIST, out, err);
}

static mc_status fill_tuple(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    return fill_items(m, node, MC_KIND_TUPLE, out, err);
}

static mc_status fill_set(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    return fill_items(m, node, MC_KIND_SET, out, err);
}

static bool starts_with(mc_bytes text, const char *start)
{
    const size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

/* A key that JSON has made a text of, as what it was: `type` is the node of its type. */
static mc_status make_key(maker *m, const mc_value *text, const mc_value *type, mc_value **out,
                          mc_error *err)
{
    const mc_value *name = NULL;
    MC_TRY(need(type, "__class__", MC_KIND_TEXT, &name, err));
    const mc_bytes is = name->as.bytes, key = text->as.bytes;
    MC_TRY(make_text(m, text, key, out, err));
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
        if (is_int)
            **out = (mc_value){.kind = MC_KIND_FLOAT,
                               .offset = text->offset,
                               .as.number = (double)(*out)->as.integer};
        return MC_OK;
    }
    if (is_int && (starts_with(is, "int") || starts_with(is, "uint")))
        return MC_OK;
    return mc_fail(err, MC_E_UNSUPPORTED, text->offset, "a key of type %.*s", MC_SHOW(is));
}

static mc_status fill_dict(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *content = NULL, *types = NULL, *type_list = NULL;
    MC_TRY(need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(need(node, "key_types", MC_KIND_DICT, &types, err));
    MC_TRY(need(types, "content", MC_KIND_LIST, &type_list, err));
    const mc_items from = content->as.items;
    if (type_list->as.items.n != from.n / 2)
        return bad(node, err, "not as many types of keys as keys");
    out->kind = MC_KIND_DICT;
    out->as.items.n = out->as.items.room = from.n;
    MC_TRY(mc_arena_new(m->arena, mc_value *, from.n, &out->as.items.at, err));
    for (size_t i = from.n; i > 0; i -= 2) {
        if (from.at[i - 2]->kind != MC_KIND_TEXT)
            return bad(node, err, "a key that is no text");
        MC_TRY(make_key(m, from.at[i - 2], type_list->as.items.at[i / 2 - 1],
                        &out->as.items.at[i - 2], err));
        MC_TRY(later(m, from.at[i - 1], &out->as.items.at[i - 1], err));
    }
    return MC_OK;
}

/* What `content` holds under `key` stands for the whole: its other parts say nothing here. */
static mc_status fill_as(maker *m, const mc_value *node, const char *key, mc_value *out,
                         mc_error *err)
{
    const mc_value *content = NULL, *inner = NULL, *loader = NULL;
    MC_TRY(need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(need(content, key, MC_KIND_DICT, &inner, err));
    MC_TRY(need(inner, "__loader__", MC_KIND_TEXT, &loader, err));
    if (mc_bytes_is(loader->as.bytes, "DictNode"))
        return fill_dict(m, inner, out, err);
    return bad(node, err, "the dict in it is none");
}

static mc_status fill_default_dict(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    return fill_as(m, node, "main", out, err);
}

/* ------------------------------------------------------------------------------ arrays ---- */

static mc_status make_native(maker *m, const mc_ndarray *array, mc_value *out, mc_error *err)
{
    mc_ndarray *kept = NULL;
    MC_TRY(mc_arena_new(m->arena, mc_ndarray, 1, &kept, err));
    *kept = *array;
    out->kind = MC_KIND_NATIVE;
    out->as.native.tag = MC_NATIVE_NDARRAY;
    out->as.native.data = kept;
    return MC_OK;
}

/* The content of list nodes, one behind the other: one dimension less. */
static mc_status unfold(maker *m, mc_value **nodes, size_t n, size_t width, mc_value ***out,
                        mc_error *err)
{
    mc_value **made = NULL;
    size_t n_made = 0;
    if (!mc_mul_size(n, width, &n_made))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "an array of more objects than memory");
    for (size_t i = 0; i < n; i++) { /* before anything is allocated for what they announce */
        const mc_value *content = mc_dict_get(nodes[i], "content");
        if (!mc_value_is(content, MC_KIND_LIST) || content->as.items.n != width)
            return bad(nodes[i], err, "a row of objects of another length");
    }
    MC_TRY(mc_arena_new(m->arena, mc_value *, n_made, &made, err));
    for (size_t i = 0; i < n && width > 0; i++)
        memcpy(made + i * width, mc_dict_get(nodes[i], "content")->as.items.at,
               width * sizeof *made);
    *out = made;
    return MC_OK;
}

/* Numbers of a node that holds a tuple of JSON integers, as a value for mc_ndarray_set_shape(). */
static mc_status read_shape(maker *m, const mc_value *node, mc_value **out, mc_error *err)
{
    const mc_value *shape = NULL, *items = NULL, *number = NULL;
    MC_TRY(need(node, "shape", MC_KIND_DICT, &shape, err));
    MC_TRY(need(shape, "content", MC_KIND_LIST, &items, err));
    MC_TRY(make_tuple(m, node, items->as.items.n, out, err));
    for (size_t i = 0; i < items->as.items.n; i++) {
        MC_TRY(need(items->as.items.at[i], "content", MC_KIND_TEXT, &number, err));
        MC_TRY(mc_literal_read(number->as.bytes, number->offset, m->arena, &(*out)->as.items.at[i],
                               err));
    }
    return MC_OK;
}

/* Objects: a list of nodes, of list nodes where there is more than one dimension. */
static mc_status fill_objects(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *content = NULL;
    mc_value *shape = NULL, **objects = NULL;
    mc_ndarray array = {.dtype = {.kind = 'O', .item_size = 8}};
    MC_TRY(need(node, "content", MC_KIND_LIST, &content, err));
    MC_TRY(read_shape(m, node, &shape, err));
    MC_TRY(mc_ndarray_set_shape(&array, shape, false, node->offset, err));
    if (array.n_dims == 0 || content->as.items.n != array.shape[0])
        return bad(node, err, "an array of objects has another shape");
    mc_value **nodes = content->as.items.at;
    size_t n = array.shape[0];
    for (size_t i = 1; i < array.n_dims; n *= array.shape[i++])
        MC_TRY(unfold(m, nodes, n, array.shape[i], &nodes, err));
    MC_TRY(mc_arena_new(m->arena, mc_value *, n, &objects, err));
    for (size_t i = n; i-- > 0;)
        MC_TRY(later(m, nodes[i], &objects[i], err));
    array.objects = objects;
    return make_native(m, &array, out, err);
}

static mc_status read_array(maker *m, const mc_value *node, mc_ndarray *out, mc_error *err)
{
    mc_bytes file;
    MC_TRY(read_member(m, node, &file, err));
    const mc_value *name = mc_dict_get(node, "file");
    MC_TRY_IN(mc_npy_read(file, m->arena, out, err), err, "\"%.*s\"", MC_SHOW(name->as.bytes));
    return MC_OK;
}

static mc_status fill_array(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *type = NULL;
    mc_ndarray array;
    MC_TRY(need(node, "type", MC_KIND_TEXT, &type, err));
    if (mc_bytes_is(type->as.bytes, "json"))
        return fill_objects(m, node, out, err);
    if (!mc_bytes_is(type->as.bytes, "numpy"))
        return bad(node, err, "an array of an unknown type");
    MC_TRY(read_array(m, node, &array, err));
    return make_native(m, &array, out, err);
}

/* Hidden values play no part in predictions: the data alone. */
static mc_status fill_masked(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *content = NULL, *data = NULL;
    MC_TRY(need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(need(content, "data", MC_KIND_DICT, &data, err));
    return fill_array(m, data, out, err);
}

/* A dtype is kept as an empty array of it. */
static mc_status fill_dtype(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    static const char CODES[] = "fiubSUVOMmc";
    const mc_value *content = NULL;
    const mc_global *global = NULL;
    mc_ndarray array = {.dtype = {.kind = 'O', .item_size = 8}};
    char *text = NULL;
    MC_TRY(need(node, "content", MC_KIND_DICT, &content, err));
    if (!mc_value_is_text(mc_dict_get(content, "type"), "json"))
        MC_TRY(read_array(m, content, &array, err));
    if (array.dtype.n_fields > 0 || strchr(CODES, array.dtype.kind) == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, node->offset, "a dtype with fields");
    const size_t size = array.dtype.item_size / (array.dtype.kind == 'U' ? 4 : 1);
    MC_TRY(mc_arena_new(m->arena, char, 2 + MC_NUMBER_TEXT, &text, err));
    text[0] = array.dtype.big_endian ? '>' : '<';
    text[1] = array.dtype.kind;
    const size_t digits = mc_print_int((int64_t)size, text + 2);
    MC_TRY(find_global(m, node, mc_bytes_of("numpy"), mc_bytes_of("dtype"), &global, err));
    MC_TRY(make_object(m, global, out, err));
    MC_TRY(make_tuple(m, node, 1, &out->as.object->arguments, err));
    return make_text(m, node, (mc_bytes){(const uint8_t *)text, 2 + digits},
                     &out->as.object->arguments->as.items.at[0], err);
}

/* ----------------------------------------------------------------------------- objects ---- */

static mc_status fill_json(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *content = NULL;
    mc_value *read = NULL;
    MC_TRY(need(node, "content", MC_KIND_TEXT, &content, err));
    MC_TRY(mc_literal_read(content->as.bytes, content->offset, m->arena, &read, err));
    *out = *read;
    return MC_OK;
}

static mc_status fill_name(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    out->kind = MC_KIND_GLOBAL;
    return named_global(m, node, &out->as.global, err);
}

/* Protocol 0 has both names in its content. */
static mc_status fill_function(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *module = NULL, *name = NULL, *content = mc_dict_get(node, "content");
    if (m->protocol > 0 || !mc_value_is(content, MC_KIND_DICT))
        return fill_name(m, node, out, err);
    MC_TRY(need(content, "module_path", MC_KIND_TEXT, &module, err));
    MC_TRY(need(content, "function", MC_KIND_TEXT, &name, err));
    out->kind = MC_KIND_GLOBAL;
    return find_global(m, node, module->as.bytes, name->as.bytes, &out->as.global, err);
}

static mc_status fill_object(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_global *global = NULL;
    const mc_value *content = mc_dict_get(node, "content");
    MC_TRY(named_global(m, node, &global, err));
    MC_TRY(make_object(m, global, out, err));
    return mc_value_is_none(content) ? MC_OK : later_state(m, content, out->as.object, err);
}

/* Tree, and compiled losses: made of arguments, then given a state. */
static mc_status fill_reduced(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_global *global = NULL;
    const mc_value *reduce = NULL, *args = NULL;
    MC_TRY(need(node, "__reduce__", MC_KIND_DICT, &reduce, err));
    MC_TRY(need(reduce, "args", MC_KIND_DICT, &args, err));
    MC_TRY(named_global(m, node, &global, err));
    MC_TRY(make_object(m, global, out, err));
    MC_TRY(later_state(m, mc_dict_get(node, "content"), out->as.object, err));
    return later(m, args, &out->as.object->arguments, err);
}

static mc_status fill_constructed(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_global *global = NULL;
    MC_TRY(named_global(m, node, &global, err));
    MC_TRY(make_object(m, global, out, err));
    return later(m, mc_dict_get(node, "content"), &out->as.object->arguments, err);
}

/* slice(start, stop, step): three JSON values. */
static mc_status fill_slice(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    static const char *const NAMES[] = {"start", "stop", "step"};
    const mc_value *content = NULL;
    const mc_global *global = NULL;
    MC_TRY(need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(find_global(m, node, mc_bytes_of("builtins"), mc_bytes_of("slice"), &global, err));
    MC_TRY(make_object(m, global, out, err));
    MC_TRY(make_tuple(m, node, 3, &out->as.object->arguments, err));
    for (size_t i = 0; i < 3; i++) {
        mc_value *bound = mc_dict_get(content, NAMES[i]);
        if (bound == NULL || (bound->kind != MC_KIND_NONE && bound->kind != MC_KIND_INT))
            return bad(node, err, "a slice without its bounds");
        out->as.object->arguments->as.items.at[i] = bound;
    }
    return MC_OK;
}

/* As the pickle of a method: getattr(object, "name"). */
static mc_status fill_method(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *content = NULL, *name = NULL;
    const mc_global *global = NULL;
    MC_TRY(need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(need(content, "func", MC_KIND_TEXT, &name, err));
    MC_TRY(find_global(m, node, mc_bytes_of("builtins"), mc_bytes_of("getattr"), &global, err));
    MC_TRY(make_object(m, global, out, err));
    MC_TRY(make_tuple(m, node, 2, &out->as.object->arguments, err));
    mc_value **arguments = out->as.object->arguments->as.items.at;
    MC_TRY(make_text(m, node, name->as.bytes, &arguments[1], err));
    return later(m, mc_dict_get(content, "obj"), &arguments[0], err);
}

/* As the pickle of a partial: partial(func), given the state (func, args, kwds, namespace). */
static mc_status fill_partial(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    static const char *const PARTS[] = {"namespace", "kwds", "args", "func"};
    const mc_value *content = NULL;
    const mc_global *global = NULL;
    mc_value **state = NULL;
    MC_TRY(need(node, "content", MC_KIND_DICT, &content, err));
    MC_TRY(find_global(m, node, mc_bytes_of("functools"), mc_bytes_of("partial"), &global, err));
    MC_TRY(make_object(m, global, out, err));
    MC_TRY(make_tuple(m, node, 1, &out->as.object->arguments, err));
    MC_TRY(state_slot(m, out->as.object, &state, err));
    MC_TRY(make_tuple(m, node, 4, state, err));
    for (size_t i = 0; i < 4; i++)
        MC_TRY(later(m, mc_dict_get(content, PARTS[i]), &(*state)->as.items.at[3 - i], err));
    return later(m, mc_dict_get(content, "func"), &out->as.object->arguments->as.items.at[0], err);
}

static mc_status fill_operator(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_global *global = NULL;
    MC_TRY(named_global(m, node, &global, err));
    MC_TRY(make_object(m, global, out, err));
    return later(m, mc_dict_get(node, "attrs"), &out->as.object->arguments, err);
}

static mc_status fill_bytes(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    out->kind = MC_KIND_BYTES;
    return read_member(m, node, &out->as.bytes, err);
}

/* Random states say nothing about predictions: an object that nobody can look into. */
static mc_status fill_random(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    mc_global *global = NULL;
    (void)node;
    MC_TRY(mc_arena_new(m->arena, mc_global, 1, &global, err));
    *global = (mc_global){.module = mc_bytes_of("numpy.random"),
                          .name = mc_bytes_of("RandomState"),
                          .kind = MC_GLOBAL_CLASS};
    return make_object(m, global, out, err);
}

/* ------------------------------------------------------------------------------ sparse ---- */

/* A member of an .npz, which is a zip archive too. */
static mc_status npz_array(maker *m, mc_zip *npz, const char *name, mc_ndarray *out, mc_error *err)
{
    mc_bytes file;
    MC_TRY(mc_zip_read(npz, mc_bytes_of(name), &file, err));
    MC_TRY_IN(mc_npy_read(file, m->arena, out, err), err, "\"%s\"", name);
    return MC_OK;
}

static mc_status add_attribute(maker *m, const mc_value *node, mc_value *dict, const char *name,
                               mc_value **out_slot, mc_error *err)
{
    mc_items *items = &dict->as.items;
    MC_TRY(make_text(m, node, mc_bytes_of(name), &items->at[items->n], err));
    MC_TRY(new_value(m, node, MC_KIND_NONE, &items->at[items->n + 1], err));
    *out_slot = items->at[items->n + 1];
    items->n += 2;
    return MC_OK;
}

/* The two counts of shape.npy as a tuple of ints. */
static mc_status make_shape(maker *m, mc_zip *npz, const mc_value *node, mc_value *out,
                            mc_error *err)
{
    mc_ndarray array;
    int64_t *counts = NULL;
    mc_value *tuple = NULL;
    MC_TRY(npz_array(m, npz, "shape.npy", &array, err));
    MC_TRY(mc_ndarray_i64(m->arena, &array, &counts, err));
    MC_TRY(make_tuple(m, node, array.n_items, &tuple, err));
    for (size_t i = 0; i < array.n_items; i++) {
        MC_TRY(new_value(m, node, MC_KIND_INT, &tuple->as.items.at[i], err));
        tuple->as.items.at[i]->as.integer = counts[i];
    }
    *out = *tuple;
    return MC_OK;
}

/* "csr" or "csc"; scipy writes the name as bytes, older ones as a string. */
static mc_status find_format(maker *m, mc_zip *npz, const mc_value *node, const mc_global **out,
                             mc_error *err)
{
    mc_ndarray array;
    MC_TRY(npz_array(m, npz, "format.npy", &array, err));
    const size_t step = array.dtype.kind == 'U' ? 4 : 1;
    char name[4] = "";
    for (size_t i = 0; i < 3 && array.n_items == 1 && i * step < array.dtype.item_size; i++)
        name[i] = (char)array.data[i * step];
    const bool is_csr = strcmp(name, "csr") == 0;
    if (!is_csr && strcmp(name, "csc") != 0)
        return mc_fail(err, MC_E_UNSUPPORTED, node->offset,
                       "a sparse matrix of format \"%s\", csr and csc are read", name);
    return find_global(m, node, mc_bytes_of(is_csr ? "scipy.sparse._csr" : "scipy.sparse._csc"),
                       mc_bytes_of(is_csr ? "csr_matrix" : "csc_matrix"), out, err);
}

static mc_status fill_sparse(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    static const char *const ARRAYS[][2] = {
        {"indptr", "indptr.npy"}, {"indices", "indices.npy"}, {"data", "data.npy"}};
    const mc_global *global = NULL;
    mc_value **state = NULL, *slot = NULL;
    mc_bytes file;
    mc_zip npz;
    MC_TRY(read_member(m, node, &file, err));
    MC_TRY_IN(mc_zip_open(file, m->arena, &npz, err), err, "the file of a sparse matrix");
    npz.reserve = m->zip->reserve;
    npz.context = m->zip->context;
    MC_TRY(find_format(m, &npz, node, &global, err));
    MC_TRY(make_object(m, global, out, err));
    MC_TRY(state_slot(m, out->as.object, &state, err));
    MC_TRY(new_value(m, node, MC_KIND_DICT, state, err));
    MC_TRY(mc_arena_new(m->arena, mc_value *, 8, &(*state)->as.items.at, err));
    MC_TRY(add_attribute(m, node, *state, "_shape", &slot, err));
    MC_TRY(make_shape(m, &npz, node, slot, err));
    for (size_t i = 0; i < MC_COUNT_OF(ARRAYS); i++) {
        mc_ndarray array;
        MC_TRY(npz_array(m, &npz, ARRAYS[i][1], &array, err));
        MC_TRY(add_attribute(m, node, *state, ARRAYS[i][0], &slot, err));
        MC_TRY(make_native(m, &array, slot, err));
    }
    return MC_OK;
}

/* ------------------------------------------------------------------------------- drive ---- */

static const struct {
    const char *loader;
    fill_fn *fill;
} LOADERS[] = {
    {"JsonNode", fill_json},
    {"TypeNode", fill_name},
    {"DictNode", fill_dict},
    {"ListNode", fill_list},
    {"TupleNode", fill_tuple},
    {"SetNode", fill_set},
    {"NdArrayNode", fill_array},
    {"ObjectNode", fill_object},
    {"TreeNode", fill_reduced},
    {"LossNode", fill_reduced},
    {"FunctionNode", fill_function},
    {"DTypeNode", fill_dtype},
    {"SliceNode", fill_slice},
    {"SparseMatrixNode", fill_sparse},
    {"MaskedArrayNode", fill_masked},
    {"RandomStateNode", fill_random},
    {"RandomGeneratorNode", fill_random},
    {"ConstructorFromReduceNode", fill_constructed},
    {"MethodNode", fill_method},
    {"PartialNode", fill_partial},
    {"OperatorFuncNode", fill_operator},
    {"BytesNode", fill_bytes},
    {"BytearrayNode", fill_bytes},
    {"DefaultDictNode", fill_default_dict},
    {"_DictWithDeprecatedKeysNode", fill_default_dict},
};

static mc_status fill(maker *m, const mc_value *node, mc_value *out, mc_error *err)
{
    const mc_value *loader = NULL;
    MC_TRY(need(node, "__loader__", MC_KIND_TEXT, &loader, err));
    for (size_t i = 0; i < MC_COUNT_OF(LOADERS); i++)
        if (mc_bytes_is(loader->as.bytes, LOADERS[i].loader))
            return LOADERS[i].fill(m, node, out, err);
    return mc_fail(err, MC_E_UNSUPPORTED, node->offset, "skops node of the loader %.*s",
                   MC_SHOW(loader->as.bytes));
}

typedef struct id_query {
    const maker *m;
    int64_t id;
} id_query;

static const known *known_at(const maker *m, uint32_t at)
{
    return (const known *)(const void *)m->memo.data + at;
}

static bool same_id(const void *context, uint32_t at)
{
    const id_query *query = context;
    return known_at(query->m, at)->id == query->id;
}

/* The value of a node: the one that is there already if its id is known. */
static mc_status make_value(maker *m, const task *next, mc_error *err)
{
    const mc_value *id = mc_dict_get(next->node, "__id__");
    const bool has_id = mc_value_is(id, MC_KIND_INT) && id->as.integer != 0;
    const id_query query = {m, has_id ? id->as.integer : 0};
    const uint64_t hash = XXH3_64bits(&query.id, sizeof query.id);
    uint32_t at = 0;
    if (has_id && mc_intern_find(&m->ids, hash, same_id, &query, &at)) {
        *next->slot = known_at(m, at)->value;
        return MC_OK;
    }
    known made = {.id = query.id};
    MC_TRY(new_value(m, next->node, MC_KIND_NONE, &made.value, err));
    *next->slot = made.value;
    if (has_id) {
        at = mc_u32_from_size(m->memo.size / sizeof made);
        MC_TRY(mc_vec_append(&m->memo, &made, sizeof made, err));
        MC_TRY(mc_intern_add(&m->ids, hash, at, err));
    }
    return fill(m, next->node, made.value, err);
}

static mc_status make_all(maker *m, mc_error *err)
{
    while (m->tasks.size > 0) {
        m->tasks.size -= sizeof(task);
        const task next = *(const task *)(const void *)(m->tasks.data + m->tasks.size);
        if (next.node->kind != MC_KIND_DICT)
            return bad(next.node, err, "it is no object");
        MC_TRY(make_value(m, &next, err));
    }
    mc_object *const *objects = (mc_object *const *)(const void *)m->stateful.data;
    for (size_t i = 0; i < m->stateful.size / sizeof *objects; i++)
        objects[i]->state = objects[i]->states.at[0];
    return MC_OK;
}

static mc_status check_protocol(const mc_value *schema, int64_t *out, mc_error *err)
{
    const mc_value *protocol = mc_dict_get(schema, "protocol");
    *out = mc_value_is(protocol, MC_KIND_INT) ? protocol->as.integer : 0; /* 0.1 wrote none */
    if (*out >= 0 && *out <= LAST_PROTOCOL)
        return MC_OK;
    return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                   "a skops file of protocol %lld, at most %d is read", (long long)*out,
                   LAST_PROTOCOL);
}

mc_status mc_skops_nodes(mc_zip *zip, const mc_value *schema, mc_value **out, mc_error *err)
{
    maker m = {.zip = zip, .arena = zip->arena};
    mc_value **root = NULL;
    MC_TRY(check_protocol(schema, &m.protocol, err));
    MC_TRY(mc_arena_new(m.arena, mc_value *, 1, &root, err));
    mc_status status = later(&m, schema, root, err);
    if (status == MC_OK)
        status = make_all(&m, err);
    mc_vec_fini(&m.tasks);
    mc_vec_fini(&m.stateful);
    mc_vec_fini(&m.memo);
    mc_intern_fini(&m.ids);
    if (status == MC_OK)
        *out = *root;
    return status;
}
