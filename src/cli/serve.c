/* serve.c: the daemon from the command line to its exit code.
 *
 * The main thread only starts things and then waits: for signals (a signalfd) and for the loads of
 * start-up (an eventfd). Signals are blocked before any thread exists, so that all inherit that. */
#include "cli/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cli/parts.h"
#include "cli/pressure.h"
#include "cli/refresh.h"
#include "cli/reload.h"
#include "cli/serving.h"
#include "cli/watch.h"
#include "serve/metrics.h"

#define SUMMARY_MS 60000

/* ------------------------------------------------------------------------------ catalogue ---- */

static mc_status break_listing(mc_daemon *d, const mc_listing *listing, mc_error *err)
{
    mc_broken *broken = mc_realloc(d->broken, d->n_broken + 1, sizeof *broken);
    if (broken == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the list of models");
    d->broken = broken;
    mc_broken *to = &broken[d->n_broken++];
    memcpy(to->name, listing->name, sizeof to->name);
    (void)snprintf(to->reason, sizeof to->reason,
                   "two files are named %.60s: %.140s and %.140s; rename or remove one",
                   listing->name, listing->source, listing->clash);
    mc_log_line(&d->log, MC_LOG_ERROR, to->reason);
    return MC_OK;
}

static mc_status register_models(mc_daemon *d, mc_error *err)
{
    for (size_t i = 0; i < d->catalog.n; i++) {
        const mc_listing *listing = d->catalog.all[i];
        if (listing->clash != NULL && listing->named)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "%s and %s are both named %s",
                           listing->source, listing->clash, listing->name);
        const bool seen = i > 0 && listing->clash == d->catalog.all[i - 1]->source;
        if (listing->clash != NULL && !seen)
            MC_TRY(break_listing(d, listing, err));
        else if (listing->clash == NULL)
            MC_TRY(mc_serving_add(d, listing, err));
    }
    return MC_OK;
}

/* --------------------------------------------------------------------------------- start ---- */

static mc_status start_watch(mc_daemon *d, mc_error *err)
{
    if (mc_daemon_number(d, MC_PARAM_WATCH) == 0)
        return MC_OK;
    d->serving.look_at_ns = 0; /* at once */
    return mc_watch_create(&d->log, mc_daemon_number(d, MC_PARAM_WATCH_POLL) * 1000000u, &d->watch,
                           err);
}

/* The line that says where must be seen whatever the log level is. */
static void announce(const mc_daemon *d)
{
    const mc_log always = {.level = MC_LOG_DEBUG,
                           .json = mc_daemon_number(d, MC_PARAM_LOG_FORMAT) == 1};
    mc_log_tell(&always, &(mc_event){.level = MC_LOG_INFO, .event = "listening"}, "listening on %s",
                mc_server_url(d->server));
}

/* ------------------------------------------------------------------------ loads of start ---- */

static void tell(const mc_daemon *d)
{
    const uint64_t one = 1;
    if (write(d->loaded_fd, &one, sizeof one) != sizeof one)
        mc_log_print(&d->log, MC_LOG_ERROR, "eventfd: %s", strerrordesc_np(errno));
}

static void load_failed(const mc_boot_load *load, const mc_error *error)
{
    char text[1024];
    (void)mc_error_format(error, text, sizeof text);
    mc_log_print(&load->daemon->log, MC_LOG_ERROR, "%s: %s", load->listing->source, text);
    if (load->listing->named)
        atomic_store_explicit(&load->daemon->failed, true, memory_order_relaxed);
}

/* A mc_acquired_fn. */
static void boot_loaded(void *user, mc_model *model, const mc_error *error)
{
    const mc_boot_load *load = user;
    if (model == NULL)
        load_failed(load, error);
    mc_model_release(model);
    /* Release: the main thread reads `failed` after it has seen the count. */
    (void)atomic_fetch_sub_explicit(&load->daemon->n_loading, 1, memory_order_release);
    tell(load->daemon);
}

static void start_load(mc_daemon *d, size_t at)
{
    mc_boot_load *load = &d->loads[at];
    mc_error error;
    *load = (mc_boot_load){.daemon = d, .listing = d->catalog.all[at]};
    (void)atomic_fetch_add_explicit(&d->n_loading, 1, memory_order_relaxed);
    const mc_status status =
        mc_cache_load_async(d->cache, load->listing->key, NULL, false, boot_loaded, load, &error);
    if (status == MC_E_PENDING)
        return;
    if (status != MC_OK)
        load_failed(load, &error);
    (void)atomic_fetch_sub_explicit(&d->n_loading, 1, memory_order_release);
}

static bool is_preloaded(const mc_daemon *d, const char *name)
{
    const mc_model_values *values = mc_config_model(d->config, name);
    return mc_daemon_number(d, MC_PARAM_PRELOAD) != 0 ||
           (values != NULL && values->number[MC_MODEL_PARAM_PRELOAD] != 0);
}

static mc_status start_loads(mc_daemon *d, mc_error *err)
{
    d->loads = mc_alloc(d->catalog.n, sizeof *d->loads);
    if (d->loads == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the list of models");
    for (size_t i = 0; i < d->catalog.n; i++) {
        const mc_listing *listing = d->catalog.all[i];
        if (listing->clash == NULL && (listing->named || is_preloaded(d, listing->name)))
            start_load(d, i);
    }
    tell(d); /* nothing may be loading */
    return MC_OK;
}

/* ---------------------------------------------------------------------------------- run ---- */

static void log_summary(mc_daemon *d)
{
    mc_log_flush(&d->log);
    d->summary_ns = mc_now_ns() + SUMMARY_MS * (uint64_t)1000000u;
    const uint64_t n = mc_server_requests(d->server);
    if (n == d->n_summed)
        return;
    const mc_cache_stats stats = mc_cache_statistics(d->cache);
    mc_log_print(&d->log, MC_LOG_INFO,
                 "%llu predictions since the last summary; model cache: %llu hits, %llu misses, "
                 "%llu of %llu models in %.2f MB",
                 (unsigned long long)(n - d->n_summed), (unsigned long long)stats.hits,
                 (unsigned long long)stats.misses, (unsigned long long)stats.n_ready,
                 (unsigned long long)stats.n_models, (double)stats.memory_used / 1e6);
    d->n_summed = n;
}

/* False: time to leave. */
static bool on_signal(mc_daemon *d)
{
    struct signalfd_siginfo info;
    if (read(d->signal_fd, &info, sizeof info) != sizeof info)
        return true;
    if (info.ssi_signo == SIGHUP) {
        mc_reload(d);
        return true;
    }
    mc_log_print(&d->log, MC_LOG_INFO, "%s: draining", sigdescr_np((int)info.ssi_signo));
    return false;
}

/* For poll(): until the summary, or the next look at the files. */
static int wait_ms(const mc_daemon *d)
{
    const uint64_t now = mc_now_ns();
    const uint64_t at =
        d->serving.look_at_ns < d->summary_ns ? d->serving.look_at_ns : d->summary_ns;
    return at <= now ? 0 : (int)((at - now) / 1000000u + 1);
}

static void be_ready(mc_daemon *d)
{
    mc_server_set_ready(d->server, true);
    if (d->worker != NULL)
        mc_worker_set_ready(d->worker);
}

/* Until a signal says leave (MC_EXIT_OK), or a named file does not load (MC_EXIT_FAILED). */
static int wait_for_end(mc_daemon *d)
{
    struct pollfd polled[] = {
        {.fd = d->signal_fd, .events = POLLIN},
        {.fd = d->loaded_fd, .events = POLLIN},
        {.fd = d->watch == NULL ? -1 : mc_watch_fd(d->watch), .events = POLLIN},
        {.fd = d->pressure_fd, .events = POLLPRI}};
    for (;;) {
        uint64_t ignored;
        const int n = poll(polled, MC_COUNT_OF(polled), wait_ms(d));
        if (n > 0 && polled[2].revents != 0)
            mc_serving_event(d);
        if (mc_now_ns() >= d->summary_ns)
            log_summary(d);
        if (mc_now_ns() >= d->serving.look_at_ns ||
            atomic_load_explicit(&d->serving.has_news, memory_order_acquire))
            mc_serving_look(d, false);
        if (n <= 0)
            continue;
        if (polled[0].revents != 0 && !on_signal(d))
            return MC_EXIT_OK;
        if (polled[3].revents & POLLPRI)
            mc_pressure_relieve(d->cache, &d->log, &d->flushed_ns);
        if (polled[1].revents == 0 || read(d->loaded_fd, &ignored, sizeof ignored) < 0)
            continue;
        mc_refresh_run(d);
        const bool all = atomic_load_explicit(&d->n_loading, memory_order_acquire) == 0;
        if (atomic_load_explicit(&d->failed, memory_order_relaxed))
            return MC_EXIT_FAILED;
        if (all)
            be_ready(d);
    }
}

static mc_status catch_signals(mc_daemon *d, mc_error *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) == 0)
        d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    d->loaded_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->signal_fd < 0 || d->loaded_fd < 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "signals cannot be caught: %s",
                       strerrordesc_np(errno));
    return MC_OK;
}

/* Each connection is a file descriptor: take as many as the system lets us. */
static void raise_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* A mc_acquired_fn: what is loaded stays in memory without us. */
static void let_go(void *user, mc_model *model, const mc_error *error)
{
    (void)user;
    (void)error; /* the cache has logged it */
    mc_model_release(model);
}

/* A worker that was started later does what the others were asked before. */
static void catch_up(mc_daemon *d)
{
    for (size_t i = 0; d->worker != NULL && i < d->worker->n_journal; i++) {
        const mc_peer_request *request = &d->worker->journal[i];
        mc_error error;
        const mc_status status = mc_peer_apply(d->cache, request, let_go, NULL, &error);
        if (status != MC_OK && status != MC_E_PENDING)
            mc_log_print(&d->log, MC_LOG_WARN, "model %s is not as the other workers have it: %s",
                         request->name, error.message);
    }
}

static mc_status start(mc_daemon *d, mc_error *err)
{
    atomic_init(&d->log.level, (mc_log_level)mc_daemon_number(d, MC_PARAM_LOG_LEVEL));
    atomic_init(&d->log_limit.rate, (uint32_t)mc_daemon_number(d, MC_PARAM_LOG_RATE));
    d->log.limit = &d->log_limit;
    atomic_init(&d->log.json, mc_daemon_number(d, MC_PARAM_LOG_FORMAT) == 1);
    raise_limits();
    MC_TRY(catch_signals(d, err));
    MC_TRY(mc_serving_find(d, &d->catalog, NULL, err));
    MC_TRY(mc_serving_find(d, &d->serving.known, NULL, err));
    MC_TRY(mc_parts_guard(d, err));
    MC_TRY(mc_parts_cache(d, err));
    MC_TRY(mc_reload_models(d, NULL, err));
    MC_TRY(register_models(d, err));
    for (size_t i = 0; i < d->config->n_models; i++)
        mc_serving_label(d, NULL, &d->config->models[i]);
    catch_up(d);
    MC_TRY(mc_parts_server(d, err));
    MC_TRY(start_watch(d, err));
    if (mc_daemon_number(d, MC_PARAM_MEMORY_PRESSURE) == 0)
        d->pressure_fd = mc_pressure_open();
    if (d->worker == NULL)
        announce(d);
    return start_loads(d, err);
}

static void stop(mc_daemon *d)
{
    if (d->server != NULL) {
        mc_server_stop(d->server, (uint32_t)mc_daemon_number(d, MC_PARAM_DRAIN_TIMEOUT) * 1000u);
        log_summary(d);
    }
    mc_mailbox *box = atomic_load(&d->mailbox);
    if (box != NULL)
        mc_mailbox_stop(box);
    mc_refresh_fini(d);
    mc_cache_destroy(d->cache); /* after this no callback comes */
    mc_mailbox_destroy(box);
    mc_server_destroy(d->server);
    mc_gate_fini(&d->gate);
    mc_guard_fini(&d->guard);
    mc_catalog_fini(&d->catalog);
    mc_serving_fini(&d->serving);
    mc_watch_destroy(d->watch);
    mc_free(d->broken);
    mc_free(d->loads);
    if (d->config != &d->boot) {
        mc_config_fini(d->config);
        mc_free(d->config);
    }
    mc_config_fini(&d->boot);
}

/* A mc_complain_fn. */
static void complain(void *user, const char *problem)
{
    (void)fprintf(user, "modelcached: %s\n", problem);
}

static int usage(void)
{
    complain(stderr, "Try: modelcached --help");
    return MC_EXIT_USAGE;
}

/* mc_workers_options.say */
static void say_for_parent(void *user, mc_log_level level, const char *event, const char *line)
{
    const mc_daemon *d = user;
    const mc_log_level least = (mc_log_level)mc_daemon_number(d, MC_PARAM_LOG_LEVEL);
    const bool always = strcmp(event, "listening") == 0;
    const mc_log log = {.level = always ? MC_LOG_DEBUG : least,
                        .json = mc_daemon_number(d, MC_PARAM_LOG_FORMAT) == 1};
    mc_log_tell(&log, &(mc_event){.level = level, .event = event}, "%s", line);
}

/* True in each worker; false in the parent, once all are gone: *code is how it ends. */
static bool fork_workers(mc_daemon *d, int *code)
{
    static mc_workers_options options; /* a worker keeps pointing at it */
    const uint32_t n = (uint32_t)mc_daemon_number(d, MC_PARAM_WORKERS);
    mc_error error;
    options = (mc_workers_options){
        .host = mc_daemon_text(d, MC_PARAM_HOST),
        .port = (uint16_t)mc_daemon_number(d, MC_PARAM_PORT),
        .n_processes = n,
        .shared_size = mc_metrics_shared_size(n, mc_parts_threads(d)),
        .drain_timeout_ms = (uint32_t)mc_daemon_number(d, MC_PARAM_DRAIN_TIMEOUT) * 1000u,
        .user = d,
        .say = say_for_parent};
    if (mc_workers_run(&options, &d->worker, code, &error) == MC_OK)
        return d->worker != NULL;
    complain(stderr, error.message);
    *code = MC_EXIT_FAILED;
    return false;
}

static int run(mc_daemon *d)
{
    mc_error error;
    char text[1024];
    if (d->config->options.n_paths == 0 && d->config->n_models == 0) {
        complain(stderr, "expected a PATH: a model file, or a directory of them");
        return usage();
    }
    int code = MC_EXIT_OK;
    if (mc_daemon_number(d, MC_PARAM_WORKERS) > 1 && !fork_workers(d, &code))
        return code;
    if (start(d, &error) == MC_OK)
        return wait_for_end(d);
    complain(stderr, mc_error_format(&error, text, sizeof text));
    return MC_EXIT_FAILED;
}

int mc_cli_serve(int n, char *const *arguments)
{
    static mc_daemon d = {.gate = MC_GATE_INIT,
                          .loaded_fd = -1,
                          .signal_fd = -1,
                          .pressure_fd = -1}; /* large; there is one */
    d.n_arguments = n;
    d.arguments = arguments;
    d.config = &d.boot;
    d.serving.look_at_ns = UINT64_MAX;
    d.summary_ns = mc_now_ns() + SUMMARY_MS * (uint64_t)1000000u;
    const mc_status status = mc_config_read(&d.boot, n, arguments, environ, complain, stderr);
    int code = MC_EXIT_OK;
    if (status == MC_E_BAD_REQUEST)
        code = usage();
    else if (d.boot.options.help)
        mc_options_help(stdout);
    else if (d.boot.options.version)
        code = printf("modelcached " MC_VERSION "\n") > 0 ? MC_EXIT_OK : MC_EXIT_FAILED;
    else
        code = status == MC_OK ? run(&d) : MC_EXIT_FAILED;
    stop(&d);
    return code;
}
