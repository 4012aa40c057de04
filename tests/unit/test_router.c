/* test_router.c: routes.def as clients see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "serve/router.h"

static const char *pattern_of(mc_verb verb, const char *path)
{
    mc_match match;
    return mc_route_find(verb, path, &match) == MC_OK ? match.route->pattern : NULL;
}

/* A path that fits `pattern`. */
static void fill(const char *pattern, char out[256])
{
    size_t n = 0;
    for (; *pattern != '\0'; pattern++) {
        out[n++] = *pattern == '{' ? 'x' : *pattern;
        if (*pattern == '{')
            pattern = strchr(pattern, '}');
    }
    out[n] = '\0';
}

static void every_route_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_N_ROUTES; i++) {
        char path[256];
        fill(MC_ROUTES[i].pattern, path);
        assert_string_equal(pattern_of(MC_ROUTES[i].verb, path), MC_ROUTES[i].pattern);
        if (MC_ROUTES[i].verb == MC_VERB_GET)
            assert_string_equal(pattern_of(MC_VERB_HEAD, path), MC_ROUTES[i].pattern);
    }
}

static void other_verbs_are_told_what_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_N_ROUTES; i++) {
        char path[256];
        mc_match match;
        fill(MC_ROUTES[i].pattern, path);
        assert_int_equal(mc_route_find(MC_VERB_OTHER, path, &match), MC_E_BAD_VERB);
        assert_string_equal(match.allow, MC_ROUTES[i].verb == MC_VERB_GET ? "GET, HEAD" : "POST");
    }
}

static void segments_are_captured(void **state)
{
    (void)state;
    mc_match match;
    assert_int_equal(mc_route_find(MC_VERB_POST, "/models/a.b-c_1/versions/12/predict", &match),
                     MC_OK);
    assert_true(mc_bytes_is(match.name, "a.b-c_1"));
    assert_true(mc_bytes_is(match.detail, "12"));
    assert_int_equal(mc_route_find(MC_VERB_POST, "/predict", &match), MC_OK);
    assert_int_equal(match.name.size, 0);
}

static void near_misses_are_not_found(void **state)
{
    static const char *const PATHS[] = {"",
                                        "/",
                                        "/predict/",
                                        "/Predict",
                                        "predict",
                                        "/models/",
                                        "/models//x",
                                        "/models/../predict",
                                        "/models/./predict",
                                        "/models/a b/predict",
                                        "//predict",
                                        "/predict?",
                                        "/models/a/predict/b",
                                        "/models/a/versions//predict",
                                        "/models/\xc3\xa4/predict"};
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(PATHS); i++)
        if (pattern_of(MC_VERB_POST, PATHS[i]) != NULL)
            fail_msg("%s found %s", PATHS[i], pattern_of(MC_VERB_POST, PATHS[i]));
}

static void names_have_a_length(void **state)
{
    char path[MC_NAME_MAX + 32];
    (void)state;
    for (int size = MC_NAME_MAX - 1; size <= MC_NAME_MAX; size++) {
        (void)snprintf(path, sizeof path, "/models/%0*d", size, 7);
        assert_int_equal(pattern_of(MC_VERB_GET, path) != NULL, size < MC_NAME_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_found),
        cmocka_unit_test(other_verbs_are_told_what_is_allowed),
        cmocka_unit_test(segments_are_captured),
        cmocka_unit_test(near_misses_are_not_found),
        cmocka_unit_test(names_have_a_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
