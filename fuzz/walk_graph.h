/* walk_graph.h: looks at all of a graph that hostile bytes gave. */
#ifndef MC_FUZZ_WALK_GRAPH_H
#define MC_FUZZ_WALK_GRAPH_H
#include "pickle/graph.h"

/* Counts nodes, and the first arrays, whose getters must refuse and not crash. Marks the nodes. */
void walk_graph(mc_value *root, size_t *out_nodes, size_t *out_arrays);
#endif
