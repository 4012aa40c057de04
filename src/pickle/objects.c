/* objects.c: the opcodes that name things and make objects of them, as inert data.
 *
 * What a name may be is the table's word alone (options->lookup). A class or a maker may be
 * instantiated, which here means: noted down, with its arguments and state. Nothing is called. */
#include "base/limits.h"
#include "pickle/vm.h"

#define MAIN_HINT                                                                                 \
    " (functions and classes of __main__ travel by name only: define it in a module that can be " \
    "imported, or replace it)"

static mc_status fail_name(mc_vm *vm, mc_bytes module, mc_bytes name)
{
    return mc_vm_fail(vm, MC_E_UNSUPPORTED, "%.*s.%.*s is not a name that a model file may hold%s",
                      MC_SHOW(module), MC_SHOW(name),
                      mc_bytes_is(module, "__main__") ? MAIN_HINT : "");
}

static mc_status resolve(mc_vm *vm, mc_bytes module, mc_bytes name, const mc_global **out)
{
    mc_global *global = NULL;
    if (module.size > MC_LIMIT_LINE || name.size > MC_LIMIT_LINE)
        return mc_vm_fail(vm, MC_E_LIMIT, "name of %zu bytes, at most %d are read",
                          module.size > name.size ? module.size : name.size, MC_LIMIT_LINE);
    MC_TRY(mc_arena_new(vm->arena, mc_global, 1, &global, vm->err));
    if (!vm->options->lookup(vm->options->context, module, name, global))
        return fail_name(vm, module, name);
    *out = global;
    return MC_OK;
}

static mc_status push_global(mc_vm *vm, mc_bytes module, mc_bytes name)
{
    const mc_global *global = NULL;
    mc_value *value = NULL;
    MC_TRY(resolve(vm, module, name, &global));
    MC_TRY(mc_vm_new(vm, MC_KIND_GLOBAL, &value));
    value->as.global = global;
    return mc_vm_push(vm, value);
}

mc_status mc_op_global(mc_vm *vm, const mc_argument *argument)
{
    return push_global(vm, argument->bytes, argument->bytes_two);
}

mc_status mc_op_stack_global(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    const mc_value *name = mc_vm_pop(vm), *module = mc_vm_pop(vm);
    if (name->kind != MC_KIND_TEXT || module->kind != MC_KIND_TEXT)
        return mc_vm_fail(vm, MC_E_MALFORMED, "need two strings, found %s and %s",
                          mc_value_kind_name(module->kind), mc_value_kind_name(name->kind));
    return push_global(vm, module->as.bytes, name->as.bytes);
}

/* A class or maker, or a refusal saying what it is instead. */
static mc_status check_makes(mc_vm *vm, const mc_value *callee)
{
    char text[256];
    if (callee->kind != MC_KIND_GLOBAL) {
        return mc_vm_fail(vm, MC_E_UNSUPPORTED, "need a class, found %s (%s)",
                          mc_value_kind_name(callee->kind),
                          mc_value_type_name(callee, text, sizeof text));
    }
    if (callee->as.global->kind == MC_GLOBAL_FUNCTION) {
        return mc_vm_fail(vm, MC_E_UNSUPPORTED,
                          "%s is a function: a model file may refer to it, not call it",
                          mc_value_type_name(callee, text, sizeof text));
    }
    return MC_OK;
}

static mc_status make_object(mc_vm *vm, const mc_global *global, mc_value *arguments,
                             mc_value **out)
{
    mc_value *value = NULL;
    MC_TRY(mc_vm_new(vm, MC_KIND_OBJECT, &value));
    MC_TRY(mc_arena_new(vm->arena, mc_object, 1, &value->as.object, vm->err));
    value->as.object->global = global;
    value->as.object->arguments = arguments;
    *out = value;
    return MC_OK;
}

static mc_status check_is(mc_vm *vm, const mc_value *value, mc_value_kind kind)
{
    if (value->kind != kind)
        return mc_vm_fail(vm, MC_E_MALFORMED, "need a %s of arguments, found %s",
                          mc_value_kind_name(kind), mc_value_kind_name(value->kind));
    return MC_OK;
}

#define MOST_ARGUMENTS ((size_t)8)

/* The state of functools.partial(operator.methodcaller, ...): (function, arguments, keywords, _).
 */
static const mc_items *partial_maker(const mc_value *callee)
{
    if (!mc_value_is(callee, MC_KIND_OBJECT) || !mc_value_is_a(callee, "functools", "partial"))
        return NULL;
    const mc_value *state = callee->as.object->state;
    if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n < 3 ||
        !mc_value_is_a(state->as.items.at[0], "operator", "methodcaller") ||
        !mc_value_is(state->as.items.at[0], MC_KIND_GLOBAL) ||
        !mc_value_is(state->as.items.at[1], MC_KIND_TUPLE) ||
        state->as.items.at[1]->as.items.n > MOST_ARGUMENTS)
        return NULL;
    return &state->as.items;
}

/* How operator.methodcaller("fillna", value=0) is written: the call of a partial of its class. */
static mc_status reduce_partial(mc_vm *vm, const mc_items *state, const mc_value *rest)
{
    const mc_items first = state->at[1]->as.items;
    mc_value *arguments = NULL, *object = NULL;
    MC_TRY(check_is(vm, rest, MC_KIND_TUPLE));
    if (rest->as.items.n > MOST_ARGUMENTS) /* they are copied: a memo could name them often */
        return mc_vm_fail(vm, MC_E_LIMIT, "a method of %zu arguments", rest->as.items.n);
    MC_TRY(mc_vm_new(vm, MC_KIND_TUPLE, &arguments));
    mc_items *all = &arguments->as.items;
    all->n = all->room = first.n + rest->as.items.n;
    MC_TRY(mc_arena_new(vm->arena, mc_value *, all->n, &all->at, vm->err));
    for (size_t i = 0; i < all->n; i++)
        all->at[i] = i < first.n ? first.at[i] : rest->as.items.at[i - first.n];
    MC_TRY(make_object(vm, state->at[0]->as.global, arguments, &object));
    object->as.object->named_arguments = state->at[2];
    return mc_vm_push(vm, object);
}

mc_status mc_op_reduce(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    mc_value *arguments = mc_vm_pop(vm), *callee = mc_vm_pop(vm), *object = NULL;
    if (partial_maker(callee) != NULL)
        return reduce_partial(vm, partial_maker(callee), arguments);
    MC_TRY(check_makes(vm, callee));
    MC_TRY(check_is(vm, arguments, MC_KIND_TUPLE));
    MC_TRY(make_object(vm, callee->as.global, arguments, &object));
    MC_TRY(mc_vm_fold(vm, &object));
    return mc_vm_push(vm, object);
}

mc_status mc_op_newobj(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    mc_value *arguments = mc_vm_pop(vm), *callee = mc_vm_pop(vm), *object = NULL;
    MC_TRY(check_makes(vm, callee));
    MC_TRY(check_is(vm, arguments, MC_KIND_TUPLE));
    MC_TRY(make_object(vm, callee->as.global, arguments, &object));
    return mc_vm_push(vm, object);
}

mc_status mc_op_newobj_ex(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    mc_value *named = mc_vm_pop(vm), *arguments = mc_vm_pop(vm), *callee = mc_vm_pop(vm);
    mc_value *object = NULL;
    MC_TRY(check_makes(vm, callee));
    MC_TRY(check_is(vm, arguments, MC_KIND_TUPLE));
    MC_TRY(check_is(vm, named, MC_KIND_DICT));
    MC_TRY(make_object(vm, callee->as.global, arguments, &object));
    object->as.object->named_arguments = named;
    return mc_vm_push(vm, object);
}

/* An object of `global` with a slice of the stack as its arguments. */
static mc_status push_instance(mc_vm *vm, const mc_global *global, mc_items slice)
{
    mc_value *arguments = NULL, *object = NULL;
    MC_TRY(mc_vm_new(vm, MC_KIND_TUPLE, &arguments));
    MC_TRY(mc_vm_extend(vm, &arguments->as.items, slice));
    MC_TRY(make_object(vm, global, arguments, &object));
    return mc_vm_push(vm, object);
}

mc_status mc_op_inst(mc_vm *vm, const mc_argument *argument)
{
    mc_value callee = {.kind = MC_KIND_GLOBAL};
    const mc_items slice = mc_vm_pop_slice(vm);
    MC_TRY(resolve(vm, argument->bytes, argument->bytes_two, &callee.as.global));
    MC_TRY(check_makes(vm, &callee));
    return push_instance(vm, callee.as.global, slice);
}

mc_status mc_op_obj(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    const mc_items slice = mc_vm_pop_slice(vm);
    if (slice.n == 0)
        return mc_vm_fail(vm, MC_E_MALFORMED, "need a class above the MARK, found nothing");
    MC_TRY(check_makes(vm, slice.at[0]));
    return push_instance(vm, slice.at[0]->as.global,
                         (mc_items){slice.at + 1, slice.n - 1, slice.n - 1});
}

/* The first state lives in the object itself: most objects are built once. */
static mc_status add_state(mc_vm *vm, mc_object *object, mc_value *state)
{
    if (object->states.n == 0)
        object->states = (mc_items){&object->state, 1, 1};
    else if (object->states.at == &object->state) {
        mc_value *both[2] = {object->state, state};
        object->states = (mc_items){0};
        MC_TRY(mc_vm_extend(vm, &object->states, (mc_items){both, 2, 2}));
    } else {
        MC_TRY(mc_vm_extend(vm, &object->states, (mc_items){&state, 1, 1}));
    }
    object->state = state;
    return MC_OK;
}

mc_status mc_op_build(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    char text[256];
    mc_value *state = mc_vm_pop(vm), *target = mc_vm_peek(vm, 0);
    if (target->kind != MC_KIND_OBJECT) {
        return mc_vm_fail(vm, MC_E_UNSUPPORTED, "need an object to give state to, found %s (%s)",
                          mc_value_kind_name(target->kind),
                          mc_value_type_name(target, text, sizeof text));
    }
    MC_TRY(add_state(vm, target->as.object, state));
    if (vm->options->after_build == NULL)
        return MC_OK;
    return vm->options->after_build(vm->options->context, vm->reader, &vm->stack[vm->n_stack - 1],
                                    vm->err);
}
