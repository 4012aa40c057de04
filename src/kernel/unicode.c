/* unicode.c: tables by tools/make_unicode.py, and the rules that no table holds: the final sigma,
 * Hangul syllables.
 *
 * Why so   Accents are stripped character by character: NFKD orders only characters whose combining
 *          class is not zero, and these are exactly the ones that are dropped. */
#include "kernel/unicode.h"

#include <string.h>

typedef struct property {
    uint8_t flags;
    int32_t lower, upper; /* what to add; 0 where it stays or becomes more than one character */
} property;

typedef struct long_case {
    uint32_t from, to[3]; /* 0: no more */
} long_case;

#include "kernel/unicode_tables.def"

#define REPLACEMENT UINT32_C(0xfffd)

/* ------------------------------------------------------------------------------- tables ---- */

/* Which item of *_VALUES: 64 characters a block, 128 blocks a chunk. */
static inline size_t block_of(const uint8_t *chunks, const uint16_t *blocks, uint32_t c)
{
    return (size_t)blocks[(size_t)chunks[c >> 13] * 128 + (c >> 6 & 127)] * 64 + (c & 63);
}

static inline const property *property_of(uint32_t c)
{
    return &PROPERTIES[PROPERTY_VALUES[block_of(PROPERTY_CHUNKS, PROPERTY_BLOCKS, c)]];
}

unsigned mc_char_flags(uint32_t c)
{
    return property_of(c)->flags;
}

/* -------------------------------------------------------------------------------- UTF-8 ---- */

/* How many bytes follow a first byte, and what it adds; false where none can begin. */
static bool begin_character(uint8_t lead, size_t *n_more, uint32_t *bits, uint32_t *smallest)
{
    *n_more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    *bits = lead & (0x3fu >> *n_more);
    *smallest = lead < 0xe0 ? 0x80 : lead < 0xf0 ? 0x800 : 0x10000;
    return lead >= 0xc2 && lead < 0xf5;
}

size_t mc_char_read(const uint8_t *at, const uint8_t *end, uint32_t *out)
{
    size_t n_more = 0;
    uint32_t value = 0, smallest = 0;
    *out = *at;
    if (*at < 0x80)
        return 1;
    *out = REPLACEMENT;
    if (!begin_character(*at, &n_more, &value, &smallest) || (size_t)(end - at) <= n_more)
        return 1;
    for (size_t i = 1; i <= n_more; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (at[i] & 0x3fu);
    }
    if (value < smallest || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 1;
    *out = value;
    return n_more + 1;
}

size_t mc_char_read_back(const uint8_t *start, const uint8_t *end, uint32_t *out)
{
    for (size_t n = 1; n <= MC_UTF8_MOST && n <= (size_t)(end - start); n++) {
        if ((end[-(ptrdiff_t)n] & 0xc0) == 0x80)
            continue;
        if (mc_char_read(end - n, end, out) == n)
            return n;
        break;
    }
    *out = REPLACEMENT;
    return 1;
}

size_t mc_char_write(uint32_t c, uint8_t *out)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    const size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)((0xf00u >> n & 0xf0u) | c);
    return n;
}

/* ----------------------------------------------------------------- character by character ---- */

/* A text that is being written, or only measured. */
typedef struct text_out {
    uint8_t *data; /* NULL: measured */
    size_t size;
} text_out;

static inline void put(text_out *to, uint32_t c)
{
    uint8_t scratch[MC_UTF8_MOST];
    to->size += mc_char_write(c, to->data == NULL ? scratch : to->data + to->size);
}

static inline void put_bytes(text_out *to, const uint8_t *bytes, size_t n)
{
    if (to->data != NULL && n > 0)
        memcpy(to->data + to->size, bytes, n);
    to->size += n;
}

/* Eight bytes, none of them beyond ASCII. */
static inline bool ascii8(const uint8_t *at, const uint8_t *end)
{
    uint64_t word = 0;
    if (end - at < 8)
        return false;
    memcpy(&word, at, sizeof word);
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

/* ------------------------------------------------------------------------ lower and upper ---- */

static bool cased_before(const uint8_t *start, const uint8_t *at)
{
    uint32_t c = 0;
    while (at != start) {
        at -= mc_char_read_back(start, at, &c);
        if (!(mc_char_flags(c) & MC_CHAR_IGNORABLE))
            return (mc_char_flags(c) & MC_CHAR_CASED) != 0;
    }
    return false;
}

static bool cased_behind(const uint8_t *at, const uint8_t *end)
{
    uint32_t c = 0;
    while (at != end) {
        at += mc_char_read(at, end, &c);
        if (!(mc_char_flags(c) & MC_CHAR_IGNORABLE))
            return (mc_char_flags(c) & MC_CHAR_CASED) != 0;
    }
    return false;
}

#define SIGMA       UINT32_C(0x3a3)
#define SMALL_SIGMA UINT32_C(0x3c3)
#define FINAL_SIGMA UINT32_C(0x3c2)
#define DOTTED_I    UINT32_C(0x130)
#define DOT_ABOVE   UINT32_C(0x307)

/* The rule for a capital sigma looks at the text around it, as it was. Between two of them the
 * same characters are looked at twice at most. */
static void put_lower(text_out *to, mc_bytes in, const uint8_t *at, size_t size, uint32_t c)
{
    if (c == SIGMA) {
        const bool is_final =
            cased_before(in.data, at) && !cased_behind(at + size, in.data + in.size);
        put(to, is_final ? FINAL_SIGMA : SMALL_SIGMA);
    } else if (c == DOTTED_I) { /* the only one that becomes two */
        put(to, 'i');
        put(to, DOT_ABOVE);
    } else {
        put(to, (uint32_t)((int32_t)c + property_of(c)->lower));
    }
}

/* A to Z of eight bytes at once: 0x20 is added where bit 7 of both sums says so. */
static inline void lower8(text_out *to, const uint8_t *at)
{
    uint64_t word = 0;
    memcpy(&word, at, sizeof word);
    const uint64_t from_a = word + UINT64_C(0x3f3f3f3f3f3f3f3f);
    const uint64_t beyond_z = word + UINT64_C(0x2525252525252525);
    word |= (from_a & ~beyond_z & UINT64_C(0x8080808080808080)) >> 2;
    put_bytes(to, (const uint8_t *)&word, sizeof word);
}

size_t mc_text_lower(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    const uint8_t *at = in.data, *const end = in.data + in.size;
    while (at != end) {
        uint32_t c = 0;
        if (ascii8(at, end)) {
            lower8(&to, at);
            at += 8;
            continue;
        }
        const size_t size = mc_char_read(at, end, &c);
        put_lower(&to, in, at, size, c);
        at += size;
    }
    return to.size;
}

size_t mc_text_repair(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    const uint8_t *at = in.data, *const end = in.data + in.size;
    while (at != end) {
        uint32_t c = 0;
        at += mc_char_read(at, end, &c);
        put(&to, c);
    }
    return to.size;
}

uint32_t mc_char_lower(uint32_t c)
{
    return c == DOTTED_I ? 'i' : (uint32_t)((int32_t)c + property_of(c)->lower);
}

/* The line of c in `cases` (n), which ascend, or NULL. */
static const long_case *find_case(const long_case *cases, size_t n, uint32_t c)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (cases[middle].from < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && cases[low].from == c ? &cases[low] : NULL;
}

/* What `cases` (n) make of c; where they do not name it, c + `step`. */
static void put_case(text_out *to, const long_case *cases, size_t n, uint32_t c, int32_t step)
{
    const long_case *many = c < 0x80 ? NULL : find_case(cases, n, c);
    if (many == NULL)
        put(to, (uint32_t)((int32_t)c + step));
    for (size_t i = 0; many != NULL && i < 3 && many->to[i] != 0; i++)
        put(to, many->to[i]);
}

size_t mc_text_upper(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    const uint8_t *at = in.data, *const end = in.data + in.size;
    while (at != end) {
        uint32_t c = 0;
        at += mc_char_read(at, end, &c);
        put_case(&to, LONG_UPPERS, MC_COUNT_OF(LONG_UPPERS), c, property_of(c)->upper);
    }
    return to.size;
}

/* The first letter of a word, or of the text. */
static void put_title(text_out *to, uint32_t c)
{
    const long_case *many = c < 0x80 ? NULL : find_case(TITLES, MC_COUNT_OF(TITLES), c);
    if (many == NULL)
        put_case(to, LONG_UPPERS, MC_COUNT_OF(LONG_UPPERS), c, property_of(c)->upper);
    else
        put_case(to, TITLES, MC_COUNT_OF(TITLES), c, 0);
}

size_t mc_text_title(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    bool in_word = false;
    uint32_t c = 0;
    for (const uint8_t *at = in.data, *const end = in.data + in.size; at != end;) {
        const size_t size = mc_char_read(at, end, &c);
        if (in_word)
            put_lower(&to, in, at, size, c);
        else
            put_title(&to, c);
        in_word = (mc_char_flags(c) & MC_CHAR_HAS_CASE) != 0;
        at += size;
    }
    return to.size;
}

size_t mc_text_capitalize(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    uint32_t c = 0;
    for (const uint8_t *at = in.data, *const end = in.data + in.size; at != end;) {
        const size_t size = mc_char_read(at, end, &c);
        if (at == in.data)
            put_title(&to, c);
        else
            put_lower(&to, in, at, size, c);
        at += size;
    }
    return to.size;
}

size_t mc_text_swapcase(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    uint32_t c = 0;
    for (const uint8_t *at = in.data, *const end = in.data + in.size; at != end;) {
        const size_t size = mc_char_read(at, end, &c);
        if (mc_char_flags(c) & MC_CHAR_UPPER)
            put_lower(&to, in, at, size, c);
        else if (mc_char_flags(c) & MC_CHAR_LOWER)
            put_case(&to, LONG_UPPERS, MC_COUNT_OF(LONG_UPPERS), c, property_of(c)->upper);
        else
            put(&to, c);
        at += size;
    }
    return to.size;
}

/* A sigma is a sigma, wherever it stands. */
size_t mc_text_casefold(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    const uint8_t *at = in.data, *const end = in.data + in.size;
    while (at != end) {
        uint32_t c = 0;
        if (ascii8(at, end)) {
            lower8(&to, at);
            at += 8;
            continue;
        }
        at += mc_char_read(at, end, &c);
        put_case(&to, FOLDS, MC_COUNT_OF(FOLDS), c, property_of(c)->lower);
    }
    return to.size;
}

/* -------------------------------------------------------------------------------- accents ---- */

#define HANGUL_FIRST    UINT32_C(0xac00)
#define HANGUL_N        UINT32_C(11172)
#define HANGUL_LEAD     UINT32_C(0x1100)
#define HANGUL_VOWEL    UINT32_C(0x1161)
#define HANGUL_TAIL     UINT32_C(0x11a7)
#define HANGUL_N_TAILS  UINT32_C(28)
#define HANGUL_N_VOWELS UINT32_C(21)

/* Conjoining letters of a syllable (The Unicode Standard, section 3.12). */
static void put_syllable(text_out *to, uint32_t c)
{
    const uint32_t at = c - HANGUL_FIRST, tail = at % HANGUL_N_TAILS;
    put(to, HANGUL_LEAD + at / (HANGUL_N_VOWELS * HANGUL_N_TAILS));
    put(to, HANGUL_VOWEL + at / HANGUL_N_TAILS % HANGUL_N_VOWELS);
    if (tail > 0)
        put(to, HANGUL_TAIL + tail);
}

static void put_stripped(text_out *to, uint32_t c)
{
    const size_t found = STRIP_VALUES[block_of(STRIP_CHUNKS, STRIP_BLOCKS, c)];
    if (c - HANGUL_FIRST < HANGUL_N)
        put_syllable(to, c);
    else if (found == 0)
        put(to, c);
    else
        put_bytes(to, &STRIP_TEXTS[found + 1], STRIP_TEXTS[found]);
}

size_t mc_text_strip_accents(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    const uint8_t *at = in.data, *const end = in.data + in.size;
    while (at != end) {
        uint32_t c = 0;
        if (ascii8(at, end)) {
            put_bytes(&to, at, 8);
            at += 8;
            continue;
        }
        at += mc_char_read(at, end, &c);
        put_stripped(&to, c);
    }
    return to.size;
}

#define DECOMPOSES 255u /* in the place of a combining class: becomes another character */

/* 0 for what does not combine. */
static unsigned combining_class(uint32_t c)
{
    size_t low = 0, high = MC_COUNT_OF(COMBINING);
    while (high - low > 1) { /* COMBINING[0] begins at 0 */
        const size_t middle = low + (high - low) / 2;
        if (COMBINING[middle] >> 8 <= c)
            low = middle;
        else
            high = middle;
    }
    return COMBINING[low] & 0xffu;
}

/* Is the text its own NFKD? Nothing decomposes, and marks are in the order of their classes. */
static bool is_decomposed(mc_bytes in)
{
    const uint8_t *at = in.data, *const end = in.data + in.size;
    unsigned last = 0;
    while (at != end) {
        uint32_t c = 0;
        at += mc_char_read(at, end, &c);
        const unsigned class = combining_class(c);
        const bool goes = STRIP_VALUES[block_of(STRIP_CHUNKS, STRIP_BLOCKS, c)] != 0;
        if (c - HANGUL_FIRST < HANGUL_N || class == DECOMPOSES || (goes && class == 0) ||
            (class != 0 && class < last))
            return false;
        last = class;
    }
    return true;
}

size_t mc_text_strip_composed(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    if (!is_decomposed(in))
        return mc_text_strip_accents(in, out);
    put_bytes(&to, in.data, in.size);
    return to.size;
}

size_t mc_text_strip_to_ascii(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    const uint8_t *at = in.data, *const end = in.data + in.size;
    while (at != end) {
        uint32_t c = 0;
        at += mc_char_read(at, end, &c);
        const size_t found = STRIP_VALUES[block_of(STRIP_CHUNKS, STRIP_BLOCKS, c)];
        if (c < 0x80)
            put(&to, c);
        for (size_t i = 0; found != 0 && i < STRIP_TEXTS[found]; i++)
            if (STRIP_TEXTS[found + 1 + i] < 0x80)
                put(&to, STRIP_TEXTS[found + 1 + i]);
    }
    return to.size;
}

mc_bytes mc_text_trim(mc_bytes in, bool left, bool right)
{
    const uint8_t *start = in.data, *end = in.data + in.size;
    uint32_t c = 0;
    while (left && start != end) {
        const size_t size = mc_char_read(start, end, &c);
        if (!(mc_char_flags(c) & MC_CHAR_SPACE))
            break;
        start += size;
    }
    while (right && start != end) {
        const size_t size = mc_char_read_back(start, end, &c);
        if (!(mc_char_flags(c) & MC_CHAR_SPACE))
            break;
        end -= size;
    }
    return (mc_bytes){start, (size_t)(end - start)};
}
