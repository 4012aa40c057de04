/* html_text.c: names by tools/make_html_names.py, and numbers as the standard would have them read:
 * those of Windows-1252 for the control characters, U+FFFD or nothing for what is no character. */
#include "kernel/html_text.h"

#include <string.h>

#include "kernel/unicode.h"

static const struct {
    const char *name, *text;
} NAMES[] = {
#define HTML_NAME(name, text) {name, text},
#include "kernel/html_names.def"
#undef HTML_NAME
};

#define MOST_NAME 32u /* characters, without the semicolon */

/* From 0x80 on. */
static const uint16_t WINDOWS[32] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
                                     0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
                                     0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                     0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

typedef struct text_out {
    uint8_t *data; /* NULL: measured */
    size_t size;
} text_out;

static void put(text_out *to, uint32_t c)
{
    uint8_t scratch[MC_UTF8_MOST];
    to->size += mc_char_write(c, to->data == NULL ? scratch : to->data + to->size);
}

static void put_bytes(text_out *to, const void *bytes, size_t n)
{
    if (to->data != NULL && n > 0)
        memcpy(to->data + to->size, bytes, n);
    to->size += n;
}

/* ------------------------------------------------------------------------------ by number ---- */

static int digit_of(uint8_t c, unsigned base)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const uint8_t lower = c | 0x20u;
    return base == 16 && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool is_no_character(uint32_t c)
{
    return (c >= 0x1 && c <= 0x8) || c == 0xb || (c >= 0xe && c <= 0x1f) || c == 0x7f ||
           (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

static void put_number(text_out *to, uint32_t c)
{
    if (c >= 0x80 && c < 0x80 + MC_COUNT_OF(WINDOWS))
        put(to, WINDOWS[c - 0x80]);
    else if (c == 0 || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
        put(to, 0xfffd);
    else if (!is_no_character(c))
        put(to, c);
}

/* &#123; or &#x7b;, the semicolon left out or not: how many bytes it takes, 0 if it is none. */
static size_t take_number(text_out *to, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *from = at;
    uint32_t c = 0;
    if (end - at < 3 || at[1] != '#')
        return 0;
    const unsigned base = (at[2] | 0x20u) == 'x' ? 16 : 10;
    at += base == 16 ? 3 : 2;
    const uint8_t *first = at;
    for (; at != end && digit_of(*at, base) >= 0; at++)
        c = c > 0x10ffff ? c : c * base + (uint32_t)digit_of(*at, base);
    if (at == first)
        return 0;
    put_number(to, c);
    return (size_t)(at - from) + (at != end && *at == ';');
}

/* -------------------------------------------------------------------------------- by name ---- */

/* The line of NAMES that is these bytes, or MC_COUNT_OF(NAMES). */
static size_t find_name(const uint8_t *name, size_t size)
{
    size_t low = 0, high = MC_COUNT_OF(NAMES);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strncmp(NAMES[middle].name, (const char *)name, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const bool found = low < MC_COUNT_OF(NAMES) && strlen(NAMES[low].name) == size &&
                       memcmp(NAMES[low].name, name, size) == 0;
    return found ? low : MC_COUNT_OF(NAMES);
}

static bool ends_name(uint8_t c)
{
    return c == '\t' || c == '\n' || c == '\f' || c == ' ' || c == '<' || c == '&' || c == '#' ||
           c == ';';
}

/* &name; or as much of a name as there is in front: how many bytes it takes, 0 if there is none. */
static size_t take_name(text_out *to, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *const name = at + 1, *behind = name;
    uint32_t c = 0;
    size_t n_chars = 0, most = 0; /* bytes in front that are ASCII: no name has others */
    for (; n_chars < MOST_NAME && behind != end && !ends_name(*behind); n_chars++) {
        most += most == (size_t)(behind - name) && *behind < 0x80 && *behind != 0;
        behind += mc_char_read(behind, end, &c);
    }
    if (n_chars == 0)
        return 0;
    if (behind != end && *behind == ';') {
        most += most == (size_t)(behind - name);
        behind++;
    }
    for (size_t size = most; size > 1; size--) {
        const size_t found = find_name(name, size);
        if (found == MC_COUNT_OF(NAMES))
            continue;
        put_bytes(to, NAMES[found].text, strlen(NAMES[found].text));
        return 1 + size;
    }
    return 0;
}

size_t mc_text_from_html(mc_bytes in, uint8_t *out)
{
    text_out to = {out, 0};
    const uint8_t *at = in.data, *const end = in.data + in.size;
    while (at != end) {
        const uint8_t *next = memchr(at, '&', (size_t)(end - at));
        put_bytes(&to, at, (size_t)((next == NULL ? end : next) - at));
        if (next == NULL)
            break;
        size_t size = take_number(&to, next, end);
        if (size == 0)
            size = take_name(&to, next, end);
        if (size == 0)
            put_bytes(&to, next, 1);
        at = next + (size == 0 ? 1 : size);
    }
    return to.size;
}
