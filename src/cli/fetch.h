/* fetch.h: asks a running daemon: one GET, one answer. */
#ifndef MC_CLI_FETCH_H
#define MC_CLI_FETCH_H
#include "base/base.h"

#define MC_FETCH_BYTES ((size_t)64 << 20) /* largest answer */

/* GETs `path` of "http://HOST:PORT", "HOST:PORT" or "PORT". *out is the body and a NUL, the
 * caller's: mc_free(). @return MC_OK; MC_E_BAD_REQUEST for what is no such URL; MC_E_IO, with the
 * reason; then *out is NULL. */
MC_MUST_CHECK mc_status mc_fetch(const char *url, const char *path, char **out, mc_error *err);
#endif
