/* test_versions.c: models of several versions: which one answers, labels, shares. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "cache_fakes.h"

/* "m" in versions 1 and 2, neither loaded. */
static mc_cache *two_versions(void)
{
    mc_cache *cache = fake_cache(0, NULL);
    fake_add(cache, "m@1", "bytes=4096");
    fake_add(cache, "m@2", "bytes=8192");
    return cache;
}

/* mc_entry_info is too large to have several in one function. */
static bool is_pinned(mc_cache *cache, const char *name)
{
    return fake_info(cache, name).pinned;
}

static uint64_t generation(mc_cache *cache, const char *name)
{
    return fake_info(cache, name).generation;
}

static bool is_called(mc_cache *cache, const char *name, const char *key)
{
    const mc_entry_info info = fake_info(cache, name);
    return strcmp(info.name, key) == 0;
}

/* The version that answers a prediction for `name`. */
static const char *answers(mc_cache *cache, const char *name)
{
    static char version[MC_NAME_MAX];
    mc_model *model = fake_acquire(cache, name);
    const mc_model_info info = mc_model_describe(model);
    (void)strncpy(version, info.version, sizeof version - 1);
    mc_model_release(model);
    return version;
}

static void the_default_answers_for_the_name(void **state)
{
    (void)state;
    mc_cache *cache = two_versions();
    mc_error error;
    mc_model *model = NULL;
    assert_int_equal(mc_cache_acquire(cache, "m", 1000, &model, NULL, &error), MC_E_NOT_FOUND);
    assert_int_equal(mc_cache_set_default(cache, "m", "1", NULL), MC_OK);
    assert_string_equal(answers(cache, "m"), "1");
    assert_int_equal(mc_cache_set_default(cache, "m", "2", NULL), MC_OK);
    assert_string_equal(answers(cache, "m"), "2");
    assert_string_equal(answers(cache, "m@1"), "1");
    assert_int_equal(mc_cache_set_default(cache, "m", "3", &error), MC_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "no version \"3\""));
    assert_string_equal(answers(cache, "m"), "2");
    mc_cache_destroy(cache);
}

static void the_verbs_go_the_same_way(void **state)
{
    (void)state;
    mc_cache *cache = two_versions();
    assert_int_equal(mc_cache_set_default(cache, "m", "2", NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "m@1", NULL, NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "m", NULL, NULL), MC_OK);
    assert_int_equal(mc_cache_refresh(cache, "m", NULL), MC_OK);
    assert_int_equal(generation(cache, "m@2"), 2);
    assert_int_equal(generation(cache, "m@1"), 1);
    assert_true(is_called(cache, "m", "m@2"));
    mc_cache_destroy(cache);
}

static void stable_is_what_rolls_back(void **state)
{
    (void)state;
    mc_cache *cache = two_versions();
    mc_error error;
    char key[MC_NAME_MAX];
    assert_int_equal(mc_cache_set_default(cache, "m", "2", NULL), MC_OK);
    assert_string_equal(answers(cache, "m"), "2");
    assert_int_equal(mc_cache_set_label(cache, "m", "stable", "1", true, &error), MC_E_CONFLICT);
    assert_non_null(strstr(error.message, "moves only to a loaded version"));
    assert_string_equal(answers(cache, "m"), "2");
    assert_int_equal(mc_cache_load(cache, "m@1", NULL, NULL), MC_OK);
    assert_int_equal(mc_cache_set_label(cache, "m", "stable", "1", true, NULL), MC_OK);
    assert_string_equal(answers(cache, "m"), "1");
    assert_int_equal(mc_cache_find_label(cache, "m", "stable!", 6, key, NULL), MC_OK);
    assert_string_equal(key, "m@1");
    assert_int_equal(mc_cache_set_label(cache, "m", "stable", NULL, true, NULL), MC_OK);
    assert_string_equal(answers(cache, "m"), "2");
    assert_int_equal(mc_cache_find_label(cache, "m", "stable", 6, key, &error), MC_E_NOT_FOUND);
    assert_int_equal(mc_cache_find_label(cache, "other", "x", 1, key, &error), MC_E_NOT_FOUND);
    mc_cache_destroy(cache);
}

static void what_is_in_use_cannot_be_removed(void **state)
{
    (void)state;
    mc_cache *cache = two_versions();
    assert_int_equal(mc_cache_set_default(cache, "m", "2", NULL), MC_OK);
    assert_int_equal(mc_cache_set_label(cache, "m", "old", "1", false, NULL), MC_OK);
    assert_int_equal(mc_cache_remove(cache, "m@2", NULL), MC_E_CONFLICT);
    assert_int_equal(mc_cache_remove(cache, "m@1", NULL), MC_E_CONFLICT);
    assert_int_equal(mc_cache_set_label(cache, "m", "old", NULL, false, NULL), MC_OK);
    assert_int_equal(mc_cache_remove(cache, "m@1", NULL), MC_OK);
    assert_int_equal(mc_cache_set_label(cache, "m", "old", "1", false, NULL), MC_E_NOT_FOUND);
    assert_string_equal(answers(cache, "m"), "2");
    mc_cache_destroy(cache);
}

static void a_name_is_one_file_or_versions(void **state)
{
    (void)state;
    mc_cache *cache = two_versions();
    mc_error error;
    fake_add(cache, "single", "bytes=4096");
    assert_int_equal(mc_cache_set_default(cache, "m", "2", NULL), MC_OK);
    assert_int_equal(mc_cache_add(cache, "m", NULL, "bytes=1", &error), MC_E_CONFLICT);
    fake_add(cache, "single@1", "bytes=4096");
    assert_int_equal(mc_cache_set_default(cache, "single", "1", &error), MC_E_CONFLICT);
    assert_int_equal(mc_cache_add(cache, "m@", NULL, "bytes=1", &error), MC_E_BAD_REQUEST);
    assert_int_equal(mc_cache_add(cache, "@1", NULL, "bytes=1", &error), MC_E_BAD_REQUEST);
    assert_int_equal(mc_cache_add(cache, "m@1@2", NULL, "bytes=1", &error), MC_E_BAD_REQUEST);
    mc_cache_destroy(cache);
}

static void labels_have_limits(void **state)
{
    (void)state;
    mc_cache *cache = two_versions();
    mc_error error;
    char label[MC_LABEL_MAX + 1] = "l0";
    assert_int_equal(mc_cache_set_label(cache, "m", "a b", "1", false, &error), MC_E_BAD_REQUEST);
    for (int i = 0; i < MC_LABELS_MAX; i++) {
        label[1] = (char)('A' + i % 26);
        label[2] = (char)('0' + i / 26);
        assert_int_equal(mc_cache_set_label(cache, "m", label, "1", false, NULL), MC_OK);
    }
    assert_int_equal(mc_cache_set_label(cache, "m", "more", "1", false, &error), MC_E_LIMIT);
    assert_int_equal(mc_cache_set_label(cache, "m", label, "2", false, NULL), MC_OK);
    memset(label, 'x', sizeof label - 1);
    assert_int_equal(mc_cache_set_label(cache, "m", label, "1", false, &error), MC_E_BAD_REQUEST);
    mc_cache_destroy(cache);
}

/* How many of n predictions for "m" version 2 answers. */
static unsigned canary_takes(mc_cache *cache, unsigned n)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < n; i++)
        taken += strcmp(answers(cache, "m"), "2") == 0;
    return taken;
}

static void a_canary_has_its_share(void **state)
{
    (void)state;
    mc_cache *cache = two_versions();
    mc_versions_info info;
    assert_int_equal(mc_cache_set_default(cache, "m", "1", NULL), MC_OK);
    assert_int_equal(mc_cache_set_label(cache, "m", "canary", "2", false, NULL), MC_OK);
    assert_int_equal(mc_cache_divert(cache, "m", false, "canary", 10001, NULL), MC_E_BAD_REQUEST);
    assert_int_equal(mc_cache_divert(cache, "m", false, "canary", 500, NULL), MC_OK);
    assert_int_equal(canary_takes(cache, 2000), 100);
    assert_int_equal(canary_takes(cache, 19), 0); /* evenly: every twentieth */
    assert_int_equal(canary_takes(cache, 1), 1);
    assert_true(mc_cache_versions(cache, "m", &info));
    assert_int_equal(info.canary.requests, 2020);
    assert_int_equal(info.canary.taken, 101);
    assert_string_equal(info.canary.version, "2");
    assert_string_equal(info.version, "1");
    /* the canary follows its label, and goes with it */
    assert_int_equal(mc_cache_set_label(cache, "m", "canary", NULL, false, NULL), MC_OK);
    assert_int_equal(canary_takes(cache, 40), 0);
    assert_int_equal(mc_cache_divert(cache, "m", false, "2", 10000, NULL), MC_OK);
    assert_int_equal(canary_takes(cache, 10), 10);
    assert_true(is_called(cache, "m", "m@1")); /* looking is no prediction */
    mc_cache_destroy(cache);
}

static void a_shadow_is_counted_and_found(void **state)
{
    (void)state;
    mc_cache *cache = two_versions();
    char key[MC_NAME_MAX] = "";
    unsigned n = 0;
    assert_false(mc_cache_take_shadow(cache, "m", key));
    assert_int_equal(mc_cache_set_default(cache, "m", "1", NULL), MC_OK);
    assert_int_equal(mc_cache_divert(cache, "m", true, "2", 2500, NULL), MC_OK);
    for (unsigned i = 0; i < 100; i++)
        n += mc_cache_take_shadow(cache, "m", key);
    assert_int_equal(n, 25);
    assert_string_equal(key, "m@2");
    assert_string_equal(answers(cache, "m"), "1");
    mc_cache_destroy(cache);
}

static void settings_are_those_of_the_model(void **state)
{
    (void)state;
    mc_cache *cache = two_versions();
    const mc_model_settings pin = {.struct_size = sizeof pin, .pin = true};
    assert_int_equal(mc_cache_configure(cache, "m", &pin, NULL), MC_OK);
    assert_true(is_pinned(cache, "m@1"));
    fake_add(cache, "m@3", "bytes=4096");
    fake_add(cache, "m-other", "bytes=4096");
    assert_true(is_pinned(cache, "m@3"));
    assert_false(is_pinned(cache, "m-other"));
    mc_cache_destroy(cache);
}

#define READERS 4
#define MOVES   400

typedef struct moving {
    mc_cache *cache;
    atomic_bool stop;
    _Atomic uint64_t n_answers, n_wrong;
} moving;

/* Each request for NAME is answered by a version that there is, whole; labels name versions. */
static void *ask_all_the_time(void *user)
{
    moving *m = user;
    char key[MC_NAME_MAX];
    while (!atomic_load(&m->stop)) {
        mc_model *model = NULL;
        const mc_status status = mc_cache_acquire(m->cache, "m", 10000, &model, NULL, NULL);
        bool right = status == MC_OK && fake_model_is_whole(model, &(uint64_t){0});
        const char *version = right ? mc_model_describe(model).version : "";
        right = right && (strcmp(version, "1") == 0 || strcmp(version, "2") == 0);
        mc_model_release(model);
        if (mc_cache_find_label(m->cache, "m", "stable", 6, key, NULL) == MC_OK)
            right = right && (strcmp(key, "m@1") == 0 || strcmp(key, "m@2") == 0);
        if (mc_cache_take_shadow(m->cache, "m", key))
            right = right && strncmp(key, "m@", 2) == 0;
        (void)atomic_fetch_add(&m->n_answers, 1);
        (void)atomic_fetch_add(&m->n_wrong, right ? 0 : 1);
    }
    return NULL;
}

/* Labels, shares, reloads and evictions by hand, while others ask. For ThreadSanitizer, too. */
static void labels_move_while_others_ask(void **state)
{
    (void)state;
    moving m = {.cache = two_versions()};
    pthread_t readers[READERS];
    assert_int_equal(mc_cache_set_default(m.cache, "m", "2", NULL), MC_OK);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, ask_all_the_time, &m), 0);
    for (unsigned i = 0; i < MOVES; i++) {
        const char *version = i % 2 == 0 ? "1" : "2", *key = i % 2 == 0 ? "m@1" : "m@2";
        assert_int_equal(mc_cache_load(m.cache, key, NULL, NULL), MC_OK);
        assert_int_equal(mc_cache_set_label(m.cache, "m", "stable", version, false, NULL), MC_OK);
        assert_int_equal(mc_cache_divert(m.cache, "m", i % 3 == 0, "stable", i % 10000, NULL),
                         MC_OK);
        if (i % 8 == 0)
            assert_int_equal(mc_cache_refresh(m.cache, key, NULL), MC_OK);
        if (i % 16 == 0)
            assert_int_equal(mc_cache_unload(m.cache, key, NULL), MC_OK);
        if (i % 32 == 0)
            assert_int_equal(mc_cache_set_label(m.cache, "m", "stable", NULL, false, NULL), MC_OK);
    }
    atomic_store(&m.stop, true);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_true(m.n_answers > 0);
    assert_int_equal(m.n_wrong, 0);
    mc_cache_destroy(m.cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_move_while_others_ask),
        cmocka_unit_test(the_default_answers_for_the_name),
        cmocka_unit_test(the_verbs_go_the_same_way),
        cmocka_unit_test(stable_is_what_rolls_back),
        cmocka_unit_test(what_is_in_use_cannot_be_removed),
        cmocka_unit_test(a_name_is_one_file_or_versions),
        cmocka_unit_test(labels_have_limits),
        cmocka_unit_test(a_canary_has_its_share),
        cmocka_unit_test(a_shadow_is_counted_and_found),
        cmocka_unit_test(settings_are_those_of_the_model),
    };
    return cmocka_run_group_tests_name("versions", tests, NULL, NULL);
}
