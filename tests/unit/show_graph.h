/* show_graph.h: a graph as text that a test can compare, and reading bytes into graphs. */
#ifndef MC_TEST_SHOW_GRAPH_H
#define MC_TEST_SHOW_GRAPH_H
#include "base/arena.h"
#include "pickle/pickle.h"

/* Much as Python prints it:
 *   None  True  5  big 0x00ff  1.5  'text'  b'6162' (hexadecimal)  [..]  (..)  {k: v}  {set: ..}
 *   module.name             a global
 *   module.name(args)       an object; then **{..} state {..} list [..] dict {..} where it has them
 * Nesting beyond 12 is "...". */
void show_graph(const mc_value *value, char *out, size_t size);

/* Reads one pickle from `data`, as files are read: joblib's arrays too. `arena` is set up here,
 * with the limit of a file of this size. */
mc_status read_graph(const void *data, size_t size, mc_arena *arena, mc_value **out, mc_error *err);
#endif
