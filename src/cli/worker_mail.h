/* worker_mail.h: what the worker processes of a daemon say to each other, through their parent.
 *
 *   worker            parent              the other workers
 *   ASK id  ───────▶  DO id  ──────────▶  each does it
 *           ◀───────  ANSWER id  ◀──────  DONE id, with how it ended
 *
 * A message is one record of a SOCK_SEQPACKET socket: whole, or not there. */
#ifndef MC_CLI_WORKER_MAIL_H
#define MC_CLI_WORKER_MAIL_H
#include "serve/peers.h"

#define MC_PROCESSES_MAX 64u

typedef enum mc_mail_kind { MC_MAIL_ASK, MC_MAIL_DO, MC_MAIL_DONE, MC_MAIL_ANSWER } mc_mail_kind;

typedef struct mc_mail {
    mc_mail_kind kind;
    uint32_t id;             /* the asking worker's, then the parent's, then the asking one's */
    mc_peer_request request; /* ASK, DO */
    mc_status status;        /* DONE, ANSWER */
    char message[MC_ERROR_MESSAGE];
} mc_mail;

/* False where the other side is gone, or takes no more now. */
bool mc_mail_send(int fd, const mc_mail *mail);
/* Waits for one. False: the other side is gone. */
bool mc_mail_receive(int fd, mc_mail *mail);

/* -- the worker's end */
typedef struct mc_mailbox mc_mailbox;

/* What a message of another worker does here: as mc_peers.ask. */
typedef mc_status mc_mail_fn(void *user, const mc_peer_request *request, mc_acquired_fn *done,
                             void *done_user, mc_error *err);

/* Starts the thread that reads. `fd` stays the caller's, and is shut down by stop. */
MC_MUST_CHECK mc_status mc_mailbox_start(int fd, mc_mail_fn *apply, void *user, mc_mailbox **out,
                                         mc_error *err);
/* mc_peers.ask, of a mailbox. */
MC_MUST_CHECK mc_status mc_mailbox_ask(void *mailbox, const mc_peer_request *request,
                                       mc_acquired_fn *done, void *done_user, mc_error *err);
/* Ends the thread; whoever still waits is told so. Nothing may ask any more. */
void mc_mailbox_stop(mc_mailbox *mailbox);
void mc_mailbox_destroy(mc_mailbox *mailbox); /* once no load can call back. NULL is fine */
#endif
