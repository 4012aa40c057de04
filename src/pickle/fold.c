/* fold.c: REDUCE of Python's own reconstructors, folded into the plain value that they make.
 *
 * Older protocols have no opcode for bytes, sets and new objects and call these names instead:
 *   _codecs.encode(text, "latin1")              bytes            (protocols 0 to 2)
 *   bytes(), bytearray(bytes)                   bytes
 *   set([...]), frozenset([...])                set              (protocols 0 to 3)
 *   copyreg._reconstructor(class, base, state)  object of class  (protocols 0 and 1)
 *   copyreg.__newobj__(class, ...)              object of class
 *   copyreg.__newobj_ex__(class, args, named)   object of class
 *   getattr(object, "method")                   stays a note; of anything but an object or str it
 * is refused, so that no chain of them reaches anywhere so that nobody downstream needs to know by
 * which protocol a model was written. */
#include "base/limits.h"
#include "pickle/text.h"
#include "pickle/vm.h"

typedef mc_status fold_fn(mc_vm *vm, mc_items arguments, mc_value *value);

static mc_status fold_encode(mc_vm *vm, mc_items arguments, mc_value *value)
{
    if (arguments.n < 1 || arguments.n > 2 || arguments.at[0]->kind != MC_KIND_TEXT)
        return mc_vm_fail(vm, MC_E_MALFORMED, "_codecs.encode needs a string");
    if (arguments.n == 1 || (!mc_value_is_text(arguments.at[1], "latin1") &&
                             !mc_value_is_text(arguments.at[1], "latin-1")))
        return mc_vm_fail(vm, MC_E_UNSUPPORTED, "_codecs.encode to anything but latin1");
    /* One text may be encoded again and again by a few bytes each time. */
    vm->n_folded += arguments.at[0]->as.bytes.size;
    if (vm->n_folded / MC_LIMIT_GRAPH_FACTOR > vm->reader->size)
        return mc_vm_fail(vm, MC_E_LIMIT, "strings encoded to more than %d times the file",
                          MC_LIMIT_GRAPH_FACTOR);
    mc_bytes bytes = {0};
    mc_error error;
    const mc_status status = mc_text_latin1(vm->arena, arguments.at[0]->as.bytes, &bytes, &error);
    if (status != MC_OK)
        return mc_vm_fail(vm, status, "%s", error.message);
    value->kind = MC_KIND_BYTES;
    value->as.bytes = bytes;
    return MC_OK;
}

static mc_status fold_bytes(mc_vm *vm, mc_items arguments, mc_value *value)
{
    if (arguments.n > 1 || (arguments.n == 1 && arguments.at[0]->kind != MC_KIND_BYTES))
        return mc_vm_fail(vm, MC_E_UNSUPPORTED, "bytes made of anything but bytes");
    value->kind = MC_KIND_BYTES;
    value->as.bytes = arguments.n == 1 ? arguments.at[0]->as.bytes : mc_bytes_of("");
    return MC_OK;
}

/* bytearray(text, "latin-1") is what protocols 0 to 2 write. */
static mc_status fold_bytearray(mc_vm *vm, mc_items arguments, mc_value *value)
{
    return arguments.n == 2 ? fold_encode(vm, arguments, value) : fold_bytes(vm, arguments, value);
}

/* The set shares the list's array; `room` = n makes either copy it before it grows. */
static mc_status fold_set(mc_vm *vm, mc_items arguments, mc_value *value)
{
    mc_items items = {0};
    if (arguments.n == 1 &&
        (arguments.at[0]->kind == MC_KIND_LIST || arguments.at[0]->kind == MC_KIND_TUPLE ||
         arguments.at[0]->kind == MC_KIND_SET))
        items = arguments.at[0]->as.items;
    else if (arguments.n != 0)
        return mc_vm_fail(vm, MC_E_UNSUPPORTED, "a set made of anything but a list");
    items.room = items.n;
    value->kind = MC_KIND_SET;
    value->as.items = items;
    return MC_OK;
}

static mc_status take_class(mc_vm *vm, mc_items arguments, mc_object *object)
{
    char text[256];
    const mc_value *class = arguments.n == 0 ? NULL : arguments.at[0];
    if (!mc_value_is(class, MC_KIND_GLOBAL) || class->as.global->kind == MC_GLOBAL_FUNCTION)
        return mc_vm_fail(vm, MC_E_UNSUPPORTED, "need a class as first argument, found %s",
                          mc_value_type_name(class, text, sizeof text));
    object->global = class->as.global;
    return MC_OK;
}

static mc_status fold_reconstructor(mc_vm *vm, mc_items arguments, mc_value *value)
{
    mc_object *object = value->as.object;
    MC_TRY(take_class(vm, arguments, object));
    object->arguments = vm->empty;
    mc_value *base_state = arguments.n == 3 ? arguments.at[2] : NULL;
    if (mc_value_is(base_state, MC_KIND_TUPLE)) /* a named tuple: its items, as NEWOBJ takes them */
        object->arguments = base_state;
    mc_items *items = mc_value_is(base_state, MC_KIND_DICT)   ? &object->dict_items
                      : mc_value_is(base_state, MC_KIND_LIST) ? &object->list_items
                                                              : NULL;
    if (items != NULL) {
        *items = base_state->as.items;
        items->room = items->n; /* shared: copied before it grows */
    }
    return MC_OK;
}

static mc_status fold_newobj(mc_vm *vm, mc_items arguments, mc_value *value)
{
    mc_value *rest = NULL;
    MC_TRY(take_class(vm, arguments, value->as.object));
    MC_TRY(mc_vm_new(vm, MC_KIND_TUPLE, &rest));
    const size_t n = arguments.n - 1;
    rest->as.items = (mc_items){arguments.at + 1, n, n};
    value->as.object->arguments = rest;
    return MC_OK;
}

static mc_status fold_newobj_ex(mc_vm *vm, mc_items arguments, mc_value *value)
{
    MC_TRY(take_class(vm, arguments, value->as.object));
    if (arguments.n != 3 || arguments.at[1]->kind != MC_KIND_TUPLE ||
        arguments.at[2]->kind != MC_KIND_DICT)
        return mc_vm_fail(vm, MC_E_MALFORMED, "__newobj_ex__ needs a class, a tuple and a dict");
    value->as.object->arguments = arguments.at[1];
    value->as.object->named_arguments = arguments.at[2];
    return MC_OK;
}

static bool is_class(const mc_value *value)
{
    return value->kind == MC_KIND_GLOBAL && value->as.global->kind == MC_GLOBAL_CLASS;
}

/* Small letters and underscores within: no __dict__, no __globals__. */
static bool is_plain_name(mc_bytes name)
{
    for (size_t i = 0; i < name.size; i++)
        if ((name.data[i] < 'a' || name.data[i] > 'z') && (name.data[i] != '_' || i == 0))
            return false;
    return name.size > 0;
}

/* A bound method, which scipy's frozen distributions hold, or a method of a class (str.lower,
 * numpy.ndarray.astype), which vectorizers and FunctionTransformers hold. It stays an object of
 * builtins.getattr; attributes of other names (modules, functions) and of other such notes are
 * refused. */
static mc_status fold_getattr(mc_vm *vm, mc_items arguments, mc_value *value)
{
    char text[256];
    (void)value;
    if (arguments.n != 2 || arguments.at[1]->kind != MC_KIND_TEXT)
        return mc_vm_fail(vm, MC_E_MALFORMED, "getattr needs an object and a name");
    if (is_class(arguments.at[0]) && is_plain_name(arguments.at[1]->as.bytes))
        return MC_OK;
    if (arguments.at[0]->kind != MC_KIND_OBJECT ||
        mc_value_is_a(arguments.at[0], "builtins", "getattr")) {
        return mc_vm_fail(vm, MC_E_UNSUPPORTED, "getattr of %s, \"%.*s\"",
                          mc_value_type_name(arguments.at[0], text, sizeof text),
                          MC_SHOW(arguments.at[1]->as.bytes));
    }
    return MC_OK;
}

static const struct {
    const char *module, *name;
    fold_fn *fold;
} FOLDS[] = {
    {"_codecs", "encode", fold_encode},        {"builtins", "bytes", fold_bytes},
    {"builtins", "bytearray", fold_bytearray}, {"builtins", "set", fold_set},
    {"builtins", "frozenset", fold_set},       {"copyreg", "_reconstructor", fold_reconstructor},
    {"copyreg", "__newobj__", fold_newobj},    {"copyreg", "__newobj_ex__", fold_newobj_ex},
    {"builtins", "getattr", fold_getattr},
};

mc_status mc_vm_fold(mc_vm *vm, mc_value **object)
{
    for (size_t i = 0; i < MC_COUNT_OF(FOLDS); i++)
        if (mc_value_is_a(*object, FOLDS[i].module, FOLDS[i].name))
            return FOLDS[i].fold(vm, (*object)->as.object->arguments->as.items, *object);
    return MC_OK;
}
