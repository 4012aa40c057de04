/* call.h: one HTTP request as the handlers of this room see it.
 *
 * A call is the service's state of an exchange (engine.h): *owned* by its worker thread, made once,
 * and recycled with all the memory that it has grown. The handlers' files are:
 *   predict.c   predictions        admin.c   load, refresh, unload ...      info.c   the reads
 * Each offers up to three steps; server.c calls the right one. */
#ifndef MC_CALL_H
#define MC_CALL_H
#include "serve/await.h"
#include "serve/buffer.h"
#include "serve/decode.h"
#include "serve/engine.h"
#include "serve/metrics.h"
#include "serve/router.h"
#include "serve/server.h"
#include "serve/shadow.h"

/* What one worker thread reuses for every request. */
typedef struct mc_desk {
    mc_workspace *workspace; /* owned */
} mc_desk;

struct mc_server {
    mc_server_options options;
    mc_engine *engine;
    mc_metrics *metrics;
    mc_awaits waits;
    mc_shadow *shadow; /* owned */
    mc_meter meter;    /* --request-memory */
    mc_desk *desks;    /* (n_threads), owned */
    char url[MC_URL_MAX];
    _Atomic bool ready;
    _Atomic uint32_t wait_ms; /* --wait-timeout */
    bool waits_run;
};

typedef struct mc_call {
    mc_server *server;     /* borrowed */
    mc_exchange *exchange; /* borrowed: the other half of the same request */
    mc_match match;
    char name[MC_NAME_MAX]; /* of the model, or "" */
    char key[MC_NAME_MAX];  /* what the model cache is asked for: the name, or NAME@VERSION */
    const char *version;    /* of the model that answers, for metrics; borrowed from it */
    mc_body_kind kind;
    mc_decode *decode; /* owned */
    mc_buffer out;     /* the answer's body */
    mc_buffer held;    /* a body that cannot be read yet */
    mc_model *model;   /* owned, from acquire to done */
    mc_await *await;   /* owned; at hand before it is needed, so that a hit allocates nothing */
    char shadow[MC_NAME_MAX]; /* NAME@VERSION that is asked too, or "": keeps the body */
    bool may_go_back;         /* the body is kept in `held` too: it may ask for inverse_transform */
    mc_status unread;         /* why it could not be read as rows of the model, or MC_OK */
    bool pending;             /* `await` is in use: the model cache will call it back */
    bool waited;              /* the exchange was suspended, or need not be */
    bool spread;              /* the other processes were asked */
    bool counted;             /* in the metrics: once, although a refusal may follow an answer */
    mc_error error;
} mc_call;

/* Ends the call with an error answer: every failure of a handler comes through here. */
mc_step mc_call_fail(mc_call *call, mc_status status);
/* As above, writing the message first: mc_call_refuse(call, MC_E_NOT_FOUND, "..."). */
mc_step mc_call_refuse(mc_call *call, mc_status status, const char *format, ...) MC_PRINTF(3, 4);
/* Ends the call with what is in call->out. */
mc_step mc_call_answer(mc_call *call, const char *content_type);

/* Fills call->name from the path, or with the default model. @return MC_OK, or MC_E_NOT_FOUND
 * listing the names there are; the reason of a broken name. */
MC_MUST_CHECK mc_status mc_call_name(mc_call *call);
/* Fills call->key from the name and from the version or label of the path, if there is one. A
 * version that is not registered leaves the name: it may be the version of a single file, which the
 * model knows. @return MC_OK, or MC_E_NOT_FOUND. */
MC_MUST_CHECK mc_status mc_call_key(mc_call *call);
/* Whether options->broken[at] still is: one that is registered by now has been mended. */
bool mc_is_broken(const mc_server_options *options, size_t at);
/* Starts to wait for a callback that takes call->await; see await.h. */
MC_MUST_CHECK mc_status mc_call_prepare_wait(mc_call *call);

mc_step mc_predict_begin(mc_call *call);
mc_step mc_predict_body(mc_call *call, const uint8_t *data, size_t size);
mc_step mc_predict_finish(mc_call *call);

mc_step mc_admin_begin(mc_call *call);
mc_step mc_admin_body(mc_call *call, const uint8_t *data, size_t size);
mc_step mc_admin_finish(mc_call *call);

mc_step mc_info_finish(mc_call *call);
void mc_info_publish(mc_server *server); /* mc_server_publish() */

/* Asks the other processes, if there are any. True: `call` waits for them. */
MC_MUST_CHECK mc_status mc_call_ask_peers(mc_call *call, const mc_peer_request *request,
                                          uint64_t wait_ns, bool *wait);
/* What came of it, or of a load. */
MC_MUST_CHECK mc_status mc_call_end_wait(mc_call *call);

#endif
