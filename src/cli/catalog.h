/* catalog.h: which models the PATHs of the command line mean.
 *
 *   FILE                     a model named by its stem: iris.pkl.gz is `iris`
 *   DIR/FILE                 likewise, for the extensions that are known; other files are ignored
 *   DIR/NAME/VERSION/model.* an integer VERSION of `NAME`: which are served, its policy says
 *
 * Two sources of one name and version are both refused, naming each other. *Owned*. */
#ifndef MC_CATALOG_H
#define MC_CATALOG_H
#include "cli/version_policy.h"

typedef struct mc_listing {
    char name[MC_NAME_MAX];
    char version[MC_NAME_MAX]; /* "" without one */
    char key[MC_NAME_MAX];     /* what the model cache calls it: NAME or NAME@VERSION */
    const char *source;        /* below MC_PATH_MAX; in a catalogue, behind this struct */
    bool named;                /* on the command line: must load */
    bool latest;               /* the highest version of `name` that is served, or a single file */
    bool gone;                 /* not there any more, and that was said */
    const char *clash;         /* source of another model of that name, or NULL; borrowed from it */
} mc_listing;

typedef struct mc_catalog {
    mc_listing **all; /* (n), owned; in order of name, the highest version first */
    size_t n;
    size_t n_names;
} mc_catalog;

/* Which versions of `name` are served: *policy is filled in. */
typedef void mc_policy_fn(void *user, const char *name, mc_version_policy *policy);

/* Adds what `path` means. @return MC_OK; MC_E_IO when it is missing or cannot be listed;
 * MC_E_BAD_REQUEST when a named file's stem cannot be a model's name. */
MC_MUST_CHECK mc_status mc_catalog_add(mc_catalog *catalog, const char *path, mc_error *err);
/* A model that the configuration names, with its source. It takes the place of what a directory had
 * under that name. */
MC_MUST_CHECK mc_status mc_catalog_add_source(mc_catalog *catalog, const char *name,
                                              const char *source, mc_error *err);
/* Sorts, drops the versions that are not served, and finds the clashes: call it once, after the
 * last add. */
void mc_catalog_seal(mc_catalog *catalog, mc_policy_fn *policy, void *user);
void mc_catalog_fini(mc_catalog *catalog);

/* Writes the stem of a model file's name: true when its extension is a known one; else the stem is
 * what stands before the last point. */
bool mc_catalog_stem(const char *file, char out[MC_NAME_MAX]);

/* A catalogue's listings in order of their keys, which thousands are looked up by. Borrowed from
 * the catalogue. */
typedef struct mc_catalog_index {
    const mc_listing **all; /* (n) owned: mc_free() */
    size_t n;
} mc_catalog_index;

/* False: no memory, and nothing to free. O(n log n). */
MC_MUST_CHECK bool mc_catalog_index_keys(const mc_catalog *catalog, mc_catalog_index *out);
/* One of that key, or NULL: where two clash, both know it. O(log n). */
const mc_listing *mc_catalog_find(const mc_catalog_index *index, const char *key);
#endif
