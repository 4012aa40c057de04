/* catalog.c: which models the PATHs of the command line mean. */
#include "cli/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"

static const char *const MODEL_EXTENSIONS[] = {".pkl",   ".pickle", ".joblib", ".sav",
                                               ".skops", ".ubj",    ".mci"};
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
    mc_listing *copy = mc_alloc(1, sizeof *copy);
    if (all != NULL)
        catalog->all = all;
    if (all == NULL || copy == NULL) {
        mc_free(copy);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the list of models");
    }
    *copy = *listing;
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

/* A version is an integer; leading zeros do not count. */
static bool is_version(const char *name)
{
    const size_t size = strlen(name);
    return size > 0 && size < 20 && strspn(name, "0123456789") == size;
}

static bool is_higher(const char *a, const char *b)
{
    a += strspn(a, "0");
    b += strspn(b, "0");
    const size_t n_a = strlen(a), n_b = strlen(b);
    return n_a != n_b ? n_a > n_b : strcmp(a, b) > 0;
}

/* Adds every model.* of one version's folder: two of them clash, as two stems do. */
static mc_status add_version(mc_catalog *catalog, mc_listing *listing, const char *folder,
                             bool *found, mc_error *err)
{
    DIR *dir = opendir(folder);
    mc_status status = MC_OK;
    for (const struct dirent *at;
         dir != NULL && status == MC_OK && (at = next_entry(dir)) != NULL;) {
        char stem[MC_NAME_MAX];
        if (!mc_catalog_stem(at->d_name, stem) || strcmp(stem, "model") != 0)
            continue;
        status = join(listing->source, folder, at->d_name, err);
        if (status == MC_OK)
            status = append(catalog, listing, err);
        *found = true;
    }
    if (dir != NULL)
        (void)closedir(dir);
    return status;
}

static void find_latest(const char *folder, const char *below, char out[MC_NAME_MAX])
{
    DIR *dir = opendir(folder);
    out[0] = '\0';
    for (const struct dirent *at; dir != NULL && (at = next_entry(dir)) != NULL;) {
        if (is_version(at->d_name) && (out[0] == '\0' || is_higher(at->d_name, out)) &&
            (below[0] == '\0' || is_higher(below, at->d_name)))
            (void)snprintf(out, MC_NAME_MAX, "%.20s", at->d_name);
    }
    if (dir != NULL)
        (void)closedir(dir);
}

/* DIR/NAME/VERSION/model.*: the highest version that has a model. */
static mc_status add_versions(mc_catalog *catalog, const char *folder, const char *name,
                              mc_error *err)
{
    mc_listing base = {.named = false};
    bool found = false;
    if (!name_is_valid(name) || strlen(name) >= MC_NAME_MAX)
        return MC_OK;
    (void)snprintf(base.name, sizeof base.name, "%s", name);
    char below[MC_NAME_MAX] = "", path[MC_PATH_MAX];
    while (!found) {
        find_latest(folder, below, base.version);
        if (base.version[0] == '\0')
            return MC_OK; /* no version, or none that holds a model */
        MC_TRY(join(path, folder, base.version, err));
        MC_TRY(add_version(catalog, &base, path, &found, err));
        memcpy(below, base.version, sizeof below);
    }
    return MC_OK;
}

/* ----------------------------------------------------------------------------- one path ---- */

static mc_status add_entry(mc_catalog *catalog, const char *folder, const char *file, mc_error *err)
{
    mc_listing listing = {.named = false};
    struct stat info;
    if (file[0] == '.')
        return MC_OK;
    MC_TRY(join(listing.source, folder, file, err));
    if (stat(listing.source, &info) != 0)
        return MC_OK; /* gone meanwhile, or a dangling link */
    if (S_ISDIR(info.st_mode))
        return add_versions(catalog, listing.source, file, err);
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
    mc_listing listing = {.named = true};
    const char *slash = strrchr(path, '/');
    (void)mc_catalog_stem(slash == NULL ? path : slash + 1, listing.name);
    if (!name_is_valid(listing.name))
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "%s: its stem cannot name a model: expected letters, digits, . _ -", path);
    if (strlen(path) >= MC_PATH_MAX)
        return too_long(path, err);
    memcpy(listing.source, path, strlen(path) + 1);
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
    mc_listing listing = {.named = false};
    MC_ASSERT(strlen(name) < sizeof listing.name);
    if (strlen(source) >= MC_PATH_MAX)
        return too_long(source, err);
    memcpy(listing.name, name, strlen(name) + 1);
    memcpy(listing.source, source, strlen(source) + 1);
    forget(catalog, name);
    return append(catalog, &listing, err);
}

static int by_name(const void *a, const void *b)
{
    const mc_listing *const *left = a;
    const mc_listing *const *right = b;
    const int order = strcmp((*left)->name, (*right)->name);
    return order != 0 ? order : strcmp((*left)->source, (*right)->source);
}

void mc_catalog_seal(mc_catalog *catalog)
{
    if (catalog->n > 1)
        qsort(catalog->all, catalog->n, sizeof *catalog->all, by_name);
    for (size_t i = 1; i < catalog->n; i++) {
        mc_listing *a = catalog->all[i - 1], *b = catalog->all[i];
        if (strcmp(a->name, b->name) != 0)
            continue;
        b->clash = a->source;
        if (a->clash == NULL)
            a->clash = b->source;
    }
}

void mc_catalog_fini(mc_catalog *catalog)
{
    for (size_t i = 0; i < catalog->n; i++)
        mc_free(catalog->all[i]);
    mc_free(catalog->all);
    *catalog = (mc_catalog){.n = 0};
}
