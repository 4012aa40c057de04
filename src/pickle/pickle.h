/* pickle.h: reads a pickle, protocols 0 to 5, into a graph. Runs nothing.
 *
 * Oracle   CPython 3.11 Lib/pickle.py and Lib/pickletools.py.
 * Cost     O(input) time and memory: no allocation from a declared count, no recursion.
 *
 * Every GLOBAL, STACK_GLOBAL, INST is resolved by `lookup` alone; a name that it does not know is
 * MC_E_UNSUPPORTED naming it and the byte. REDUCE, NEWOBJ(_EX), OBJ and BUILD make inert objects of
 * classes and makers and refuse everything else by name. Persistent ids, extension codes and
 * out-of-band buffers are refused. */
#ifndef MC_PICKLE_PICKLE_H
#define MC_PICKLE_PICKLE_H
#include "base/arena.h"
#include "base/reader.h"
#include "pickle/graph.h"

/* Finds `module`.`name` (aliases resolved) in the caller's table. Returns false if unknown. The
 * bytes of *out must outlive the graph; `module` and `name` do. */
typedef bool mc_global_lookup(void *context, mc_bytes module, mc_bytes name, mc_global *out);

/* Called after each BUILD on an object: may consume bytes of the stream behind it and replace the
 * object (joblib writes raw arrays there). Leaves *value alone otherwise. */
typedef mc_status mc_after_build(void *context, mc_reader *reader, mc_value **value, mc_error *err);

typedef struct mc_pickle_options {
    mc_global_lookup *lookup;
    mc_after_build *after_build; /* NULL: none */
    void *context;               /* given to both */
} mc_pickle_options;

/* Reads one pickle at reader->at, up to and including its STOP; the reader is left behind it.
 * Nodes are placed in `arena`, strings are borrowed from the reader's data where they need no
 * decoding. The caller's arena limit bounds memory: MC_LIMIT_GRAPH_FACTOR * input + _BASE. */
MC_MUST_CHECK mc_status mc_pickle_read(mc_reader *reader, const mc_pickle_options *options,
                                       mc_arena *arena, mc_value **out, mc_error *err);
#endif
