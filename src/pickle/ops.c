/* ops.c: the opcodes that make plain data: constants, numbers, text, containers, the memo. */
#include <stdio.h>
#include <string.h>

#include "pickle/text.h"
#include "pickle/vm.h"

/* ------------------------------------------------------------------------------- control ---- */

mc_status mc_op_stop(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    (void)mc_vm_pop(vm);
    vm->stopped = true;
    return MC_OK;
}

mc_status mc_op_proto(mc_vm *vm, const mc_argument *argument)
{
    if (argument->integer > 5)
        return mc_vm_fail(vm, MC_E_UNSUPPORTED, "pickle protocol %d, at most 5 is known",
                          (int)argument->integer);
    return MC_OK;
}

mc_status mc_op_frame(mc_vm *vm, const mc_argument *argument)
{
    if (argument->size > mc_reader_left(vm->reader))
        return mc_vm_fail(vm, MC_E_TRUNCATED, "frame of %llu bytes, %zu left",
                          (unsigned long long)argument->size, mc_reader_left(vm->reader));
    return MC_OK; /* as in _pickle.c, its end means nothing */
}

/* Pops a value, or a mark when that is what is on top. */
mc_status mc_op_pop(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    if (vm->n_marks > 0 && vm->marks[vm->n_marks - 1] == vm->n_stack)
        vm->n_marks--;
    else if (vm->n_stack > 0)
        vm->n_stack--;
    else
        return mc_vm_fail(vm, MC_E_MALFORMED, "nothing on the stack");
    return MC_OK;
}

mc_status mc_op_pop_mark(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    (void)mc_vm_pop_slice(vm);
    return MC_OK;
}

mc_status mc_op_dup(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return mc_vm_push(vm, mc_vm_peek(vm, 0));
}

mc_status mc_op_refuse_persistent(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return mc_vm_fail(vm, MC_E_UNSUPPORTED,
                      "persistent ids point outside the file, to what cannot be known");
}

mc_status mc_op_refuse_extension(mc_vm *vm, const mc_argument *argument)
{
    return mc_vm_fail(vm, MC_E_UNSUPPORTED,
                      "extension code %lld: the registry of codes is not part of the file",
                      (long long)argument->integer);
}

mc_status mc_op_refuse_buffer(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return mc_vm_fail(vm, MC_E_UNSUPPORTED,
                      "out-of-band buffers are not part of the file: dump without buffer_callback");
}

mc_status mc_op_readonly_buffer(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    if (mc_vm_peek(vm, 0)->kind != MC_KIND_BYTES)
        return mc_vm_fail(vm, MC_E_MALFORMED, "need bytes, found %s",
                          mc_value_kind_name(mc_vm_peek(vm, 0)->kind));
    return MC_OK;
}

/* --------------------------------------------------------------------- constants, numbers ---- */

mc_status mc_op_none(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return mc_vm_push(vm, vm->none);
}

mc_status mc_op_newtrue(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return mc_vm_push(vm, vm->truths[1]);
}

mc_status mc_op_newfalse(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return mc_vm_push(vm, vm->truths[0]);
}

static mc_status push_int(mc_vm *vm, int64_t integer)
{
    mc_value *value = NULL;
    MC_TRY(mc_vm_new(vm, MC_KIND_INT, &value));
    value->as.integer = integer;
    return mc_vm_push(vm, value);
}

static mc_status push_float(mc_vm *vm, double number)
{
    mc_value *value = NULL;
    MC_TRY(mc_vm_new(vm, MC_KIND_FLOAT, &value));
    value->as.number = number;
    return mc_vm_push(vm, value);
}

mc_status mc_op_binint(mc_vm *vm, const mc_argument *argument)
{
    return push_int(vm, argument->integer);
}

mc_status mc_op_binfloat(mc_vm *vm, const mc_argument *argument)
{
    return push_float(vm, argument->number);
}

mc_status mc_op_float_line(mc_vm *vm, const mc_argument *argument)
{
    double number = 0;
    if (!mc_text_float(argument->bytes, &number))
        return mc_vm_fail(vm, MC_E_MALFORMED, "\"%.*s\" is not a float", MC_SHOW(argument->bytes));
    return push_float(vm, number);
}

/* Little-endian two's complement of any size; what fits int64 becomes a plain int. */
static mc_status push_twos_complement(mc_vm *vm, mc_bytes b)
{
    const uint8_t sign = b.size > 0 && b.data[b.size - 1] >= 0x80 ? 0xff : 0;
    while (b.size > 8 && b.data[b.size - 1] == sign && (b.data[b.size - 2] ^ sign) < 0x80)
        b.size--;
    if (b.size > 8)
        return mc_vm_push_bytes(vm, MC_KIND_BIG_INT, b);
    uint64_t bits = sign == 0 ? 0 : UINT64_MAX;
    for (size_t i = b.size; i > 0; i--)
        bits = bits << 8 | b.data[i - 1];
    return push_int(vm, (int64_t)bits);
}

mc_status mc_op_long(mc_vm *vm, const mc_argument *argument)
{
    return push_twos_complement(vm, argument->bytes);
}

static mc_status push_decimal(mc_vm *vm, mc_bytes text)
{
    mc_bytes number = {0};
    mc_error error;
    const mc_status status = mc_text_integer(vm->arena, text, &number, &error);
    if (status != MC_OK)
        return mc_vm_fail(vm, status, "%s", error.message);
    return push_twos_complement(vm, number);
}

mc_status mc_op_int_line(mc_vm *vm, const mc_argument *argument)
{
    if (mc_bytes_is(argument->bytes, "00") || mc_bytes_is(argument->bytes, "01"))
        return mc_vm_push(vm, vm->truths[argument->bytes.data[1] - '0']);
    return push_decimal(vm, argument->bytes);
}

mc_status mc_op_long_line(mc_vm *vm, const mc_argument *argument)
{
    mc_bytes text = argument->bytes;
    if (text.size > 0 && text.data[text.size - 1] == 'L')
        text.size--;
    return push_decimal(vm, text);
}

/* --------------------------------------------------------------------------- text, bytes ---- */

mc_status mc_op_bytes(mc_vm *vm, const mc_argument *argument)
{
    return mc_vm_push_bytes(vm, MC_KIND_BYTES, argument->bytes);
}

mc_status mc_op_unicode(mc_vm *vm, const mc_argument *argument)
{
    if (!mc_text_is_utf8(argument->bytes))
        return mc_vm_fail(vm, MC_E_MALFORMED, "the text is not UTF-8");
    return mc_vm_push_bytes(vm, MC_KIND_TEXT, argument->bytes);
}

mc_status mc_op_unicode_line(mc_vm *vm, const mc_argument *argument)
{
    mc_bytes text = {0};
    mc_error error;
    const mc_status status = mc_text_raw_unicode(vm->arena, argument->bytes, &text, &error);
    if (status != MC_OK)
        return mc_vm_fail(vm, status, "%s", error.message);
    return mc_vm_push_bytes(vm, MC_KIND_TEXT, text);
}

/* A str of Python 2 is text when it is ASCII (attribute names, parameters), else bytes (the data of
 * arrays); what wants bytes takes ASCII text for them too. */
static mc_status push_python2_str(mc_vm *vm, mc_bytes bytes)
{
    return mc_vm_push_bytes(vm, mc_text_is_ascii(bytes) ? MC_KIND_TEXT : MC_KIND_BYTES, bytes);
}

mc_status mc_op_string(mc_vm *vm, const mc_argument *argument)
{
    return push_python2_str(vm, argument->bytes);
}

mc_status mc_op_string_line(mc_vm *vm, const mc_argument *argument)
{
    mc_bytes text = argument->bytes;
    while (text.size > 0 && (text.data[text.size - 1] == '\r' || text.data[text.size - 1] == ' '))
        text.size--;
    const uint8_t quote = text.size >= 2 ? text.data[0] : 0;
    if ((quote != '\'' && quote != '"') || text.data[text.size - 1] != quote)
        return mc_vm_fail(vm, MC_E_MALFORMED, "need a quoted string, found %.*s", MC_SHOW(text));
    mc_bytes bytes = {0};
    mc_error error;
    const mc_status status =
        mc_text_unescape(vm->arena, (mc_bytes){text.data + 1, text.size - 2}, &bytes, &error);
    if (status != MC_OK)
        return mc_vm_fail(vm, status, "%s", error.message);
    return push_python2_str(vm, bytes);
}

/* ---------------------------------------------------------------------------- containers ---- */

static mc_status push_empty(mc_vm *vm, mc_value_kind kind)
{
    mc_value *value = NULL;
    MC_TRY(mc_vm_new(vm, kind, &value));
    return mc_vm_push(vm, value);
}

mc_status mc_op_empty_list(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return push_empty(vm, MC_KIND_LIST);
}

mc_status mc_op_empty_dict(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return push_empty(vm, MC_KIND_DICT);
}

mc_status mc_op_empty_set(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return push_empty(vm, MC_KIND_SET);
}

mc_status mc_op_empty_tuple(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return mc_vm_push(vm, vm->empty);
}

/* Copies the slice before the push: pushing may overwrite it. */
static mc_status push_filled(mc_vm *vm, mc_value_kind kind, mc_items slice)
{
    mc_value *value = NULL;
    MC_TRY(mc_vm_new(vm, kind, &value));
    MC_TRY(mc_vm_extend(vm, &value->as.items, slice));
    return mc_vm_push(vm, value);
}

mc_status mc_op_list(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return push_filled(vm, MC_KIND_LIST, mc_vm_pop_slice(vm));
}

mc_status mc_op_tuple(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return push_filled(vm, MC_KIND_TUPLE, mc_vm_pop_slice(vm));
}

mc_status mc_op_frozenset(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return push_filled(vm, MC_KIND_SET, mc_vm_pop_slice(vm));
}

static mc_status check_pairs(mc_vm *vm, mc_items slice)
{
    if (slice.n % 2 != 0)
        return mc_vm_fail(vm, MC_E_MALFORMED, "need pairs of key and value, found %zu items",
                          slice.n);
    return MC_OK;
}

mc_status mc_op_dict(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    const mc_items slice = mc_vm_pop_slice(vm);
    MC_TRY(check_pairs(vm, slice));
    return push_filled(vm, MC_KIND_DICT, slice);
}

static mc_status tuple_of(mc_vm *vm, size_t n)
{
    vm->n_stack -= n;
    return push_filled(vm, MC_KIND_TUPLE, (mc_items){vm->stack + vm->n_stack, n, n});
}

mc_status mc_op_tuple1(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return tuple_of(vm, 1);
}

mc_status mc_op_tuple2(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return tuple_of(vm, 2);
}

mc_status mc_op_tuple3(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return tuple_of(vm, 3);
}

/* Where items go: into `kind` itself, or into an object that behaves like one. */
static mc_status extend_target(mc_vm *vm, mc_value *target, mc_value_kind kind, mc_items slice)
{
    if (target->kind == kind)
        return mc_vm_extend(vm, &target->as.items, slice);
    if (target->kind == MC_KIND_OBJECT && kind == MC_KIND_LIST)
        return mc_vm_extend(vm, &target->as.object->list_items, slice);
    if (target->kind == MC_KIND_OBJECT && kind == MC_KIND_DICT)
        return mc_vm_extend(vm, &target->as.object->dict_items, slice);
    return mc_vm_fail(vm, MC_E_MALFORMED, "need a %s below the items, found %s",
                      mc_value_kind_name(kind), mc_value_kind_name(target->kind));
}

static mc_status extend_top(mc_vm *vm, mc_value_kind kind)
{
    const mc_items slice = mc_vm_pop_slice(vm);
    if (kind == MC_KIND_DICT)
        MC_TRY(check_pairs(vm, slice));
    return extend_target(vm, mc_vm_peek(vm, 0), kind, slice);
}

mc_status mc_op_appends(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return extend_top(vm, MC_KIND_LIST);
}

mc_status mc_op_setitems(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return extend_top(vm, MC_KIND_DICT);
}

mc_status mc_op_additems(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return extend_top(vm, MC_KIND_SET);
}

mc_status mc_op_append(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    vm->n_stack -= 1;
    return extend_target(vm, mc_vm_peek(vm, 0), MC_KIND_LIST,
                         (mc_items){vm->stack + vm->n_stack, 1, 1});
}

mc_status mc_op_setitem(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    vm->n_stack -= 2;
    return extend_target(vm, mc_vm_peek(vm, 0), MC_KIND_DICT,
                         (mc_items){vm->stack + vm->n_stack, 2, 2});
}

/* ---------------------------------------------------------------------------------- memo ---- */

static mc_status memo_put(mc_vm *vm, uint64_t id)
{
    if (!mc_memo_put(&vm->memo, id, mc_vm_peek(vm, 0)))
        return mc_vm_fail(vm, MC_E_NO_MEMORY, "no memory for the memo");
    return MC_OK;
}

static mc_status memo_get(mc_vm *vm, uint64_t id)
{
    mc_value *value = mc_memo_get(&vm->memo, id);
    if (value == NULL)
        return mc_vm_fail(vm, MC_E_MALFORMED, "the memo has no entry %llu", (unsigned long long)id);
    return mc_vm_push(vm, value);
}

mc_status mc_op_put(mc_vm *vm, const mc_argument *argument)
{
    return memo_put(vm, (uint64_t)argument->integer);
}

mc_status mc_op_get(mc_vm *vm, const mc_argument *argument)
{
    return memo_get(vm, (uint64_t)argument->integer);
}

mc_status mc_op_memoize(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    return memo_put(vm, vm->memo.n);
}

static mc_status memo_id(mc_vm *vm, mc_bytes line, uint64_t *out)
{
    uint64_t id = 0;
    for (size_t i = 0; i < line.size; i++) {
        const uint8_t digit = (uint8_t)(line.data[i] - '0');
        if (digit > 9 || __builtin_mul_overflow(id, 10u, &id) ||
            __builtin_add_overflow(id, digit, &id))
            return mc_vm_fail(vm, MC_E_MALFORMED, "\"%.*s\" is not a memo id", MC_SHOW(line));
    }
    if (line.size == 0)
        return mc_vm_fail(vm, MC_E_MALFORMED, "need a memo id, found an empty line");
    *out = id;
    return MC_OK;
}

mc_status mc_op_put_line(mc_vm *vm, const mc_argument *argument)
{
    uint64_t id = 0;
    MC_TRY(memo_id(vm, argument->bytes, &id));
    return memo_put(vm, id);
}

mc_status mc_op_get_line(mc_vm *vm, const mc_argument *argument)
{
    uint64_t id = 0;
    MC_TRY(memo_id(vm, argument->bytes, &id));
    return memo_get(vm, id);
}
