/* framing.h: what the head of a request says of itself: verb, path, how large its body is. */
#ifndef MC_FRAMING_H
#define MC_FRAMING_H
#include "serve/engine.h"

mc_verb mc_verb_of(const char *name);

/* Decodes %XX in place, but for %00, which would cut the path short. Returns the new size. */
size_t mc_url_unescape(char *text);

/* Of the body: 0 where there is none, MC_BODY_UNKNOWN where it is chunked. */
uint64_t mc_exchange_declared_size(const mc_exchange *exchange);

/* Expect: 100-continue. */
bool mc_exchange_expects_continue(const mc_exchange *exchange);

/* false for a head that two parsers could read differently: the way of request smuggling. */
bool mc_exchange_framing_is_sound(const mc_exchange *exchange);
#endif
