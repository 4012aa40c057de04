/* base.h: what every file needs: status and error, assertions, must-check helpers.
 *
 * A fallible function returns mc_status and writes its outputs only on MC_OK. The one place that
 * fails writes the message (mc_fail); callers forward with MC_TRY or add where they were with
 * MC_TRY_IN. Errors are caller-owned and allocate nothing. */
#ifndef MC_BASE_H
#define MC_BASE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "modelcache.h"

#define MC_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))

/* Fills `err` (may be NULL) and returns `status`, so that `return mc_fail(...)` reads well. */
mc_status mc_fail(mc_error *err, mc_status status, uint64_t offset, const char *format, ...)
    MC_PRINTF(4, 5);

#ifdef __clang_analyzer__ /* which cannot see that what comes back is never MC_OK */
#define mc_fail(err, status, ...) ((void)mc_fail(err, status, __VA_ARGS__), (status))
#endif

/* Adds one context on the way out; beyond MC_ERROR_CONTEXTS the outermost are dropped. */
mc_status mc_fail_in(mc_error *err, mc_status status, const char *format, ...) MC_PRINTF(3, 4);

#ifdef __clang_analyzer__
#define mc_fail_in(err, status, ...) ((void)mc_fail_in(err, status, __VA_ARGS__), (status))
#endif

#define MC_TRY(expr)                             \
    do {                                         \
        const mc_status mc_try_status_ = (expr); \
        if (mc_try_status_ != MC_OK)             \
            return mc_try_status_;               \
    } while (0)

#define MC_TRY_IN(expr, err, ...)                                  \
    do {                                                           \
        const mc_status mc_try_status_ = (expr);                   \
        if (mc_try_status_ != MC_OK)                               \
            return mc_fail_in((err), mc_try_status_, __VA_ARGS__); \
    } while (0)

/* We are wrong: stop rather than answer. On in release. Never reachable from bytes or requests. */
void mc_assert_failed(const char *expr, const char *file, int line) __attribute__((noreturn));
#define MC_ASSERT(expr) ((expr) ? (void)0 : mc_assert_failed(#expr, __FILE__, __LINE__))
#ifdef MC_DEBUG
#define MC_DEBUG_ASSERT(expr) MC_ASSERT(expr)
#else
#define MC_DEBUG_ASSERT(expr) ((void)0)
#endif

/* Asks the memory budget for `size` more bytes; not MC_OK ends the load. */
typedef mc_status mc_reserve_fn(void *context, size_t size, mc_error *err);

#define MC_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Borrowed bytes; text is UTF-8 without a NUL. */
typedef struct mc_bytes {
    const uint8_t *data;
    size_t size;
} mc_bytes;

bool mc_bytes_equal(mc_bytes a, mc_bytes b);
bool mc_bytes_is(mc_bytes a, const char *literal);
/* Order of Python's str for UTF-8: by byte, shorter first. <0, 0, >0. */
int mc_bytes_compare(mc_bytes a, mc_bytes b);
mc_bytes mc_bytes_of(const char *text);

/* For printf("%.*s", MC_SHOW(bytes)): at most 120 bytes of it, so that messages stay lines. */
#define MC_SHOW(bytes) (int)((bytes).size > 120 ? 120 : (bytes).size), (const char *)(bytes).data
#endif
