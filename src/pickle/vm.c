/* vm.c: the machine: decodes an opcode's argument, checks its row of opcodes.def, runs its handler.
 *
 * Oracle   CPython 3.11 Lib/pickle.py, class _Unpickler; where it and Modules/_pickle.c disagree
 *          (frames, popping at a mark) the C version, which is what people run.
 * Why so   The checks that every handler needs (argument present, stack deep enough, a mark) come
 *          from the table: a handler cannot forget them. */
#include "pickle/vm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define FRESH_NODES 32

static const mc_opcode OPCODES[256] = {
#define MC_OPCODE(byte, name, argument, pops, pushes, handler) \
    [byte] = {#name, MC_ARGUMENT_##argument, pops, pushes, mc_op_##handler},
#include "pickle/opcodes.def"
#undef MC_OPCODE
};

mc_status mc_vm_fail(mc_vm *vm, mc_status status, const char *format, ...)
{
    char text[MC_ERROR_MESSAGE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mc_fail(vm->err, status, vm->offset, "%s: %s", vm->opcode->name, text);
}

static mc_status fail_memory(mc_vm *vm)
{
    return mc_vm_fail(vm, MC_E_NO_MEMORY, "no memory for the machine's stacks");
}

/* ---------------------------------------------------------------------- nodes and stacks ---- */

mc_status mc_vm_new(mc_vm *vm, mc_value_kind kind, mc_value **out)
{
    if (vm->n_fresh == 0) {
        MC_TRY(mc_arena_new(vm->arena, mc_value, FRESH_NODES, &vm->fresh, vm->err));
        vm->n_fresh = FRESH_NODES;
    }
    mc_value *node = vm->fresh++;
    vm->n_fresh--;
    node->kind = kind;
    node->offset = vm->offset;
    *out = node;
    return MC_OK;
}

mc_status mc_vm_push(mc_vm *vm, mc_value *value)
{
    if (vm->n_stack == vm->stack_room) {
        const size_t room = vm->stack_room == 0 ? 256 : vm->stack_room * 2;
        mc_value **stack = mc_realloc(vm->stack, room, sizeof(mc_value *));
        if (stack == NULL)
            return fail_memory(vm);
        vm->stack = stack;
        vm->stack_room = room;
    }
    vm->stack[vm->n_stack++] = value;
    return MC_OK;
}

mc_status mc_vm_push_bytes(mc_vm *vm, mc_value_kind kind, mc_bytes bytes)
{
    mc_value *value = NULL;
    MC_TRY(mc_vm_new(vm, kind, &value));
    value->as.bytes = bytes;
    return mc_vm_push(vm, value);
}

mc_status mc_op_mark(mc_vm *vm, const mc_argument *argument)
{
    (void)argument;
    if (vm->n_marks == vm->marks_room) {
        const size_t room = vm->marks_room == 0 ? 64 : vm->marks_room * 2;
        size_t *marks = mc_realloc(vm->marks, room, sizeof(size_t));
        if (marks == NULL)
            return fail_memory(vm);
        vm->marks = marks;
        vm->marks_room = room;
    }
    vm->marks[vm->n_marks++] = vm->n_stack;
    return MC_OK;
}

mc_items mc_vm_pop_slice(mc_vm *vm)
{
    MC_ASSERT(vm->n_marks > 0);
    const size_t from = vm->marks[--vm->n_marks];
    const size_t n = vm->n_stack - from;
    vm->n_stack = from;
    /* An empty stack has no memory yet, and an offset to NULL is not defined. */
    return (mc_items){n == 0 ? NULL : vm->stack + from, n, n};
}

mc_status mc_vm_extend(mc_vm *vm, mc_items *items, mc_items slice)
{
    if (slice.n == 0)
        return MC_OK;
    if (slice.n > items->room - items->n) {
        /* Exact at first: most containers come in one slice. */
        size_t room =
            items->n == 0 ? slice.n : items->n + (slice.n > items->n ? slice.n : items->n);
        mc_value **at = NULL;
        MC_TRY(mc_arena_new_raw(vm->arena, mc_value *, room, &at, vm->err));
        if (items->n > 0)
            memcpy(at, items->at, items->n * sizeof(mc_value *));
        items->at = at;
        items->room = room;
    }
    memcpy(items->at + items->n, slice.at, slice.n * sizeof(mc_value *));
    items->n += slice.n;
    return MC_OK;
}

/* ------------------------------------------------------------------------------ dispatch ---- */

static double load_f64be(const uint8_t *b)
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | b[i];
    double number = 0;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static mc_status read_counted(mc_reader *r, uint64_t n, mc_bytes *out)
{
    if (n > mc_reader_left(r))
        return mc_fail(r->err, MC_E_TRUNCATED, r->at, "need %llu bytes, %zu left",
                       (unsigned long long)n, mc_reader_left(r));
    out->size = (size_t)n;
    return mc_read_bytes(r, out->size, &out->data);
}

static mc_status read_signed_counted(mc_reader *r, mc_bytes *out)
{
    uint32_t n = 0;
    const size_t at = r->at;
    MC_TRY(mc_read_u32le(r, &n));
    if (n > INT32_MAX)
        return mc_fail(r->err, MC_E_MALFORMED, at, "negative byte count");
    return read_counted(r, n, out);
}

static mc_status read_argument(mc_reader *r, mc_argument_kind kind, mc_argument *out)
{
    uint8_t u1 = 0;
    uint16_t u2 = 0;
    uint32_t u4 = 0;
    uint64_t u8 = 0;
    const uint8_t *b = NULL;

    switch (kind) {
    case MC_ARGUMENT_NONE:
        return MC_OK;
    case MC_ARGUMENT_U1:
        MC_TRY(mc_read_u8(r, &u1));
        out->integer = u1;
        return MC_OK;
    case MC_ARGUMENT_U2:
        MC_TRY(mc_read_u16le(r, &u2));
        out->integer = u2;
        return MC_OK;
    case MC_ARGUMENT_U4:
        MC_TRY(mc_read_u32le(r, &u4));
        out->integer = u4;
        return MC_OK;
    case MC_ARGUMENT_I4:
        MC_TRY(mc_read_u32le(r, &u4));
        out->integer = (int32_t)u4;
        return MC_OK;
    case MC_ARGUMENT_U8:
        return mc_read_u64le(r, &out->size);
    case MC_ARGUMENT_F8:
        MC_TRY(mc_read_bytes(r, 8, &b));
        out->number = load_f64be(b);
        return MC_OK;
    case MC_ARGUMENT_LINE:
        return mc_read_line(r, &out->bytes);
    case MC_ARGUMENT_LINES:
        MC_TRY(mc_read_line(r, &out->bytes));
        return mc_read_line(r, &out->bytes_two);
    case MC_ARGUMENT_B1:
        MC_TRY(mc_read_u8(r, &u1));
        return read_counted(r, u1, &out->bytes);
    case MC_ARGUMENT_B4:
        MC_TRY(mc_read_u32le(r, &u4));
        return read_counted(r, u4, &out->bytes);
    case MC_ARGUMENT_B8:
        MC_TRY(mc_read_u64le(r, &u8));
        return read_counted(r, u8, &out->bytes);
    case MC_ARGUMENT_S4:
        return read_signed_counted(r, &out->bytes);
    }
    return MC_OK;
}

/* V2's first half. *out_after is the depth that the handler must leave behind. */
static mc_status check_pops(mc_vm *vm, size_t *out_after)
{
    const uint8_t pops = vm->opcode->pops;
    const bool is_marked = (pops & MC_POPS_MARK) != 0;
    const size_t n = pops & ~(MC_POPS_MARK | MC_POPS_ITSELF);

    if (is_marked && vm->n_marks == 0)
        return mc_vm_fail(vm, MC_E_MALFORMED, "needs a MARK on the stack, there is none");
    const size_t n_below = is_marked ? vm->n_marks - 1 : vm->n_marks;
    const size_t top = is_marked ? vm->marks[vm->n_marks - 1] : vm->n_stack;
    const size_t floor = n_below == 0 ? 0 : vm->marks[n_below - 1];
    if (top - floor < n)
        return mc_vm_fail(vm, MC_E_MALFORMED, "needs %zu items on the stack, found %zu", n,
                          top - floor);
    *out_after = top - n + vm->opcode->pushes;
    return MC_OK;
}

static mc_status step(mc_vm *vm)
{
    uint8_t byte = 0;
    size_t after = 0;
    mc_argument argument = {0};

    vm->offset = vm->reader->at;
    if (mc_reader_left(vm->reader) == 0)
        return mc_fail(vm->err, MC_E_TRUNCATED, vm->offset,
                       "the pickle ends before its STOP opcode");
    MC_TRY(mc_read_u8(vm->reader, &byte));
    if (OPCODES[byte].name == NULL)
        return mc_fail(vm->err, MC_E_MALFORMED, vm->offset, "0x%02x is not a pickle opcode", byte);
    vm->opcode = &OPCODES[byte];
    MC_TRY_IN(read_argument(vm->reader, vm->opcode->argument, &argument), vm->err,
              "%s at byte %llu", vm->opcode->name, (unsigned long long)vm->offset);
    MC_TRY(check_pops(vm, &after));
    MC_TRY(vm->opcode->handler(vm, &argument));
    MC_ASSERT((vm->opcode->pops & MC_POPS_ITSELF) != 0 || vm->n_stack == after);
    return MC_OK;
}

/* One node each for the values that pickles repeat most; they cannot change. */
static mc_status make_constants(mc_vm *vm)
{
    MC_TRY(mc_vm_new(vm, MC_KIND_NONE, &vm->none));
    for (int i = 0; i < 2; i++) {
        MC_TRY(mc_vm_new(vm, MC_KIND_BOOL, &vm->truths[i]));
        vm->truths[i]->as.integer = i;
    }
    return mc_vm_new(vm, MC_KIND_TUPLE, &vm->empty);
}

static mc_status run(mc_vm *vm, mc_value **out)
{
    MC_TRY(make_constants(vm));
    while (!vm->stopped)
        MC_TRY(step(vm));
    *out = vm->stack[vm->n_stack]; /* STOP popped it */
    return MC_OK;
}

mc_status mc_pickle_read(mc_reader *reader, const mc_pickle_options *options, mc_arena *arena,
                         mc_value **out, mc_error *err)
{
    MC_ASSERT(options->lookup != NULL);
    mc_error *const old_err = reader->err;
    mc_vm vm = {.reader = reader,
                .options = options,
                .arena = arena,
                .err = err,
                .opcode = &OPCODES[0x2e],
                .offset = reader->at};

    reader->err = err;
    const mc_status status = run(&vm, out);
    reader->err = old_err;
    mc_free(vm.stack);
    mc_free(vm.marks);
    mc_memo_fini(&vm.memo);
    return status;
}
