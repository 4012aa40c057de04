/* error.c: statuses by table, errors with their way out. */
#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct status_row {
    const char *name;
    int http;
    const char *text;
} status_row;

static const status_row STATUSES[] = {
#define MC_STATUS(name, http, text) {#name, http, text},
#include "base/status.def"
#undef MC_STATUS
};

/* The public enum is written out by hand; these lines hold it to the table. */
enum {
#define MC_STATUS(name, http, text) ROW_##name,
#include "base/status.def"
#undef MC_STATUS
    N_STATUSES
};
_Static_assert((int)ROW_OK == (int)MC_OK, "status.def and modelcache.h agree");
#define SAME(name) \
    _Static_assert((int)ROW_##name == (int)MC_E_##name, "status.def and modelcache.h agree")
SAME(BAD_REQUEST);
SAME(BAD_INPUT);
SAME(NO_METHOD);
SAME(UNAUTHORIZED);
SAME(FORBIDDEN);
SAME(NOT_FOUND);
SAME(BAD_VERB);
SAME(TOO_SLOW);
SAME(CONFLICT);
SAME(TOO_LARGE);
SAME(BAD_MEDIA_TYPE);
SAME(TRUNCATED);
SAME(MALFORMED);
SAME(UNSUPPORTED);
SAME(LIMIT);
SAME(IO);
SAME(QUOTA);
SAME(INTERNAL);
SAME(BUSY);
SAME(NO_MEMORY);
SAME(DEADLINE);
SAME(OVER_BUDGET);
SAME(PENDING);

static const status_row *row_of(mc_status status)
{
    const size_t at = (size_t)status;
    return &STATUSES[at < N_STATUSES ? at : (size_t)MC_E_INTERNAL];
}

/* Lower-case names, made once from the table's; static storage, so that the answer needs no free.
 */
#define NAME_SIZE 24
const char *mc_status_name(mc_status status)
{
    static const char NAMES[N_STATUSES][NAME_SIZE] = {
        "ok",        "bad_request", "bad_input",   "no_method", "unauthorized", "forbidden",
        "not_found", "bad_verb",    "too_slow",    "conflict",  "too_large",    "bad_media_type",
        "truncated", "malformed",   "unsupported", "limit",     "io",           "mismatch",
        "quota",     "internal",    "busy",        "no_memory", "deadline",     "over_budget",
        "pending",
    };
    const size_t at = (size_t)status;
    return NAMES[at < N_STATUSES ? at : (size_t)MC_E_INTERNAL];
}

const char *mc_status_text(mc_status status)
{
    return row_of(status)->text;
}

int mc_status_http(mc_status status)
{
    return row_of(status)->http;
}

/* In parentheses, here and below: base.h makes it a macro too, for the analyzer. */
mc_status(mc_fail)(mc_error *err, mc_status status, uint64_t offset, const char *format, ...)
{
    MC_ASSERT(status != MC_OK);
    if (err == NULL)
        return status;
    err->status = status;
    err->offset = offset;
    err->n_contexts = 0;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return status;
}

mc_status(mc_fail_in)(mc_error *err, mc_status status, const char *format, ...)
{
    if (err == NULL || err->n_contexts >= MC_ERROR_CONTEXTS)
        return status;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->context[err->n_contexts], MC_ERROR_CONTEXT, format, args);
    va_end(args);
    err->n_contexts++;
    return status;
}

const char *mc_error_format(const mc_error *error, char *text, size_t size)
{
    MC_ASSERT(size > 0);
    int n = error->offset == MC_NO_OFFSET
                ? snprintf(text, size, "%s", error->message)
                : snprintf(text, size, "byte %llu: %s", (unsigned long long)error->offset,
                           error->message);
    for (uint32_t i = 0; i < error->n_contexts && n >= 0 && (size_t)n < size; i++)
        n += snprintf(text + n, size - (size_t)n, " / in %s", error->context[i]);
    return text;
}

void mc_assert_failed(const char *expr, const char *file, int line)
{
    (void)fprintf(stderr, "modelcached " MC_VERSION ": assertion failed: %s (%s:%d)\n", expr, file,
                  line);
    abort();
}

bool mc_bytes_equal(mc_bytes a, mc_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

mc_bytes mc_bytes_of(const char *text)
{
    return (mc_bytes){(const uint8_t *)text, strlen(text)};
}

bool mc_bytes_is(mc_bytes a, const char *literal)
{
    return mc_bytes_equal(a, mc_bytes_of(literal));
}

int mc_bytes_compare(mc_bytes a, mc_bytes b)
{
    const size_t n = a.size < b.size ? a.size : b.size;
    const int order = n == 0 ? 0 : memcmp(a.data, b.data, n);
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size ? 1 : 0;
}
