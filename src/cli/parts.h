/* parts.h: what a daemon is made of; for serve.c, which starts them in this order. */
#ifndef MC_CLI_PARTS_H
#define MC_CLI_PARTS_H
#include "cli/daemon.h"
#include "serve/engine.h"

/* Where `load` may take files from, and who may call the admin routes. */
MC_MUST_CHECK mc_status mc_parts_guard(mc_daemon *daemon, mc_error *err);
/* daemon->cache, without models. */
/* What of the configuration holds for models in memory now; 0 of the file is what the machine has.
 */
uint64_t mc_parts_budget(const mc_daemon *daemon);
mc_engine_limits mc_parts_limits(const mc_daemon *daemon);
MC_MUST_CHECK mc_status mc_parts_cache(mc_daemon *daemon, mc_error *err);
/* Serving threads of this process. */
uint32_t mc_parts_threads(const mc_daemon *daemon);
/* daemon->server, listening; as a worker, its mailbox too. */
MC_MUST_CHECK mc_status mc_parts_server(mc_daemon *daemon, mc_error *err);
#endif
