/* graph.h: the plain data that a pickle describes. No behaviour, and no numpy.
 *
 * A graph lives in a load arena and dies with it. Nodes may be shared and may form cycles: every
 * walk keeps a mark or a limit, and takes O(nodes), never O(paths). Once the VM is done a graph is
 * *owned* by the loader that asked for it. */
#ifndef MC_PICKLE_GRAPH_H
#define MC_PICKLE_GRAPH_H
#include "base/base.h"

typedef enum mc_value_kind {
    MC_KIND_NONE = 0,
    MC_KIND_BOOL,    /* `integer` is 0 or 1 */
    MC_KIND_INT,     /* fits int64 */
    MC_KIND_BIG_INT, /* little-endian two's complement in `bytes` */
    MC_KIND_FLOAT,
    MC_KIND_TEXT,  /* UTF-8 in `bytes`; lone surrogates as three bytes each */
    MC_KIND_BYTES, /* bytes, bytearray */
    MC_KIND_LIST,
    MC_KIND_TUPLE,
    MC_KIND_SET,    /* set and frozenset */
    MC_KIND_DICT,   /* items are key, value, key, value ...; a later equal key wins */
    MC_KIND_GLOBAL, /* a name that the table of globals knows */
    MC_KIND_OBJECT, /* what REDUCE, NEWOBJ, NEWOBJ_EX, INST, OBJ made of a global */
    MC_KIND_NATIVE  /* made by a hook of the reader's caller: `native`, with its own tag */
} mc_value_kind;

/* What the table of globals says about a name. Nothing in it can be called. */
typedef enum mc_global_kind {
    MC_GLOBAL_CLASS,    /* may be instantiated (as inert data), given state, items, arguments */
    MC_GLOBAL_FUNCTION, /* may be referred to, never called */
    MC_GLOBAL_MAKER     /* may be called with arguments: a reconstructor, read as inert data */
} mc_global_kind;

typedef struct mc_value mc_value;

typedef struct mc_global {
    mc_bytes module, name; /* as written in the pickle, after aliases */
    mc_global_kind kind;
    uint32_t id; /* of the table's row; 0 for a family ("sklearn.*") */
} mc_global;

typedef struct mc_items {
    mc_value **at; /* (n) */
    size_t n, room;
} mc_items;

/* An instance of a class, or the call of a maker, as inert data. */
typedef struct mc_object {
    const mc_global *global;
    mc_value *arguments;       /* tuple, or NULL */
    mc_value *named_arguments; /* dict, or NULL (NEWOBJ_EX) */
    mc_value *state;           /* BUILD's argument; a later BUILD is merged by mc_value_attr() */
    mc_items states;           /* all BUILD arguments in order; state is the last */
    mc_items list_items;       /* APPEND(S) on an object */
    mc_items dict_items;       /* SETITEM(S) on an object: key, value ... */
} mc_object;

struct mc_value {
    mc_value_kind kind;
    uint32_t mark;   /* for walks; 0 when the VM is done */
    uint64_t offset; /* of the opcode that made it */
    union {
        int64_t integer;
        double number;
        mc_bytes bytes;
        mc_items items;
        const mc_global *global;
        mc_object *object;
        struct {
            uint32_t tag;
            void *data; /* arena */
        } native;
    } as;
};

const char *mc_value_kind_name(mc_value_kind kind); /* "dict"; static */

static inline bool mc_value_is(const mc_value *value, mc_value_kind kind)
{
    return value != NULL && value->kind == kind;
}
static inline bool mc_value_is_none(const mc_value *value)
{
    return value == NULL || value->kind == MC_KIND_NONE;
}

/* True if `value` is text equal to `literal`. */
bool mc_value_is_text(const mc_value *value, const char *literal);

/* Value of the text key `name` in a dict; the last one wins. NULL if absent or not a dict. */
mc_value *mc_dict_get(const mc_value *dict, const char *name);
mc_value *mc_dict_get_bytes(const mc_value *dict, mc_bytes name);

/* Attribute of an object: looked up in its BUILD states (dicts, or (dict, slots) tuples), the last
 * first. NULL if absent. */
mc_value *mc_value_attr(const mc_value *object, const char *name);

/* True if `value` is an object (or the global itself) of this module and name. */
bool mc_value_is_a(const mc_value *value, const char *module, const char *name);
/* Class or function of an object or global: "module.name" into `text`; or the kind's name. */
const char *mc_value_type_name(const mc_value *value, char *text, size_t size);
#endif
