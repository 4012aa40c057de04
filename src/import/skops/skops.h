/* skops.h: a model file that skops wrote: a zip archive of schema.json and arrays -> graph. */
#ifndef MC_SKOPS_SKOPS_H
#define MC_SKOPS_SKOPS_H
#include "import/file/graph_file.h"

/* True if these bytes begin as a zip archive. */
bool mc_skops_is_zip(const mc_source *source);

/* Takes `source` over, closed on failure too. The graph is what mc_graph_file_read() would give of
 * the same object's pickle; `format` is "skops". */
MC_MUST_CHECK mc_status mc_skops_read(const mc_source *source, mc_reserve_fn *reserve,
                                      void *context, mc_graph_file *out, mc_error *err);
#endif
