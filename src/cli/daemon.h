/* daemon.h: what a running daemon consists of; for the files of this room that start it (serve.c)
 * and change it while it runs (reload.c). *Owned* by the main thread, but for the atomics. */
#ifndef MC_CLI_DAEMON_H
#define MC_CLI_DAEMON_H
#include <stdatomic.h>

#include "cli/catalog.h"
#include "cli/config.h"
#include "cli/gate.h"
#include "cli/workers.h"
#include "serve/server.h"

typedef struct mc_daemon mc_daemon;
typedef struct mc_refresh mc_refresh;

/* A load of start-up. */
typedef struct mc_boot_load {
    mc_daemon *daemon;
    const mc_listing *listing;
} mc_boot_load;

/* A file that has changed, or a version that is not loaded yet: how it looked, and when. */
typedef struct mc_change {
    char key[MC_NAME_MAX];
    uint64_t seen, seen_ns; /* its stamp, and since when it is that */
    uint64_t tried;         /* the stamp that was read, well or not */
} mc_change;

/* What was registered at the last look: serving.c. */
typedef struct mc_serving {
    mc_catalog known;
    mc_change *changes; /* (n_changes), owned */
    size_t n_changes;
    uint64_t look_at_ns;    /* when to look again; UINT64_MAX: when something happens */
    uint64_t rest_until_ns; /* looks take at most a tenth of the main thread's time */
    bool is_missing;        /* a PATH could not be listed */
    _Atomic bool has_news;  /* a load has ended: look again */
} mc_serving;

struct mc_daemon {
    mc_config boot;    /* as it was started with; the server borrows from it */
    mc_config *config; /* in force: &boot, or (owned) what was read at the last SIGHUP */
    int n_arguments;
    char *const *arguments; /* borrowed, for the next reading */
    mc_log log;
    mc_log_limit log_limit;
    mc_catalog catalog; /* of the start: loads and the server borrow from it */
    mc_serving serving;
    struct mc_watch *watch; /* owned; NULL without --watch */
    mc_broken *broken;      /* (n_broken), owned */
    size_t n_broken;
    mc_guard guard;
    mc_gate gate;
    mc_cache *cache;
    mc_server *server;
    mc_boot_load *loads; /* (catalog.n), owned */
    _Atomic uint32_t n_loading;
    _Atomic bool failed;             /* a named file did not load */
    const mc_worker *worker;         /* NULL: the only process */
    mc_peers peers;                  /* of a worker */
    _Atomic(mc_mailbox *) mailbox;   /* owned; requests may come before it */
    _Atomic(mc_refresh *) refreshes; /* asked for; owned: refresh.h */
    bool keeps_images;               /* there is an image directory */
    int loaded_fd, signal_fd, pressure_fd;
    uint64_t flushed_ns; /* see mc_pressure_relieve() */
    uint64_t n_summed;   /* requests at the last summary ... */
    uint64_t summary_ns; /* ... and when the next is due */
};

static inline uint64_t mc_daemon_number(const mc_daemon *daemon, mc_param_id id)
{
    return daemon->config->options.number[id];
}

static inline const char *mc_daemon_text(const mc_daemon *daemon, mc_param_id id)
{
    return daemon->config->options.text[id];
}
#endif
