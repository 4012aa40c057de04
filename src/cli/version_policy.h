/* version_policy.h: what a [model NAME] section says about versions. */
#ifndef MC_VERSION_POLICY_H
#define MC_VERSION_POLICY_H
#include "base/base.h"

#define MC_VERSIONS_LISTED 32

/* "latest", "latest 3", "all" or "1, 3, 7"; and versions that labels keep. */
typedef struct mc_version_policy {
    bool all;
    uint32_t latest; /* so many of the highest; 0: only what is listed */
    size_t n_listed;
    char listed[MC_VERSIONS_LISTED][MC_LABEL_MAX]; /* (n_listed) */
} mc_version_policy;

/* @return MC_OK; MC_E_BAD_REQUEST: expected ..., found ... */
MC_MUST_CHECK mc_status mc_version_policy_read(const char *text, mc_version_policy *out,
                                               mc_error *err);
/* Whether the version is served, which stands at `rank` (0: the highest of all). */
bool mc_version_policy_has(const mc_version_policy *policy, const char *version, size_t rank);

typedef struct mc_label_setting {
    char label[MC_LABEL_MAX], version[MC_LABEL_MAX];
} mc_label_setting;
/* "stable:3, canary:4": at most MC_LABELS_MAX. */
MC_MUST_CHECK mc_status mc_label_settings_read(const char *text,
                                               mc_label_setting out[MC_LABELS_MAX], size_t *n,
                                               mc_error *err);

/* "5% canary", "0.5% 4": a share of 10000 and a label or version; "" is a share of 0. */
MC_MUST_CHECK mc_status mc_share_read(const char *text, uint32_t *share, char target[MC_LABEL_MAX],
                                      mc_error *err);

/* A version is an integer; leading zeros do not count. */
bool mc_version_is_valid(const char *text);
bool mc_version_is_higher(const char *a, const char *b);
#endif
