/* workers.h: `serve --workers N`: one parent, N processes that serve.
 *
 * The parent reads the configuration, listens once for each worker (SO_REUSEPORT: the kernel
 * spreads connections), and forks before anything has a thread. A worker is a daemon like any
 * other, but for its listener, and for what it shares: images by mapping, counters in shared
 * memory, admin calls through the parent's mail. The parent serves nothing: it starts a worker anew
 * that dies (connections that wait at its listener wait on), passes SIGHUP on, and lets all drain
 * at SIGTERM. When the parent dies, the workers drain. */
#ifndef MC_CLI_WORKERS_H
#define MC_CLI_WORKERS_H
#include "cli/worker_mail.h"
#include "serve/listener.h"

/* What a worker process knows; *immutable*. */
typedef struct mc_worker {
    uint32_t n_processes, process;
    const mc_listener *listener;
    int mail_fd;
    void *numbers; /* mc_peers.numbers */
    void *ready;   /* (n_processes) flags, shared */
    /* What admin calls changed before it was started, to be done before it serves. */
    const mc_peer_request *journal; /* (n_journal) */
    size_t n_journal;
} mc_worker;

typedef struct mc_workers_options {
    const char *host;
    uint16_t port;
    uint32_t n_processes;
    size_t shared_size;        /* of mc_worker.numbers */
    uint32_t drain_timeout_ms; /* later than that the workers are killed */
    void *user;
    /* Where the parent says what it does. */
    void (*say)(void *user, mc_log_level level, const char *event, const char *line);
} mc_workers_options;

/* Returns in the parent when all is over: MC_OK with *exit_code. In each worker: MC_OK with *worker
 * set, which lives as long as the process. Else nothing was started. */
MC_MUST_CHECK mc_status mc_workers_run(const mc_workers_options *options, const mc_worker **worker,
                                       int *exit_code, mc_error *err);

/* This worker is ready; whether all have been, once. */
void mc_worker_set_ready(const mc_worker *worker);
bool mc_worker_all_ready(void *worker);
#endif
