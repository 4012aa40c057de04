/* char_set.c: sets of characters, bit by bit. */
#include "import/sklearn/char_set.h"

#include <stdio.h>
#include <string.h>

#define FIRST_SURROGATE UINT32_C(0xd800)
#define LAST_SURROGATE  UINT32_C(0xdfff)

static const uint32_t CASE_FIXES[][2] = {
#define CASE_FIX(c, other) {c, other},
#include "import/sklearn/case_fixes.def"
#undef CASE_FIX
};

static inline bool has(const mc_char_set *set, uint32_t c)
{
    return set->bits[c / 64] >> (c % 64) & 1;
}

static inline void put(mc_char_set *set, uint32_t c)
{
    set->bits[c / 64] |= UINT64_C(1) << (c % 64);
}

void mc_char_set_clear(mc_char_set *set)
{
    memset(set, 0, sizeof *set);
}

void mc_char_set_add(mc_char_set *set, uint32_t first, uint32_t last)
{
    for (uint32_t c = first; c <= last; c++)
        put(set, c);
}

void mc_char_set_add_flag(mc_char_set *set, unsigned flag, bool without, bool ascii)
{
    for (uint32_t c = 0; c < MC_N_CHARS; c++) {
        /* isspace() of ASCII is narrower: Unicode has four separators more. */
        const bool extra = ascii && (c >= 0x80 || (c >= 0x1c && c <= 0x1f));
        const bool found = !extra && (mc_char_flags(c) & flag) != 0;
        if (found != without)
            put(set, c);
    }
}

void mc_char_set_invert(mc_char_set *set)
{
    for (size_t i = 0; i < MC_CHAR_SET_SIZE; i++)
        set->bits[i] = ~set->bits[i];
}

static uint32_t lower(uint32_t c, bool ascii)
{
    if (ascii)
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    return mc_char_lower(c);
}

void mc_char_set_ignore_case(mc_char_set *set, mc_char_set *spare, bool ascii)
{
    mc_char_set_clear(spare); /* of lower case */
    for (uint32_t c = 0; c < MC_N_CHARS; c++)
        if (has(set, c))
            put(spare, lower(c, ascii));
    for (size_t i = 0; !ascii && i < MC_COUNT_OF(CASE_FIXES); i++)
        if (has(spare, CASE_FIXES[i][0]))
            put(spare, CASE_FIXES[i][1]);
    mc_char_set_clear(set);
    for (uint32_t c = 0; c < MC_N_CHARS; c++)
        if (has(spare, lower(c, ascii)))
            put(set, c);
}

bool mc_char_set_equal(const mc_char_set *a, const mc_char_set *b)
{
    return memcmp(a->bits, b->bits, sizeof a->bits) == 0;
}

/* ------------------------------------------------------------------------------- ranges ---- */

/* The next run of members from *c on; false when there is none. */
static bool next_range(const mc_char_set *set, uint32_t *c, uint32_t *first)
{
    while (*c < MC_N_CHARS && !has(set, *c))
        *c += *c % 64 == 0 && set->bits[*c / 64] == 0 ? 64 : 1;
    *first = *c;
    while (*c < MC_N_CHARS && has(set, *c))
        *c += *c % 64 == 0 && set->bits[*c / 64] == UINT64_MAX ? 64 : 1;
    return *first < *c;
}

/* \x{a}, or a range of them. */
static mc_status print(mc_vec *out, uint32_t first, uint32_t last, mc_error *err)
{
    char text[40];
    const int n = first == last ? snprintf(text, sizeof text, "\\x{%x}", first)
                                : snprintf(text, sizeof text, "\\x{%x}-\\x{%x}", first, last);
    MC_ASSERT(n > 0);
    MC_ASSERT((size_t)n < sizeof text);
    return mc_vec_append(out, text, (size_t)n, err);
}

static mc_status print_range(mc_vec *out, uint32_t first, uint32_t last, mc_error *err)
{
    if (first < FIRST_SURROGATE && last >= FIRST_SURROGATE && last <= LAST_SURROGATE)
        last = FIRST_SURROGATE - 1;
    if (first >= FIRST_SURROGATE && first <= LAST_SURROGATE)
        first = LAST_SURROGATE + 1;
    return first > last ? MC_OK : print(out, first, last, err);
}

mc_status mc_char_set_print(const mc_char_set *set, mc_vec *out, mc_error *err)
{
    const size_t start = out->size;
    uint32_t c = 0, first = 0;
    MC_TRY(mc_vec_append(out, "[", 1, err));
    while (next_range(set, &c, &first))
        MC_TRY(print_range(out, first, c - 1, err));
    if (out->size > start + 1)
        return mc_vec_append(out, "]", 1, err);
    out->size = start; /* nothing is in it, so it matches nowhere */
    return mc_vec_append(out, "(?!)", 4, err);
}

/* -------------------------------------------------------------------------------- classes ---- */

/* `spare`: characters with one of `with`, or lacking one of `without`. */
static void base_of(mc_char_set *spare, uint32_t with, uint32_t without)
{
    mc_char_set_clear(spare);
    for (uint32_t c = 0; (with | without) != 0 && c < MC_N_CHARS; c++) {
        const unsigned flags = mc_char_flags(c);
        if ((flags & with) != 0 || (~flags & without) != 0)
            put(spare, c);
    }
}

/* What `set` (or what it lacks) has beyond ASCII and beyond `base`, as ranges. */
static bool ranges_beyond(const mc_char_set *set, mc_char_set *base, bool negated,
                          mc_char_class *out)
{
    uint32_t c = 128, first = 0;
    out->n_ranges = 0;
    for (size_t i = 128 / 64; i < MC_CHAR_SET_SIZE; i++) {
        const uint64_t wanted = negated ? ~set->bits[i] : set->bits[i];
        if (base->bits[i] & ~wanted)
            return false; /* the flags say more than the set */
        base->bits[i] = wanted & ~base->bits[i];
    }
    while (next_range(base, &c, &first)) {
        if (out->n_ranges == MC_RUN_RANGES)
            return false;
        out->ranges[(size_t)2 * out->n_ranges] = first;
        out->ranges[(size_t)2 * out->n_ranges + 1] = c - 1;
        out->n_ranges++;
    }
    return true;
}

static void copy_ascii(const mc_char_set *set, mc_char_class *out)
{
    for (size_t i = 0; i < 4; i++)
        out->ascii[i] = (uint32_t)(set->bits[i / 2] >> (i % 2 * 32));
}

bool mc_char_set_as_class(const mc_char_set *set, mc_char_set *spare, mc_char_class *out)
{
    /* Ways to say a class: \w, \s, \d, [^\W\d_], [^\w\s], [\w\s] and none of them. */
    static const struct {
        uint32_t with, without, negated;
    } WAYS[] = {
        {0, 0, 0},
        {MC_CHAR_WORD, 0, 0},
        {MC_CHAR_SPACE, 0, 1},
        {MC_CHAR_DECIMAL, MC_CHAR_WORD, 1},
        {MC_CHAR_WORD | MC_CHAR_SPACE, 0, 1},
        {MC_CHAR_WORD | MC_CHAR_SPACE, 0, 0},
        {MC_CHAR_WORD, 0, 1},
        {MC_CHAR_DECIMAL, 0, 0},
        {MC_CHAR_DECIMAL, 0, 1},
        {MC_CHAR_SPACE, 0, 0},
        {MC_CHAR_DECIMAL | MC_CHAR_SPACE, 0, 1},
        {0, 0, 1},
    };
    for (size_t i = 0; i < MC_COUNT_OF(WAYS); i++) {
        *out = (mc_char_class){
            .with = WAYS[i].with, .without = WAYS[i].without, .negated = WAYS[i].negated};
        base_of(spare, out->with, out->without);
        copy_ascii(set, out);
        if (ranges_beyond(set, spare, out->negated != 0, out))
            return true;
    }
    return false;
}
