/* router.h: from verb and path to a line of routes.def. Immutable. */
#ifndef MC_ROUTER_H
#define MC_ROUTER_H
#include "serve/engine.h"

typedef enum mc_right {
    MC_RIGHT_READ = 0, /* health, metrics, what models there are */
    MC_RIGHT_PREDICT,
    MC_RIGHT_ADMIN /* changes what is loaded: guard.h */
} mc_right;

/* One for each name in the handler column. */
typedef enum mc_handler {
    MC_HANDLER_PREDICT = 0,
    MC_HANDLER_PREDICT_VERSION,
    MC_HANDLER_PREDICT_LABEL,
    MC_HANDLER_LOAD,
    MC_HANDLER_REFRESH,
    MC_HANDLER_UNLOAD,
    MC_HANDLER_PIN,
    MC_HANDLER_UNPIN,
    MC_HANDLER_FLUSH,
    MC_HANDLER_LABEL,
    MC_HANDLER_MODELS,
    MC_HANDLER_MODEL,
    MC_HANDLER_LABELS,
    MC_HANDLER_HEALTHZ,
    MC_HANDLER_READYZ,
    MC_HANDLER_METRICS
} mc_handler;

typedef struct mc_route {
    mc_verb verb;
    mc_right right;
    mc_handler handler;
    const char *pattern;
} mc_route;

extern const mc_route MC_ROUTES[];
extern const size_t MC_N_ROUTES;

typedef struct mc_match {
    const mc_route *route;
    mc_bytes name;   /* the first {…}, or empty; borrowed from the path */
    mc_bytes detail; /* the second */
    char allow[24];  /* after MC_E_BAD_VERB: "GET, HEAD" */
} mc_match;

/* @return MC_OK; MC_E_NOT_FOUND; MC_E_BAD_VERB, with `allow` written. O(routes), a few compares. */
MC_MUST_CHECK mc_status mc_route_find(mc_verb verb, const char *path, mc_match *out);

/* Whether `name` can be a model's: [A-Za-z0-9._-]+, shorter than MC_NAME_MAX, not "." or "..". */
bool mc_name_is_valid(mc_bytes name);
#endif
