/* test_token_table.c: tokens by hash: found, refused, and arrays that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "kernel/token_table.h"

#define MANY 5000u

/* Ids 0, 1, 2 ... for the texts. The words are the caller's to free. */
static uint32_t *make(const char *const *texts, uint32_t n, char *bytes, size_t *out_words)
{
    *out_words = mc_token_table_size(n);
    uint32_t *words = mc_alloc(*out_words, sizeof *words);
    assert_non_null(words);
    uint32_t *starts = words + mc_token_table_starts(n), size = 0;
    for (uint32_t i = 0; i < n; i++) {
        starts[i] = size;
        memcpy(bytes + size, texts[i], strlen(texts[i]));
        size += (uint32_t)strlen(texts[i]);
    }
    starts[n] = size;
    return words;
}

static void hashes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t want; /* sklearn.utils.murmurhash3_32(text, 0) */
    } CASES[] = {{"", 0u},
                 {"a", 1009084850u},
                 {"foo", 4138058784u},
                 {"b\xc3\xa9", 382297839u},
                 {"hello world!", 774705101u}};
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++)
        assert_int_equal(mc_murmur3(mc_bytes_of(CASES[i].text), 0), CASES[i].want);
}

static void signs_and_columns(void **state)
{
    (void)state;
    uint32_t column = 0;
    assert_true(mc_hash_column(mc_bytes_of("foo"), 1000, &column) == -1.0);
    assert_int_equal(column, (0u - 4138058784u) % 1000);
    assert_true(mc_hash_column(mc_bytes_of("a"), 1000, &column) == 1.0);
    assert_int_equal(column, 1009084850u % 1000);
}

static void many_tokens(void **state)
{
    (void)state;
    static char texts[MANY][8], bytes[MANY * 8];
    static const char *pointers[MANY];
    size_t n_words = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "t%u", i);
        pointers[i] = texts[i];
    }
    uint32_t *words = make(pointers, MANY, bytes, &n_words);
    assert_true(mc_token_table_fill(words, MANY, (const uint8_t *)bytes));
    const uint32_t size = words[n_words - 1];
    assert_true(mc_token_table_open(words, n_words, size));
    const mc_token_table table = mc_token_table_of(words, (const uint8_t *)bytes);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(mc_token_find(&table, mc_bytes_of(texts[i])), i);
        assert_true(mc_bytes_is(mc_token_at(&table, i), texts[i]));
    }
    assert_int_equal(mc_token_find(&table, mc_bytes_of("t5000")), MC_NO_TOKEN);
    assert_int_equal(mc_token_find(&table, mc_bytes_of("")), MC_NO_TOKEN);
    mc_free(words);
}

static void twice_the_same(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"a", "b", "a"};
    char bytes[8];
    size_t n_words = 0;
    uint32_t *words = make(TEXTS, 3, bytes, &n_words);
    assert_false(mc_token_table_fill(words, 3, (const uint8_t *)bytes));
    mc_free(words);
}

/* Each number of a small table, one too large: refused, or a table all the same. */
static void arrays_that_lie(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"cat", "", "dog"};
    char bytes[16];
    size_t n_words = 0, n_refused = 0;
    uint32_t *words = make(TEXTS, 3, bytes, &n_words);
    assert_true(mc_token_table_fill(words, 3, (const uint8_t *)bytes));
    assert_true(mc_token_table_open(words, n_words, 6));
    assert_false(mc_token_table_open(words, n_words, 5));
    assert_false(mc_token_table_open(words, n_words - 1, 6));
    assert_false(mc_token_table_open(words, 1, 6));
    for (size_t i = 0; i < n_words; i++) {
        const uint32_t kept = words[i];
        words[i] = kept + 4;
        n_refused += !mc_token_table_open(words, n_words, 6);
        words[i] = kept;
    }
    assert_true(n_refused >= n_words - 2); /* the start of "dog" may move within the bytes */
    mc_free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),          cmocka_unit_test(signs_and_columns),
        cmocka_unit_test(many_tokens),     cmocka_unit_test(twice_the_same),
        cmocka_unit_test(arrays_that_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
