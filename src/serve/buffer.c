/* buffer.c: buffers that grow by doubling, charged to a meter. */
#include "serve/buffer.h"

#include "base/alloc.h"
#include "base/size.h"

#define FIRST_ROOM ((size_t)256)

void mc_buffer_init(mc_buffer *buffer, mc_meter *meter)
{
    *buffer = (mc_buffer){.meter = meter};
}

static void uncharge(mc_meter *meter, size_t bytes)
{
    (void)atomic_fetch_sub_explicit(&meter->used, bytes, memory_order_relaxed);
}

/* Takes `bytes` more, or nothing. Relaxed: the meter guards a count, no other memory. */
static bool charge(mc_meter *meter, size_t bytes)
{
    const size_t before = atomic_fetch_add_explicit(&meter->used, bytes, memory_order_relaxed);
    if (before <= meter->limit && bytes <= meter->limit - before)
        return true;
    uncharge(meter, bytes);
    return false;
}

void mc_buffer_fini(mc_buffer *buffer)
{
    if (buffer->data != NULL)
        uncharge(buffer->meter, buffer->room);
    mc_free(buffer->data);
    *buffer = (mc_buffer){.meter = buffer->meter};
}

void mc_buffer_trim(mc_buffer *buffer, size_t keep)
{
    if (buffer->room > keep)
        mc_buffer_fini(buffer);
    buffer->size = 0;
}

static mc_status full(const mc_buffer *buffer, size_t need, mc_error *err)
{
    return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                   "the request needs %zu bytes of memory more, and requests may hold %zu bytes "
                   "together: send smaller batches, or raise --request-memory",
                   need - buffer->room, buffer->meter->limit);
}

mc_status mc_buffer_grow(mc_buffer *buffer, size_t more, mc_error *err)
{
    size_t need = 0;
    if (!mc_add_size(buffer->size, more, &need) || need > SIZE_MAX / 2)
        return full(buffer, SIZE_MAX / 2, err);
    size_t room = buffer->room < FIRST_ROOM ? FIRST_ROOM : buffer->room * 2;
    if (room < need)
        room = need;
    if (!charge(buffer->meter, room - buffer->room)) {
        room = need; /* doubling does not fit: exactly what is needed may */
        if (!charge(buffer->meter, room - buffer->room))
            return full(buffer, need, err);
    }
    uint8_t *data = mc_realloc(buffer->data, room, 1);
    if (data == NULL) {
        uncharge(buffer->meter, room - buffer->room);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET,
                       "the system refused %zu bytes for the request", room);
    }
    buffer->data = data;
    buffer->room = room;
    return MC_OK;
}
