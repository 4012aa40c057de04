/* test_catalog.c: which models the PATHs of a command line mean. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "cli/catalog.h"

static char folder[] = "/tmp/test_catalog_XXXXXX";

static void touch(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = strchr(path + sizeof folder, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_int_equal(fclose(to), 0);
}

static void stems(void **state)
{
    static const struct {
        const char *file, *stem;
        bool known;
    } CASES[] = {
        {"iris.pkl", "iris", true},
        {"iris.pkl.gz", "iris", true},
        {"iris.v2.joblib.zst", "iris.v2", true},
        {"iris.skops", "iris", true},
        {"iris.cbm", "iris", true},
        {"iris.mci.xz", "iris", true},
        {"iris.gz", "iris", false},
        {"iris.txt", "iris", false},
        {"iris", "iris", false},
        {".pkl", ".pkl", false},
        {"iris.PKL", "iris", false},
        {"iris.pkl.bak", "iris.pkl", false},
        {"iris.pkl_01.npy", "iris.pkl_01", false},
        {"iris.pkl_01.npy.z", "iris.pkl_01.npy", false},
    };
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        char stem[MC_NAME_MAX];
        const bool known = mc_catalog_stem(CASES[i].file, stem);
        if (known != CASES[i].known || strcmp(stem, CASES[i].stem) != 0)
            fail_msg("%s: got %s %d", CASES[i].file, stem, known);
    }
}

/* The first listing of that name; an empty one when there is none. */
static const mc_listing *find(const mc_catalog *catalog, const char *name)
{
    static const mc_listing NONE = {.source = "", .clash = ""};
    for (size_t i = 0; i < catalog->n; i++)
        if (strcmp(catalog->all[i]->name, name) == 0)
            return catalog->all[i];
    return &NONE;
}

static void folders_and_files(void **state)
{
    (void)state;
    mc_catalog catalog = {.n = 0};
    mc_error error;
    char path[512];
    touch("a.pkl");
    touch("notes.txt");
    touch(".hidden.pkl");
    touch("bad name.pkl");
    touch("twice.pkl");
    touch("twice.joblib");
    touch("deep/9/model.pkl");
    touch("deep/010/model.joblib.gz");
    touch("deep/11/other.pkl");
    touch("deep/x/model.pkl");
    touch("none/x/model.pkl");
    touch("odd.bin");
    assert_int_equal(mc_catalog_add(&catalog, folder, &error), MC_OK);
    (void)snprintf(path, sizeof path, "%s/odd.bin", folder);
    assert_int_equal(mc_catalog_add(&catalog, path, &error), MC_OK);
    mc_catalog_seal(&catalog, NULL, NULL);
    assert_int_equal(catalog.n, 5);
    assert_int_equal(catalog.n_names, 4);
    assert_string_equal(find(&catalog, "a")->name, "a");
    assert_false(find(&catalog, "a")->named);
    assert_true(find(&catalog, "odd")->named);
    assert_string_equal(find(&catalog, "deep")->version, "010");
    assert_non_null(strstr(find(&catalog, "deep")->source, "/deep/010/model.joblib.gz"));
    assert_null(find(&catalog, "a")->clash);
    assert_non_null(strstr(find(&catalog, "twice")->source, "twice.joblib"));
    const char *clash = find(&catalog, "twice")->clash;
    assert_non_null(clash);
    assert_non_null(clash == NULL ? NULL : strstr(clash, "twice.pkl"));
    mc_catalog_index index;
    assert_true(mc_catalog_index_keys(&catalog, &index));
    for (size_t i = 0; i < catalog.n; i++)
        assert_string_equal(mc_catalog_find(&index, catalog.all[i]->key)->key, catalog.all[i]->key);
    assert_ptr_equal(mc_catalog_find(&index, "odd"), find(&catalog, "odd"));
    assert_null(mc_catalog_find(&index, "od"));
    assert_null(mc_catalog_find(&index, "zebra"));
    mc_free(index.all);
    mc_catalog_fini(&catalog);
}

/* A mc_policy_fn; `user` is the text of the policy. */
static void policy_of(void *user, const char *name, mc_version_policy *policy)
{
    (void)name;
    assert_int_equal(mc_version_policy_read(user, policy, NULL), MC_OK);
}

static void policies_choose_versions(void **state)
{
    static const struct {
        const char *policy, *served;
    } CASES[] = {
        {"latest", "21 "},
        {"latest 2", "21 0020 "},
        {"latest 99", "21 0020 19 3 "},
        {"all", "21 0020 19 3 "},
        {"3", "3 "},
        {"19, 20 7", "0020 19 "},
    };
    (void)state;
    touch("many/v/3/model.pkl");
    touch("many/v/19/model.pkl");
    touch("many/v/0020/model.pkl");
    touch("many/v/21/model.joblib");
    touch("many/v/22/no.model");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/many", folder);
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        mc_catalog catalog = {.n = 0};
        char policy[32], served[64] = "";
        (void)snprintf(policy, sizeof policy, "%s", CASES[i].policy);
        assert_int_equal(mc_catalog_add(&catalog, path, NULL), MC_OK);
        mc_catalog_seal(&catalog, policy_of, policy);
        for (size_t k = 0; k < catalog.n; k++) {
            (void)strcat(strcat(served, catalog.all[k]->version), " ");
            assert_int_equal(catalog.all[k]->latest, k == 0);
            assert_memory_equal(catalog.all[k]->key, "v@", 2);
        }
        assert_string_equal(served, CASES[i].served);
        assert_int_equal(catalog.n_names, 1);
        mc_catalog_fini(&catalog);
    }
}

static void a_file_and_versions_clash(void **state)
{
    (void)state;
    mc_catalog catalog = {.n = 0};
    char path[512], all[] = "all";
    touch("mixed/m.pkl");
    touch("mixed/m/1/model.pkl");
    touch("mixed/m/2/model.pkl");
    (void)snprintf(path, sizeof path, "%s/mixed", folder);
    assert_int_equal(mc_catalog_add(&catalog, path, NULL), MC_OK);
    mc_catalog_seal(&catalog, policy_of, all);
    assert_int_equal(catalog.n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(catalog.all[i]->clash);
    mc_catalog_fini(&catalog);
}

static void settings_are_read(void **state)
{
    static const char *const BAD[] = {"", "latest 0", "latest x", "latest3", "1, x", "newest"};
    (void)state;
    mc_version_policy policy;
    mc_label_setting labels[MC_LABELS_MAX];
    char target[MC_LABEL_MAX];
    uint32_t share = 0;
    size_t n = 0;
    for (size_t i = 0; i < MC_COUNT_OF(BAD); i++)
        assert_int_equal(mc_version_policy_read(BAD[i], &policy, NULL), MC_E_BAD_REQUEST);
    assert_int_equal(mc_label_settings_read("stable:3, canary:04", labels, &n, NULL), MC_OK);
    assert_int_equal(n, 2);
    assert_string_equal(labels[1].label, "canary");
    assert_string_equal(labels[1].version, "04");
    assert_int_equal(mc_label_settings_read("stable", labels, &n, NULL), MC_E_BAD_REQUEST);
    assert_int_equal(mc_label_settings_read("stable:x", labels, &n, NULL), MC_E_BAD_REQUEST);
    assert_int_equal(mc_share_read("0.5% canary", &share, target, NULL), MC_OK);
    assert_int_equal(share, 50);
    assert_string_equal(target, "canary");
    assert_int_equal(mc_share_read("", &share, target, NULL), MC_OK);
    assert_int_equal(share, 0);
    assert_int_equal(mc_share_read("101% 4", &share, target, NULL), MC_E_BAD_REQUEST);
    assert_int_equal(mc_share_read("5 canary", &share, target, NULL), MC_E_BAD_REQUEST);
    assert_int_equal(mc_share_read("5%", &share, target, NULL), MC_E_BAD_REQUEST);
    assert_int_equal(mc_share_read("5% a b", &share, target, NULL), MC_E_BAD_REQUEST);
    assert_int_equal(mc_share_read("nan% a", &share, target, NULL), MC_E_BAD_REQUEST);
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    mc_catalog catalog = {.n = 0};
    mc_error error;
    assert_int_equal(mc_catalog_add(&catalog, "/nowhere/iris.pkl", &error), MC_E_IO);
    assert_string_equal(error.message, "/nowhere/iris.pkl: No such file or directory");
    mc_catalog_fini(&catalog);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stems),
        cmocka_unit_test(folders_and_files),
        cmocka_unit_test(policies_choose_versions),
        cmocka_unit_test(a_file_and_versions_clash),
        cmocka_unit_test(settings_are_read),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
