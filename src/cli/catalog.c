/* catalog.c: which models the PATHs of the command line mean. */
#include "cli/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"

static const char *const MODEL_EXTENSIONS[] = {".pkl",   ".pickle", ".joblib", ".sav",
                                               ".skops", ".ubj",    ".cbm",    ".mci"};
static const char *const PACKED_EXTENSIONS[] = {".gz", ".bz2", ".xz", ".lz4", ".zst"};

static size_t strip(const char *file, size_t size, const char *const *extensions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t extension = strlen(extensions[i]);
        if (size > extension && strncmp(file + size - extension, extensions[i], extension) == 0)
            return size - extension;
    }
    return size;
}

static bool name_is_valid(const char *name)
{
    return name[0] != '\0' && name[0] != '.' &&
           name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

bool mc_catalog_stem(const char *file, char out[MC_NAME_MAX])
{
    const size_t size = strlen(file);
    const size_t unpacked = strip(file, size, PACKED_EXTENSIONS, MC_COUNT_OF(PACKED_EXTENSIONS));
    size_t stem = strip(file, unpacked, MODEL_EXTENSIONS, MC_COUNT_OF(MODEL_EXTENSIONS));
    const bool known = stem < unpacked;
    if (!known) {
        const char *point = strrchr(file, '.');
        stem = point == NULL || point == file ? size : (size_t)(point - file);
    }
    if (stem >= MC_NAME_MAX)
        stem = MC_NAME_MAX - 1;
    memcpy(out, file, stem);
    out[stem] = '\0';
    return known;
}

static mc_status append(mc_catalog *catalog, const mc_listing *listing, mc_error *err)
{
    mc_listing **all = mc_realloc(catalog->all, catalog->n + 1, sizeof(mc_listing *));
    const size_t size = strlen(listing->source) + 1;
    mc_listing *copy = mc_alloc(1, sizeof *copy + size); /* of thousands: no path is padded */
    if (all != NULL)
        catalog->all = all;
    if (all == NULL || copy == NULL) {
        mc_free(copy);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the list of models");
    }
    *copy = *listing;
    copy->source = memcpy(copy + 1, listing->source, size);
    if (listing->key[0] == '\0')
        memcpy(copy->key, listing->name, sizeof copy->key);
    all[catalog->n++] = copy;
    return MC_OK;
}

static mc_status too_long(const char *path, mc_error *err)
{
    return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "a path below %.200s is longer than %d bytes", path,
                   MC_PATH_MAX - 1);
}

static mc_status join(char out[MC_PATH_MAX], const char *folder, const char *file, mc_error *err)
{
    const size_t size = strlen(folder);
    const bool slash = size > 0 && folder[size - 1] == '/';
    const int n = snprintf(out, MC_PATH_MAX, "%s%s%s", folder, slash ? "" : "/", file);
    return n < 0 || n >= MC_PATH_MAX ? too_long(folder, err) : MC_OK;
}

/* POSIX lets readdir() share state between streams; glibc does not, and each stream is ours. */
static const struct dirent *next_entry(DIR *dir)
{
    return readdir(dir); /* NOLINT(concurrency-mt-unsafe) */
}

/* ------------------------------------------------------------------------------ versions ---- */

/* Adds every model.* of one version's folder: two of them clash, as two stems do. */
static mc_status add_version(mc_catalog *catalog, mc_listing *listing, const char *folder,
                             mc_error *err)
{
    DIR *dir = opendir(folder);
    mc_status status = MC_OK;
    for (const struct dirent *at;
         dir != NULL && status == MC_OK && (at = next_entry(dir)) != NULL;) {
        char stem[MC_NAME_MAX], path[MC_PATH_MAX];
        if (!mc_catalog_stem(at->d_name, stem) || strcmp(stem, "model") != 0)
            continue;
        status = join(path, folder, at->d_name, err);
        listing->source = path;
        if (status == MC_OK)
            status = append(catalog, listing, err);
    }
    if (dir != NULL)
        (void)closedir(dir);
    return status;
}

/* DIR/NAME/VERSION/model.*: every version that has a model. */
static mc_status add_one_version(mc_catalog *catalog, const char *folder, const char *name,
                                 const char *version, mc_error *err)
{
    mc_listing base = {.named = false};
    char path[MC_PATH_MAX];
    MC_TRY(join(path, folder, version, err));
    (void)snprintf(base.name, sizeof base.name, "%s", name);
    (void)snprintf(base.version, sizeof base.version, "%.20s", version);
    const int n = snprintf(base.key, sizeof base.key, "%s@%s", name, version);
    if (n < 0 || (size_t)n >= sizeof base.key)
        return too_long(path, err);
    return add_version(catalog, &base, path, err);
}

static mc_status add_versions(mc_catalog *catalog, const char *folder, const char *name,
                              mc_error *err)
{
    if (!name_is_valid(name) || strlen(name) >= MC_NAME_MAX)
        return MC_OK;
    DIR *dir = opendir(folder);
    mc_status status = MC_OK;
    for (const struct dirent *at; dir != NULL && status == MC_OK && (at = next_entry(dir)) != NULL;)
        if (mc_version_is_valid(at->d_name))
            status = add_one_version(catalog, folder, name, at->d_name, err);
    if (dir != NULL)
        (void)closedir(dir);
    return status;
}

/* ----------------------------------------------------------------------------- one path ---- */

static mc_status add_entry(mc_catalog *catalog, const char *folder, const char *file, mc_error *err)
{
    char path[MC_PATH_MAX];
    mc_listing listing = {.source = path};
    struct stat info;
    if (file[0] == '.')
        return MC_OK;
    MC_TRY(join(path, folder, file, err));
    if (stat(path, &info) != 0)
        return MC_OK; /* gone meanwhile, or a dangling link */
    if (S_ISDIR(info.st_mode))
        return add_versions(catalog, path, file, err);
    if (!S_ISREG(info.st_mode) || !mc_catalog_stem(file, listing.name) ||
        !name_is_valid(listing.name))
        return MC_OK;
    return append(catalog, &listing, err);
}

static mc_status add_folder(mc_catalog *catalog, const char *path, mc_error *err)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: %s", path, strerrordesc_np(errno));
    mc_status status = MC_OK;
    for (const struct dirent *at; status == MC_OK && (at = next_entry(dir)) != NULL;)
        status = add_entry(catalog, path, at->d_name, err);
    (void)closedir(dir);
    return status;
}

static mc_status add_file(mc_catalog *catalog, const char *path, mc_error *err)
{
    mc_listing listing = {.named = true, .source = path};
    const char *slash = strrchr(path, '/');
    (void)mc_catalog_stem(slash == NULL ? path : slash + 1, listing.name);
    if (!name_is_valid(listing.name))
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "%s: its stem cannot name a model: expected letters, digits, . _ -", path);
    if (strlen(path) >= MC_PATH_MAX)
        return too_long(path, err);
    return append(catalog, &listing, err);
}

mc_status mc_catalog_add(mc_catalog *catalog, const char *path, mc_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: %s", path, strerrordesc_np(errno));
    return S_ISDIR(info.st_mode) ? add_folder(catalog, path, err) : add_file(catalog, path, err);
}

/* Takes out what was found under a name, but not what was named. */
static void forget(mc_catalog *catalog, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < catalog->n; i++) {
        mc_listing *listing = catalog->all[i];
        if (listing->named || strcmp(listing->name, name) != 0)
            catalog->all[n++] = listing;
        else
            mc_free(listing);
    }
    catalog->n = n;
}

mc_status mc_catalog_add_source(mc_catalog *catalog, const char *name, const char *source,
                                mc_error *err)
{
    mc_listing listing = {.source = source};
    MC_ASSERT(strlen(name) < sizeof listing.name);
    if (strlen(source) >= MC_PATH_MAX)
        return too_long(source, err);
    memcpy(listing.name, name, strlen(name) + 1);
    forget(catalog, name);
    return append(catalog, &listing, err);
}

/* By name, the highest version first, a single file after them. */
static int by_name(const void *a, const void *b)
{
    const mc_listing *const *left = a;
    const mc_listing *const *right = b;
    const int order = strcmp((*left)->name, (*right)->name);
    if (order != 0)
        return order;
    if (mc_version_is_higher((*left)->version, (*right)->version))
        return -1;
    if (mc_version_is_higher((*right)->version, (*left)->version))
        return 1;
    return strcmp((*left)->source, (*right)->source);
}

static bool same_version(const char *a, const char *b)
{
    return !mc_version_is_higher(a, b) && !mc_version_is_higher(b, a);
}

/* Keeps of the `n` listings of one name what is served, at `to`, which is `from` or before it.
 * Returns how many. */
static size_t keep_served(mc_listing **from, size_t n, const mc_version_policy *policy,
                          mc_listing **to)
{
    char last[MC_NAME_MAX] = "";
    size_t kept = 0, rank = 0;
    for (size_t i = 0; i < n; i++) {
        mc_listing *listing = from[i];
        if (i > 0 && !same_version(listing->version, last))
            rank++;
        memcpy(last, listing->version, sizeof last);
        if (listing->version[0] == '\0' || mc_version_policy_has(policy, listing->version, rank))
            to[kept++] = listing;
        else
            mc_free(listing);
    }
    return kept;
}

/* Of the `n` listings of one name: who shares a version, or is a file beside versions. */
static void find_clashes(mc_listing **of, size_t n)
{
    const bool mixed = n > 0 && of[0]->version[0] != '\0' && of[n - 1]->version[0] == '\0';
    for (size_t i = 0; i < n; i++) {
        of[i]->latest = i == 0;
        if (i > 0 && (mixed || same_version(of[i]->version, of[i - 1]->version))) {
            of[i]->clash = of[i - 1]->source;
            if (of[i - 1]->clash == NULL)
                of[i - 1]->clash = of[i]->source;
        }
    }
}

void mc_catalog_seal(mc_catalog *catalog, mc_policy_fn *policy_of, void *user)
{
    size_t kept = 0;
    if (catalog->n > 1)
        qsort(catalog->all, catalog->n, sizeof *catalog->all, by_name);
    for (size_t i = 0, n = 0; i < catalog->n; i += n) {
        mc_version_policy policy = {.latest = 1};
        for (n = 1; i + n < catalog->n; n++)
            if (strcmp(catalog->all[i + n]->name, catalog->all[i]->name) != 0)
                break;
        if (policy_of != NULL)
            policy_of(user, catalog->all[i]->name, &policy);
        const size_t more = keep_served(&catalog->all[i], n, &policy, &catalog->all[kept]);
        find_clashes(&catalog->all[kept], more);
        kept += more;
        catalog->n_names += more > 0 ? 1 : 0;
    }
    catalog->n = kept;
}

void mc_catalog_fini(mc_catalog *catalog)
{
    for (size_t i = 0; i < catalog->n; i++)
        mc_free(catalog->all[i]); /* NULL is fine */
    mc_free(catalog->all);
    *catalog = (mc_catalog){.n = 0};
}

/* -------------------------------------------------------------------------------- index ---- */

static int by_key(const void *a, const void *b)
{
    const mc_listing *const *left = a;
    const mc_listing *const *right = b;
    return strcmp((*left)->key, (*right)->key);
}

bool mc_catalog_index_keys(const mc_catalog *catalog, mc_catalog_index *out)
{
    *out = (mc_catalog_index){mc_alloc(catalog->n, sizeof(mc_listing *)), catalog->n};
    if (out->all == NULL)
        return false;
    for (size_t i = 0; i < catalog->n; i++)
        out->all[i] = catalog->all[i];
    qsort(out->all, out->n, sizeof *out->all, by_key);
    return true;
}

const mc_listing *mc_catalog_find(const mc_catalog_index *index, const char *key)
{
    size_t low = 0, high = index->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(index->all[middle]->key, key);
        if (order == 0)
            return index->all[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
