/* test_api.c: the library whole, on model files that scikit-learn wrote. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/base.h"

#define IRIS   MC_EXAMPLES "/iris.pkl"
#define N_ROWS 3

static const double ROWS[N_ROWS][4] = {
    {5.1, 3.5, 1.4, 0.2}, {6.3, 3.3, 6.0, 2.5}, {5.9, 2.8, 4.3, 1.3}};
static const char *const LABELS[N_ROWS] = {"setosa", "virginica", "versicolor"};

static const mc_input INPUT = {.layout = MC_LAYOUT_DENSE,
                               .n_rows = N_ROWS,
                               .as.dense = {.data = ROWS,
                                            .dtype = MC_DTYPE_F64,
                                            .n_columns = 4,
                                            .row_stride = sizeof ROWS[0],
                                            .column_stride = sizeof(double)}};

/* True if the model answers as scikit-learn does. */
static bool answers_right(const mc_model *model, mc_workspace *workspace)
{
    mc_output output;
    size_t n_classes = 0;
    if (mc_model_predict(model, MC_METHOD_DEFAULT, &INPUT, workspace, &output, NULL) != MC_OK)
        return false;
    const mc_part *part = &output.parts[0];
    const mc_cell *classes = mc_model_classes(model, part->classes, &n_classes);
    for (size_t i = 0; i < N_ROWS; i++) {
        const mc_cell *label = &classes[((const int32_t *)part->data)[i]];
        if (label->size != strlen(LABELS[i]) || memcmp(label->as.text, LABELS[i], label->size) != 0)
            return false;
    }
    return true;
}

static mc_workspace *new_workspace(void)
{
    mc_workspace *workspace = NULL;
    assert_int_equal(mc_workspace_create(1 << 20, &workspace, NULL), MC_OK);
    return workspace;
}

static void assert_answers(const mc_model *model)
{
    mc_workspace *workspace = new_workspace();
    assert_true(answers_right(model, workspace));
    mc_workspace_destroy(workspace);
}

/* A file of our own, with the first `size` bytes of `from`. */
static void copy_file(const char *from, const char *to, size_t size)
{
    char block[8192];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    size_t n = 0;
    while (size > 0 && (n = fread(block, 1, size < sizeof block ? size : sizeof block, in)) > 0) {
        assert_int_equal(fwrite(block, 1, n, out), n);
        size -= n;
    }
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

static char scratch[] = "/tmp/mc_test_api_XXXXXX";
static char copy_path[sizeof scratch + 16], image_path[sizeof scratch + 16];

static int make_scratch(void **state)
{
    (void)state;
    if (mkdtemp(scratch) == NULL)
        return -1;
    (void)snprintf(copy_path, sizeof copy_path, "%s/model.pkl", scratch);
    (void)snprintf(image_path, sizeof image_path, "%s/model.mci", scratch);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    (void)unlink(copy_path);
    (void)unlink(image_path);
    return rmdir(scratch);
}

static void a_model_is_opened_without_a_cache(void **state)
{
    (void)state;
    mc_model *model = NULL;
    mc_error err = {0};
    assert_int_equal(mc_model_open(IRIS, &model, &err), MC_OK);
    const mc_model_info info = mc_model_describe(model);
    assert_string_equal(info.name, "");
    assert_string_equal(info.source, IRIS);
    assert_int_equal(info.generation, 1);
    assert_int_equal(info.n_columns, 4);
    assert_true(info.load_ns > 0);
    assert_answers(model);
    mc_model_release(model);
}

static void a_saved_image_answers_the_same(void **state)
{
    (void)state;
    mc_model *model = NULL;
    mc_model *mapped = NULL;
    assert_int_equal(mc_model_open(IRIS, &model, NULL), MC_OK);
    assert_int_equal(mc_model_save(model, image_path, NULL), MC_OK);
    assert_int_equal(mc_model_map(image_path, &mapped, NULL), MC_OK);
    assert_string_equal(mc_model_describe(model).digest, mc_model_describe(mapped).digest);
    mc_model_release(model);
    assert_answers(mapped);
    mc_model_release(mapped);
}

static void files_that_are_no_models_are_refused_by_name(void **state)
{
    (void)state;
    char text[512];
    mc_model *model = NULL;
    mc_error err = {0};
    assert_int_equal(mc_model_open("/no/such.pkl", &model, &err), MC_E_IO);
    assert_non_null(strstr(mc_error_format(&err, text, sizeof text), "/no/such.pkl"));
    assert_int_equal(mc_model_map("/no/such.mci", &model, &err), MC_E_IO);
    assert_non_null(strstr(mc_error_format(&err, text, sizeof text), "/no/such.mci"));
    assert_int_not_equal(mc_model_map(IRIS, &model, &err), MC_OK); /* a pickle is no image */
    assert_true(err.message[0] != '\0');
}

static void the_cache_charges_what_its_models_are(void **state)
{
    (void)state;
    mc_cache *cache = NULL;
    mc_entry_info info = {0};
    assert_int_equal(mc_cache_create(NULL, &cache, NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "iris", IRIS, NULL), MC_OK);
    assert_int_equal(mc_cache_info(cache, "iris", &info, NULL), MC_OK);
    assert_int_equal(info.state, MC_STATE_READY);
    assert_int_equal(mc_cache_statistics(cache).memory_used, info.bytes);
    mc_model *model = NULL;
    assert_int_equal(mc_cache_acquire(cache, "iris", 0, &model, NULL, NULL), MC_OK);
    assert_int_equal(mc_model_describe(model).bytes, info.bytes);
    assert_string_equal(mc_model_describe(model).digest, info.digest);
    assert_string_equal(mc_model_describe(model).name, "iris");
    mc_cache_destroy(cache);
    assert_answers(model); /* held models survive the cache */
    mc_model_release(model);

    const mc_cache_options small = {.struct_size = sizeof small, .memory_budget = 1000};
    assert_int_equal(mc_cache_create(&small, &cache, NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "iris", IRIS, NULL), MC_E_OVER_BUDGET);
    assert_int_equal(mc_cache_statistics(cache).memory_used, 0);
    mc_cache_destroy(cache);
}

static void a_truncated_file_changes_no_answer(void **state)
{
    (void)state;
    mc_cache *cache = NULL;
    mc_model *model = NULL;
    mc_error err = {0};
    copy_file(IRIS, copy_path, SIZE_MAX);
    assert_int_equal(mc_cache_create(NULL, &cache, NULL), MC_OK);
    assert_int_equal(mc_cache_load(cache, "iris", copy_path, NULL), MC_OK);
    copy_file(IRIS, copy_path, 500);
    assert_int_equal(mc_cache_refresh(cache, "iris", &err), MC_E_TRUNCATED);
    assert_int_equal(mc_cache_acquire(cache, "iris", 0, &model, NULL, NULL), MC_OK);
    assert_int_equal(mc_model_describe(model).generation, 1);
    assert_answers(model);
    mc_model_release(model);
    mc_cache_destroy(cache);
}

/* ---------------------------------------------------------------------------- hot swaps ---- */

typedef struct swaps {
    mc_cache *cache;
    _Atomic bool stop;
    _Atomic unsigned answers, wrong;
} swaps;

static void *predict_until_stopped(void *context)
{
    swaps *run = context;
    mc_workspace *workspace = new_workspace();
    while (!atomic_load(&run->stop)) {
        mc_model *model = NULL;
        if (mc_cache_acquire(run->cache, "iris", 10000, &model, NULL, NULL) != MC_OK ||
            !answers_right(model, workspace))
            (void)atomic_fetch_add(&run->wrong, 1);
        (void)atomic_fetch_add(&run->answers, 1);
        mc_model_release(model);
        (void)usleep(
            100); /* loads are idle: on a machine without a free moment they take minutes */
    }
    mc_workspace_destroy(workspace);
    return NULL;
}

static void swaps_while_serving_lose_no_answer(void **state)
{
    (void)state;
    static swaps run;
    pthread_t threads[4];
    assert_int_equal(mc_cache_create(NULL, &run.cache, NULL), MC_OK);
    assert_int_equal(mc_cache_load(run.cache, "iris", IRIS, NULL), MC_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, predict_until_stopped, &run), 0);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(mc_cache_refresh(run.cache, "iris", NULL), MC_OK);
    atomic_store(&run.stop, true);
    for (size_t i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(run.wrong, 0);
    assert_true(run.answers > 20);
    mc_entry_info info = {0};
    assert_int_equal(mc_cache_info(run.cache, "iris", &info, NULL), MC_OK);
    assert_int_equal(info.generation, 21);
    assert_int_equal(info.hits, run.answers);
    mc_cache_destroy(run.cache);
}

/* --------------------------------------------------------------------- failing allocations ---- */

/* One life: load, predict, go. Nothing may be left of it (AddressSanitizer looks). */
static mc_status live_once(mc_error *err)
{
    mc_cache *cache = NULL;
    mc_model *model = NULL;
    mc_workspace *workspace = NULL;
    mc_output output;
    MC_TRY(mc_cache_create(NULL, &cache, err));
    mc_status status = mc_cache_load(cache, "iris", IRIS, err);
    if (status == MC_OK)
        status = mc_cache_acquire(cache, "iris", 0, &model, NULL, err);
    if (status == MC_OK)
        status = mc_workspace_create(1 << 20, &workspace, err);
    if (status == MC_OK)
        status = mc_model_predict(model, MC_METHOD_DEFAULT, &INPUT, workspace, &output, err);
    mc_workspace_destroy(workspace);
    mc_model_release(model);
    mc_cache_destroy(cache);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    mc_status status = MC_E_NO_MEMORY;
    unsigned n_failed = 0;
    for (unsigned k = 1; status != MC_OK; k++) {
        mc_error err = {0};
        mc_alloc_fail_at(k);
        status = live_once(&err);
        mc_alloc_fail_at(0);
        if (status != MC_OK && status != MC_E_NO_MEMORY)
            fail_msg("allocation %u: %s: %s", k, mc_status_name(status), err.message);
        n_failed += status == MC_OK ? 0 : 1;
        assert_true(k < 500);
    }
    assert_true(n_failed > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_opened_without_a_cache),
        cmocka_unit_test(a_saved_image_answers_the_same),
        cmocka_unit_test(files_that_are_no_models_are_refused_by_name),
        cmocka_unit_test(the_cache_charges_what_its_models_are),
        cmocka_unit_test(a_truncated_file_changes_no_answer),
        cmocka_unit_test(swaps_while_serving_lose_no_answer),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
