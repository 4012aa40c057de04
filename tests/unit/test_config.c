/* test_config.c: the configuration file, the environment and the command line, put together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/config.h"
#include "cli/ini.h"

static mc_config config; /* large */
static char problems[4096];

static void complain(void *user, const char *problem)
{
    (void)user;
    const size_t at = strlen(problems);
    (void)snprintf(problems + at, sizeof problems - at, "%s\n", problem);
}

/* Reads `text` as the file x.conf of the current folder. */
static mc_status read_with(const char *text, char *const *environment, const char *flag)
{
    char name[] = "x.conf", option[] = "--config=x.conf", more[64] = "--";
    char *arguments[] = {option, more};
    FILE *to = fopen(name, "we");
    assert_non_null(to);
    assert_int_equal(fputs(text, to) >= 0, 1);
    assert_int_equal(fclose(to), 0);
    if (flag != NULL)
        (void)snprintf(more, sizeof more, "%s", flag);
    problems[0] = '\0';
    const mc_status status =
        mc_config_read(&config, flag == NULL ? 1 : 2, arguments, environment, complain, NULL);
    (void)unlink(name);
    return status;
}

static char *const NOTHING[] = {NULL};

static void sections_and_keys(void **state)
{
    (void)state;
    assert_int_equal(read_with("# a comment\n; another\n\n"
                               "[server]\nport = 6000\n  threads=2  \r\n"
                               "model-root = a b\nmodel-root = c\nlog-level = debug\n"
                               "[ model iris ]\npin = yes\nsource = /x/iris.pkl # not a comment\n"
                               "[model empty]",
                               NOTHING, NULL),
                     MC_OK);
    assert_string_equal(problems, "");
    assert_int_equal(config.options.number[MC_PARAM_PORT], 6000);
    assert_int_equal(config.options.number[MC_PARAM_THREADS], 2);
    assert_int_equal(config.options.number[MC_PARAM_LOG_LEVEL], MC_LOG_DEBUG);
    assert_int_equal(config.options.n_roots, 2);
    assert_string_equal(config.options.roots[0], "a b");
    assert_int_equal(config.options.line[MC_PARAM_PORT], 5);
    assert_int_equal(config.n_models, 2);
    const mc_model_values *iris = mc_config_model(&config, "iris");
    assert_non_null(iris);
    assert_true(mc_model_values_settings(iris).pin);
    assert_string_equal(iris->text[MC_MODEL_PARAM_SOURCE], "/x/iris.pkl # not a comment");
    assert_non_null(mc_config_model(&config, "empty"));
    assert_null(mc_config_model(&config, "other"));
    mc_config_fini(&config);
}

static void flags_win_over_environment_over_file(void **state)
{
    (void)state;
    char port[] = "MODELCACHED_PORT=7000", level[] = "MODELCACHED_LOG_LEVEL=warn";
    char other[] = "HOME=/nowhere";
    char *const environment[] = {other, port, level, NULL};
    assert_int_equal(read_with("[server]\nport = 6000\nlog-level = debug\nthreads = 3\n",
                               environment, "--port=8000"),
                     MC_OK);
    assert_int_equal(config.options.number[MC_PARAM_PORT], 8000);
    assert_int_equal(config.options.origin[MC_PARAM_PORT], MC_ORIGIN_FLAG);
    assert_int_equal(config.options.number[MC_PARAM_LOG_LEVEL], MC_LOG_WARN);
    assert_int_equal(config.options.origin[MC_PARAM_LOG_LEVEL], MC_ORIGIN_ENVIRONMENT);
    assert_int_equal(config.options.number[MC_PARAM_THREADS], 3);
    assert_int_equal(config.options.origin[MC_PARAM_THREADS], MC_ORIGIN_FILE);
    assert_int_equal(config.options.origin[MC_PARAM_HOST], MC_ORIGIN_DEFAULT);
    mc_config_fini(&config);
}

static void lists_of_a_stronger_origin_replace(void **state)
{
    (void)state;
    char root[] = "MODELCACHED_MODEL_ROOT=env";
    char *const environment[] = {root, NULL};
    assert_int_equal(read_with("[server]\nmodel-root = a\nmodel-root = b\n", environment, NULL),
                     MC_OK);
    assert_int_equal(config.options.n_roots, 1);
    assert_string_equal(config.options.roots[0], "env");
    mc_config_fini(&config);
}

static void every_problem_is_named_with_its_place(void **state)
{
    (void)state;
    assert_int_equal(
        read_with("stray = 1\n[server]\nprt = 1\nport = 99999\nport\nconfig = y\n"
                  "threads = 1\nthreads = 2\n[model a/b]\npin = yes\n[model iris]\n"
                  "pni = yes\nretry_after = soon\n[model iris]\n[servr]\n[open\nx = 1\n",
                  NOTHING, NULL),
        MC_E_MALFORMED);
    assert_string_equal(
        problems,
        "x.conf:1: expected [server] or [model NAME] before the first key\n"
        "x.conf:3: no key \"prt\" of [server]; did you mean port?\n"
        "x.conf:4: port: expected a number from 0 to 65535, found \"99999\"\n"
        "x.conf:5: expected KEY = VALUE, [SECTION] or a comment\n"
        "x.conf:6: no key \"config\" of [server]\n"
        "x.conf:8: threads: expected once, found in line 7 before\n"
        "x.conf:9: model \"a/b\": expected at most 127 letters, digits, . _ -, and no . in front\n"
        "x.conf:12: no key \"pni\" of a model; did you mean pin?\n"
        "x.conf:13: retry_after: expected a time such as 500ms, 30s, 5m or 1h, from 1 to 86400000 "
        "ms, found \"soon\"\n"
        "x.conf:14: [model iris] is there twice\n"
        "x.conf:15: expected [server] or [model NAME], found [servr]\n"
        "x.conf:16: expected [SECTION] and nothing behind it\n");
    mc_config_fini(&config);
}

static void the_environment_is_checked(void **state)
{
    (void)state;
    char wrong[] = "MODELCACHED_PORT=many", near[] = "MODELCACHED_THREDS=1";
    char service[] = "MODELCACHED_PORT=tcp://10.0.0.1:5000", far[] = "MODELCACHED_SERVICE_HOST=x";
    char *const bad[] = {wrong, near, NULL};
    char *const kubernetes[] = {service, far, NULL};
    assert_int_equal(read_with("", bad, NULL), MC_E_BAD_REQUEST);
    assert_string_equal(problems,
                        "environment: MODELCACHED_PORT: port: expected a number from 0 to 65535, "
                        "found \"many\"\n"
                        "environment: no variable MODELCACHED_THREDS; did you mean "
                        "MODELCACHED_THREADS?\n");
    mc_config_fini(&config);
    assert_int_equal(read_with("", kubernetes, NULL), MC_OK);
    assert_int_equal(config.options.origin[MC_PARAM_PORT], MC_ORIGIN_DEFAULT);
    mc_config_fini(&config);
}

static void paths_are_seen_from_the_file(void **state)
{
    (void)state;
    char option[] = "--config=./x.conf";
    char *arguments[] = {option};
    FILE *to = fopen("x.conf", "we");
    assert_non_null(to);
    assert_true(fputs("[server]\nimage-dir = off\nmodel-root = roots\nadmin-token-file = /t\n"
                      "[model m]\nsource = m.pkl\n",
                      to) >= 0);
    assert_int_equal(fclose(to), 0);
    problems[0] = '\0';
    assert_int_equal(mc_config_read(&config, 1, arguments, NOTHING, complain, NULL), MC_OK);
    (void)unlink("x.conf");
    assert_string_equal(config.options.text[MC_PARAM_IMAGE_DIR], "off");
    assert_string_equal(config.options.roots[0], "./roots");
    assert_string_equal(config.options.text[MC_PARAM_ADMIN_TOKEN_FILE], "/t");
    assert_string_equal(config.models[0].text[MC_MODEL_PARAM_SOURCE], "./m.pkl");
    mc_config_fini(&config);
}

static void note_item(void *user, const mc_ini_item *item)
{
    char *out = user;
    const size_t at = strlen(out);
    (void)snprintf(out + at, 1024 - at, "%u:%s:%s=%s;", item->line,
                   item->section == NULL ? "!" : item->section, item->key == NULL ? "" : item->key,
                   item->problem != NULL ? "problem"
                   : item->value == NULL ? ""
                                         : item->value);
}

static void the_form_of_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *items;
    } CASES[] = {
        {"", 0, ""},
        {"a=b", 3, "1::a=b;"},
        {"\r\n a = b = c \r\n", 15, "2::a=b = c;"},
        {"a=\n", 3, "1::a=;"},
        {"=a\n", 3, "1::=problem;"},
        {"[]\nk=v", 6, "1::=;2::k=v;"},
        {"[a] b\nk=v\n[c]\nk=w\n", 18, "1:!:=problem;3:c:=;4:c:k=w;"},
        {"a\0b=1\nc=2", 9, "1::=problem;2::c=2;"},
    };
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        char text[64] = "", items[1024] = "";
        memcpy(text, CASES[i].text, CASES[i].size);
        mc_ini_read(text, CASES[i].size, note_item, items);
        assert_string_equal(items, CASES[i].items);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_keys),
        cmocka_unit_test(flags_win_over_environment_over_file),
        cmocka_unit_test(lists_of_a_stronger_origin_replace),
        cmocka_unit_test(every_problem_is_named_with_its_place),
        cmocka_unit_test(the_environment_is_checked),
        cmocka_unit_test(paths_are_seen_from_the_file),
        cmocka_unit_test(the_form_of_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
