/* nodes.h: the tree of nodes of a schema.json -> the graph that the same object's pickle gives. */
#ifndef MC_SKOPS_NODES_H
#define MC_SKOPS_NODES_H
#include "import/skops/zip.h"
#include "pickle/graph.h"

/* `schema` is the value of schema.json. Nodes are placed in the zip's arena. */
MC_MUST_CHECK mc_status mc_skops_nodes(mc_zip *zip, const mc_value *schema, mc_value **out,
                                       mc_error *err);
#endif
