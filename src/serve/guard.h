/* guard.h: who may call what.
 *
 * Predictions and reads are open. Admin calls change what is loaded, so:
 *
 * - Beyond loopback they are refused, unless there is a token file; then a token is needed.
 * - On loopback they are open (a token file, when given, is honoured here too), but a web page must
 *   not be able to call: Host must name this machine, Origin must be absent or our own, and a body
 *   must not be of a type that a page's form can send.
 * - A file to load must lie under a root given at start, links resolved.
 *
 * A guard is immutable once the server runs. */
#ifndef MC_GUARD_H
#define MC_GUARD_H
#include "serve/router.h"

#define MC_TOKEN_MAX 256

typedef struct mc_guard {
    bool loopback; /* the address that is listened on */
    size_t n_tokens;
    char (*tokens)[MC_TOKEN_MAX]; /* owned; zero-padded */
    size_t n_roots;
    char **roots; /* owned; resolved, without a slash at the end */
} mc_guard;

/* What a request says about itself; NULL where the header is absent. */
typedef struct mc_visitor {
    const char *host, *origin, *authorization, *content_type;
    bool has_body;
} mc_visitor;

void mc_guard_fini(mc_guard *guard);
/* Reads a file of one token a line. @return MC_OK; MC_E_IO; MC_E_BAD_REQUEST for a file without a
 * token, or a token that is too long. */
MC_MUST_CHECK mc_status mc_guard_read_tokens(mc_guard *guard, const char *path, mc_error *err);
MC_MUST_CHECK mc_status mc_guard_add_root(mc_guard *guard, const char *path, mc_error *err);

/* @return MC_OK; MC_E_UNAUTHORIZED, MC_E_FORBIDDEN, MC_E_BAD_MEDIA_TYPE saying why. */
MC_MUST_CHECK mc_status mc_guard_check(const mc_guard *guard, mc_right right,
                                       const mc_visitor *visitor, mc_error *err);
/* Resolves `source` (links too) into `out`. @return MC_OK; MC_E_FORBIDDEN when it lies under no
 * root; MC_E_IO when it is not there (told only about paths under a root). */
MC_MUST_CHECK mc_status mc_guard_source(const mc_guard *guard, const char *source,
                                        char out[MC_PATH_MAX], mc_error *err);
#endif
