/* workers.c: the parent of the workers. One thread, which waits for signals and mail. */
#include "cli/workers.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

#define MAX_QUESTIONS 256u        /* under way at a time; one more is told to come back */
#define CALM_NS       1000000000u /* a worker that died sooner is started so much later */
#define SPARE_MS      5000u       /* beyond the drain's timeout */
#define MAX_JOURNAL   1024u       /* changes that a worker that starts is told */

typedef struct child {
    pid_t pid; /* 0: does not run */
    int mail_fd;
    mc_listener listener;
    uint64_t started_ns, start_at_ns;
} child;

/* A question of one worker to all others. */
typedef struct question {
    bool used;
    uint32_t from, id;  /* who asked, and what he calls it */
    uint64_t waits_for; /* a bit a worker */
    mc_status status;
    char message[MC_ERROR_MESSAGE];
} question;

typedef struct parent {
    const mc_workers_options *options;
    child children[MC_PROCESSES_MAX];
    question questions[MAX_QUESTIONS];
    atomic_bool *ready;       /* (MC_PROCESSES_MAX), shared */
    void *numbers;            /* shared */
    mc_peer_request *journal; /* the older first, one for each thing that can be changed */
    size_t n_journal;
    int signal_fd;
    bool stopping;
    uint64_t kill_at_ns;
    int exit_code;
    mc_worker worker; /* in a worker: what it is */
    bool is_worker;
} parent;

static void say(const parent *p, mc_log_level level, const char *event, const char *format, ...)
    MC_PRINTF(4, 5);

static void say(const parent *p, mc_log_level level, const char *event, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    p->options->say(p->options->user, level, event, line);
}

/* ------------------------------------------------------------------------------- children ---- */

static void forget_signals(const parent *p)
{
    sigset_t none;
    (void)sigemptyset(&none);
    /* Still one thread; serve.c blocks its own. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)close(p->signal_fd);
}

/* In the child: leaves what belongs to the others. */
static void become_worker(parent *p, uint32_t at, int mail_fd, pid_t parent_pid)
{
    for (uint32_t i = 0; i < p->options->n_processes; i++) {
        if (p->children[i].mail_fd >= 0)
            (void)close(p->children[i].mail_fd);
        if (i != at)
            mc_listener_close(&p->children[i].listener);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent_pid)
        (void)raise(SIGTERM); /* it is gone already */
    forget_signals(p);
    p->is_worker = true;
    p->worker = (mc_worker){.n_processes = p->options->n_processes,
                            .process = at,
                            .listener = &p->children[at].listener,
                            .mail_fd = mail_fd,
                            .numbers = p->numbers,
                            .ready = p->ready,
                            .journal = p->journal,
                            .n_journal = p->n_journal};
}

static bool start_child(parent *p, uint32_t at)
{
    int ends[2];
    child *c = &p->children[at];
    const pid_t parent_pid = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    c->started_ns = mc_now_ns();
    c->pid = fork();
    if (c->pid == 0) {
        (void)close(ends[0]);
        become_worker(p, at, ends[1], parent_pid);
        return true;
    }
    (void)close(ends[1]);
    c->mail_fd = ends[0];
    if (c->pid > 0)
        return true;
    c->pid = 0;
    (void)close(ends[0]);
    c->mail_fd = -1;
    return false;
}

/* Starts those that do not run and whose time has come. Returns in the workers too. */
static void start_missing(parent *p)
{
    for (uint32_t i = 0; i < p->options->n_processes && !p->is_worker; i++) {
        child *c = &p->children[i];
        if (c->pid != 0 || p->stopping || mc_now_ns() < c->start_at_ns)
            continue;
        if (!start_child(p, i))
            c->start_at_ns = mc_now_ns() + CALM_NS;
    }
}

static void signal_all(const parent *p, int number)
{
    for (uint32_t i = 0; i < p->options->n_processes; i++)
        if (p->children[i].pid != 0)
            (void)kill(p->children[i].pid, number);
}

static void stop_all(parent *p)
{
    if (p->stopping)
        return;
    p->stopping = true;
    p->kill_at_ns = mc_now_ns() + mc_ns_of_ms(p->options->drain_timeout_ms + SPARE_MS);
    /* A connection that came now would wait at a socket that nobody accepts from. */
    for (uint32_t i = 0; i < p->options->n_processes; i++)
        mc_listener_close(&p->children[i].listener);
    signal_all(p, SIGTERM);
}

/* ------------------------------------------------------------------------------ journal ---- */

/* Does it change what a worker serves for good? What is in memory does not: it is loaded again. */
static bool is_lasting(const mc_peer_request *request)
{
    return request->action == MC_PEER_LABEL || request->action == MC_PEER_PIN ||
           request->action == MC_PEER_UNPIN ||
           ((request->action == MC_PEER_LOAD || request->action == MC_PEER_REFRESH) &&
            request->source[0] != '\0');
}

/* Of the same kind, of the same model: the later one takes its place. */
static bool replaces(const mc_peer_request *later, const mc_peer_request *earlier)
{
    const bool pins = later->action == MC_PEER_PIN || later->action == MC_PEER_UNPIN;
    const bool pinned = earlier->action == MC_PEER_PIN || earlier->action == MC_PEER_UNPIN;
    const bool is_label = later->action == MC_PEER_LABEL;
    return strcmp(later->name, earlier->name) == 0 && pins == pinned &&
           is_label == (earlier->action == MC_PEER_LABEL) &&
           (!is_label || strcmp(later->label, earlier->label) == 0);
}

/* A worker that takes the place of a dead one must not serve what its peers do not any more. */
static void note(parent *p, const mc_peer_request *request)
{
    if (!is_lasting(request))
        return;
    size_t n = 0;
    for (size_t i = 0; i < p->n_journal; i++)
        if (!replaces(request, &p->journal[i]))
            p->journal[n++] = p->journal[i];
    p->n_journal = n;
    if (n == MAX_JOURNAL) {
        say(p, MC_LOG_WARN, "journal", "workers that start anew are told %u changes, not more",
            MAX_JOURNAL);
        memmove(p->journal, p->journal + 1, (n - 1) * sizeof *p->journal);
        p->n_journal = n - 1;
    }
    p->journal[p->n_journal++] = *request;
}

/* --------------------------------------------------------------------------------- mail ---- */

/* An answer that the worker has no room for stays, and is sent again: see send_waiting. */
static void answer_if_done(parent *p, question *q)
{
    if (!q->used || q->waits_for != 0)
        return;
    mc_mail mail = {.kind = MC_MAIL_ANSWER, .id = q->id, .status = q->status};
    memcpy(mail.message, q->message, sizeof mail.message);
    const int fd = p->children[q->from].mail_fd;
    q->used = fd >= 0 && !mc_mail_send(fd, &mail); /* one that is gone: hang_up() ends it */
}

/* True while an answer waits for room. */
static bool send_waiting(parent *p)
{
    bool waits = false;
    for (uint32_t i = 0; i < MAX_QUESTIONS; i++) {
        answer_if_done(p, &p->questions[i]);
        waits = waits || (p->questions[i].used && p->questions[i].waits_for == 0);
    }
    return waits;
}

static void done_by(parent *p, question *q, uint32_t who, mc_status status, const char *message)
{
    q->waits_for &= ~(UINT64_C(1) << who);
    if (status != MC_OK && q->status == MC_OK) {
        q->status = status;
        (void)snprintf(q->message, sizeof q->message, "%s", message);
    }
    answer_if_done(p, q);
}

static void ask_all(parent *p, uint32_t from, const mc_mail *asked)
{
    uint32_t at = 0;
    while (at < MAX_QUESTIONS && p->questions[at].used)
        at++;
    mc_mail mail = *asked;
    if (at == MAX_QUESTIONS) {
        mail.kind = MC_MAIL_ANSWER;
        mail.status = MC_E_BUSY;
        (void)snprintf(mail.message, sizeof mail.message, "too many calls at a time");
        (void)mc_mail_send(p->children[from].mail_fd, &mail);
        return;
    }
    question *q = &p->questions[at];
    *q = (question){.used = true, .from = from, .id = asked->id, .status = MC_OK};
    mail.kind = MC_MAIL_DO;
    mail.id = at;
    for (uint32_t i = 0; i < p->options->n_processes; i++) {
        if (i == from || p->children[i].mail_fd < 0)
            continue; /* one that starts anew reads what there is then */
        if (mc_mail_send(p->children[i].mail_fd, &mail)) {
            q->waits_for |= UINT64_C(1) << i;
        } else if (q->status == MC_OK) {
            q->status = MC_E_BUSY;
            (void)snprintf(q->message, sizeof q->message, "it takes no calls now");
        }
    }
    answer_if_done(p, q);
}

/* What a worker that is gone was asked is not waited for. */
static void hang_up(parent *p, uint32_t who)
{
    child *c = &p->children[who];
    if (c->mail_fd >= 0)
        (void)close(c->mail_fd);
    c->mail_fd = -1;
    for (uint32_t i = 0; i < MAX_QUESTIONS; i++) {
        question *q = &p->questions[i];
        if (q->used && q->from == who)
            q->used = false;
        else if (q->used && (q->waits_for >> who & 1u) != 0)
            done_by(p, q, who, MC_OK, "");
    }
}

static void read_mail(parent *p, uint32_t who)
{
    mc_mail mail;
    if (!mc_mail_receive(p->children[who].mail_fd, &mail)) {
        hang_up(p, who);
        return;
    }
    if (mail.kind == MC_MAIL_ASK) {
        note(p, &mail.request);
        ask_all(p, who, &mail);
    } else if (mail.kind == MC_MAIL_DONE && mail.id < MAX_QUESTIONS && p->questions[mail.id].used) {
        done_by(p, &p->questions[mail.id], who, mail.status, mail.message);
    }
}

/* ------------------------------------------------------------------------------- signals ---- */

static void show_end(const parent *p, uint32_t at, pid_t pid, int how)
{
    if (WIFSIGNALED(how)) {
        say(p, MC_LOG_ERROR, "worker_died",
            "worker %u (process %ld) was killed by signal %d: "
            "another one takes its place",
            at, (long)pid, WTERMSIG(how));
    } else {
        say(p, MC_LOG_ERROR, "worker_died",
            "worker %u (process %ld) left with code %d: "
            "another one takes its place",
            at, (long)pid, WEXITSTATUS(how));
    }
}

/* A worker that was never ready and says why by its code takes all with it: a model named at start
 * that cannot be read ends the daemon. */
static void bury(parent *p, pid_t pid, int how)
{
    for (uint32_t i = 0; i < p->options->n_processes; i++) {
        child *c = &p->children[i];
        if (c->pid != pid)
            continue;
        c->pid = 0;
        hang_up(p, i);
        if (p->stopping)
            continue;
        if (WIFEXITED(how) && WEXITSTATUS(how) != 0 && !atomic_load(&p->ready[i])) {
            p->exit_code = WEXITSTATUS(how);
            stop_all(p);
            continue;
        }
        show_end(p, i, pid, how);
        const bool was_calm = mc_now_ns() - c->started_ns > CALM_NS;
        c->start_at_ns = was_calm ? 0 : c->started_ns + CALM_NS;
    }
}

static void on_signals(parent *p)
{
    struct signalfd_siginfo info;
    while (read(p->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP)
            signal_all(p, SIGHUP);
        else if (info.ssi_signo != SIGCHLD)
            stop_all(p);
    }
    int how = 0;
    for (pid_t pid; (pid = waitpid(-1, &how, WNOHANG)) > 0;)
        bury(p, pid, how);
}

static bool any_runs(const parent *p)
{
    for (uint32_t i = 0; i < p->options->n_processes; i++)
        if (p->children[i].pid != 0)
            return true;
    return false;
}

static void wait_once(parent *p)
{
    struct pollfd polled[MC_PROCESSES_MAX + 1];
    const uint32_t n = p->options->n_processes;
    polled[n] = (struct pollfd){.fd = p->signal_fd, .events = POLLIN};
    bool looks_again = send_waiting(p) || p->stopping;
    for (uint32_t i = 0; i < n; i++) {
        polled[i] = (struct pollfd){.fd = p->children[i].mail_fd, .events = POLLIN};
        looks_again = looks_again || p->children[i].pid == 0;
    }
    if (poll(polled, n + 1, looks_again ? 50 : -1) <= 0)
        return;
    for (uint32_t i = 0; i < n; i++)
        if (polled[i].revents != 0 && p->children[i].mail_fd == polled[i].fd)
            read_mail(p, i);
    if (polled[n].revents != 0)
        on_signals(p);
}

static void look_after(parent *p)
{
    start_missing(p);
    while (!p->is_worker && (any_runs(p) || !p->stopping)) {
        wait_once(p);
        start_missing(p);
        if (p->stopping && mc_now_ns() > p->kill_at_ns)
            signal_all(p, SIGKILL);
    }
}

/* --------------------------------------------------------------------------------- start ---- */

static mc_status open_listeners(parent *p, mc_error *err)
{
    mc_listener first;
    const mc_workers_options *options = p->options;
    /* Without sharing: two daemons on one port would take each other's connections. */
    MC_TRY(mc_listener_open(&first, options->host, options->port, err));
    const uint16_t port = mc_listener_port(&first);
    mc_listener_close(&first);
    for (uint32_t i = 0; i < options->n_processes; i++)
        MC_TRY(mc_listener_open_shared(&p->children[i].listener, options->host, port, err));
    return MC_OK;
}

static mc_status catch_signals(parent *p, mc_error *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGCHLD);
    /* A process of one thread: NOLINTNEXTLINE(concurrency-mt-unsafe) */
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return p->signal_fd >= 0 ? MC_OK
                             : mc_fail(err, MC_E_IO, MC_NO_OFFSET, "signals cannot be caught: %s",
                                       strerrordesc_np(errno));
}

static void *share(size_t size)
{
    void *pages =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static mc_status prepare(parent *p, mc_error *err)
{
    for (uint32_t i = 0; i < MC_PROCESSES_MAX; i++) {
        p->children[i].mail_fd = -1;
        p->children[i].listener.fd = -1;
    }
    p->signal_fd = -1;
    p->ready = share(MC_PROCESSES_MAX * sizeof *p->ready);
    p->numbers = share(p->options->shared_size);
    p->journal = mc_pages_alloc(MAX_JOURNAL * sizeof *p->journal); /* touched as far as used */
    if (p->ready == NULL || p->numbers == NULL || p->journal == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory that workers share");
    MC_TRY(open_listeners(p, err));
    return catch_signals(p, err);
}

mc_status mc_workers_run(const mc_workers_options *options, const mc_worker **worker,
                         int *exit_code, mc_error *err)
{
    MC_ASSERT(options->n_processes <= MC_PROCESSES_MAX);
    parent *p = mc_alloc(1, sizeof *p); /* a worker keeps it: its listener lies there */
    if (p == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for workers");
    p->options = options;
    mc_status status = prepare(p, err);
    if (status == MC_OK) {
        say(p, MC_LOG_INFO, "listening", "listening on %s", p->children[0].listener.url);
        look_after(p);
    }
    if (p->is_worker) {
        *worker = &p->worker;
        return MC_OK;
    }
    *exit_code = p->exit_code;
    for (uint32_t i = 0; i < options->n_processes; i++)
        mc_listener_close(&p->children[i].listener);
    mc_pages_free(p->journal, MAX_JOURNAL * sizeof *p->journal);
    mc_free(p);
    return status;
}

void mc_worker_set_ready(const mc_worker *worker)
{
    atomic_bool *ready = worker->ready;
    atomic_store(&ready[worker->process], true);
}

bool mc_worker_all_ready(void *user)
{
    const mc_worker *worker = user;
    const atomic_bool *ready = worker->ready;
    for (uint32_t i = 0; i < worker->n_processes; i++)
        if (!atomic_load(&ready[i]))
            return false;
    return true;
}
