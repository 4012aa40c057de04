/* Mail of a worker: what is done is said, however far the parent is behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "cli/worker_mail.h"

#define LOOKS 50u /* of 10 ms: then the queue takes no more */

/* A mc_mail_fn. */
static mc_status do_nothing(void *user, const mc_peer_request *request, mc_acquired_fn *done,
                            void *done_user, mc_error *err)
{
    (void)user;
    (void)request;
    (void)done;
    (void)done_user;
    (void)err;
    return MC_OK;
}

/* As many as the mailbox takes from a parent that reads nothing. */
static uint32_t fill(int fd)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    mc_mail mail = {.kind = MC_MAIL_DO};
    uint32_t n = 0;
    for (uint32_t looks = 0; looks < LOOKS && n < 1000; looks++) {
        mail.id = n;
        if (mc_mail_send(fd, &mail)) {
            n++;
            looks = 0;
        }
        (void)nanosleep(&pause, NULL);
    }
    return n;
}

static void every_request_is_said_to_be_done(void **state)
{
    (void)state;
    int ends[2];
    mc_mailbox *box = NULL;
    mc_error error;
    mc_mail mail;
    const struct timeval patience = {.tv_sec = 5};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(
        setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, (socklen_t)sizeof patience), 0);
    assert_int_equal(mc_mailbox_start(ends[1], do_nothing, NULL, &box, &error), MC_OK);
    const uint32_t n = fill(ends[0]);
    assert_in_range(n, 1, 999); /* it waits, and drops none */
    for (uint32_t i = 0; i < n; i++) {
        assert_true(mc_mail_receive(ends[0], &mail));
        assert_int_equal(mail.kind, MC_MAIL_DONE);
        assert_int_equal(mail.id, i);
    }
    mc_mailbox_stop(box);
    mc_mailbox_destroy(box);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_is_said_to_be_done),
    };
    return cmocka_run_group_tests_name("worker_mail", tests, NULL, NULL);
}
