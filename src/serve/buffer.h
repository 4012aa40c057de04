/* buffer.h: growing memory of requests, under one bound for all of them.
 *
 * A meter is *guarded* (atomic): every buffer of the process charges one, so that the bytes which
 * requests hold together never pass its limit. A buffer is *owned* by one thread; it keeps its
 * memory when it is emptied, so that after the first requests nothing is allocated. */
#ifndef MC_BUFFER_H
#define MC_BUFFER_H
#include <stdatomic.h>
#include <string.h>

#include "base/base.h"

/* How many bytes requests may hold, and hold. `{.limit = 256 << 20}` initialises one. */
typedef struct mc_meter {
    size_t limit;
    atomic_size_t used;
} mc_meter;

typedef struct mc_buffer {
    uint8_t *data;   /* owned; aligned as malloc's, may move at every growth */
    size_t size;     /* bytes in use */
    size_t room;     /* bytes at `data`, charged to the meter */
    mc_meter *meter; /* borrowed: outlives the buffer */
} mc_buffer;

void mc_buffer_init(mc_buffer *buffer, mc_meter *meter);
void mc_buffer_fini(mc_buffer *buffer);
/* Empties the buffer, and gives its memory back when it has grown beyond `keep` bytes. */
void mc_buffer_trim(mc_buffer *buffer, size_t keep);

/* Slow half of mc_buffer_reserve(). */
MC_MUST_CHECK mc_status mc_buffer_grow(mc_buffer *buffer, size_t more, mc_error *err);

/* Makes room for `more` bytes behind `size`. What is added is not zeroed. Amortised O(more).
 * @return MC_OK; MC_E_BUSY when the meter's limit is reached; MC_E_NO_MEMORY. */
MC_MUST_CHECK static inline mc_status mc_buffer_reserve(mc_buffer *buffer, size_t more,
                                                        mc_error *err)
{
    if (more <= buffer->room - buffer->size)
        return MC_OK;
    return mc_buffer_grow(buffer, more, err);
}

MC_MUST_CHECK static inline mc_status mc_buffer_append(mc_buffer *buffer, const void *data,
                                                       size_t size, mc_error *err)
{
    MC_TRY(mc_buffer_reserve(buffer, size, err));
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return MC_OK;
}
#endif
