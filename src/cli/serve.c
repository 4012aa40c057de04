/* serve.c: the daemon from the command line to its exit code.
 *
 * The main thread only starts things and then waits: for signals (a signalfd) and for the loads of
 * start-up (an eventfd). Signals are blocked before any thread exists, so that all inherit that. */
#include "cli/serve.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/catalog.h"
#include "cli/memory.h"
#include "cli/options.h"
#include "serve/server.h"

#define SUMMARY_MS 60000

typedef struct daemon daemon_state;

/* A load of start-up, or after a SIGHUP. */
typedef struct boot_load {
    daemon_state *daemon;
    const mc_listing *listing;
} boot_load;

struct daemon {
    mc_options options;
    mc_log log;
    mc_catalog catalog;
    mc_broken *broken; /* (n_broken), owned */
    size_t n_broken;
    mc_guard guard;
    mc_cache *cache;
    mc_server *server;
    boot_load *loads; /* (catalog.n), owned */
    _Atomic uint32_t n_loading;
    _Atomic bool failed; /* a named file did not load */
    int loaded_fd, signal_fd;
    uint64_t n_summed; /* requests at the last summary */
};

static uint64_t number(const daemon_state *d, mc_param_id id)
{
    return d->options.number[id];
}

/* ------------------------------------------------------------------------------ catalogue ---- */

static mc_status break_listing(daemon_state *d, const mc_listing *listing, mc_error *err)
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

static mc_status register_models(daemon_state *d, mc_error *err)
{
    for (size_t i = 0; i < d->catalog.n; i++) {
        const mc_listing *listing = d->catalog.all[i];
        if (listing->clash != NULL && listing->named)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "%s and %s are both named %s",
                           listing->source, listing->clash, listing->name);
        const bool seen = i > 0 && strcmp(d->catalog.all[i - 1]->name, listing->name) == 0;
        if (listing->clash != NULL && !seen)
            MC_TRY(break_listing(d, listing, err));
        else if (listing->clash == NULL) {
            MC_TRY(mc_cache_add(d->cache, listing->name,
                                listing->version[0] == '\0' ? NULL : listing->version,
                                listing->source, err));
        }
    }
    return MC_OK;
}

static const mc_listing *find_listing(const daemon_state *d, const char *name)
{
    for (size_t i = 0; i < d->catalog.n; i++)
        if (strcmp(d->catalog.all[i]->name, name) == 0)
            return d->catalog.all[i];
    return NULL;
}

/* The model of /predict: the one asked for, else the only one, else none. */
static mc_status choose_default(const daemon_state *d, const char **out, mc_error *err)
{
    const char *asked = d->options.text[MC_PARAM_DEFAULT];
    *out = NULL;
    if (asked[0] != '\0') {
        if (find_listing(d, asked) == NULL)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                           "--default %s: no model of that name under the PATHs given", asked);
        *out = asked;
    } else if (d->catalog.n == 1) {
        *out = d->catalog.all[0]->name;
    }
    return MC_OK;
}

/* The folder that a PATH stands in, or the folder that it is. */
static mc_status add_root_of(daemon_state *d, const char *path, mc_error *err)
{
    char folder[MC_PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    if (access(path, F_OK) == 0 && (slash == NULL || slash[1] != '\0') && size < sizeof folder) {
        (void)snprintf(folder, sizeof folder, "%s/.", path);
        if (access(folder, F_OK) == 0) /* a directory */
            return mc_guard_add_root(&d->guard, path, err);
    }
    (void)snprintf(folder, sizeof folder, "%.*s", (int)size, path);
    return mc_guard_add_root(&d->guard, slash == NULL ? "." : size == 0 ? "/" : folder, err);
}

static mc_status read_guard(daemon_state *d, mc_error *err)
{
    const mc_options *options = &d->options;
    for (size_t i = 0; i < options->n_roots; i++)
        MC_TRY(mc_guard_add_root(&d->guard, options->roots[i], err));
    for (size_t i = 0; options->n_roots == 0 && i < options->n_paths; i++)
        MC_TRY(add_root_of(d, options->paths[i], err));
    const char *tokens = options->text[MC_PARAM_ADMIN_TOKEN_FILE];
    return tokens[0] == '\0' ? MC_OK : mc_guard_read_tokens(&d->guard, tokens, err);
}

/* --------------------------------------------------------------------------------- start ---- */

static mc_status create_cache(daemon_state *d, mc_error *err)
{
    const uint64_t asked = number(d, MC_PARAM_MEMORY_BUDGET);
    const mc_cache_options options = {.struct_size = sizeof options,
                                      .memory_budget =
                                          asked != 0 ? asked : mc_memory_available() / 5 * 4,
                                      .load_threads = (uint32_t)number(d, MC_PARAM_LOAD_THREADS),
                                      .log = mc_log_hook,
                                      .log_user = &d->log,
                                      .log_level = d->log.level};
    return mc_cache_create(&options, &d->cache, err);
}

static uint32_t n_threads(const daemon_state *d)
{
    cpu_set_t cpus;
    if (number(d, MC_PARAM_THREADS) != 0)
        return (uint32_t)number(d, MC_PARAM_THREADS);
    const bool known = sched_getaffinity(0, sizeof cpus, &cpus) == 0;
    return known && CPU_COUNT(&cpus) > 0 ? (uint32_t)CPU_COUNT(&cpus) : 1;
}

static mc_status start_server(daemon_state *d, mc_error *err)
{
    mc_server_options options = {.host = d->options.text[MC_PARAM_HOST],
                                 .port = (uint16_t)number(d, MC_PARAM_PORT),
                                 .n_threads = n_threads(d),
                                 .max_connections = (uint32_t)number(d, MC_PARAM_MAX_CONNECTIONS),
                                 .idle_timeout_s = (uint32_t)number(d, MC_PARAM_IDLE_TIMEOUT),
                                 .read_timeout_s = (uint32_t)number(d, MC_PARAM_READ_TIMEOUT),
                                 .max_body = number(d, MC_PARAM_MAX_BODY),
                                 .request_memory = number(d, MC_PARAM_REQUEST_MEMORY),
                                 .wait_ms = (uint32_t)number(d, MC_PARAM_WAIT_TIMEOUT) * 1000u,
                                 .cache = d->cache,
                                 .broken = d->broken,
                                 .n_broken = d->n_broken,
                                 .guard = &d->guard,
                                 .log = &d->log};
    MC_TRY(choose_default(d, &options.default_model, err));
    return mc_server_start(&options, &d->server, err);
}

/* The line that says where must be seen whatever the log level is. */
static void announce(const daemon_state *d)
{
    const mc_log always = {.level = MC_LOG_DEBUG, .json = d->log.json};
    mc_log_print(&always, MC_LOG_INFO, "listening on %s", mc_server_url(d->server));
}

/* ------------------------------------------------------------------------ loads of start ---- */

static void tell(const daemon_state *d)
{
    const uint64_t one = 1;
    if (write(d->loaded_fd, &one, sizeof one) != sizeof one)
        mc_log_print(&d->log, MC_LOG_ERROR, "eventfd: %s", strerrordesc_np(errno));
}

static void load_failed(const boot_load *load, const mc_error *error)
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
    const boot_load *load = user;
    if (model == NULL)
        load_failed(load, error);
    mc_model_release(model);
    /* Release: the main thread reads `failed` after it has seen the count. */
    (void)atomic_fetch_sub_explicit(&load->daemon->n_loading, 1, memory_order_release);
    tell(load->daemon);
}

static void start_load(daemon_state *d, size_t at)
{
    boot_load *load = &d->loads[at];
    mc_error error;
    *load = (boot_load){.daemon = d, .listing = d->catalog.all[at]};
    (void)atomic_fetch_add_explicit(&d->n_loading, 1, memory_order_relaxed);
    const mc_status status =
        mc_cache_load_async(d->cache, load->listing->name, NULL, false, boot_loaded, load, &error);
    if (status == MC_E_PENDING)
        return;
    if (status != MC_OK)
        load_failed(load, &error);
    (void)atomic_fetch_sub_explicit(&d->n_loading, 1, memory_order_release);
}

static mc_status start_loads(daemon_state *d, mc_error *err)
{
    d->loads = mc_alloc(d->catalog.n, sizeof *d->loads);
    if (d->loads == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the list of models");
    for (size_t i = 0; i < d->catalog.n; i++) {
        const mc_listing *listing = d->catalog.all[i];
        if (listing->clash == NULL && (listing->named || number(d, MC_PARAM_PRELOAD) != 0))
            start_load(d, i);
    }
    tell(d); /* nothing may be loading */
    return MC_OK;
}

/* ---------------------------------------------------------------------------------- run ---- */

static void refreshed(void *user, mc_model *model, const mc_error *error)
{
    const daemon_state *d = user;
    char text[1024];
    if (model == NULL)
        mc_log_print(&d->log, MC_LOG_ERROR, "refresh: %s",
                     mc_error_format(error, text, sizeof text));
    mc_model_release(model);
}

typedef struct ready_names {
    char (*names)[MC_NAME_MAX];
    size_t n, room;
} ready_names;

static void collect_ready(void *user, const mc_entry_info *info)
{
    ready_names *ready = user;
    if (info->state == MC_STATE_READY && ready->n < ready->room)
        memcpy(ready->names[ready->n++], info->name, MC_NAME_MAX);
}

/* SIGHUP: what is in memory is read again; what cannot be read keeps serving as it is. */
static void refresh_all(daemon_state *d)
{
    ready_names ready = {.room = mc_cache_statistics(d->cache).n_models};
    ready.names = mc_alloc(ready.room, sizeof *ready.names);
    if (ready.names == NULL)
        return;
    mc_cache_list(d->cache, collect_ready, &ready);
    mc_log_print(&d->log, MC_LOG_INFO, "SIGHUP: refreshing %zu models", ready.n);
    for (size_t i = 0; i < ready.n; i++) {
        mc_error error;
        const mc_status status =
            mc_cache_load_async(d->cache, ready.names[i], NULL, true, refreshed, d, &error);
        if (status != MC_OK && status != MC_E_PENDING)
            refreshed(d, NULL, &error);
    }
    mc_free(ready.names);
}

static void log_summary(daemon_state *d)
{
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
static bool on_signal(daemon_state *d)
{
    struct signalfd_siginfo info;
    if (read(d->signal_fd, &info, sizeof info) != sizeof info)
        return true;
    if (info.ssi_signo == SIGHUP) {
        refresh_all(d);
        return true;
    }
    mc_log_print(&d->log, MC_LOG_INFO, "%s: draining", sigdescr_np((int)info.ssi_signo));
    return false;
}

/* Until a signal says leave (MC_EXIT_OK), or a named file does not load (MC_EXIT_FAILED). */
static int wait_for_end(daemon_state *d)
{
    struct pollfd polled[2] = {{.fd = d->signal_fd, .events = POLLIN},
                               {.fd = d->loaded_fd, .events = POLLIN}};
    for (;;) {
        uint64_t ignored;
        const int n = poll(polled, 2, SUMMARY_MS);
        if (n == 0)
            log_summary(d);
        if (n <= 0)
            continue;
        if (polled[0].revents != 0 && !on_signal(d))
            return MC_EXIT_OK;
        if (polled[1].revents == 0 || read(d->loaded_fd, &ignored, sizeof ignored) < 0)
            continue;
        const bool all = atomic_load_explicit(&d->n_loading, memory_order_acquire) == 0;
        if (atomic_load_explicit(&d->failed, memory_order_relaxed))
            return MC_EXIT_FAILED;
        if (all)
            mc_server_set_ready(d->server, true);
    }
}

static mc_status catch_signals(daemon_state *d, mc_error *err)
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

/* Options that the contract names and this version cannot honour yet: said, not hidden. */
static void say_what_waits(const daemon_state *d)
{
    const char *cache = d->options.text[MC_PARAM_PREDICTION_CACHE];
    const char *images = d->options.text[MC_PARAM_IMAGE_DIR];
    if (strcmp(cache, "auto") != 0 && strcmp(cache, "off") != 0)
        mc_log_print(&d->log, MC_LOG_WARN,
                     "--prediction-cache %s: this version has no prediction cache", cache);
    if (strcmp(images, "off") != 0)
        mc_log_print(&d->log, MC_LOG_WARN, "--image-dir %s: this version keeps no images", images);
}

static mc_status start(daemon_state *d, mc_error *err)
{
    d->log.level = (mc_log_level)number(d, MC_PARAM_LOG_LEVEL);
    d->log.json = number(d, MC_PARAM_LOG_FORMAT) == 1;
    say_what_waits(d);
    raise_limits();
    MC_TRY(catch_signals(d, err));
    for (size_t i = 0; i < d->options.n_paths; i++)
        MC_TRY(mc_catalog_add(&d->catalog, d->options.paths[i], err));
    mc_catalog_seal(&d->catalog);
    MC_TRY(read_guard(d, err));
    MC_TRY(create_cache(d, err));
    MC_TRY(register_models(d, err));
    MC_TRY(start_server(d, err));
    announce(d);
    return start_loads(d, err);
}

static void stop(daemon_state *d)
{
    if (d->server != NULL) {
        mc_server_stop(d->server, (uint32_t)number(d, MC_PARAM_DRAIN_TIMEOUT) * 1000u);
        log_summary(d);
    }
    mc_cache_destroy(d->cache); /* after this no callback comes */
    mc_server_destroy(d->server);
    mc_guard_fini(&d->guard);
    mc_catalog_fini(&d->catalog);
    mc_free(d->broken);
    mc_free(d->loads);
}

static int usage(const mc_error *error)
{
    (void)fprintf(stderr, "modelcached: %s\nTry: modelcached --help\n", error->message);
    return MC_EXIT_USAGE;
}

int mc_cli_serve(int n, char *const *arguments)
{
    static daemon_state d = {.loaded_fd = -1, .signal_fd = -1}; /* large; there is one */
    mc_error error;
    if (mc_options_read(&d.options, n, arguments, &error) != MC_OK)
        return usage(&error);
    if (d.options.help)
        return mc_options_help(stdout), MC_EXIT_OK;
    if (d.options.version)
        return printf("modelcached " MC_VERSION "\n") > 0 ? MC_EXIT_OK : MC_EXIT_FAILED;
    if (d.options.n_paths == 0) {
        (void)mc_fail(&error, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                      "expected a PATH: a model file, or a directory of them");
        return usage(&error);
    }
    int code = MC_EXIT_FAILED;
    if (start(&d, &error) == MC_OK) {
        code = wait_for_end(&d);
    } else {
        char text[1024];
        (void)fprintf(stderr, "modelcached: %s\n", mc_error_format(&error, text, sizeof text));
    }
    stop(&d);
    return code;
}
