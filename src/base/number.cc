/* number.cc: std::from_chars and std::to_chars behind a C face. */
#include "base/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

/* from_chars reports both overflow and underflow as out_of_range and does not say which. The
 * decimal exponent of the first digit that is not zero does: the two ranges are 600 decades apart.
 */
static double out_of_range(const char *text, const char *end)
{
    const bool negative = *text == '-';
    long magnitude = 0; /* of the first significant digit, counted without the exponent part */
    bool seen = false, fraction = false;
    const char *at = text + (negative ? 1 : 0);
    for (; at != end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        seen = seen || *at != '0';
        if (seen && !fraction)
            magnitude++;
        else if (!seen && fraction)
            magnitude--;
    }
    constexpr long huge = 1000000000L; /* beyond any count of digits that fits in memory here */
    long exponent = 0;
    if (at != end) {
        at += at[1] == '+' ? 2 : 1;
        if (std::from_chars(at, end, exponent).ec != std::errc())
            exponent = *at == '-' ? -huge : huge;
        exponent = std::clamp(exponent, -huge, huge);
    }
    const double value = magnitude + exponent > 0 ? std::numeric_limits<double>::infinity() : 0.0;
    return negative ? -value : value;
}

extern "C" size_t mc_parse_double(const char *text, size_t size, double *out)
{
    if (size == 0 || (text[0] == '-' && size == 1))
        return 0;
    const char first = text[text[0] == '-' ? 1 : 0];
    if (first < '0' || first > '9') /* from_chars would take inf and nan too */
        return 0;
    double value = 0.0;
    const std::from_chars_result result = std::from_chars(text, text + size, value);
    if (result.ec == std::errc::result_out_of_range)
        value = out_of_range(text, result.ptr);
    else if (result.ec != std::errc())
        return 0;
    *out = value;
    return static_cast<size_t>(result.ptr - text);
}

static size_t put(char *out, const char *text)
{
    const size_t n = std::strlen(text);
    std::memcpy(out, text, n);
    return n;
}

/* Python writes positional from 1e-4 to below 1e16, else d.ddde+XX with two exponent digits. */
static size_t layout(const char *digits, size_t n_digits, int exponent, char *out)
{
    char *at = out;
    if (exponent >= -4 && exponent < 16) {
        if (exponent < 0) {
            at += put(at, "0.");
            for (int i = -1; i > exponent; i--)
                *at++ = '0';
            std::memcpy(at, digits, n_digits);
            return static_cast<size_t>(at + n_digits - out);
        }
        const size_t whole = static_cast<size_t>(exponent) + 1;
        for (size_t i = 0; i < whole; i++)
            *at++ = i < n_digits ? digits[i] : '0';
        *at++ = '.';
        if (n_digits <= whole)
            *at++ = '0';
        for (size_t i = whole; i < n_digits; i++)
            *at++ = digits[i];
        return static_cast<size_t>(at - out);
    }
    *at++ = digits[0];
    if (n_digits > 1) {
        *at++ = '.';
        std::memcpy(at, digits + 1, n_digits - 1);
        at += n_digits - 1;
    }
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    const int size = exponent < 0 ? -exponent : exponent;
    if (size < 10)
        *at++ = '0';
    at = std::to_chars(at, at + 4, size).ptr;
    return static_cast<size_t>(at - out);
}

extern "C" size_t mc_print_double(double value, char out[MC_NUMBER_TEXT])
{
    if (std::isnan(value))
        return put(out, "NaN");
    if (std::isinf(value))
        return put(out, value > 0 ? "Infinity" : "-Infinity");
    size_t sign = 0;
    if (std::signbit(value)) {
        out[0] = '-';
        sign = 1;
        value = -value;
    }
    if (value == 0.0)
        return sign + put(out + sign, "0.0");
    char text[MC_NUMBER_TEXT]; /* d[.ddd]e[+-]dd[d] */
    const std::to_chars_result result =
        std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    char digits[MC_NUMBER_TEXT];
    size_t n_digits = 0;
    const char *at = text;
    for (; at != result.ptr && *at != 'e'; at++)
        if (*at != '.')
            digits[n_digits++] = *at;
    int exponent = 0;
    at += at[1] == '+' ? 2 : 1;
    (void)std::from_chars(at, result.ptr, exponent);
    return sign + layout(digits, n_digits, exponent, out + sign);
}

extern "C" size_t mc_print_int(int64_t value, char out[MC_NUMBER_TEXT])
{
    return static_cast<size_t>(std::to_chars(out, out + MC_NUMBER_TEXT, value).ptr - out);
}
