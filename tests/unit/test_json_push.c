/* test_json_push.c: numbers against strtod, texts, and the quick path against the slow one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/number.h"
#include "serve/json_push.h"
#include "serve/json_scalar.h"

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void assert_same_bits(double got, double want, const char *text)
{
    if (memcmp(&got, &want, sizeof got) != 0)
        fail_msg("\"%s\": got %.17g, want %.17g", text, got, want);
}

/* strtod is correctly rounded in glibc: the oracle for texts with a point or an exponent. */
static void check_number(const char *text)
{
    mc_json_value value;
    if (!mc_json_read_number(mc_bytes_of(text), &value))
        fail_msg("\"%s\" was not read", text);
    assert_same_bits(value.number, strtod(text, NULL), text);
}

static void numbers_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    char text[MC_NUMBER_TEXT + 1];
    for (size_t i = 0; i < 50000; i++) {
        const uint64_t bits = next_random(&seed);
        double want;
        memcpy(&want, &bits, sizeof want);
        if (want - want != 0.0) /* NaN, infinities */
            continue;
        text[mc_print_double(want, text)] = 0;
        mc_json_value value;
        assert_true(mc_json_read_number(mc_bytes_of(text), &value));
        assert_same_bits(value.number, want, text);
    }
}

/* Mantissas around 2^53 and 18 digits, scales around 22: where the quick way ends. */
static void decimals_against_strtod(void **state)
{
    (void)state;
    uint64_t seed = 1181783497276652981u;
    char text[80], digits[40];
    for (size_t i = 0; i < 50000; i++) {
        const uint64_t pick = next_random(&seed);
        const size_t n = 1 + pick % 20, whole = 1 + (pick >> 8) % n;
        (void)snprintf(digits, sizeof digits, "%020llu", (unsigned long long)next_random(&seed));
        const char *from = digits + 20 - n;
        if (whole > 1 && *from == '0')
            digits[20 - n] = '1'; /* no leading zeros */
        (void)snprintf(text, sizeof text, "%s%.*s.%s%s", (pick >> 16) % 2 ? "-" : "", (int)whole,
                       from, whole == n ? "0" : from + whole, (pick >> 17) % 4 ? "" : "e-11");
        check_number(text);
    }
    check_number("9007199254740993.0");
    check_number("9007199254740992.5");
    check_number("0.000000000000000000000001");
    check_number("0.0000000000000000000000");
    check_number("1e400");
    check_number("-1e-400");
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool integral;
        int64_t integer;
        double number;
    } CASES[] = {
        {"0", true, 0, 0.0},
        {"-0", true, 0, 0.0},
        {"-0.0", false, 0, -0.0},
        {"999999999999999999", true, 999999999999999999, 1e18},
        {"9223372036854775807", true, INT64_MAX, 0x1p63},
        {"-9223372036854775808", true, INT64_MIN, -0x1p63},
        {"9223372036854775808", false, 0, 0x1p63},
        {"-9223372036854775809", false, 0, -0x1p63},
        {"18446744073709551617", false, 0, 0x1p64},
        {"9007199254740993", true, 9007199254740993, 9007199254740992.0},
        {"1e2", false, 0, 100.0},
        {"NaN", false, 0, __builtin_nan("")},
        {"-Infinity", false, 0, -__builtin_inf()},
    };
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        mc_json_value value;
        assert_true(mc_json_read_number(mc_bytes_of(CASES[i].text), &value));
        assert_same_bits(value.number, CASES[i].number, CASES[i].text);
        assert_int_equal(value.integral, CASES[i].integral);
        if (value.integral)
            assert_int_equal(value.integer, CASES[i].integer);
    }
}

static void not_numbers(void **state)
{
    (void)state;
    static const char *const CASES[] = {"",    "-",    "+1",    ".5",   "5.",        "00",  "-01",
                                        "1e",  "1e+",  "1.e1",  "0x1",  "1 ",        "Inf", "nan",
                                        "--1", "1..2", "1e5.0", "-NaN", "+Infinity", "1,2"};
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        mc_json_value value;
        if (mc_json_read_number(mc_bytes_of(CASES[i]), &value))
            fail_msg("\"%s\" was read as %.17g", CASES[i], value.number);
    }
}

/* All tokens of `body` as text; numbers by mc_json_numbers() where it takes them, when `quick`. */
static void show_tokens(const char *body, size_t cut, bool quick, bool lines, char *out,
                        size_t out_size)
{
    static const char *const NAMES[] = {"more", "end",    "[",      "]",    "{",     "}",
                                        "key",  "string", "number", "true", "false", "null"};
    mc_meter meter = {.limit = 1 << 16};
    mc_error err;
    mc_json json;
    mc_json_init(&json, &meter);
    mc_json_begin(&json, lines);
    size_t n = 0;
    const size_t size = strlen(body);
    for (size_t chunk = 0; chunk < 3; chunk++) {
        if (chunk == 2)
            mc_json_finish(&json);
        else
            mc_json_feed(&json, body + (chunk == 0 ? 0 : cut), chunk == 0 ? cut : size - cut);
        for (mc_json_token token = MC_JSON_NULL; token != MC_JSON_MORE && token != MC_JSON_END;) {
            double numbers[2];
            const size_t n_numbers = quick ? mc_json_numbers(&json, numbers, 2) : 0;
            for (size_t i = 0; i < n_numbers; i++)
                n += (size_t)snprintf(out + n, out_size - n, "number %.17g ", numbers[i]);
            if (mc_json_next(&json, &token, &err) != MC_OK) {
                (void)snprintf(out + n, out_size - n, "error %s", err.message);
                mc_json_fini(&json);
                return;
            }
            if (token == MC_JSON_NUMBER)
                n += (size_t)snprintf(out + n, out_size - n, "number %.17g ", json.number);
            else if (token == MC_JSON_KEY || token == MC_JSON_STRING)
                n += (size_t)snprintf(out + n, out_size - n, "%s %.*s ", NAMES[token],
                                      MC_SHOW(json.text));
            else if (token != MC_JSON_MORE)
                n += (size_t)snprintf(out + n, out_size - n, "%s ", NAMES[token]);
            assert_true(n < out_size);
        }
    }
    mc_json_fini(&json);
    assert_int_equal(atomic_load(&meter.used), 0);
}

static void quick_path_is_the_slow_path(void **state)
{
    (void)state;
    static const char *const BODIES[] = {
        "[1, 2.5,3 ,-4e2, null, 5,[6,7],8]",
        "{\"a\": [0.1, true, -0, -0.0, NaN, 12345678901234567890], \"b\\n\": {\"c\": 1}}",
        "[1,2,]",
        "[,1]",
        "[1 2]",
        "[1,\n\t2,\r3]",
        "[01]",
        "[1.5.2]",
        "[[[[]]],{},\"x\\u0041\"]",
        " 7 ",
        "[1,2",
    };
    for (size_t i = 0; i < MC_COUNT_OF(BODIES); i++)
        for (size_t lines = 0; lines < 2; lines++) {
            char want[500], got[500];
            show_tokens(BODIES[i], 0, false, lines == 1, want, sizeof want);
            for (size_t cut = 0; cut <= strlen(BODIES[i]); cut++)
                for (size_t quick = 0; quick < 2; quick++) {
                    show_tokens(BODIES[i], cut, quick == 1, lines == 1, got, sizeof got);
                    if (strcmp(got, want) != 0)
                        fail_msg("%s cut at %zu\ngot  %s\nwant %s", BODIES[i], cut, got, want);
                }
        }
    char got[500];
    show_tokens(BODIES[0], 3, true, false, got, sizeof got);
    assert_string_equal(got, "[ number 1 number 2.5 number 3 number -400 null number 5 [ number 6 "
                             "number 7 ] number 8 ] end ");
}

static void utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        uint32_t character;
    } CASES[] = {
        {"a", 1, 'a'},
        {"\x7f", 1, 0x7f},
        {"\xc2\x80", 2, 0x80},
        {"\xdf\xbf", 2, 0x7ff},
        {"\xe0\xa0\x80", 3, 0x800},
        {"\xed\x9f\xbf", 3, 0xd7ff},
        {"\xee\x80\x80", 3, 0xe000},
        {"\xf0\x90\x80\x80", 4, 0x10000},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
        {"\x80", 0, 0},             /* a continuation */
        {"\xc1\xbf", 0, 0},         /* overlong */
        {"\xe0\x9f\xbf", 0, 0},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 0, 0}, /* overlong */
        {"\xed\xa0\x80", 0, 0},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0, 0}, /* too large */
        {"\xf5\x80\x80\x80", 0, 0},
        {"\xe2\x82", 0, 0}, /* cut */
        {"\xe2\x28\xa1", 0, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        uint32_t character = 0;
        assert_int_equal(mc_utf8_read(mc_bytes_of(CASES[i].text), &character), CASES[i].size);
        assert_int_equal(character, CASES[i].character);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_round_trip),
        cmocka_unit_test(decimals_against_strtod),
        cmocka_unit_test(integers),
        cmocka_unit_test(not_numbers),
        cmocka_unit_test(quick_path_is_the_slow_path),
        cmocka_unit_test(utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
