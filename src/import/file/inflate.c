/* inflate.c: five libraries behind one loop.
 *
 * HOW IT WORKS  Each library is wrapped as a `step`: consume some input, write some output, say
 * whether a stream ended. run_streams() does everything else: growing the output, limits, what
 * follows the end of a stream (another one, or padding), and files that end too early. */
#include "import/file/inflate.h"

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/limits.h"

#define FIRST_ROOM ((size_t)64 << 10)
/* zlib and bzip2 count in 32 bits. */
#define MAX_PIECE ((size_t)1 << 30)

typedef enum step_result { STEP_MORE, STEP_END, STEP_BAD, STEP_NO_MEMORY } step_result;

typedef struct piece {
    const uint8_t *in;
    size_t n_in; /* left: the step subtracts what it used, here and below */
    uint8_t *out;
    size_t n_out;
} piece;

/* Room for any library's state. */
typedef union codec_state {
    z_stream zlib;
    bz_stream bz2;
    lzma_stream lzma;
    LZ4F_dctx *lz4;
    ZSTD_DStream *zstd;
} codec_state;

struct mc_codec {
    const char *name;
    size_t magic_size;
    uint8_t magic[6];
    step_result (*start)(codec_state *state);
    step_result (*step)(codec_state *state, piece *at);
    void (*end)(codec_state *state);
};

/* ------------------------------------------------------------------------------- growing ---- */

/* From memory to a spool, or on in it. False: where it is, it stays. */
static bool grow_spool(mc_inflated *out, size_t room)
{
    if (out->spool.is_open)
        return mc_spool_grow(&out->spool, room);
    if (room < MC_SPOOL_FROM || !mc_spool_open(&out->spool, room))
        return false;
    if (out->size > 0)
        memcpy(out->spool.data, out->pages, out->size);
    mc_pages_free(out->pages, out->room);
    return true;
}

static mc_status grow_memory(mc_inflated *out, size_t room, mc_error *err)
{
    if (out->reserve != NULL)
        MC_TRY(out->reserve(out->context, room - out->room, err));
    uint8_t *pages =
        out->room == 0 ? mc_pages_alloc(room) : mc_pages_resize(out->pages, out->room, room);
    if (pages == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no %zu bytes to be had", room);
    out->pages = pages;
    return MC_OK;
}

/* Pages are moved, not copied: while they grow, memory holds the bytes once. */
static mc_status grow(mc_inflated *out, mc_error *err)
{
    size_t room = out->room == 0 ? FIRST_ROOM : out->room * 2;
    room = room > out->limit ? out->limit : room;
    if (out->room == room) {
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET,
                       "more than %zu bytes come out of the compressed file (at most %d times its "
                       "size are read)",
                       out->limit, MC_LIMIT_EXPANSION);
    }
    if (grow_spool(out, room))
        out->pages = out->spool.data;
    else if (out->spool.is_open) {
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET,
                       "no room on the disk for the %zu bytes that come out of the file", room);
    } else {
        MC_TRY(grow_memory(out, room, err));
    }
    out->room = room;
    return MC_OK;
}

static mc_status fail_step(step_result result, size_t at, mc_error *err)
{
    if (result == STEP_NO_MEMORY)
        return mc_fail(err, MC_E_NO_MEMORY, at, "no memory to decompress with");
    return mc_fail(err, MC_E_MALFORMED, at, "the compressed data is damaged");
}

/* What a run works on. */
typedef struct run {
    const mc_codec *codec;
    mc_bytes input;
    size_t at;
    codec_state state;
} run;

static mc_status run_stream(run *r, mc_inflated *out, mc_error *err)
{
    for (;;) {
        if (out->size == out->room)
            MC_TRY(grow(out, err));
        piece next = {r->input.data + r->at, r->input.size - r->at, out->pages + out->size,
                      out->room - out->size};
        next.n_in = next.n_in > MAX_PIECE ? MAX_PIECE : next.n_in;
        next.n_out = next.n_out > MAX_PIECE ? MAX_PIECE : next.n_out;
        const size_t n_in = next.n_in, n_out = next.n_out;
        const step_result result = r->codec->step(&r->state, &next);
        r->at += n_in - next.n_in;
        out->size += n_out - next.n_out;
        if (result == STEP_END)
            return MC_OK;
        if (result != STEP_MORE)
            return fail_step(result, r->at, err);
        if (r->at == r->input.size && next.n_out > 0) /* with room left nothing is pending */
            return mc_fail(err, MC_E_TRUNCATED, r->at, "the compressed data ends too early");
        if (n_in == next.n_in && n_out == next.n_out)
            return fail_step(STEP_BAD, r->at, err);
    }
}

static bool starts_with_magic(const mc_codec *codec, mc_bytes data)
{
    return data.size >= codec->magic_size &&
           memcmp(data.data, codec->magic, codec->magic_size) == 0;
}

/* Another stream behind this one, and zeros between them? Anything else there is ignored, as
 * pickle.load() ignores what follows a pickle. */
static bool has_next_stream(run *r)
{
    while (r->at < r->input.size && r->input.data[r->at] == 0)
        r->at++;
    return r->codec->magic_size > 0 &&
           starts_with_magic(r->codec, (mc_bytes){r->input.data + r->at, r->input.size - r->at});
}

static mc_status run_one_stream(run *r, mc_inflated *out, mc_error *err)
{
    const step_result started = r->codec->start(&r->state);
    if (started != STEP_MORE)
        return fail_step(started, r->at, err);
    const mc_status status = run_stream(r, out, err);
    r->codec->end(&r->state);
    return status;
}

static mc_status run_streams(run *r, mc_inflated *out, mc_error *err)
{
    do
        MC_TRY(run_one_stream(r, out, err));
    while (has_next_stream(r));
    return MC_OK;
}

/* ------------------------------------------------------------------------------------ ZF ---- */

/* joblib up to 0.9: the size of the content as hex text, padded by blanks to as many characters as
 * hex(2**64) has: 19, or 20 where Python 2 puts an L behind it. The stream never starts by one. */
#define ZF_MAGIC  2
#define ZF_DIGITS 19

static int hex_digit(uint8_t c)
{
    const uint8_t lower = c | 0x20;
    return c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* "0x1f", then perhaps L, then blanks; at most 16 digits. */
static bool zf_size(mc_bytes text, uint64_t *out)
{
    size_t at = text.size > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x' ? 2 : 0;
    const size_t first = at;
    uint64_t size = 0;
    for (; at < text.size && hex_digit(text.data[at]) >= 0; at++)
        size = size << 4 | (uint64_t)hex_digit(text.data[at]);
    if (at == first || at - first > 16)
        return false;
    at += at < text.size && text.data[at] == 'L' ? 1 : 0;
    while (at < text.size && text.data[at] == ' ')
        at++;
    *out = size;
    return at == text.size;
}

static mc_status run_zf(run *r, mc_inflated *out, mc_error *err)
{
    uint64_t size = 0;
    if (r->input.size < ZF_MAGIC + ZF_DIGITS)
        return mc_fail(err, MC_E_TRUNCATED, r->input.size, "the file ends in its ZF header");
    if (!zf_size((mc_bytes){r->input.data + ZF_MAGIC, ZF_DIGITS}, &size))
        return mc_fail(err, MC_E_MALFORMED, ZF_MAGIC, "the size in the ZF header is not one");
    r->at = ZF_MAGIC + ZF_DIGITS;
    r->at += r->at < r->input.size && r->input.data[r->at] == ' ' ? 1 : 0;
    /* One byte of room too many shows a header that says too little. */
    const bool is_clamped = size < out->limit;
    out->limit = is_clamped ? (size_t)size + 1 : out->limit;
    const mc_status status = run_one_stream(r, out, err);
    if ((is_clamped && status == MC_E_LIMIT) || (status == MC_OK && out->size != size)) {
        return mc_fail(err, MC_E_MALFORMED, ZF_MAGIC,
                       "the ZF header says %llu bytes, %s come out of the file",
                       (unsigned long long)size, out->size < size ? "fewer" : "more");
    }
    return status;
}

/* ---------------------------------------------------------------------------- zlib, gzip ---- */

static step_result zlib_start(codec_state *state)
{
    z_stream *z = &state->zlib;
    memset(z, 0, sizeof *z);
    return inflateInit2(z, MAX_WBITS + 32) == Z_OK ? STEP_MORE : STEP_NO_MEMORY;
}

static step_result deflate_start(codec_state *state)
{
    z_stream *z = &state->zlib;
    memset(z, 0, sizeof *z);
    return inflateInit2(z, -MAX_WBITS) == Z_OK ? STEP_MORE : STEP_NO_MEMORY;
}

uint32_t mc_crc32(mc_bytes data)
{
    return (uint32_t)crc32_z(0, data.data, data.size);
}

static step_result zlib_step(codec_state *state, piece *at)
{
    z_stream *z = &state->zlib;
    z->next_in = at->in;
    z->avail_in = (uInt)at->n_in;
    z->next_out = at->out;
    z->avail_out = (uInt)at->n_out;
    const int result = inflate(z, Z_NO_FLUSH);
    at->n_in = z->avail_in;
    at->n_out = z->avail_out;
    return result == Z_STREAM_END                    ? STEP_END
           : result == Z_OK || result == Z_BUF_ERROR ? STEP_MORE
           : result == Z_MEM_ERROR                   ? STEP_NO_MEMORY
                                                     : STEP_BAD;
}

static void zlib_end(codec_state *state)
{
    (void)inflateEnd(&state->zlib);
}

/* --------------------------------------------------------------------------------- bzip2 ---- */

static step_result bz2_start(codec_state *state)
{
    bz_stream *z = &state->bz2;
    memset(z, 0, sizeof *z);
    return BZ2_bzDecompressInit(z, 0, 0) == BZ_OK ? STEP_MORE : STEP_NO_MEMORY;
}

static step_result bz2_step(codec_state *state, piece *at)
{
    bz_stream *z = &state->bz2;
    union { /* the library takes a pointer to char without const, and only reads */
        const uint8_t *in;
        char *next;
    } in = {.in = at->in};
    z->next_in = in.next;
    z->avail_in = (unsigned)at->n_in;
    z->next_out = (char *)at->out;
    z->avail_out = (unsigned)at->n_out;
    const int result = BZ2_bzDecompress(z);
    at->n_in = z->avail_in;
    at->n_out = z->avail_out;
    return result == BZ_STREAM_END  ? STEP_END
           : result == BZ_OK        ? STEP_MORE
           : result == BZ_MEM_ERROR ? STEP_NO_MEMORY
                                    : STEP_BAD;
}

static void bz2_end(codec_state *state)
{
    (void)BZ2_bzDecompressEnd(&state->bz2);
}

/* ------------------------------------------------------------------------------ xz, lzma ---- */

static step_result lzma_result(lzma_ret result)
{
    return result == LZMA_STREAM_END                                   ? STEP_END
           : result == LZMA_OK || result == LZMA_BUF_ERROR             ? STEP_MORE
           : result == LZMA_MEM_ERROR || result == LZMA_MEMLIMIT_ERROR ? STEP_NO_MEMORY
                                                                       : STEP_BAD;
}

/* A dictionary larger than any encoder of joblib or xz -9 asks for is not read. */
#define LZMA_MEMORY ((uint64_t)256 << 20)

static step_result xz_start(codec_state *state)
{
    lzma_stream *z = &state->lzma;
    *z = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_result(lzma_stream_decoder(z, LZMA_MEMORY, 0));
}

static step_result lzma_alone_start(codec_state *state)
{
    lzma_stream *z = &state->lzma;
    *z = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_result(lzma_alone_decoder(z, LZMA_MEMORY));
}

static step_result lzma_step(codec_state *state, piece *at)
{
    lzma_stream *z = &state->lzma;
    z->next_in = at->in;
    z->avail_in = at->n_in;
    z->next_out = at->out;
    z->avail_out = at->n_out;
    const lzma_ret result = lzma_code(z, LZMA_RUN);
    at->n_in = z->avail_in;
    at->n_out = z->avail_out;
    return lzma_result(result);
}

static void lzma_finish(codec_state *state)
{
    lzma_end(&state->lzma);
}

/* ----------------------------------------------------------------------------- lz4, zstd ---- */

static step_result lz4_start(codec_state *state)
{
    return LZ4F_isError(LZ4F_createDecompressionContext(&state->lz4, LZ4F_VERSION)) ? STEP_NO_MEMORY
                                                                                    : STEP_MORE;
}

static step_result lz4_step(codec_state *state, piece *at)
{
    size_t n_in = at->n_in, n_out = at->n_out;
    const size_t hint = LZ4F_decompress(state->lz4, at->out, &n_out, at->in, &n_in, NULL);
    if (LZ4F_isError(hint))
        return STEP_BAD;
    at->n_in -= n_in;
    at->n_out -= n_out;
    return hint == 0 ? STEP_END : STEP_MORE;
}

static void lz4_end(codec_state *state)
{
    (void)LZ4F_freeDecompressionContext(state->lz4);
}

static step_result zstd_start(codec_state *state)
{
    state->zstd = ZSTD_createDStream();
    return state->zstd == NULL ? STEP_NO_MEMORY : STEP_MORE;
}

static step_result zstd_step(codec_state *state, piece *at)
{
    ZSTD_inBuffer in = {at->in, at->n_in, 0};
    ZSTD_outBuffer out = {at->out, at->n_out, 0};
    const size_t hint = ZSTD_decompressStream(state->zstd, &out, &in);
    if (ZSTD_isError(hint))
        return STEP_BAD;
    at->n_in -= in.pos;
    at->n_out -= out.pos;
    return hint == 0 ? STEP_END : STEP_MORE;
}

static void zstd_end(codec_state *state)
{
    (void)ZSTD_freeDStream(state->zstd);
}

/* -------------------------------------------------------------------------------- codecs ---- */

/* None of these starts a pickle: 'x' and 'Z' are no opcodes, 0x1f neither, a BINBYTES ("B") whose
 * size reads "Zh91" would be 800 MB, an EMPTY_LIST ("]") or MARK ("(") is not followed by such
 * bytes. */
static const mc_codec CODECS[] = {
    {"gzip", 2, {0x1f, 0x8b}, zlib_start, zlib_step, zlib_end},
    {"zlib", 2, {0x78, 0x01}, zlib_start, zlib_step, zlib_end},
    {"zlib", 2, {0x78, 0x5e}, zlib_start, zlib_step, zlib_end},
    {"zlib", 2, {0x78, 0x9c}, zlib_start, zlib_step, zlib_end},
    {"zlib", 2, {0x78, 0xda}, zlib_start, zlib_step, zlib_end},
    {"bz2", 3, {'B', 'Z', 'h'}, bz2_start, bz2_step, bz2_end},
    {"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}, xz_start, lzma_step, lzma_finish},
    {"lzma", 3, {0x5d, 0x00, 0x00}, lzma_alone_start, lzma_step, lzma_finish},
    {"lz4", 4, {0x04, 0x22, 0x4d, 0x18}, lz4_start, lz4_step, lz4_end},
    {"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}, zstd_start, zstd_step, zstd_end},
};

/* joblib's own container around a zlib stream: a header of text comes first, see run_zf(). */
static const mc_codec ZF = {"zf", ZF_MAGIC, {'Z', 'F'}, zlib_start, zlib_step, zlib_end};
static const mc_codec DEFLATE = {"deflate", 0, {0}, deflate_start, zlib_step, zlib_end};

const mc_codec *mc_codec_deflate(void)
{
    return &DEFLATE;
}

const mc_codec *mc_codec_find(mc_bytes data)
{
    for (size_t i = 0; i < MC_COUNT_OF(CODECS); i++)
        if (starts_with_magic(&CODECS[i], data))
            return &CODECS[i];
    return starts_with_magic(&ZF, data) ? &ZF : NULL;
}

const char *mc_codec_name(const mc_codec *codec)
{
    return codec->name;
}

mc_status mc_inflate(const mc_codec *codec, mc_bytes input, mc_inflated *out, mc_error *err)
{
    run r = {.codec = codec, .input = input};
    const mc_status status = codec == &ZF ? run_zf(&r, out, err) : run_streams(&r, out, err);
    (void)mc_spool_close(&out->spool); /* its pages are out->pages */
    if (status != MC_OK) {
        mc_pages_free(out->pages, out->room);
        out->pages = NULL;
    }
    return status;
}
