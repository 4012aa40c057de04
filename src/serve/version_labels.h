/* version_labels.h: models of several versions, as they are shown and told. */
#ifndef MC_VERSION_LABELS_H
#define MC_VERSION_LABELS_H
#include <jansson.h>

#include "serve/call.h"

/* Bytes of NAME in NAME or NAME@VERSION. */
size_t mc_key_name_size(const char *key);

/* The label of the path, and the version of the body; *version is `text`, or NULL for null. */
MC_MUST_CHECK mc_status mc_label_read(mc_call *call, char label[MC_NAME_MAX],
                                      char text[MC_NAME_MAX], const char **version);

/* Moves the label of the path to {"version": V}; {"version": null} takes it away. Answers
 * {"model", "label", "version"}. */
MC_MUST_CHECK mc_status mc_label_set(mc_call *call);

/* {LABEL: VERSION}. The caller's; NULL: no memory. */
json_t *mc_labels_json(const mc_call *call);
/* Adds "labels", "versions", "canary" and "shadow" to what is told of a model of several; does
 * nothing for a single file, nor to NULL. */
void mc_versions_add(const mc_call *call, json_t *answer);
#endif
