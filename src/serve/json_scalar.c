/* json_scalar.c: JSON numbers and strings.
 *
 * Exact    A number of at most 18 digits whose mantissa is below 2^53 and whose scale is at most
 *          10^22 is one division of two exact doubles: correctly rounded (W. D. Clinger, "How to
 *          read floating point numbers accurately", doi:10.1145/93542.93557). Everything else goes
 *          to mc_parse_double().
 * Python   An integer is an int first: -0 is 0.0, -0.0 is -0.0. */
#include "serve/json_scalar.h"

#include <string.h>

#include "base/number.h"

#define QUICK_DIGITS   18 /* always below 2^63 */
#define QUICK_SCALE    22
#define QUICK_MANTISSA (UINT64_C(1) << 53)

static const double POWERS[QUICK_SCALE + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static inline bool is_digit(const uint8_t *at, const uint8_t *end)
{
    return at != end && (uint8_t)(*at - '0') <= 9;
}

/* Behind e or E. Returns where the exponent ends, or NULL. */
static const uint8_t *scan_exponent(const uint8_t *at, const uint8_t *end)
{
    if (at != end && (*at == '+' || *at == '-'))
        at++;
    if (!is_digit(at, end))
        return NULL;
    while (is_digit(at, end))
        at++;
    return at;
}

/* Integers of 19 digits and more. */
static bool read_long_integer(const uint8_t *at, const uint8_t *end, int64_t *out)
{
    const bool negative = *at == '-';
    int64_t value = 0;
    for (at += negative ? 1 : 0; at != end; at++) {
        const int64_t digit = *at - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}

static void read_slowly(const uint8_t *from, const uint8_t *end, bool integer, mc_json_value *out)
{
    out->integral = integer && read_long_integer(from, end, &out->integer);
    const size_t size = (size_t)(end - from);
    const size_t used = mc_parse_double((const char *)from, size, &out->number);
    MC_ASSERT(used == size); /* the grammar was checked */
}

const uint8_t *mc_json_scan_number(const uint8_t *at, const uint8_t *end, mc_json_value *out)
{
    const uint8_t *const from = at;
    const bool negative = at != end && *at == '-';
    at += negative ? 1 : 0;
    if (!is_digit(at, end))
        return NULL;
    const uint8_t *const whole = at;
    uint64_t mantissa = 0; /* wraps beyond 19 digits, and then is not used */
    while (is_digit(at, end))
        mantissa = mantissa * 10 + (uint64_t)(*at++ - '0');
    if (*whole == '0' && at - whole > 1)
        return NULL;
    size_t n_digits = (size_t)(at - whole), scale = 0;
    bool integer = true;
    if (at != end && *at == '.') {
        const uint8_t *const fraction = ++at;
        while (is_digit(at, end))
            mantissa = mantissa * 10 + (uint64_t)(*at++ - '0');
        scale = (size_t)(at - fraction);
        if (scale == 0)
            return NULL;
        n_digits += scale;
        integer = false;
    }
    if (at != end && (*at | 0x20) == 'e') {
        at = scan_exponent(at + 1, end);
        if (at == NULL)
            return NULL;
        read_slowly(from, at, false, out);
        return at;
    }
    if (n_digits > QUICK_DIGITS || scale > QUICK_SCALE || (!integer && mantissa > QUICK_MANTISSA)) {
        read_slowly(from, at, integer, out);
        return at;
    }
    out->integral = integer;
    out->integer = negative ? -(int64_t)mantissa : (int64_t)mantissa;
    if (integer) {
        out->number = (double)out->integer; /* rounds to nearest even, as Python does */
    } else {
        const double size = (double)mantissa / POWERS[scale];
        out->number = negative ? -size : size;
    }
    return at;
}

bool mc_json_read_number(mc_bytes text, mc_json_value *out)
{
    const uint8_t *end = text.data + text.size;
    if (text.size > 0 && mc_json_scan_number(text.data, end, out) == end)
        return true;
    out->integral = false;
    if (mc_bytes_is(text, "NaN"))
        out->number = __builtin_nan("");
    else if (mc_bytes_is(text, "Infinity"))
        out->number = __builtin_inf();
    else if (mc_bytes_is(text, "-Infinity"))
        out->number = -__builtin_inf();
    else
        return false;
    return true;
}

/* Bytes of the character whose first byte is `lead`, 0 when none begins so. */
static size_t utf8_size(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2) /* continuation, or an overlong pair */
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

size_t mc_utf8_read(mc_bytes text, uint32_t *out)
{
    static const uint32_t FIRST[5] = {0, 0, 0x80, 0x800, 0x10000}; /* below: overlong */
    const size_t size = text.size == 0 ? 0 : utf8_size(text.data[0]);
    if (size == 0 || size > text.size)
        return 0;
    uint32_t value = size == 1 ? text.data[0] : text.data[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (text.data[i] & 0x3fu);
    }
    if (value < FIRST[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *out = value;
    return size;
}

/* True when eight bytes at `at` are ASCII and no control characters: no high bit, and none that
 * borrows when 0x20 is taken away. */
static inline bool plain8(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    const uint64_t high = UINT64_C(0x8080808080808080);
    return ((word | (word - UINT64_C(0x2020202020202020))) & high) == 0;
}

const char *mc_json_check_text(mc_bytes text, size_t *bad_at)
{
    size_t at = 0;
    while (at < text.size) {
        if (text.size - at >= 8 && plain8(text.data + at)) {
            at += 8;
            continue;
        }
        uint32_t character = 0;
        const size_t size = mc_utf8_read((mc_bytes){text.data + at, text.size - at}, &character);
        *bad_at = at;
        if (size == 0)
            return "the text is not UTF-8";
        if (character < 0x20)
            return "a control character in a string must be written as an escape";
        at += size;
    }
    return NULL;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX; false when they are not there. */
static bool read_hex4(const uint8_t *at, const uint8_t *end, uint32_t *out)
{
    if (end - at < 4)
        return false;
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        const int digit = hex_digit(at[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *out = value;
    return true;
}

static size_t utf8_write(uint32_t c, uint8_t *out)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

/* `at` is behind \u. Reads one character, a surrogate pair included; NULL and *out, or why not. */
static const char *read_unicode(const uint8_t **at, const uint8_t *end, uint32_t *out)
{
    uint32_t first = 0, second = 0;
    if (!read_hex4(*at, end, &first))
        return "\\u needs four hexadecimal digits";
    *at += 4;
    *out = first;
    if (first < 0xd800 || first > 0xdfff)
        return NULL;
    const bool pair = first < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' &&
                      read_hex4(*at + 2, end, &second) && second >= 0xdc00 && second <= 0xdfff;
    if (!pair)
        return "half of a surrogate pair is no character";
    *at += 6;
    *out = 0x10000 + ((first - 0xd800) << 10 | (second - 0xdc00));
    return NULL;
}

static int short_escape(uint8_t c)
{
    static const char NAMES[] = "\"\\/bfnrt", VALUES[] = "\"\\/\b\f\n\r\t";
    const char *found = c == 0 ? NULL : strchr(NAMES, c);
    return found == NULL ? -1 : VALUES[found - NAMES];
}

const char *mc_json_unescape(uint8_t *text, size_t *size, size_t *bad_at)
{
    const uint8_t *at = text, *const end = text + *size;
    uint8_t *to = text;
    while (at != end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        *bad_at = (size_t)(at - text);
        at++;
        MC_ASSERT(at != end); /* or the closing quote would be escaped */
        if (*at == 'u') {
            uint32_t character = 0;
            at++;
            const char *why = read_unicode(&at, end, &character);
            if (why != NULL)
                return why;
            to += utf8_write(character, to); /* at most 4 bytes for 6, or for 12 */
            continue;
        }
        const int value = short_escape(*at++);
        if (value < 0)
            return "unknown escape";
        *to++ = (uint8_t)value;
    }
    *size = (size_t)(to - text);
    return NULL;
}
