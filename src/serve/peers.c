/* peers.c: see peers.h. */
#include "serve/peers.h"

mc_status mc_peer_apply(mc_cache *cache, const mc_peer_request *request, mc_acquired_fn *done,
                        void *done_user, mc_error *err)
{
    const char *source = request->source[0] == '\0' ? NULL : request->source;
    switch (request->action) {
    case MC_PEER_LOAD:
    case MC_PEER_REFRESH:
        return mc_cache_load_async(cache, request->name, source, request->action == MC_PEER_REFRESH,
                                   done, done_user, err);
    case MC_PEER_UNLOAD:
        return mc_cache_unload(cache, request->name, err);
    case MC_PEER_PIN:
    case MC_PEER_UNPIN:
        return mc_cache_pin(cache, request->name, request->action == MC_PEER_PIN, err);
    case MC_PEER_FLUSH:
        mc_cache_flush(cache, request->name);
        return MC_OK;
    case MC_PEER_LABEL: /* loaded where it was asked for: here it loads when it is used */
        return mc_cache_set_label(cache, request->name, request->label,
                                  request->version[0] == '\0' ? NULL : request->version, false,
                                  err);
    case MC_PEER_PUBLISH:
        break;
    }
    return mc_fail(err, MC_E_INTERNAL, MC_NO_OFFSET, "no action of the model cache");
}
