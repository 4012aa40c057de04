/* test_options.c: the command line, and what a mistyped word was meant to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/nearest.h"
#include "cli/options.h"

static mc_options options; /* large */

static mc_status read_line(const char *const *words, mc_error *err)
{
    char *arguments[16];
    int n = 0;
    for (; words[n] != NULL; n++)
        arguments[n] = (char *)(uintptr_t)words[n];
    return mc_options_read(&options, n, arguments, err);
}

#define READ(err, ...) read_line((const char *const[]){__VA_ARGS__, NULL}, (err))

static void defaults(void **state)
{
    (void)state;
    mc_error error;
    assert_int_equal(READ(&error, "a.pkl", "models/"), MC_OK);
    assert_string_equal(options.text[MC_PARAM_HOST], "127.0.0.1");
    assert_int_equal(options.number[MC_PARAM_PORT], 5000);
    assert_int_equal(options.number[MC_PARAM_MAX_BODY], 64u << 20);
    assert_int_equal(options.number[MC_PARAM_REQUEST_MEMORY], 256u << 20);
    assert_int_equal(options.number[MC_PARAM_LOG_LEVEL], MC_LOG_INFO);
    assert_int_equal(options.number[MC_PARAM_PRELOAD], 0);
    assert_int_equal(options.n_paths, 2);
}

static void every_form_of_an_option(void **state)
{
    (void)state;
    mc_error error;
    assert_int_equal(READ(&error, "--port=0", "a.pkl", "--threads", "3", "--preload",
                          "--model-root", "x", "--model-root=y", "--log-format", "json", "--",
                          "--odd.pkl"),
                     MC_OK);
    assert_int_equal(options.number[MC_PARAM_PORT], 0);
    assert_int_equal(options.number[MC_PARAM_THREADS], 3);
    assert_int_equal(options.number[MC_PARAM_PRELOAD], 1);
    assert_int_equal(options.number[MC_PARAM_LOG_FORMAT], 1);
    assert_int_equal(options.n_roots, 2);
    assert_string_equal(options.roots[1], "y");
    assert_string_equal(options.paths[1], "--odd.pkl");
}

static void errors_say_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *word, *says;
    } CASES[] = {
        {"--prot=1", "no option --prot; did you mean --port?"},
        {"--memory-budgte=1", "did you mean --memory-budget?"},
        {"--hlep", "did you mean --help?"},
        {"--unlike-anything", "no option --unlike-anything"},
        {"--port=65536", "--port: expected a number from 0 to 65535, found \"65536\""},
        {"--port=", "--port: expected a number"},
        {"--port=18446744073709551616", "--port: expected a number"},
        {"--log-level=loud", "--log-level: expected debug|info|warn|error, found \"loud\""},
        {"--log-level=inf", "--log-level: expected"},
        {"--max-body=64X", "--max-body: expected a size such as 64M"},
        {"--preload=1", "--preload takes no value"},
        {"--threads", "--threads needs a value"},
        {"-x", "options begin with --"},
    };
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        mc_error error = {.message = ""};
        assert_int_equal(READ(&error, CASES[i].word), MC_E_BAD_REQUEST);
        if (strstr(error.message, CASES[i].says) == NULL)
            fail_msg("%s: got \"%s\", want \"%s\"", CASES[i].word, error.message, CASES[i].says);
    }
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool sound;
        uint64_t size;
    } CASES[] = {
        {"0", true, 0},
        {"65536", true, 65536},
        {"64K", true, 64 << 10},
        {"64k", true, 64 << 10},
        {"64MB", true, 64 << 20},
        {"64MiB", true, 64 << 20},
        {"2G", true, UINT64_C(2) << 30},
        {"1T", true, UINT64_C(1) << 40},
        {"", false, 0},
        {"K", false, 0},
        {"-1", false, 0},
        {"1.5G", false, 0},
        {"1KK", false, 0},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"18014398509481984K", false, 0},
    };
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        uint64_t size = 0;
        const bool sound = mc_size_read(CASES[i].text, &size);
        if (sound != CASES[i].sound || size != CASES[i].size)
            fail_msg("\"%s\": got %d %llu", CASES[i].text, sound, (unsigned long long)size);
    }
}

static void nearest_words(void **state)
{
    static const char *const WORDS[] = {"host", "port", "threads"};
    (void)state;
    assert_string_equal(mc_nearest("thread", 6, WORDS, 3), "threads");
    assert_string_equal(mc_nearest("prot", 4, WORDS, 3), "port");
    assert_string_equal(mc_nearest("potr", 4, WORDS, 3), "port");
    assert_null(mc_nearest("ptro", 4, WORDS, 3));
    assert_null(mc_nearest("xyz", 3, WORDS, 3));
    assert_null(mc_nearest("", 0, WORDS, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_form_of_an_option),
        cmocka_unit_test(errors_say_what_was_expected),
        cmocka_unit_test(sizes),
        cmocka_unit_test(nearest_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
