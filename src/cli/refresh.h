/* refresh.h: refreshing a model of versions: its folder is looked at first.
 *
 * Whoever asks waits for nothing: the main thread, which alone knows the catalogue, looks, and the
 * loads that follow call back. */
#ifndef MC_CLI_REFRESH_H
#define MC_CLI_REFRESH_H
#include "cli/daemon.h"

/* As mc_cache_load_async(force), but new versions of `name` are registered first. If the latest is
 * not the default, it is loaded and becomes it; else what `name` means is read again. From any
 * thread. mc_server_options.refresh. */
MC_MUST_CHECK mc_status mc_refresh_ask(void *daemon, const char *name, mc_acquired_fn *done,
                                       void *done_user, mc_error *err);
/* Does what was asked for. On the main thread. */
void mc_refresh_run(mc_daemon *daemon);
/* Ends what was not begun. After the last mc_refresh_ask(). */
void mc_refresh_fini(mc_daemon *daemon);
#endif
