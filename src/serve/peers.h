/* peers.h: the other worker processes of one daemon (`serve --workers N`), as the HTTP side sees
 * them: what one is asked to do all do, and what is counted by one all show. */
#ifndef MC_PEERS_H
#define MC_PEERS_H
#include "base/base.h"

typedef enum mc_peer_action {
    MC_PEER_LOAD = 0,
    MC_PEER_REFRESH,
    MC_PEER_UNLOAD,
    MC_PEER_PIN,
    MC_PEER_UNPIN,
    MC_PEER_FLUSH,
    MC_PEER_LABEL,
    MC_PEER_PUBLISH /* write your numbers where the others see them */
} mc_peer_action;

typedef struct mc_peer_request {
    mc_peer_action action;
    char name[MC_NAME_MAX];
    char source[MC_PATH_MAX];                      /* of a load; "": none is said */
    char label[MC_NAME_MAX], version[MC_NAME_MAX]; /* of LABEL; version "": it is taken away */
} mc_peer_request;

/* What a worker knows of the others. *Guarded*: any thread may ask. */
typedef struct mc_peers {
    void *user;
    uint32_t n_processes, process; /* how many, and which one this is */
    void *numbers;      /* mc_metrics_shared_size() bytes, shared by all; zeros at first */
    bool shares_images; /* models are the same pages in all of them */
    /* Asks all the others. MC_E_PENDING: `done` is called once, with a NULL model and what came of
     * it (MC_OK when all did it); else there is nobody to wait for, or an error. */
    mc_status (*ask)(void *user, const mc_peer_request *request, mc_acquired_fn *done,
                     void *done_user, mc_error *err);
    bool (*all_ready)(void *user); /* each has been ready once */
} mc_peers;

/* Does here what another one asks for; as mc_peers.ask, but for PUBLISH. */
MC_MUST_CHECK mc_status mc_peer_apply(mc_cache *cache, const mc_peer_request *request,
                                      mc_acquired_fn *done, void *done_user, mc_error *err);
#endif
