/* reader.h: a cursor over bytes nobody vouches for.
 *
 * Invariant: at <= size. It never allocates, never reads past `size`, and every refusal records
 * the offset of the byte that it refused. *Owned* by one thread. */
#ifndef MC_READER_H
#define MC_READER_H
#include <string.h>

#include "base/base.h"

typedef struct mc_reader {
    const uint8_t *data; /* borrowed: outlives the reader */
    size_t size;         /* bytes */
    size_t at;           /* bytes consumed */
    mc_error *err;       /* borrowed, filled on failure */
} mc_reader;

static inline size_t mc_reader_left(const mc_reader *r)
{
    return r->size - r->at;
}

/* Borrows the next `n` bytes. Written as `n > left`, never as `at + n > size`, which can wrap. */
MC_MUST_CHECK static inline mc_status mc_read_bytes(mc_reader *r, size_t n, const uint8_t **out)
{
    if (n > mc_reader_left(r)) {
        (void)mc_fail(r->err, MC_E_TRUNCATED, r->at, "need %zu bytes, %zu left", n,
                      mc_reader_left(r));
        return MC_E_TRUNCATED; /* a constant: the compiler sees that *out is set whenever we go on
                                */
    }
    *out = r->data + r->at;
    r->at += n;
    return MC_OK;
}

MC_MUST_CHECK static inline mc_status mc_read_u8(mc_reader *r, uint8_t *out)
{
    const uint8_t *b = NULL;
    MC_TRY(mc_read_bytes(r, 1, &b));
    *out = b[0];
    return MC_OK;
}

/* Little-endian, any alignment. The shifts are host-order free and compile to one load. */
MC_MUST_CHECK static inline mc_status mc_read_u16le(mc_reader *r, uint16_t *out)
{
    const uint8_t *b = NULL;
    MC_TRY(mc_read_bytes(r, 2, &b));
    *out = (uint16_t)(b[0] | b[1] << 8);
    return MC_OK;
}

static inline uint32_t mc_load_u32le(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t mc_load_u64le(const uint8_t *b)
{
    return (uint64_t)mc_load_u32le(b) | (uint64_t)mc_load_u32le(b + 4) << 32;
}

MC_MUST_CHECK static inline mc_status mc_read_u32le(mc_reader *r, uint32_t *out)
{
    const uint8_t *b = NULL;
    MC_TRY(mc_read_bytes(r, 4, &b));
    *out = mc_load_u32le(b);
    return MC_OK;
}

MC_MUST_CHECK static inline mc_status mc_read_u64le(mc_reader *r, uint64_t *out)
{
    const uint8_t *b = NULL;
    MC_TRY(mc_read_bytes(r, 8, &b));
    *out = mc_load_u64le(b);
    return MC_OK;
}

/* The bytes up to the next newline, which is consumed and not part of *out. */
MC_MUST_CHECK static inline mc_status mc_read_line(mc_reader *r, mc_bytes *out)
{
    const uint8_t *start = r->data + r->at;
    const uint8_t *end = mc_reader_left(r) == 0 ? NULL : memchr(start, '\n', mc_reader_left(r));
    if (end == NULL)
        return mc_fail(r->err, MC_E_TRUNCATED, r->at, "need a line, no newline follows");
    *out = (mc_bytes){start, (size_t)(end - start)};
    r->at += out->size + 1;
    return MC_OK;
}

/* Refuses a count of items, each at least `item_min` bytes, that the rest cannot hold: whatever is
 * allocated from an accepted count is O(input size). */
MC_MUST_CHECK static inline mc_status mc_check_count(const mc_reader *r, uint64_t n,
                                                     size_t item_min)
{
    MC_ASSERT(item_min > 0);
    if (n > mc_reader_left(r) / item_min)
        return mc_fail(r->err, MC_E_MALFORMED, r->at, "%llu items cannot fit in %zu bytes",
                       (unsigned long long)n, mc_reader_left(r));
    return MC_OK;
}
#endif
