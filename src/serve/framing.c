/* framing.c: see framing.h. */
#include "serve/framing.h"

#include <string.h>
#include <strings.h>

mc_verb mc_verb_of(const char *name)
{
    if (strcmp(name, "POST") == 0)
        return MC_VERB_POST;
    if (strcmp(name, "GET") == 0)
        return MC_VERB_GET;
    return strcmp(name, "HEAD") == 0 ? MC_VERB_HEAD : MC_VERB_OTHER;
}

/* The library has checked the digits; a number that does not fit counts as too large. */
uint64_t mc_exchange_declared_size(const mc_exchange *exchange)
{
    if (exchange->verb == MC_VERB_GET)
        return 0;
    if (mc_exchange_header(exchange, "Transfer-Encoding") != NULL)
        return MC_BODY_UNKNOWN;
    const char *digits = mc_exchange_header(exchange, "Content-Length");
    uint64_t size = 0;
    for (; digits != NULL && *digits >= '0' && *digits <= '9'; digits++) {
        if (__builtin_mul_overflow(size, 10u, &size) ||
            __builtin_add_overflow(size, (uint64_t)(*digits - '0'), &size))
            return MC_BODY_UNKNOWN - 1;
    }
    return size == MC_BODY_UNKNOWN ? size - 1 : size;
}

bool mc_exchange_expects_continue(const mc_exchange *exchange)
{
    const char *expect = mc_exchange_header(exchange, "Expect");
    return expect != NULL && strcasecmp(expect, "100-continue") == 0;
}

bool mc_exchange_framing_is_sound(const mc_exchange *exchange)
{
    const size_t n_sizes = mc_exchange_count_headers(exchange, "Content-Length");
    const char *coding = mc_exchange_header(exchange, "Transfer-Encoding");
    if (coding != NULL && (n_sizes > 0 || strcasecmp(coding, "chunked") != 0 ||
                           mc_exchange_count_headers(exchange, "Transfer-Encoding") > 1))
        return false;
    return n_sizes <= 1 && mc_exchange_count_headers(exchange, "Host") <= 1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

size_t mc_url_unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at != '\0'; to++) {
        const int high = at[0] == '%' ? hex_digit(at[1]) : -1;
        const int low = high >= 0 ? hex_digit(at[2]) : -1;
        const int value = low >= 0 ? high * 16 + low : 0;
        if (value > 0) {
            *to = (char)value;
            at += 3;
        } else {
            *to = *at++;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}
