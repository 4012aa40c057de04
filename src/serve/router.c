/* router.c: from verb and path to a line of routes.def. */
#include "serve/router.h"

#include <stdio.h>
#include <string.h>

const mc_route MC_ROUTES[] = {
#define MC_ROUTE(verb, pattern, handler, right) \
    {MC_VERB_##verb, MC_RIGHT_##right, MC_HANDLER_##handler, pattern},
#include "serve/routes.def"
#undef MC_ROUTE
};
const size_t MC_N_ROUTES = MC_COUNT_OF(MC_ROUTES);

static bool name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool mc_name_is_valid(mc_bytes name)
{
    if (name.size == 0 || name.size >= MC_NAME_MAX || mc_bytes_is(name, ".") ||
        mc_bytes_is(name, ".."))
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (!name_byte(name.data[i]))
            return false;
    return true;
}

/* Takes one segment of the path for a {…} of the pattern. Returns what follows it, or NULL. */
static const char *capture(const char *path, mc_match *match)
{
    const mc_bytes segment = {(const uint8_t *)path, strcspn(path, "/")};
    if (!mc_name_is_valid(segment))
        return NULL;
    if (match->name.size == 0)
        match->name = segment;
    else
        match->detail = segment;
    return path + segment.size;
}

static bool matches(const char *pattern, const char *path, mc_match *match)
{
    match->name = match->detail = (mc_bytes){NULL, 0};
    while (*pattern != '\0') {
        if (*pattern == '{') {
            pattern = strchr(pattern, '}') + 1;
            path = capture(path, match);
            if (path == NULL)
                return false;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

static mc_status bad_verb(bool get, bool post, mc_match *out)
{
    (void)snprintf(out->allow, sizeof out->allow, "%s%s%s", get ? "GET, HEAD" : "",
                   get && post ? ", " : "", post ? "POST" : "");
    return MC_E_BAD_VERB;
}

mc_status mc_route_find(mc_verb verb, const char *path, mc_match *out)
{
    const mc_verb wanted = verb == MC_VERB_HEAD ? MC_VERB_GET : verb;
    bool get = false, post = false;
    for (size_t i = 0; i < MC_N_ROUTES; i++) {
        const mc_route *route = &MC_ROUTES[i];
        if (!matches(route->pattern, path, out))
            continue;
        if (route->verb == wanted) {
            out->route = route;
            return MC_OK;
        }
        get = get || route->verb == MC_VERB_GET;
        post = post || route->verb == MC_VERB_POST;
    }
    return get || post ? bad_verb(get, post, out) : MC_E_NOT_FOUND;
}
