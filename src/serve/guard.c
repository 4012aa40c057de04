/* guard.c: who may call what. */
#include "serve/guard.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "serve/listener.h"
#include "serve/media.h"

_Static_assert(PATH_MAX <= MC_PATH_MAX, "realpath() writes up to PATH_MAX");

void mc_guard_fini(mc_guard *guard)
{
    for (size_t i = 0; i < guard->n_roots; i++)
        mc_free(guard->roots[i]);
    mc_free(guard->roots);
    mc_free(guard->tokens);
    *guard = (mc_guard){.loopback = false};
}

/* ------------------------------------------------------------------------------- tokens ---- */

static mc_status add_token(mc_guard *guard, const char *token, size_t size, mc_error *err)
{
    if (size >= MC_TOKEN_MAX)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "token %zu is longer than %d bytes",
                       guard->n_tokens + 1, MC_TOKEN_MAX - 1);
    char(*grown)[MC_TOKEN_MAX] =
        mc_realloc(guard->tokens, guard->n_tokens + 1, sizeof *guard->tokens);
    if (grown == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the admin tokens");
    guard->tokens = grown;
    memset(grown[guard->n_tokens], 0, MC_TOKEN_MAX);
    memcpy(grown[guard->n_tokens], token, size);
    guard->n_tokens++;
    return MC_OK;
}

static mc_status read_tokens(mc_guard *guard, FILE *file, mc_error *err)
{
    char line[MC_TOKEN_MAX + 64];
    while (fgets(line, sizeof line, file) != NULL) {
        const size_t size = strcspn(line, "\r\n");
        if (size > 0)
            MC_TRY(add_token(guard, line, size, err));
    }
    if (guard->n_tokens == 0)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "expected one token a line, found none");
    return MC_OK;
}

mc_status mc_guard_read_tokens(mc_guard *guard, const char *path, mc_error *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "admin token file %s: %s", path,
                       strerrordesc_np(errno));
    const mc_status status = read_tokens(guard, file, err);
    (void)fclose(file);
    return status == MC_OK ? MC_OK : mc_fail_in(err, status, "admin token file %s", path);
}

/* Compares in a time that does not depend on where the two differ. */
static bool token_equals(const char held[MC_TOKEN_MAX], const char sent[MC_TOKEN_MAX])
{
    unsigned differ = 0;
    for (size_t i = 0; i < MC_TOKEN_MAX; i++)
        differ |= (unsigned)(unsigned char)held[i] ^ (unsigned char)sent[i];
    return differ == 0;
}

static mc_status check_token(const mc_guard *guard, const char *authorization, mc_error *err)
{
    char sent[MC_TOKEN_MAX] = {0};
    bool known = false;
    if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0) {
        return mc_fail(err, MC_E_UNAUTHORIZED, MC_NO_OFFSET,
                       "expected Authorization: Bearer TOKEN, found %s",
                       authorization == NULL ? "no such header" : "another scheme");
    }
    const char *token = authorization + 7 + strspn(authorization + 7, " ");
    const size_t size = strlen(token);
    if (size > 0 && size < MC_TOKEN_MAX) {
        (void)snprintf(sent, sizeof sent, "%s", token);
        for (size_t i = 0; i < guard->n_tokens; i++)
            known |= token_equals(guard->tokens[i], sent);
    }
    return known ? MC_OK
                 : mc_fail(err, MC_E_UNAUTHORIZED, MC_NO_OFFSET,
                           "the token is not one of --admin-token-file");
}

/* ----------------------------------------------------------------------------- web pages ---- */

/* NAME of Host: NAME[:PORT]; 0 when what follows the name is no port. */
static size_t host_size(const char *host)
{
    const char *end = host[0] == '[' ? strchr(host, ']') : NULL;
    const size_t size = end != NULL ? (size_t)(end - host) + 1 : strcspn(host, ":");
    const char *port = host + size;
    if (*port == ':')
        port += 1 + strspn(port + 1, "0123456789");
    return *port == '\0' ? size : 0;
}

static mc_status check_host(const mc_guard *guard, const char *host, mc_error *err)
{
    if (!guard->loopback)
        return MC_OK;
    if (host != NULL && mc_host_is_loopback(host, host_size(host)))
        return MC_OK;
    return mc_fail(err, MC_E_FORBIDDEN, MC_NO_OFFSET,
                   "an admin call on loopback needs a Host that names this machine, found %.80s",
                   host == NULL ? "none" : host);
}

/* Browsers send Origin with every POST: it is ours when it is scheme://HOST of the same request. */
static mc_status check_origin(const mc_visitor *visitor, mc_error *err)
{
    if (visitor->origin == NULL)
        return MC_OK;
    const char *authority = strstr(visitor->origin, "://");
    if (authority != NULL && visitor->host != NULL && strcasecmp(authority + 3, visitor->host) == 0)
        return MC_OK;
    return mc_fail(err, MC_E_FORBIDDEN, MC_NO_OFFSET,
                   "an admin call may not come from a page of another origin (%.80s)",
                   visitor->origin);
}

static mc_status check_body_type(const mc_visitor *visitor, mc_error *err)
{
    static const char *const FORM_TYPES[] = {"application/x-www-form-urlencoded",
                                             "multipart/form-data", "text/plain"};
    if (!visitor->has_body)
        return MC_OK;
    for (size_t i = 0; i < MC_COUNT_OF(FORM_TYPES); i++) {
        if (mc_media_is(visitor->content_type, FORM_TYPES[i])) {
            return mc_fail(err, MC_E_BAD_MEDIA_TYPE, MC_NO_OFFSET,
                           "an admin call needs Content-Type: application/json, found %s",
                           FORM_TYPES[i]);
        }
    }
    return MC_OK;
}

mc_status mc_guard_check(const mc_guard *guard, mc_right right, const mc_visitor *visitor,
                         mc_error *err)
{
    if (right != MC_RIGHT_ADMIN)
        return MC_OK;
    if (!guard->loopback && guard->n_tokens == 0)
        return mc_fail(err, MC_E_FORBIDDEN, MC_NO_OFFSET,
                       "admin calls are off beyond loopback: start with --admin-token-file");
    MC_TRY(check_host(guard, visitor->host, err));
    MC_TRY(check_origin(visitor, err));
    if (guard->n_tokens > 0)
        MC_TRY(check_token(guard, visitor->authorization, err));
    return check_body_type(visitor, err);
}

/* ------------------------------------------------------------------------------- sources ---- */

mc_status mc_guard_add_root(mc_guard *guard, const char *path, mc_error *err)
{
    char resolved[MC_PATH_MAX];
    if (realpath(path, resolved) == NULL)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "model root %s: %s", path,
                       strerrordesc_np(errno));
    const size_t size = strlen(resolved);
    char **roots = mc_realloc(guard->roots, guard->n_roots + 1, sizeof *roots);
    char *copy = mc_alloc(size + 1, 1);
    if (roots != NULL)
        guard->roots = roots;
    if (roots == NULL || copy == NULL) {
        mc_free(copy);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for model root %s", path);
    }
    memcpy(copy, resolved, size + 1);
    if (size == 1) /* "/": every path below starts with "" and a slash */
        copy[0] = '\0';
    roots[guard->n_roots++] = copy;
    return MC_OK;
}

static bool lies_under(const char *path, const char *root)
{
    const size_t size = strlen(root);
    return strncmp(path, root, size) == 0 && path[size] == '/';
}

mc_status mc_guard_source(const mc_guard *guard, const char *source, char out[MC_PATH_MAX],
                          mc_error *err)
{
    char resolved[MC_PATH_MAX];
    const bool found = realpath(source, resolved) != NULL;
    const int why = errno;
    /* A path that cannot be resolved is judged as it was sent, and never with "..". */
    const char *judged = found ? resolved : source;
    for (size_t i = 0; i < guard->n_roots; i++) {
        if (!lies_under(judged, guard->roots[i]) || (!found && strstr(source, "..") != NULL))
            continue;
        if (!found)
            return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: %s", source, strerrordesc_np(why));
        memcpy(out, resolved, strlen(resolved) + 1);
        return MC_OK;
    }
    return mc_fail(err, MC_E_FORBIDDEN, MC_NO_OFFSET, "%s lies under no --model-root", source);
}
