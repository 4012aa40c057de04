/* maker.h: what the loaders of skops nodes share: the list of what is still to be made, and values
 * of each form.
 *
 * A loader fills the value of one node and leaves its children to mc_skops_later(), with the place
 * that waits for each: no recursion. *Owned* by the thread that reads the file. */
#ifndef MC_SKOPS_MAKER_H
#define MC_SKOPS_MAKER_H
#include "base/vec.h"
#include "import/skops/zip.h"
#include "pickle/graph.h"

typedef struct mc_skops_task {
    const mc_value *node;
    mc_value **slot; /* arena */
} mc_skops_task;

typedef struct mc_skops_maker {
    mc_zip *zip;     /* borrowed */
    mc_arena *arena; /* borrowed */
    int64_t protocol;
    mc_vec tasks;    /* mc_skops_task: the last one comes next */
    mc_vec stateful; /* mc_object *: `state` is set when all values are there */
    mc_vec memo;     /* what nodes.c knows by its __id__ */
    mc_intern ids;   /* of memo */
} mc_skops_maker;

/* A loader: fills `out`, which is None at first, with what `node` is. */
typedef mc_status mc_skops_fill(mc_skops_maker *m, const mc_value *node, mc_value *out,
                                mc_error *err);

/* MC_E_MALFORMED, at the node. */
MC_MUST_CHECK mc_status mc_skops_bad(const mc_value *node, mc_error *err, const char *what);

/* What the node holds under `key`, of this kind; MC_E_MALFORMED where it does not. */
MC_MUST_CHECK mc_status mc_skops_need(const mc_value *node, const char *key, mc_value_kind kind,
                                      const mc_value **out, mc_error *err);

/* The class or function of these names, or the one that the node names; MC_E_UNSUPPORTED where the
 * table of globals does not know it. */
MC_MUST_CHECK mc_status mc_skops_global(mc_skops_maker *m, const mc_value *at, mc_bytes module,
                                        mc_bytes name, const mc_global **out, mc_error *err);
MC_MUST_CHECK mc_status mc_skops_named(mc_skops_maker *m, const mc_value *node,
                                       const mc_global **out, mc_error *err);

/* Has `slot` filled later by what `node` is; `node` may be NULL: MC_E_MALFORMED. */
MC_MUST_CHECK mc_status mc_skops_later(mc_skops_maker *m, const mc_value *node, mc_value **slot,
                                       mc_error *err);
/* The same for a list of nodes, in their order. */
MC_MUST_CHECK mc_status mc_skops_later_items(mc_skops_maker *m, const mc_value *nodes,
                                             mc_items *out, mc_error *err);

/* Values that are there at once; all live in the arena and stand at the node's offset. */
MC_MUST_CHECK mc_status mc_skops_new(mc_skops_maker *m, const mc_value *node, mc_value_kind kind,
                                     mc_value **out, mc_error *err);
MC_MUST_CHECK mc_status mc_skops_text(mc_skops_maker *m, const mc_value *node, mc_bytes text,
                                      mc_value **out, mc_error *err);
/* Of n items, which are NULL until they are set. */
MC_MUST_CHECK mc_status mc_skops_tuple(mc_skops_maker *m, const mc_value *node, size_t n,
                                       mc_value **out, mc_error *err);

/* Makes `out` an object of `global` without arguments. */
MC_MUST_CHECK mc_status mc_skops_object(mc_skops_maker *m, const mc_global *global, mc_value *out,
                                        mc_error *err);
/* Where the state of an object goes, as BUILD leaves it; and the same, filled later by `node`. */
MC_MUST_CHECK mc_status mc_skops_state_slot(mc_skops_maker *m, mc_object *object, mc_value ***out,
                                            mc_error *err);
MC_MUST_CHECK mc_status mc_skops_later_state(mc_skops_maker *m, const mc_value *node,
                                             mc_object *object, mc_error *err);

/* The bytes of the member of the zip that the node names as its "file". */
MC_MUST_CHECK mc_status mc_skops_member(mc_skops_maker *m, const mc_value *node, mc_bytes *out,
                                        mc_error *err);
#endif
