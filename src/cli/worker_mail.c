/* worker_mail.c: see worker_mail.h. */
#include "cli/worker_mail.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"

static bool send_mail(int fd, const mc_mail *mail, int flags)
{
    ssize_t n;
    do {
        n = send(fd, mail, sizeof *mail, MSG_NOSIGNAL | flags);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *mail;
}

bool mc_mail_send(int fd, const mc_mail *mail)
{
    return send_mail(fd, mail, MSG_DONTWAIT);
}

bool mc_mail_receive(int fd, mc_mail *mail)
{
    ssize_t n;
    do {
        n = recv(fd, mail, sizeof *mail, 0);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *mail;
}

/* ------------------------------------------------------------------------------- mailbox ---- */

typedef struct asked {
    struct asked *next;
    uint32_t id;
    mc_acquired_fn *done;
    void *done_user;
} asked;

struct mc_mailbox {
    int fd; /* borrowed */
    mc_mail_fn *apply;
    void *user;
    pthread_t thread;
    pthread_mutex_t lock;
    asked *waiting; /* guarded by the lock; a list, owned */
    uint32_t last_id;
    bool closed;
};

/* Work of another one that goes on. */
typedef struct doing {
    mc_mailbox *box;
    uint32_t id;
} doing;

/* Waits while the parent is behind: a DONE that is lost leaves the asking worker waiting for ever.
 * The parent never waits for a worker, so that this one ends. */
static void send_done(const mc_mailbox *box, uint32_t id, mc_status status, const mc_error *error)
{
    mc_mail mail = {.kind = MC_MAIL_DONE, .id = id, .status = status};
    if (status != MC_OK && error != NULL)
        (void)snprintf(mail.message, sizeof mail.message, "%s", error->message);
    (void)send_mail(box->fd, &mail, 0); /* else the parent is gone */
}

/* A mc_acquired_fn. */
static void done_later(void *user, mc_model *model, const mc_error *error)
{
    doing *work = user;
    send_done(work->box, work->id, model != NULL ? MC_OK : error->status, error);
    mc_model_release(model);
    mc_free(work);
}

static void do_it(mc_mailbox *box, const mc_mail *mail)
{
    mc_error error;
    doing *work = mc_alloc(1, sizeof *work);
    if (work == NULL) {
        send_done(box, mail->id, MC_E_NO_MEMORY, NULL);
        return;
    }
    *work = (doing){.box = box, .id = mail->id};
    const mc_status status = box->apply(box->user, &mail->request, done_later, work, &error);
    if (status == MC_E_PENDING)
        return;
    mc_free(work);
    send_done(box, mail->id, status, &error);
}

static asked *take(mc_mailbox *box, uint32_t id)
{
    (void)pthread_mutex_lock(&box->lock);
    asked **at = &box->waiting;
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    asked *found = *at;
    if (found != NULL)
        *at = found->next;
    (void)pthread_mutex_unlock(&box->lock);
    return found;
}

static void answer(asked *who, mc_status status, const char *message)
{
    mc_error error = {.status = MC_OK};
    if (status != MC_OK)
        (void)mc_fail(&error, status, MC_NO_OFFSET, "another worker: %s", message);
    who->done(who->done_user, NULL, &error);
    mc_free(who);
}

static void close_box(mc_mailbox *box)
{
    (void)pthread_mutex_lock(&box->lock);
    box->closed = true;
    asked *rest = box->waiting;
    box->waiting = NULL;
    (void)pthread_mutex_unlock(&box->lock);
    for (asked *next; rest != NULL; rest = next) {
        next = rest->next;
        answer(rest, MC_E_BUSY, "the server is shutting down");
    }
}

static void *mailbox_main(void *user)
{
    mc_mailbox *box = user;
    mc_mail mail;
    (void)pthread_setname_np(pthread_self(), "mc-mail");
    while (mc_mail_receive(box->fd, &mail)) {
        asked *who = mail.kind == MC_MAIL_ANSWER ? take(box, mail.id) : NULL;
        if (mail.kind == MC_MAIL_DO)
            do_it(box, &mail);
        else if (who != NULL)
            answer(who, mail.status, mail.message);
    }
    close_box(box);
    return NULL;
}

mc_status mc_mailbox_start(int fd, mc_mail_fn *apply, void *user, mc_mailbox **out, mc_error *err)
{
    mc_mailbox *box = mc_alloc(1, sizeof *box);
    if (box == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a worker");
    *box = (mc_mailbox){.fd = fd, .apply = apply, .user = user};
    (void)pthread_mutex_init(&box->lock, NULL);
    if (pthread_create(&box->thread, NULL, mailbox_main, box) != 0) {
        (void)pthread_mutex_destroy(&box->lock);
        mc_free(box);
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "no thread for a worker's mail");
    }
    *out = box;
    return MC_OK;
}

mc_status mc_mailbox_ask(void *mailbox, const mc_peer_request *request, mc_acquired_fn *done,
                         void *done_user, mc_error *err)
{
    mc_mailbox *box = mailbox;
    asked *who = mc_alloc(1, sizeof *who);
    if (who == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to ask the other workers");
    mc_mail mail = {.kind = MC_MAIL_ASK, .request = *request};
    (void)pthread_mutex_lock(&box->lock);
    *who =
        (asked){.next = box->waiting, .id = ++box->last_id, .done = done, .done_user = done_user};
    mail.id = who->id;
    if (!box->closed)
        box->waiting = who;
    const bool closed = box->closed;
    (void)pthread_mutex_unlock(&box->lock);
    if (!closed && mc_mail_send(box->fd, &mail))
        return MC_E_PENDING;
    /* Nobody else answers it: unless the box was closed meanwhile, which did. */
    if (!closed && take(box, mail.id) == NULL)
        return MC_E_PENDING;
    mc_free(who);
    return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "the other workers cannot be asked now");
}

void mc_mailbox_stop(mc_mailbox *box)
{
    (void)shutdown(box->fd, SHUT_RDWR);
    (void)pthread_join(box->thread, NULL);
}

void mc_mailbox_destroy(mc_mailbox *box)
{
    if (box == NULL)
        return;
    (void)pthread_mutex_destroy(&box->lock);
    mc_free(box);
}
