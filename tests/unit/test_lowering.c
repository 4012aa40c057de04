/* test_lowering.c: graphs that no scikit-learn wrote: what is not understood is refused by name,
 * what is too deep or too much by its limit and soon, and memory that runs out leaves nothing.
 *
 *   test_lowering EXAMPLES    the directory of the example models
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "import/file/joblib.h"
#include "import/globals.h"
#include "import/import.h"
#include "import/sklearn/sklearn.h"

static const char *examples;

/* ---------------------------------------------------------------------- writing a pickle ---- */

typedef struct pickle {
    uint8_t data[8192];
    size_t n;
} pickle;

static void put(pickle *p, const void *data, size_t size)
{
    assert_true(size <= sizeof p->data - p->n);
    memcpy(p->data + p->n, data, size);
    p->n += size;
}

static void op(pickle *p, const char *opcodes)
{
    put(p, opcodes, strlen(opcodes));
}

static void put_text(pickle *p, const char *text)
{
    const uint32_t size = (uint32_t)strlen(text);
    op(p, "X");
    put(p, &size, 4); /* little-endian, as we are */
    put(p, text, size);
}

static void put_int(pickle *p, int32_t value)
{
    op(p, "J");
    put(p, &value, 4);
}

static void put_memo(pickle *p, const char *opcode, uint32_t at) /* "r" stores, "j" gets */
{
    op(p, opcode);
    put(p, &at, 4);
}

static void start(pickle *p)
{
    p->n = 0;
    op(p, "\x80\x02");
}

/* An object without state; behind it comes "}(", its attributes and end_object(). */
static void begin_object(pickle *p, const char *module, const char *name)
{
    op(p, "c");
    op(p, module);
    op(p, "\n");
    op(p, name);
    op(p, "\n)\x81");
}

static void begin_state(pickle *p, int32_t n_features)
{
    op(p, "}(");
    put_text(p, "_sklearn_version");
    put_text(p, "1.6.1");
    put_text(p, "n_features_in_");
    put_int(p, n_features);
}

static void end_object(pickle *p)
{
    op(p, "ub");
}

static void put_false(pickle *p, const char *attribute)
{
    put_text(p, attribute);
    op(p, "\x89");
}

/* A StandardScaler that leaves its input alone. */
static void put_scaler(pickle *p)
{
    begin_object(p, "sklearn.preprocessing._data", "StandardScaler");
    begin_state(p, 2);
    put_false(p, "with_mean");
    put_false(p, "with_std");
    end_object(p);
}

/* ----------------------------------------------------------------------------- reading it ---- */

typedef struct outcome {
    mc_status status;
    mc_error err;
    double seconds;
} outcome;

static outcome import(pickle *p)
{
    outcome out = {.status = MC_OK};
    mc_arena arena;
    mc_joblib joblib;
    mc_image image;
    mc_value *root = NULL;
    op(p, ".");
    mc_reader reader = {.data = p->data, .size = p->n, .err = &out.err};
    const clock_t from = clock(); /* of the processor: other processes do not count */
    mc_arena_init(&arena, (size_t)64 << 20, "test_lowering");
    mc_joblib_init(&joblib, mc_globals_lookup, &arena);
    out.status = mc_joblib_read(&joblib, &reader, &root, &out.err);
    if (out.status == MC_OK)
        out.status = mc_sklearn_import(root, &arena, NULL, NULL, &image, &out.err);
    if (out.status == MC_OK)
        mc_image_close(&image);
    mc_arena_fini(&arena);
    out.seconds = (double)(clock() - from) / CLOCKS_PER_SEC;
    return out;
}

static void assert_outcome(const outcome *out, mc_status status, const char *message)
{
    char text[2000];
    if (out->status == MC_OK && status == MC_OK)
        return;
    (void)mc_error_format(&out->err, text, sizeof text);
    if (out->status != status || strstr(text, message) == NULL)
        fail_msg("got %s: %s\nwant %s: %s", mc_status_name(out->status), text,
                 mc_status_name(status), message);
}

static void refused(pickle *p, mc_status status, const char *message)
{
    const outcome out = import(p);
    assert_outcome(&out, status, message);
}

/* ----------------------------------------------------------------------------- refusals ---- */

static void a_plain_scaler_is_understood(void **state)
{
    (void)state;
    pickle p;
    start(&p);
    put_scaler(&p);
    refused(&p, MC_OK, "");
}

static void unknown_estimators_are_named_with_their_byte(void **state)
{
    (void)state;
    pickle p;
    start(&p);
    begin_object(&p, "sklearn.svm._classes", "FutureSVC");
    begin_state(&p, 2);
    end_object(&p);
    outcome out = import(&p);
    assert_outcome(&out, MC_E_UNSUPPORTED, "sklearn.svm._classes.FutureSVC is not an estimator");
    assert_int_equal(p.data[out.err.offset], 0x81); /* NEWOBJ made it */

    start(&p);
    begin_object(&p, "sklearn.pipeline", "Pipeline");
    begin_state(&p, 2);
    put_text(&p, "steps");
    op(&p, "](");
    put_text(&p, "odd");
    const size_t before = p.n;
    begin_object(&p, "sklearn.svm._classes", "FutureSVC");
    op(&p, "\x86"); /* TUPLE2 */
    op(&p, "e");
    end_object(&p);
    out = import(&p);
    assert_outcome(&out, MC_E_UNSUPPORTED, "sklearn.svm._classes.FutureSVC is not an estimator");
    assert_outcome(&out, MC_E_UNSUPPORTED, "step \"odd\"");
    assert_true(out.err.offset > before);

    start(&p);
    begin_object(&p, "elsewhere.preprocessing", "StandardScaler"); /* only the name is known */
    begin_state(&p, 2);
    end_object(&p);
    refused(&p, MC_E_UNSUPPORTED, "elsewhere.preprocessing.StandardScaler is not a name");
}

static void roots_that_are_no_estimator(void **state)
{
    (void)state;
    pickle p;
    start(&p);
    op(&p, "]");
    refused(&p, MC_E_UNSUPPORTED, "expected a fitted scikit-learn estimator");
    start(&p);
    op(&p, "N");
    refused(&p, MC_E_UNSUPPORTED, "expected a fitted scikit-learn estimator");
}

/* A StandardScaler of 2 features one of whose attributes is what `value` pushes. */
static void scaler_with(pickle *p, const char *attribute, const char *value)
{
    start(p);
    begin_object(p, "sklearn.preprocessing._data", "StandardScaler");
    begin_state(p, 2);
    put_text(p, attribute);
    op(p, value);
    end_object(p);
}

static void attributes_of_the_wrong_kind_are_named(void **state)
{
    (void)state;
    pickle p;
    scaler_with(&p, "with_mean", "]");
    refused(&p, MC_E_UNSUPPORTED, "with_mean");
    scaler_with(&p, "mean_", "]");
    refused(&p, MC_E_UNSUPPORTED, "mean_");
    scaler_with(&p, "mean_", "N");
    refused(&p, MC_E_UNSUPPORTED, "mean_");
    scaler_with(&p, "with_mean", "\x88"); /* True, and there is no mean_ */
    refused(&p, MC_E_UNSUPPORTED, "mean_");
    scaler_with(&p, "n_features_in_", "U\x03two");
    refused(&p, MC_E_UNSUPPORTED, "n_features_in_");
    scaler_with(&p, "n_features_in_", "J\xff\xff\xff\xff");
    refused(&p, MC_E_UNSUPPORTED, "n_features_in_");
    scaler_with(&p, "n_features_in_", "J\xff\xff\xff\x7f");
    refused(&p, MC_E_LIMIT, "2147483647 input columns, at most");
    scaler_with(&p, "_sklearn_version", "K\x01");
    refused(&p, MC_E_UNSUPPORTED, "_sklearn_version");
    scaler_with(&p, "_sklearn_version",
                "U\x05"
                "9.9.9");
    refused(&p, MC_E_UNSUPPORTED, "written by scikit-learn \"9.9.9\"");
}

/* A Normalizer whose norm is what `value` pushes. */
static void normalizer_of(pickle *p, const char *value)
{
    start(p);
    begin_object(p, "sklearn.preprocessing._data", "Normalizer");
    begin_state(p, 2);
    put_text(p, "norm");
    op(p, value);
    end_object(p);
}

static void choices_that_are_none_are_told_what_there_is(void **state)
{
    (void)state;
    pickle p;
    normalizer_of(&p, "U\x03max");
    refused(&p, MC_OK, "");
    normalizer_of(&p, "U\x02l3");
    refused(&p, MC_E_UNSUPPORTED, "attribute norm: expected one of l1, l2, max, found \"l3\"");
    normalizer_of(&p, "N");
    refused(&p, MC_E_UNSUPPORTED, "attribute norm: expected one of l1, l2, max, found None");
}

static void steps_that_are_no_steps(void **state)
{
    (void)state;
    static const char *const WRONG[] = {"]", "N", "](Ne", "](]e", "]((K\x01K\x02te", "K\x01"};
    for (size_t i = 0; i < MC_COUNT_OF(WRONG); i++) {
        pickle p;
        start(&p);
        begin_object(&p, "sklearn.pipeline", "Pipeline");
        begin_state(&p, 2);
        put_text(&p, "steps");
        op(&p, WRONG[i]);
        end_object(&p);
        const outcome out = import(&p);
        assert_true(out.status == MC_E_UNSUPPORTED || out.status == MC_E_MALFORMED);
        assert_outcome(&out, out.status, "steps");
    }
}

/* ------------------------------------------------------------------------------- limits ---- */

static void begin_pipeline(pickle *p)
{
    begin_object(p, "sklearn.pipeline", "Pipeline");
    begin_state(p, 2);
    put_text(p, "steps");
    op(p, "](");
}

static void end_pipeline(pickle *p)
{
    op(p, "e");
    end_object(p);
}

static void a_pipeline_in_itself_is_refused_at_once(void **state)
{
    (void)state;
    pickle p;
    start(&p);
    begin_object(&p, "sklearn.pipeline", "Pipeline");
    put_memo(&p, "r", 0);
    begin_state(&p, 2);
    put_text(&p, "steps");
    op(&p, "](");
    for (size_t i = 0; i < 2; i++) { /* twice: a tree of calls, not a chain */
        put_text(&p, "itself");
        put_memo(&p, "j", 0);
        op(&p, "\x86");
    }
    end_pipeline(&p);
    const outcome out = import(&p);
    assert_outcome(&out, MC_E_LIMIT, "estimators in each other");
    assert_true(out.seconds < 0.1);
}

static void estimators_nested_too_deep_are_refused(void **state)
{
    (void)state;
    enum { DEPTH = 60 };
    pickle p;
    start(&p);
    for (size_t i = 0; i < DEPTH; i++) {
        begin_pipeline(&p);
        put_text(&p, "s");
    }
    put_scaler(&p);
    for (size_t i = 0; i < DEPTH; i++) {
        op(&p, "\x86");
        end_pipeline(&p);
    }
    const outcome out = import(&p);
    assert_outcome(&out, MC_E_LIMIT, "estimators in each other");
    assert_true(out.seconds < 0.1);
}

/* A scaler, and `n` composites around it, each of which holds the one before it twice: a few bytes
 * a level, and 2^n ways through. */
static void put_doubled(pickle *p, const char *module, const char *name, const char *attribute,
                        uint32_t n)
{
    start(p);
    put_scaler(p);
    put_memo(p, "r", 0);
    op(p, "0"); /* POP: it stays in the memo */
    for (uint32_t i = 0; i < n; i++) {
        begin_object(p, module, name);
        begin_state(p, 2);
        put_text(p, attribute);
        op(p, "](");
        for (size_t j = 0; j < 2; j++) {
            put_text(p, j == 0 ? "a" : "b");
            put_memo(p, "j", i);
            op(p, "\x86");
        }
        op(p, "e");
        end_object(p);
        put_memo(p, "r", i + 1);
        if (i + 1 < n)
            op(p, "0");
    }
}

/* About 0.15 s each, or ten times that under ThreadSanitizer; the bar is ten times as wide. */
#ifdef __SANITIZE_THREAD__
#define MANY_SECONDS 15.0
#else
#define MANY_SECONDS 1.5
#endif

static void doubled_pipelines_end_soon(void **state)
{
    (void)state;
    pickle p;
    put_doubled(&p, "sklearn.pipeline", "Pipeline", "steps", 38);
    const outcome out = import(&p);
    assert_outcome(&out, MC_E_LIMIT, "estimators in one model");
    assert_true(out.seconds < MANY_SECONDS);
    put_doubled(&p, "sklearn.pipeline", "Pipeline", "steps", 5); /* as many as a person makes */
    refused(&p, MC_OK, "");
}

static void doubled_unions_end_soon(void **state)
{
    (void)state;
    pickle p;
    put_doubled(&p, "sklearn.pipeline", "FeatureUnion", "transformer_list", 38);
    const outcome out = import(&p);
    assert_true(out.status == MC_E_LIMIT);
    assert_true(out.seconds < MANY_SECONDS);
}

/* --------------------------------------------------------------------------- no memory ---- */

static mc_status import_once(const char *path)
{
    mc_image image;
    MC_TRY(mc_import_file(path, NULL, NULL, &image, NULL));
    mc_image_close(&image);
    return MC_OK;
}

static void memory_that_runs_out_leaves_nothing(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"iris.pkl", "churn.pkl", "diabetes.joblib"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", examples, NAMES[i]);
        const uint64_t before = mc_alloc_count();
        assert_int_equal(import_once(path), MC_OK);
        const uint64_t n = mc_alloc_count() - before;
        assert_true(n > 10);
        for (uint64_t k = 1; k <= n; k++) {
            mc_alloc_fail_at(k);
            assert_int_equal(import_once(path), MC_E_NO_MEMORY);
        }
        mc_alloc_fail_at(0);
        assert_int_equal(import_once(path), MC_OK);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_scaler_is_understood),
        cmocka_unit_test(unknown_estimators_are_named_with_their_byte),
        cmocka_unit_test(roots_that_are_no_estimator),
        cmocka_unit_test(attributes_of_the_wrong_kind_are_named),
        cmocka_unit_test(choices_that_are_none_are_told_what_there_is),
        cmocka_unit_test(steps_that_are_no_steps),
        cmocka_unit_test(a_pipeline_in_itself_is_refused_at_once),
        cmocka_unit_test(estimators_nested_too_deep_are_refused),
        cmocka_unit_test(doubled_pipelines_end_soon),
        cmocka_unit_test(doubled_unions_end_soon),
        cmocka_unit_test(memory_that_runs_out_leaves_nothing),
    };
    if (argc != 2)
        return 2;
    examples = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
