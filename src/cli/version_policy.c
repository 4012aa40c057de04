/* version_policy.c: what a [model NAME] section says about versions. */
#include "cli/version_policy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

bool mc_version_is_valid(const char *text)
{
    const size_t size = strlen(text);
    return size > 0 && size < 20 && strspn(text, "0123456789") == size;
}

bool mc_version_is_higher(const char *a, const char *b)
{
    a += strspn(a, "0");
    b += strspn(b, "0");
    const size_t n_a = strlen(a), n_b = strlen(b);
    return n_a != n_b ? n_a > n_b : strcmp(a, b) > 0;
}

/* The next of several words, with commas or blanks between them: false when there is none. */
static bool next_word(const char **at, const char *between, char out[MC_LABEL_MAX], bool *fits)
{
    *at += strspn(*at, between);
    const size_t size = strcspn(*at, between);
    *fits = size < MC_LABEL_MAX;
    (void)snprintf(out, MC_LABEL_MAX, "%.*s", (int)(*fits ? size : 0), *at);
    *at += size;
    return size > 0;
}

/* -------------------------------------------------------------------------------- policy ---- */

static mc_status bad_policy(const char *text, mc_error *err)
{
    return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                   "versions: expected latest, latest N, all, or versions such as 1, 3, 7; found "
                   "\"%.60s\"",
                   text);
}

static mc_status read_listed(const char *text, mc_version_policy *out, mc_error *err)
{
    char word[MC_LABEL_MAX];
    bool fits = false;
    for (const char *at = text; next_word(&at, BLANKS ",", word, &fits);) {
        if (!fits || !mc_version_is_valid(word))
            return bad_policy(text, err);
        if (out->n_listed == MC_VERSIONS_LISTED)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                           "versions: at most %d can be listed", MC_VERSIONS_LISTED);
        memcpy(out->listed[out->n_listed++], word, sizeof word);
    }
    return out->n_listed > 0 ? MC_OK : bad_policy(text, err);
}

mc_status mc_version_policy_read(const char *text, mc_version_policy *out, mc_error *err)
{
    static const char LATEST[] = "latest";
    *out = (mc_version_policy){.all = strcmp(text, "all") == 0};
    if (out->all)
        return MC_OK;
    if (strncmp(text, LATEST, sizeof LATEST - 1) != 0)
        return read_listed(text, out, err);
    const char *number = text + sizeof LATEST - 1;
    const char *digits = number + strspn(number, BLANKS);
    out->latest = 1;
    if (*digits == '\0')
        return MC_OK;
    if (digits == number || strlen(digits) > 4 || digits[strspn(digits, "0123456789")] != '\0')
        return bad_policy(text, err);
    out->latest = (uint32_t)strtoul(digits, NULL, 10);
    return out->latest > 0 ? MC_OK : bad_policy(text, err);
}

bool mc_version_policy_has(const mc_version_policy *policy, const char *version, size_t rank)
{
    if (policy->all || rank < policy->latest)
        return true;
    for (size_t i = 0; i < policy->n_listed; i++) {
        if (!mc_version_is_higher(policy->listed[i], version) &&
            !mc_version_is_higher(version, policy->listed[i]))
            return true;
    }
    return false;
}

/* -------------------------------------------------------------------------------- labels ---- */

static mc_status read_label(const char *word, mc_label_setting *out)
{
    const char *colon = strchr(word, ':');
    if (colon == NULL || colon == word || !mc_version_is_valid(colon + 1))
        return MC_E_BAD_REQUEST;
    *out = (mc_label_setting){.label = ""};
    memcpy(out->label, word, (size_t)(colon - word));
    (void)snprintf(out->version, sizeof out->version, "%s", colon + 1);
    return MC_OK;
}

mc_status mc_label_settings_read(const char *text, mc_label_setting out[MC_LABELS_MAX], size_t *n,
                                 mc_error *err)
{
    char word[MC_LABEL_MAX];
    bool fits = false;
    *n = 0;
    for (const char *at = text; next_word(&at, BLANKS ",", word, &fits); (*n)++) {
        if (*n == MC_LABELS_MAX)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "labels: at most %d are taken",
                           MC_LABELS_MAX);
        if (!fits || read_label(word, &out[*n]) != MC_OK) {
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                           "labels: expected LABEL:VERSION, as in stable:3, canary:4; found "
                           "\"%.60s\"",
                           text);
        }
    }
    return MC_OK;
}

/* ---------------------------------------------------------------------------------- share ---- */

mc_status mc_share_read(const char *text, uint32_t *share, char target[MC_LABEL_MAX], mc_error *err)
{
    char *end = NULL, rest[MC_LABEL_MAX];
    bool fits = false;
    *share = 0;
    target[0] = '\0';
    if (text[0] == '\0')
        return MC_OK;
    const double percent = strtod(text, &end);
    if (end != text && *end == '%' && percent >= 0.0 && percent <= 100.0) {
        const char *at = end + 1;
        *share = (uint32_t)lround(percent * 100.0);
        if (next_word(&at, BLANKS, target, &fits) && fits && !next_word(&at, BLANKS, rest, &fits))
            return MC_OK;
    }
    return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                   "expected PERCENT%% and a label or version, as in 5%% canary; found \"%.60s\"",
                   text);
}
