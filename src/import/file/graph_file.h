/* graph_file.h: a model file's bytes -> graph. A .pkl may be a joblib dump and the reverse: the
 * content decides. Nested pickles of joblib's object arrays, raw arrays with alignment padding. */
#ifndef MC_IMPORT_GRAPH_FILE_H
#define MC_IMPORT_GRAPH_FILE_H
#include "import/file/companion.h"
#include "import/file/source.h"
#include "pickle/pickle.h"

typedef struct mc_graph_file {
    mc_source source;         /* owned: the graph borrows from it */
    mc_companions companions; /* owned: the graph borrows from them too */
    mc_arena arena;           /* owned: the graph's nodes */
    mc_value *root;
    const char *format; /* "pickle" or "joblib"; static */
} mc_graph_file;

/* On failure nothing is left to close. */
MC_MUST_CHECK mc_status mc_graph_file_open(const char *path, mc_reserve_fn *reserve, void *context,
                                           mc_graph_file *out, mc_error *err);
/* As above, of a source that is open already: taken over, closed on failure too. */
MC_MUST_CHECK mc_status mc_graph_file_read(const mc_source *source, mc_reserve_fn *reserve,
                                           void *context, mc_graph_file *out, mc_error *err);
void mc_graph_file_close(mc_graph_file *file);
/* Bytes that the graph of a model file of `input` bytes may take. */
size_t mc_graph_limit(size_t input);
#endif
