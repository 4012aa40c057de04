/* serving.h: what of the catalogue the model cache is told: models, their versions, labels. */
#ifndef MC_SERVING_H
#define MC_SERVING_H
#include "cli/daemon.h"

/* A mc_policy_fn; `user` is a mc_config. */
void mc_serving_policy(void *user, const char *name, mc_version_policy *policy);

/* Registers one that does not clash; the latest version of a model becomes its default. */
MC_MUST_CHECK mc_status mc_serving_add(mc_daemon *daemon, const mc_listing *listing, mc_error *err);

/* What the PATHs mean, and the sources of [model] sections; sealed. With `missing`, a PATH that
 * cannot be listed makes it true, and is left out. */
MC_MUST_CHECK mc_status mc_serving_find(const mc_daemon *daemon, mc_catalog *out, bool *missing,
                                        mc_error *err);

/* Looks at the PATHs again: new models and versions are registered, changed files of models in
 * memory are read again, the latest version becomes the default once it is loaded, and what is gone
 * is forgotten, unless it serves from memory. What cannot be read replaces nothing.
 *
 * `at_once`: files are read as they are, and those that failed before are tried again. Else a file
 * is read when it has not changed for a while, and once. daemon->look_at_ns says when to look
 * again. */
void mc_serving_look(mc_daemon *daemon, bool at_once);
/* Reads what the watch has to tell, and sets when to look. */
void mc_serving_event(mc_daemon *daemon);
void mc_serving_fini(mc_serving *serving);

/* Labels and canary of a section. What cannot be is logged: a version may come later.
 * `before` NULL: at start, when labels are put on versions that are not in memory, too; else they
 * move once their version is loaded. */
void mc_serving_label(mc_daemon *daemon, const mc_model_values *before,
                      const mc_model_values *values);
#endif
