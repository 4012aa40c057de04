/* source.h: a model file's bytes, decompressed, by content and not by name.
 *
 * Reads .gz .bz2 .xz .lzma .lz4 .zst, raw zlib (joblib) and ZF (joblib up to 0.9) whole. Large
 * sources lie in a spool (base/spool.h), which the system may write out, and are not charged to
 * `reserve`; small ones are memory. Bounded: MC_LIMIT_INPUT_BYTES, MC_LIMIT_EXPANSION. */
#ifndef MC_IMPORT_SOURCE_H
#define MC_IMPORT_SOURCE_H
#include "base/base.h"

typedef struct mc_source {
    const uint8_t *data;
    size_t size;
    void *owned; /* pages to give back */
    size_t owned_size;
    char compression[8]; /* "", "gzip", "bz2", "xz", "lzma", "lz4", "zstd", "zlib", "zf" */
    const char *path;    /* borrowed: what was opened; NULL if the bytes come from elsewhere */
} mc_source;

/* The file is copied into pages of ours: truncating it afterwards changes nothing. */
MC_MUST_CHECK mc_status mc_source_open(const char *path, mc_reserve_fn *reserve, void *context,
                                       mc_source *out, mc_error *err);
/* As above, of the file `name` in the folder of `path`. `name` comes out of a model file: a plain
 * name is asked for, and a symbolic link is not followed. At most `max_layers` compressions are
 * taken off. The path of *out is NULL. */
MC_MUST_CHECK mc_status mc_source_open_beside(const char *path, mc_bytes name, int max_layers,
                                              mc_reserve_fn *reserve, void *context, mc_source *out,
                                              mc_error *err);
void mc_source_close(mc_source *source);
#endif
