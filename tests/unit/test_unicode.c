/* test_unicode.c: all of Unicode against CPython 3.11, by the digests of tools/make_unicode.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "kernel/normalize.h"
#include "kernel/unicode.h"

#define MOST 64 /* bytes that one character becomes */

typedef size_t become_fn(mc_bytes in, uint8_t *out);

static size_t flag_text(mc_bytes in, uint8_t *out, unsigned flag)
{
    uint32_t c = 0;
    (void)mc_char_read(in.data, in.data + in.size, &c);
    out[0] = mc_char_flags(c) & flag ? '1' : '0';
    return 1;
}

static size_t is_word(mc_bytes in, uint8_t *out)
{
    return flag_text(in, out, MC_CHAR_WORD);
}

static size_t is_space(mc_bytes in, uint8_t *out)
{
    return flag_text(in, out, MC_CHAR_SPACE);
}

static size_t is_decimal(mc_bytes in, uint8_t *out)
{
    return flag_text(in, out, MC_CHAR_DECIMAL);
}

/* CRC-32 of what becomes of every character, each ended by a newline. */
static uLong digest_of(become_fn *become)
{
    uLong crc = crc32(0, NULL, 0);
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint8_t in[MC_UTF8_MOST], out[MOST + 1];
        if (c >= 0xd800 && c < 0xe000)
            continue;
        const size_t size = become((mc_bytes){in, mc_char_write(c, in)}, out);
        assert_true(size <= MOST);
        out[size] = '\n';
        crc = crc32(crc, out, (uInt)size + 1);
    }
    return crc;
}

static void whole_of_unicode(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        become_fn *become;
    } KINDS[] = {
        {"LOWER", mc_text_lower},
        {"UPPER", mc_text_upper},
        {"CASEFOLD", mc_text_casefold},
        {"TITLE", mc_text_title},
        {"SWAPCASE", mc_text_swapcase},
        {"CAPITALIZE", mc_text_capitalize},
        {"NFC", mc_text_nfc},
        {"NFD", mc_text_nfd},
        {"NFKC", mc_text_nfkc},
        {"NFKD", mc_text_nfkd},
        {"STRIP_UNICODE", mc_text_strip_accents},
        {"STRIP_ASCII", mc_text_strip_to_ascii},
        {"STRIP_UNTIL_21", mc_text_strip_composed},
        {"WORD", is_word},
        {"SPACE", is_space},
        {"DECIMAL", is_decimal},
    };
    static const struct {
        const char *name;
        uLong want;
    } DIGESTS[] = {
#define DIGEST(name, want) {#name, want},
#define SAMPLE(...)
#include "unicode_digests.def"
#undef DIGEST
#undef SAMPLE
    };
    assert_int_equal(MC_COUNT_OF(KINDS), MC_COUNT_OF(DIGESTS));
    for (size_t i = 0; i < MC_COUNT_OF(KINDS); i++) {
        assert_string_equal(KINDS[i].name, DIGESTS[i].name);
        print_message("%s\n", KINDS[i].name);
        assert_int_equal(digest_of(KINDS[i].become), DIGESTS[i].want);
    }
}

typedef struct sample {
    const char *text;
    size_t size;
    struct {
        const char *text;
        size_t size;
    } want[12]; /* lower, upper, strip_accents_unicode, strip_accents_ascii, the first until 0.21,
                   title, swapcase, capitalize, NFC, NFD, NFKC, NFKD */
} sample;

static const sample SAMPLES[] = {
#define DIGEST(name, want)
#define SAMPLE(text, n, a, n_a, b, n_b, c, n_c, d, n_d, e, n_e, f, n_f, g, n_g, h, n_h, i, n_i, j, \
               n_j, k, n_k, l, n_l)                                                                \
    {text,                                                                                         \
     n,                                                                                            \
     {{a, n_a},                                                                                    \
      {b, n_b},                                                                                    \
      {c, n_c},                                                                                    \
      {d, n_d},                                                                                    \
      {e, n_e},                                                                                    \
      {f, n_f},                                                                                    \
      {g, n_g},                                                                                    \
      {h, n_h},                                                                                    \
      {i, n_i},                                                                                    \
      {j, n_j},                                                                                    \
      {k, n_k},                                                                                    \
      {l, n_l}}},
#include "unicode_digests.def"
#undef DIGEST
#undef SAMPLE
};

static void texts(void **state)
{
    (void)state;
    static become_fn *const BECOME[12] = {mc_text_lower,
                                          mc_text_upper,
                                          mc_text_strip_accents,
                                          mc_text_strip_to_ascii,
                                          mc_text_strip_composed,
                                          mc_text_title,
                                          mc_text_swapcase,
                                          mc_text_capitalize,
                                          mc_text_nfc,
                                          mc_text_nfd,
                                          mc_text_nfkc,
                                          mc_text_nfkd};
    for (size_t i = 0; i < MC_COUNT_OF(SAMPLES); i++) {
        const mc_bytes in = {(const uint8_t *)SAMPLES[i].text, SAMPLES[i].size};
        for (size_t j = 0; j < MC_COUNT_OF(BECOME); j++) {
            uint8_t out[512];
            const size_t size = BECOME[j](in, NULL);
            assert_int_equal(size, SAMPLES[i].want[j].size);
            assert_int_equal(BECOME[j](in, out), size);
            assert_memory_equal(out, SAMPLES[i].want[j].text, size);
        }
    }
}

/* Every ASCII letter at every place of a word of eight, beside every other byte. */
static void ascii_eights(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 0x80; c++) {
        for (size_t at = 0; at < 8; at++) {
            uint8_t in[] = "zZ[@aA`{", out[8];
            in[at] = (uint8_t)c;
            assert_int_equal(mc_text_lower((mc_bytes){in, 8}, out), 8);
            for (size_t i = 0; i < 8; i++)
                assert_int_equal(out[i], in[i] >= 'A' && in[i] <= 'Z' ? in[i] + 32 : in[i]);
        }
    }
}

/* Bytes that are no UTF-8 count as U+FFFD each, and nothing beyond the end is looked at. */
static void not_utf8(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"\xff",     "\xc3",         "\xe2\x82",
                                        "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                        "\x80",     "\xf0\x9f\x98"};
    for (size_t i = 0; i < MC_COUNT_OF(TEXTS); i++) {
        uint8_t exact[8], out[64];
        const size_t n = strlen(TEXTS[i]);
        memcpy(exact, TEXTS[i], n);
        const size_t size = mc_text_lower((mc_bytes){exact, n}, out);
        assert_int_equal(size, 3 * n);
        for (size_t j = 0; j < n; j++)
            assert_memory_equal(out + 3 * j, "\xef\xbf\xbd", 3);
        uint32_t c = 0;
        assert_int_equal(mc_char_read_back(exact, exact + n, &c), 1);
        assert_int_equal(c, 0xfffd);
    }
}

static void trims(void **state)
{
    (void)state;
    static const char TEXT[] = "\xe3\x80\x80 \x1c a b\xc2\xa0\n";
    const mc_bytes in = {(const uint8_t *)TEXT, sizeof TEXT - 1};
    assert_true(mc_bytes_is(mc_text_trim(in, true, true), "a b"));
    assert_true(mc_bytes_is(mc_text_trim(in, true, false), "a b\xc2\xa0\n"));
    assert_true(mc_bytes_is(mc_text_trim(in, false, true), "\xe3\x80\x80 \x1c a b"));
    assert_int_equal(mc_text_trim((mc_bytes){in.data, 5}, true, true).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_of_unicode), cmocka_unit_test(texts), cmocka_unit_test(ascii_eights),
        cmocka_unit_test(not_utf8),         cmocka_unit_test(trims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
