/* text.c: numbers in lines, escapes, UTF-8. Each function is O(bytes), big integers excepted: those
 * are O(digits^2) with digits limited as in CPython. */
#include "pickle/text.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

/* --------------------------------------------------------------------------------- UTF-8 ---- */

bool mc_text_is_ascii(mc_bytes text)
{
    size_t i = 0;
    for (; i + 8 <= text.size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, text.data + i, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            return false;
    }
    for (; i < text.size; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

/* Decodes one character at `at`; returns its bytes, 0 if it is not one. */
static size_t get_utf8(mc_bytes text, size_t at, uint32_t *out)
{
    static const uint32_t LEAST[5] = {0, 0, 0x80, 0x800, 0x10000}; /* else over-long */
    const uint8_t lead = text.data[at];
    if (lead < 0x80) {
        *out = lead;
        return 1;
    }
    const size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || n > text.size - at)
        return 0;
    uint32_t code = lead & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        const uint8_t next = text.data[at + i];
        if ((next & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (next & 0x3fu);
    }
    *out = code;
    return code < LEAST[n] || code > 0x10ffff ? 0 : n;
}

bool mc_text_is_utf8(mc_bytes text)
{
    if (mc_text_is_ascii(text))
        return true;
    for (size_t at = 0; at < text.size;) {
        uint32_t code = 0;
        const size_t n = get_utf8(text, at, &code);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

size_t mc_text_put_utf8(uint32_t code, uint8_t out[4])
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    const size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (uint8_t)((0xf00u >> n) | code);
    return n;
}

mc_status mc_text_latin1(mc_arena *arena, mc_bytes text, mc_bytes *out, mc_error *err)
{
    if (mc_text_is_ascii(text)) {
        *out = text;
        return MC_OK;
    }
    uint8_t *bytes = NULL;
    size_t n = 0;
    MC_TRY(mc_arena_new_raw(arena, uint8_t, text.size, &bytes, err));
    for (size_t at = 0; at < text.size;) {
        uint32_t code = 0;
        const size_t used = get_utf8(text, at, &code);
        if (used == 0 || code > 0xff) {
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "character %zu is not Latin-1, so this text does not stand for bytes",
                           n);
        }
        bytes[n++] = (uint8_t)code;
        at += used;
    }
    *out = (mc_bytes){bytes, n};
    return MC_OK;
}

/* ------------------------------------------------------------------------------- numbers ---- */

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static mc_bytes strip(mc_bytes text)
{
    while (text.size > 0 && is_space(text.data[0]))
        text = (mc_bytes){text.data + 1, text.size - 1};
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

static bool take_sign(mc_bytes *text)
{
    const bool has_sign = text->size > 0 && (text->data[0] == '-' || text->data[0] == '+');
    const bool is_negative = has_sign && text->data[0] == '-';
    if (has_sign)
        *text = (mc_bytes){text->data + 1, text->size - 1};
    return is_negative;
}

static uint32_t take_base(mc_bytes *text)
{
    if (text->size < 3 || text->data[0] != '0')
        return 10;
    const uint8_t letter = text->data[1] | 0x20;
    const uint32_t base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    if (base != 10)
        *text = (mc_bytes){text->data + 2, text->size - 2};
    return base;
}

static uint32_t digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 99u;
}

/* number = number * base + digit, in `n` bytes that have room for it. */
static void multiply_add(uint8_t *number, size_t n, uint32_t base, uint32_t digit)
{
    uint32_t carry = digit;
    for (size_t i = 0; i < n; i++) {
        carry += number[i] * base;
        number[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void negate(uint8_t *number, size_t n)
{
    uint32_t carry = 1;
    for (size_t i = 0; i < n; i++) {
        carry += (uint8_t)~number[i];
        number[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* Drops sign bytes that say nothing. */
static size_t least_size(const uint8_t *number, size_t n)
{
    while (n > 1 && ((number[n - 1] == 0 && number[n - 2] < 0x80) ||
                     (number[n - 1] == 0xff && number[n - 2] >= 0x80)))
        n--;
    return n;
}

mc_status mc_text_integer(mc_arena *arena, mc_bytes text, mc_bytes *out, mc_error *err)
{
    mc_bytes digits = strip(text);
    const bool is_negative = take_sign(&digits);
    const uint32_t base = take_base(&digits);

    if (digits.size > MC_TEXT_MAX_DIGITS)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "integer of %zu digits, at most %d are read",
                       digits.size, MC_TEXT_MAX_DIGITS);
    const size_t room = digits.size / 2 + 2; /* a digit is at most 4 bits; and the sign */
    uint8_t *number = NULL;
    MC_TRY(mc_arena_new(arena, uint8_t, room, &number, err));
    for (size_t i = 0; i < digits.size; i++) {
        const uint32_t digit = digit_of(digits.data[i]);
        if (digit >= base)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "\"%.*s\" is not an integer",
                           MC_SHOW(text));
        multiply_add(number, room, base, digit);
    }
    if (digits.size == 0)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "need an integer, found \"%.*s\"",
                       MC_SHOW(text));
    if (is_negative)
        negate(number, room);
    *out = (mc_bytes){number, least_size(number, room)};
    return MC_OK;
}

static bool is_word(mc_bytes text, const char *word)
{
    return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

bool mc_text_float(mc_bytes text, double *out)
{
    mc_bytes rest = strip(text);
    const bool is_negative = take_sign(&rest);
    double number = 0;

    if (is_word(rest, "inf") || is_word(rest, "infinity"))
        number = (double)INFINITY;
    else if (is_word(rest, "nan"))
        number = (double)NAN;
    else if (rest.size == 0 || rest.data[0] == '-' ||
             mc_parse_double((const char *)rest.data, rest.size, &number) != rest.size)
        return false;
    *out = is_negative ? -number : number;
    return true;
}

/* ------------------------------------------------------------------------------- escapes ---- */

/* Up to `max` digits of `base` at *at. Returns how many there were. */
static size_t read_digits(mc_bytes text, size_t *at, size_t max, uint32_t base, uint32_t *out)
{
    size_t n = 0;
    uint32_t value = 0;
    while (n < max && *at < text.size && digit_of(text.data[*at]) < base) {
        value = value * base + digit_of(text.data[(*at)++]);
        n++;
    }
    *out = value;
    return n;
}

/* The byte that a one-letter escape stands for, or 0. */
static uint8_t simple_escape(uint8_t letter)
{
    static const char LETTERS[] = "\\'\"abfnrtv";
    static const char VALUES[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found = letter == 0 ? NULL : strchr(LETTERS, letter);
    return found == NULL ? 0 : (uint8_t)VALUES[found - LETTERS];
}

mc_status mc_text_unescape(mc_arena *arena, mc_bytes text, mc_bytes *out, mc_error *err)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    MC_TRY(mc_arena_new_raw(arena, uint8_t, text.size, &bytes, err));
    for (size_t at = 0; at < text.size;) {
        const uint8_t c = text.data[at++];
        uint32_t code = 0;
        if (c != '\\') {
            bytes[n++] = c;
            continue;
        }
        if (at == text.size)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "backslash at the end of a string");
        const uint8_t letter = text.data[at];
        if (simple_escape(letter) != 0) {
            bytes[n++] = simple_escape(letter);
            at++;
        } else if (letter == 'x') {
            at++;
            if (read_digits(text, &at, 2, 16, &code) != 2)
                return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "\\x needs two digits");
            bytes[n++] = (uint8_t)code;
        } else if (read_digits(text, &at, 3, 8, &code) > 0) {
            bytes[n++] = (uint8_t)code;
        } else { /* unknown escapes stay as they are */
            bytes[n++] = '\\';
        }
    }
    *out = (mc_bytes){bytes, n};
    return MC_OK;
}

mc_status mc_text_raw_unicode(mc_arena *arena, mc_bytes text, mc_bytes *out, mc_error *err)
{
    if (mc_text_is_ascii(text) && (text.size == 0 || memchr(text.data, '\\', text.size) == NULL)) {
        *out = text;
        return MC_OK;
    }
    uint8_t *bytes = NULL;
    size_t n = 0;
    /* A byte becomes two at most; an escape of six or ten becomes four at most. */
    MC_TRY(mc_arena_new_raw(arena, uint8_t, text.size * 2 + 4, &bytes, err));
    for (size_t at = 0; at < text.size;) {
        uint32_t code = text.data[at++];
        const uint8_t next = at < text.size ? text.data[at] : 0;
        if (code == '\\' && (next == 'u' || next == 'U')) {
            const size_t need = next == 'u' ? 4 : 8;
            at++;
            if (read_digits(text, &at, need, 16, &code) != need || code > 0x10ffff)
                return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                               "\\%c needs %zu digits of a character", next, need);
        } else if (code == '\\' && next != 0) { /* this pair is not an escape */
            bytes[n++] = '\\';
            code = next;
            at++;
        }
        n += mc_text_put_utf8(code, bytes + n);
    }
    *out = (mc_bytes){bytes, n};
    return MC_OK;
}
