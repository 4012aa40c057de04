/* inflate.h: the compressions that a model file may come in: known by their first bytes.
 *
 * The only door to zlib, bzip2, liblzma, lz4 and zstd. */
#ifndef MC_IMPORT_INFLATE_H
#define MC_IMPORT_INFLATE_H
#include "base/spool.h"
#include "import/file/source.h"

/* What came out: pages that grow as bytes come, never by a declared size. */
typedef struct mc_inflated {
    uint8_t *pages; /* owned by the caller on success: mc_pages_free(pages, room) */
    size_t size, room;
    mc_spool spool;         /* while it is written: where large ones lie */
    size_t limit;           /* on `size` */
    mc_reserve_fn *reserve; /* NULL: no budget */
    void *context;
} mc_inflated;

typedef struct mc_codec mc_codec;

/* NULL if `data` is not compressed by anything known. */
const mc_codec *mc_codec_find(mc_bytes data);
const char *mc_codec_name(const mc_codec *codec); /* "gzip"; static, below 8 bytes */

/* Deflate without a header, as in zip archives: never found by content. */
const mc_codec *mc_codec_deflate(void);
/* CRC-32 as in zip archives and gzip. */
uint32_t mc_crc32(mc_bytes data);

/* Decompresses all streams in `input`. `out` comes with limit, reserve and context set; nothing is
 * left to free on failure. */
MC_MUST_CHECK mc_status mc_inflate(const mc_codec *codec, mc_bytes input, mc_inflated *out,
                                   mc_error *err);
#endif
