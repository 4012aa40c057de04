/* normalize.c: tables by tools/make_unicode.py, and the algorithms of The Unicode Standard: D106 to
 * D117 of section 3.11, and the syllables of 3.12.
 *
 * HOW IT WORKS  A cursor gives the characters of the text taken apart. What follows a starter
 * (class 0) up to the next one are its marks. They are to stand in the order of their classes: for
 * that the cursor, which is small, goes over them once for each class, so that nothing has to be
 * kept. What composes is worked out in one such walk and written in a second. */
#include "kernel/normalize.h"

#include <string.h>

#include "kernel/unicode.h"

typedef struct pair {
    uint32_t first, second, one;
} pair;

#include "kernel/unicode_forms.def"

#define HANGUL_FIRST    UINT32_C(0xac00)
#define HANGUL_N        UINT32_C(11172)
#define HANGUL_LEAD     UINT32_C(0x1100)
#define HANGUL_VOWEL    UINT32_C(0x1161)
#define HANGUL_TAIL     UINT32_C(0x11a7)
#define HANGUL_N_LEADS  UINT32_C(19)
#define HANGUL_N_TAILS  UINT32_C(28)
#define HANGUL_N_VOWELS UINT32_C(21)
#define N_CLASSES       256u /* above all classes */

/* ------------------------------------------------------------------------------- tables ---- */

/* As in unicode.c: 64 characters a block, 128 blocks a chunk. */
static inline size_t block_of(const uint8_t *chunks, const uint16_t *blocks, uint32_t c)
{
    return (size_t)blocks[(size_t)chunks[c >> 13] * 128 + (c >> 6 & 127)] * 64 + (c & 63);
}

static unsigned class_of(uint32_t c)
{
    size_t low = 0, high = MC_COUNT_OF(CLASSES);
    if (c < 0x300)
        return 0;
    while (high - low > 1) { /* CLASSES[0] begins at 0 */
        const size_t middle = low + (high - low) / 2;
        if (CLASSES[middle] >> 8 <= c)
            low = middle;
        else
            high = middle;
    }
    return CLASSES[low] & 0xffu;
}

/* The one character that both are, or 0. */
static uint32_t compose(uint32_t first, uint32_t second)
{
    size_t low = 0, high = MC_COUNT_OF(PAIRS);
    const uint32_t lead = first - HANGUL_LEAD, vowel = second - HANGUL_VOWEL;
    const uint32_t syllable = first - HANGUL_FIRST, tail = second - HANGUL_TAIL;
    if (lead < HANGUL_N_LEADS && vowel < HANGUL_N_VOWELS)
        return HANGUL_FIRST + (lead * HANGUL_N_VOWELS + vowel) * HANGUL_N_TAILS;
    if (syllable < HANGUL_N && syllable % HANGUL_N_TAILS == 0 && tail > 0 && tail < HANGUL_N_TAILS)
        return first + tail;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const pair *p = &PAIRS[middle];
        if (p->first < first || (p->first == first && p->second < second))
            low = middle + 1;
        else
            high = middle;
    }
    const bool found =
        low < MC_COUNT_OF(PAIRS) && PAIRS[low].first == first && PAIRS[low].second == second;
    return found ? PAIRS[low].one : 0;
}

/* ----------------------------------------------------------------------- taken apart ---- */

#define OWN_MOST 9 /* bytes of a syllable's three letters */

typedef struct cursor {
    const uint8_t *at, *end; /* of the text */
    const uint8_t *part;     /* what the character before `at` becomes; NULL: `own` */
    size_t part_at, part_size;
    uint8_t own[OWN_MOST];
    bool is_compatible; /* NFKD */
} cursor;

static bool is_done(const cursor *k)
{
    return k->part_at == k->part_size && k->at == k->end;
}

static void open_syllable(cursor *k, uint32_t c)
{
    const uint32_t at = c - HANGUL_FIRST, tail = at % HANGUL_N_TAILS;
    k->part = NULL;
    k->part_size = mc_char_write(HANGUL_LEAD + at / (HANGUL_N_VOWELS * HANGUL_N_TAILS), k->own);
    k->part_size +=
        mc_char_write(HANGUL_VOWEL + at / HANGUL_N_TAILS % HANGUL_N_VOWELS, k->own + k->part_size);
    if (tail > 0)
        k->part_size += mc_char_write(HANGUL_TAIL + tail, k->own + k->part_size);
}

/* What the character at `at` becomes. */
static void open_next(cursor *k)
{
    uint32_t c = 0;
    k->at += mc_char_read(k->at, k->end, &c);
    k->part_at = 0;
    if (c - HANGUL_FIRST < HANGUL_N) {
        open_syllable(k, c);
        return;
    }
    const size_t found = k->is_compatible ? NFKD_VALUES[block_of(NFKD_CHUNKS, NFKD_BLOCKS, c)]
                                          : NFD_VALUES[block_of(NFD_CHUNKS, NFD_BLOCKS, c)];
    if (found == 0) {
        k->part = NULL;
        k->part_size = mc_char_write(c, k->own);
        return;
    }
    k->part = (k->is_compatible ? NFKD_TEXTS : NFD_TEXTS) + found + 1;
    k->part_size = k->part[-1];
}

/* The next character; there must be one. */
static uint32_t take(cursor *k)
{
    uint32_t c = 0;
    if (k->part_at == k->part_size)
        open_next(k);
    const uint8_t *part = k->part == NULL ? k->own : k->part;
    k->part_at += mc_char_read(part + k->part_at, part + k->part_size, &c);
    return c;
}

/* The marks that come, in order of their classes. */
typedef struct marks {
    cursor first; /* before the first of them */
    cursor now;
    unsigned class; /* that are being taken */
    unsigned next;  /* the least above it that was seen */
} marks;

static marks marks_at(const cursor *k)
{
    return (marks){.first = *k, .now = *k, .class = 0, .next = N_CLASSES};
}

/* The next mark; false behind the last one. */
static bool take_mark(marks *m, uint32_t *out)
{
    for (;;) {
        while (!is_done(&m->now)) {
            const uint32_t c = take(&m->now);
            const unsigned class = class_of(c);
            if (class == 0)
                break; /* the next starter */
            if (class == m->class) {
                *out = c;
                return true;
            }
            if (class > m->class && class < m->next)
                m->next = class;
        }
        if (m->next == N_CLASSES)
            return false;
        m->class = m->next;
        m->next = N_CLASSES;
        m->now = m->first;
    }
}

/* Goes to the next starter. */
static void skip_marks(cursor *k)
{
    while (!is_done(k)) {
        cursor next = *k;
        if (class_of(take(&next)) == 0)
            return;
        *k = next;
    }
}

/* ----------------------------------------------------------------------------- written ---- */

typedef struct text_out {
    uint8_t *data; /* NULL: measured */
    size_t size;
} text_out;

static void put(text_out *to, uint32_t c)
{
    uint8_t scratch[MC_UTF8_MOST];
    to->size += mc_char_write(c, to->data == NULL ? scratch : to->data + to->size);
}

/* What of ASCII is followed by ASCII is what it is in every form. */
static void put_ascii(text_out *to, cursor *k)
{
    const uint8_t *from = k->at;
    if (k->part_at != k->part_size)
        return;
    while (k->end - k->at > 1 && k->at[0] < 0x80 && k->at[1] < 0x80)
        k->at++;
    if (to->data != NULL && k->at != from)
        memcpy(to->data + to->size, from, (size_t)(k->at - from));
    to->size += (size_t)(k->at - from);
}

static size_t decompose(mc_bytes in, bool is_compatible, uint8_t *out)
{
    text_out to = {out, 0};
    cursor k = {.at = in.data, .end = in.data + in.size, .is_compatible = is_compatible};
    uint32_t c = 0;
    while (!is_done(&k)) {
        put_ascii(&to, &k);
        cursor next = k;
        c = take(&next);
        if (class_of(c) == 0) { /* else the text begins with marks */
            put(&to, c);
            k = next;
        }
        marks m = marks_at(&k);
        while (take_mark(&m, &c))
            put(&to, c);
        skip_marks(&k);
    }
    return to.size;
}

/* The marks at `k` and their starter as one, as far as they are; the marks that are left are
 * written if `to` is given. Returns how many are left. A mark is cut off by one of its class before
 * it. */
static size_t join_marks(const cursor *k, uint32_t *starter, text_out *to)
{
    marks m = marks_at(k);
    unsigned last = 0;
    size_t n_left = 0;
    uint32_t c = 0;
    while (take_mark(&m, &c)) {
        const uint32_t one = n_left > 0 && last == m.class ? 0 : compose(*starter, c);
        if (one != 0) {
            *starter = one;
            continue;
        }
        last = m.class;
        n_left++;
        if (to != NULL)
            put(to, c);
    }
    return n_left;
}

/* A starter, those behind it that are one with it, and the marks of the last. */
static void compose_one(text_out *to, cursor *k)
{
    uint32_t starter = take(k);
    for (;;) {
        uint32_t joined = starter;
        const size_t n_left = join_marks(k, &joined, NULL);
        cursor next = *k;
        skip_marks(&next);
        cursor behind = next;
        const uint32_t one = n_left > 0 || is_done(&next) ? 0 : compose(joined, take(&behind));
        if (one == 0) {
            put(to, joined);
            if (n_left > 0)
                (void)join_marks(k, &starter, to);
            *k = next;
            return;
        }
        starter = one;
        *k = behind;
    }
}

static size_t compose_all(mc_bytes in, bool is_compatible, uint8_t *out)
{
    text_out to = {out, 0};
    cursor k = {.at = in.data, .end = in.data + in.size, .is_compatible = is_compatible};
    marks m = marks_at(&k);
    uint32_t c = 0;
    while (take_mark(&m, &c)) /* that the text begins with */
        put(&to, c);
    skip_marks(&k);
    while (!is_done(&k)) {
        put_ascii(&to, &k);
        compose_one(&to, &k);
    }
    return to.size;
}

size_t mc_text_nfc(mc_bytes in, uint8_t *out)
{
    return compose_all(in, false, out);
}

size_t mc_text_nfd(mc_bytes in, uint8_t *out)
{
    return decompose(in, false, out);
}

size_t mc_text_nfkc(mc_bytes in, uint8_t *out)
{
    return compose_all(in, true, out);
}

size_t mc_text_nfkd(mc_bytes in, uint8_t *out)
{
    return decompose(in, true, out);
}
