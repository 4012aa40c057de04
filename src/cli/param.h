/* param.h: what a setting may be: the form that params.def and model_params.def share, and the
 * reading of a value by it. Immutable. */
#ifndef MC_PARAM_H
#define MC_PARAM_H
#include "base/base.h"

typedef enum mc_param_type {
    MC_TYPE_TEXT = 0,
    MC_TYPE_NUMBER,
    MC_TYPE_SIZE,     /* bytes: digits, then K, M, G or T (powers of 1024) */
    MC_TYPE_DURATION, /* milliseconds: digits, then ms, s, m, h or d; s without one */
    MC_TYPE_FLAG,     /* 1 or 0: yes, true, on, 1 / no, false, off, 0 */
    MC_TYPE_CHOICE,   /* index of one of the words that `argument` lists: "a|b|c" */
    MC_TYPE_PATH,     /* of a file or folder; in a configuration file, seen from its folder */
    MC_TYPE_LIST      /* paths; may be given more than once */
} mc_param_type;

/* One line of a table. */
typedef struct mc_param {
    const char *name;
    mc_param_type type;
    const char *fallback; /* the default, as it would be written */
    uint64_t min, max;    /* of NUMBER, SIZE, and DURATION in milliseconds */
    const char *argument; /* what stands for the value in help: "N", "a|b" */
    const char *text;     /* what it does: one line */
} mc_param;

/* Reads a value; *out is 0 for texts. @return MC_OK, or MC_E_BAD_REQUEST "PREFIXNAME: expected ...,
 * found ...": `prefix` is "--" or "". */
MC_MUST_CHECK mc_status mc_param_read(const mc_param *param, const char *prefix, const char *value,
                                      uint64_t *out, mc_error *err);

/* Reads "64M" or "1h"; nothing may follow. */
MC_MUST_CHECK bool mc_size_read(const char *text, uint64_t *out);
MC_MUST_CHECK bool mc_duration_read(const char *text, uint64_t *out_ms);

/* Index of the parameter of that name, or `n`. */
size_t mc_param_find(const mc_param *params, size_t n, const char *name, size_t size);
/* The name that a mistyped one probably means, or NULL. */
const char *mc_param_nearest(const mc_param *params, size_t n, const char *name, size_t size);
#endif
