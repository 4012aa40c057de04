/* test_guard.c: who may call what, over the whole table of routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/guard.h"
#include "serve/listener.h"

#define TOKEN "s3cret"

/* A visitor, and what an admin route must say to it in each of four set-ups. */
typedef struct guard_case {
    const char *what;
    mc_visitor visitor;
    mc_status loopback, loopback_token, open, open_token;
} guard_case;

static const guard_case CASES[] = {
    {"curl on loopback",
     {.host = "127.0.0.1:5000"},
     MC_OK,
     MC_E_UNAUTHORIZED,
     MC_E_FORBIDDEN,
     MC_E_UNAUTHORIZED},
    {"localhost",
     {.host = "LocalHost"},
     MC_OK,
     MC_E_UNAUTHORIZED,
     MC_E_FORBIDDEN,
     MC_E_UNAUTHORIZED},
    {"IPv6", {.host = "[::1]:5000"}, MC_OK, MC_E_UNAUTHORIZED, MC_E_FORBIDDEN, MC_E_UNAUTHORIZED},
    {"right token",
     {.host = "127.0.0.1", .authorization = "Bearer " TOKEN},
     MC_OK,
     MC_OK,
     MC_E_FORBIDDEN,
     MC_OK},
    {"wrong token",
     {.host = "127.0.0.1", .authorization = "Bearer " TOKEN "x"},
     MC_OK,
     MC_E_UNAUTHORIZED,
     MC_E_FORBIDDEN,
     MC_E_UNAUTHORIZED},
    {"half a token",
     {.host = "127.0.0.1", .authorization = "Bearer s3c"},
     MC_OK,
     MC_E_UNAUTHORIZED,
     MC_E_FORBIDDEN,
     MC_E_UNAUTHORIZED},
    {"no token",
     {.host = "127.0.0.1", .authorization = "Bearer "},
     MC_OK,
     MC_E_UNAUTHORIZED,
     MC_E_FORBIDDEN,
     MC_E_UNAUTHORIZED},
    {"other scheme",
     {.host = "127.0.0.1", .authorization = "Basic " TOKEN},
     MC_OK,
     MC_E_UNAUTHORIZED,
     MC_E_FORBIDDEN,
     MC_E_UNAUTHORIZED},
    {"foreign host",
     {.host = "evil.example", .authorization = "Bearer " TOKEN},
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_OK},
    {"a name that begins as loopback",
     {.host = "127.0.0.1.evil.example"},
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_UNAUTHORIZED},
    {"no host",
     {.host = NULL, .authorization = "Bearer " TOKEN},
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_OK},
    {"own origin",
     {.host = "127.0.0.1:1", .origin = "http://127.0.0.1:1", .authorization = "Bearer " TOKEN},
     MC_OK,
     MC_OK,
     MC_E_FORBIDDEN,
     MC_OK},
    {"foreign origin",
     {.host = "127.0.0.1:1", .origin = "http://evil.example", .authorization = "Bearer " TOKEN},
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN},
    {"other port",
     {.host = "127.0.0.1:1", .origin = "http://127.0.0.1:2", .authorization = "Bearer " TOKEN},
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN},
    {"sandboxed page",
     {.host = "127.0.0.1:1", .origin = "null", .authorization = "Bearer " TOKEN},
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN,
     MC_E_FORBIDDEN},
    {"form",
     {.host = "127.0.0.1",
      .content_type = "application/x-www-form-urlencoded",
      .has_body = true,
      .authorization = "Bearer " TOKEN},
     MC_E_BAD_MEDIA_TYPE,
     MC_E_BAD_MEDIA_TYPE,
     MC_E_FORBIDDEN,
     MC_E_BAD_MEDIA_TYPE},
    {"text",
     {.host = "127.0.0.1",
      .content_type = "Text/Plain; charset=utf-8",
      .has_body = true,
      .authorization = "Bearer " TOKEN},
     MC_E_BAD_MEDIA_TYPE,
     MC_E_BAD_MEDIA_TYPE,
     MC_E_FORBIDDEN,
     MC_E_BAD_MEDIA_TYPE},
    {"multipart",
     {.host = "127.0.0.1",
      .content_type = "multipart/form-data; boundary=1",
      .has_body = true,
      .authorization = "Bearer " TOKEN},
     MC_E_BAD_MEDIA_TYPE,
     MC_E_BAD_MEDIA_TYPE,
     MC_E_FORBIDDEN,
     MC_E_BAD_MEDIA_TYPE},
    {"form without a body",
     {.host = "127.0.0.1",
      .authorization = "Bearer " TOKEN,
      .content_type = "application/x-www-form-urlencoded"},
     MC_OK,
     MC_OK,
     MC_E_FORBIDDEN,
     MC_OK},
    {"JSON",
     {.host = "127.0.0.1",
      .content_type = "application/json",
      .has_body = true,
      .authorization = "Bearer " TOKEN},
     MC_OK,
     MC_OK,
     MC_E_FORBIDDEN,
     MC_OK},
};

static char folder[] = "/tmp/test_guard_XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

static void add_tokens(mc_guard *guard)
{
    char path[256];
    mc_error error;
    write_file("tokens", "another\n" TOKEN "\r\n\n");
    (void)snprintf(path, sizeof path, "%s/tokens", folder);
    assert_int_equal(mc_guard_read_tokens(guard, path, &error), MC_OK);
    assert_int_equal(guard->n_tokens, 2);
}

static void check(const mc_guard *guard, const guard_case *c, mc_status want)
{
    for (size_t i = 0; i < MC_N_ROUTES; i++) {
        mc_error error = {.message = ""};
        const bool admin = MC_ROUTES[i].right == MC_RIGHT_ADMIN;
        const mc_status got = mc_guard_check(guard, MC_ROUTES[i].right, &c->visitor, &error);
        if (got != (admin ? want : MC_OK))
            fail_msg("%s, %s: got %s (%s), want %s", c->what, MC_ROUTES[i].pattern,
                     mc_status_name(got), error.message, mc_status_name(want));
    }
}

static void the_whole_table(void **state)
{
    (void)state;
    mc_guard with = {.loopback = false}, without = {.loopback = false};
    add_tokens(&with);
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        with.loopback = without.loopback = true;
        check(&without, &CASES[i], CASES[i].loopback);
        check(&with, &CASES[i], CASES[i].loopback_token);
        with.loopback = without.loopback = false;
        check(&without, &CASES[i], CASES[i].open);
        check(&with, &CASES[i], CASES[i].open_token);
    }
    mc_guard_fini(&with);
}

static void token_files_are_checked(void **state)
{
    (void)state;
    mc_guard guard = {.loopback = true};
    mc_error error;
    char path[256], longest[MC_TOKEN_MAX + 8];
    assert_int_equal(mc_guard_read_tokens(&guard, "/nowhere/at/all", &error), MC_E_IO);
    write_file("tokens", "\n\n");
    (void)snprintf(path, sizeof path, "%s/tokens", folder);
    assert_int_equal(mc_guard_read_tokens(&guard, path, &error), MC_E_BAD_REQUEST);
    (void)snprintf(longest, sizeof longest, "%0*d\n", MC_TOKEN_MAX, 1);
    write_file("tokens", longest);
    assert_int_equal(mc_guard_read_tokens(&guard, path, &error), MC_E_BAD_REQUEST);
    mc_guard_fini(&guard);
}

static void sources_lie_under_a_root(void **state)
{
    (void)state;
    mc_guard guard = {.loopback = true};
    mc_error error;
    char path[256], out[MC_PATH_MAX];
    write_file("model.pkl", "x");
    assert_int_equal(mc_guard_add_root(&guard, folder, &error), MC_OK);
    (void)snprintf(path, sizeof path, "%s/./model.pkl", folder);
    assert_int_equal(mc_guard_source(&guard, path, out, &error), MC_OK);
    (void)snprintf(path, sizeof path, "%s/model.pkl", folder);
    assert_string_equal(out, path);
    (void)snprintf(path, sizeof path, "%s/missing.pkl", folder);
    assert_int_equal(mc_guard_source(&guard, path, out, &error), MC_E_IO);
    (void)snprintf(path, sizeof path, "%s/../missing.pkl", folder);
    assert_int_equal(mc_guard_source(&guard, path, out, &error), MC_E_FORBIDDEN);
    (void)snprintf(path, sizeof path, "%sx/model.pkl", folder);
    assert_int_equal(mc_guard_source(&guard, path, out, &error), MC_E_FORBIDDEN);
    (void)snprintf(path, sizeof path, "%s/link.pkl", folder);
    (void)unlink(path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(mc_guard_source(&guard, path, out, &error), MC_E_FORBIDDEN);
    assert_int_equal(mc_guard_add_root(&guard, "/nowhere/at/all", &error), MC_E_IO);
    mc_guard_fini(&guard);
}

static void loopback_names(void **state)
{
    static const char *const YES[] = {"localhost", "LOCALHOST", "127.0.0.1",
                                      "127.9.9.9", "[::1]",     "::1"};
    static const char *const NO[] = {"",
                                     "localhost.",
                                     "localhost.evil.example",
                                     "0.0.0.0",
                                     "128.0.0.1",
                                     "[::2]",
                                     "127.0.0.1.evil.example",
                                     "127.1",
                                     "[",
                                     "[]",
                                     "2130706433"};
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(YES); i++)
        assert_true(mc_host_is_loopback(YES[i], strlen(YES[i])));
    for (size_t i = 0; i < MC_COUNT_OF(NO); i++)
        if (mc_host_is_loopback(NO[i], strlen(NO[i])))
            fail_msg("\"%s\" is not this machine", NO[i]);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    static const char *const NAMES[] = {"tokens", "model.pkl", "link.pkl"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_table),
        cmocka_unit_test(token_files_are_checked),
        cmocka_unit_test(sources_lie_under_a_root),
        cmocka_unit_test(loopback_names),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
