/* zip.h: the members of a zip archive, of which nothing is believed.
 *
 * Oracle   APPNOTE.TXT 6.3 of PKWARE; Lib/zipfile of CPython 3.11, which writes what comes here.
 * Limits   Members must not overlap, so all of them together are no larger than the archive; what
 *          comes out of one is what the directory announces, and its CRC. Encrypted archives and
 *          those in several files are refused.
 * Why so   Members that are stored, as skops writes them, are borrowed from the archive's bytes
 *          without a copy; libzip would copy each. What is left is a table of records. */
#ifndef MC_SKOPS_ZIP_H
#define MC_SKOPS_ZIP_H
#include "base/arena.h"
#include "import/file/inflate.h"

typedef struct mc_zip_member {
    mc_bytes name;
    mc_bytes packed;     /* borrowed from the archive */
    uint64_t size;       /* announced, unpacked */
    uint32_t crc;        /* announced */
    uint32_t method;     /* 0 stored, 8 deflated ... */
    const uint8_t *data; /* unpacked, once it was asked for; NULL before */
} mc_zip_member;

typedef struct mc_zip {
    mc_arena *arena;        /* borrowed: unpacked members lie in it */
    mc_zip_member *members; /* (n) by name; arena */
    size_t n;
    mc_reserve_fn *reserve; /* NULL: no budget */
    void *context;
} mc_zip;

/* Reads the directory. The archive's bytes must outlive `out`. O(n log n). */
MC_MUST_CHECK mc_status mc_zip_open(mc_bytes archive, mc_arena *arena, mc_zip *out, mc_error *err);

/* Sum of the announced sizes, no member counted for more than can come out of it. */
size_t mc_zip_expected(const mc_zip *zip);

/* The bytes of a member; MC_E_MALFORMED if there is none of that name. Unpacked once. */
MC_MUST_CHECK mc_status mc_zip_read(mc_zip *zip, mc_bytes name, mc_bytes *out, mc_error *err);
bool mc_zip_has(const mc_zip *zip, mc_bytes name);
#endif
