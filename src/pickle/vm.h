/* vm.h: the pickle machine inside its room: state, opcode table, what handlers are given.
 *
 * INVARIANTS
 *   (V1) marks ascend and none exceeds n_stack: what lies above the newest mark is a slice.
 *   (V2) a handler runs only when the stack holds what its row of opcodes.def says it pops, and
 *        leaves what the row says it pushes (asserted after each).
 *   (V3) every stack slot, mark and memo entry was paid for by at least one byte of input: the
 *        machine's own memory is O(input) without a limit of its own. */
#ifndef MC_PICKLE_VM_H
#define MC_PICKLE_VM_H
#include "pickle/memo.h"
#include "pickle/pickle.h"

/* The `pops` column. */
#define MC_POPS_MARK   0x80u
#define MC_POPS_ITSELF 0x40u
#define MC_MARKED(n)   (MC_POPS_MARK | (n))

typedef enum mc_argument_kind {
    MC_ARGUMENT_NONE,
    MC_ARGUMENT_U1,
    MC_ARGUMENT_U2,
    MC_ARGUMENT_U4,
    MC_ARGUMENT_U8,
    MC_ARGUMENT_I4,
    MC_ARGUMENT_F8,
    MC_ARGUMENT_LINE,
    MC_ARGUMENT_LINES,
    MC_ARGUMENT_B1,
    MC_ARGUMENT_B4,
    MC_ARGUMENT_B8,
    MC_ARGUMENT_S4
} mc_argument_kind;

/* An opcode's argument, decoded: the member that its kind fills. */
typedef struct mc_argument {
    int64_t integer;    /* U1 U2 U4 I4 */
    uint64_t size;      /* U8 */
    double number;      /* F8 */
    mc_bytes bytes;     /* LINE B1 B4 B8 S4; first of LINES */
    mc_bytes bytes_two; /* second of LINES */
} mc_argument;

typedef struct mc_vm mc_vm;
typedef mc_status mc_opcode_handler(mc_vm *vm, const mc_argument *argument);

typedef struct mc_opcode {
    const char *name; /* NULL: no such opcode */
    mc_argument_kind argument;
    uint8_t pops, pushes;
    mc_opcode_handler *handler;
} mc_opcode;

struct mc_vm {
    mc_reader *reader;
    const mc_pickle_options *options;
    mc_arena *arena; /* the graph's */
    mc_error *err;
    mc_value **stack; /* owned (stack_room) */
    size_t n_stack, stack_room;
    size_t *marks; /* owned (marks_room): values of n_stack */
    size_t n_marks, marks_room;
    mc_memo memo;
    mc_value *fresh; /* arena: nodes not used yet */
    size_t n_fresh;
    size_t n_folded; /* bytes looked at by folds: arguments are shared, so it has a limit */
    mc_value *none, *truths[2], *empty; /* immutable values that need one node only */
    const mc_opcode *opcode;            /* running */
    uint64_t offset;                    /* its byte */
    bool stopped;
};

#define MC_OPCODE(byte, name, argument, pops, pushes, handler) mc_opcode_handler mc_op_##handler;
#include "pickle/opcodes.def"
#undef MC_OPCODE

/* Fails at the running opcode: "NAME: ...". */
mc_status mc_vm_fail(mc_vm *vm, mc_status status, const char *format, ...) MC_PRINTF(3, 4);

MC_MUST_CHECK mc_status mc_vm_new(mc_vm *vm, mc_value_kind kind, mc_value **out);
MC_MUST_CHECK mc_status mc_vm_push(mc_vm *vm, mc_value *value);
/* A new node of `kind` with `bytes`, pushed. */
MC_MUST_CHECK mc_status mc_vm_push_bytes(mc_vm *vm, mc_value_kind kind, mc_bytes bytes);

/* The item `depth` below the top; V2 says that it is there. */
static inline mc_value *mc_vm_peek(const mc_vm *vm, size_t depth)
{
    MC_DEBUG_ASSERT(depth < vm->n_stack);
    return vm->stack[vm->n_stack - 1 - depth];
}
static inline mc_value *mc_vm_pop(mc_vm *vm)
{
    MC_DEBUG_ASSERT(vm->n_stack > 0);
    return vm->stack[--vm->n_stack];
}
/* Takes the newest mark and the slice above it off; valid until the next push. */
mc_items mc_vm_pop_slice(mc_vm *vm);

/* Adds `slice` behind `items`, in the arena. Amortized O(slice). */
MC_MUST_CHECK mc_status mc_vm_extend(mc_vm *vm, mc_items *items, mc_items slice);

/* fold.c: what REDUCE of Python's own reconstructors means: bytes, sets, plain new objects.
 * Replaces *object by the plain value where it is one; leaves it alone otherwise. */
MC_MUST_CHECK mc_status mc_vm_fold(mc_vm *vm, mc_value **object);
#endif
