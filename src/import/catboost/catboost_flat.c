/* catboost_flat.c: reading flatbuffers by hand. */
#include "import/catboost/catboost_flat.h"

#include <string.h>

#include "base/reader.h"

mc_status mc_flat_outside(const mc_flat *in, size_t at, mc_error *err)
{
    return mc_fail(err, MC_E_MALFORMED, at, "%zu of %zu bytes: the model names what is not in it",
                   at, in->bytes.size);
}

static bool has(const mc_flat *in, size_t at, size_t n)
{
    return at <= in->bytes.size && n <= in->bytes.size - at;
}

uint32_t mc_flat_u32_at(const mc_flat *in, size_t at)
{
    return mc_load_u32le(in->bytes.data + at);
}

mc_status mc_flat_open(const mc_flat *in, size_t at, mc_flat_table *out, mc_error *err)
{
    if (!has(in, at, 4))
        return mc_flat_outside(in, at, err);
    const int64_t vtable = (int64_t)at - (int32_t)mc_flat_u32_at(in, at);
    if (vtable < 0 || !has(in, (size_t)vtable, 4))
        return mc_flat_outside(in, at, err);
    const uint8_t *b = in->bytes.data + vtable;
    const size_t size = (size_t)(b[0] | b[1] << 8);
    if (size < 4 || !has(in, (size_t)vtable, size))
        return mc_flat_outside(in, (size_t)vtable, err);
    *out = (mc_flat_table){in, at, (size_t)vtable + 4, (size - 4) / 2};
    return MC_OK;
}

mc_status mc_flat_field(const mc_flat_table *t, size_t i, size_t n, size_t *out, mc_error *err)
{
    *out = 0;
    if (i >= t->n_fields)
        return MC_OK;
    const uint8_t *b = t->in->bytes.data + t->fields + 2 * i;
    const size_t offset = (size_t)(b[0] | b[1] << 8);
    if (offset == 0)
        return MC_OK;
    if (!has(t->in, t->at + offset, n))
        return mc_flat_outside(t->in, t->at + offset, err);
    *out = t->at + offset;
    return MC_OK;
}

mc_status mc_flat_u32(const mc_flat_table *t, size_t i, uint32_t otherwise, uint32_t *out,
                      mc_error *err)
{
    size_t at = 0;
    MC_TRY(mc_flat_field(t, i, 4, &at, err));
    *out = at == 0 ? otherwise : mc_flat_u32_at(t->in, at);
    return MC_OK;
}

double mc_flat_f64(const uint8_t *b)
{
    const uint64_t bits = mc_load_u64le(b);
    double value = 0.0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float mc_flat_f32(const uint8_t *b)
{
    const uint32_t bits = mc_load_u32le(b);
    float value = 0.0f;
    memcpy(&value, &bits, sizeof value);
    return value;
}

mc_status mc_flat_f32_field(const mc_flat_table *t, size_t i, float otherwise, float *out,
                            mc_error *err)
{
    size_t at = 0;
    MC_TRY(mc_flat_field(t, i, 4, &at, err));
    *out = at == 0 ? otherwise : mc_flat_f32(t->in->bytes.data + at);
    return MC_OK;
}

mc_status mc_flat_inner(const mc_flat_table *t, size_t i, mc_flat_table *out, bool *out_found,
                        mc_error *err)
{
    size_t at = 0;
    MC_TRY(mc_flat_field(t, i, 4, &at, err));
    *out_found = at != 0;
    return at == 0 ? MC_OK : mc_flat_open(t->in, at + mc_flat_u32_at(t->in, at), out, err);
}

mc_status mc_flat_read_list(const mc_flat_table *t, size_t i, size_t size, mc_flat_list *out,
                            mc_error *err)
{
    size_t at = 0;
    *out = (mc_flat_list){0};
    MC_TRY(mc_flat_field(t, i, 4, &at, err));
    if (at == 0)
        return MC_OK;
    const size_t start = at + mc_flat_u32_at(t->in, at);
    if (!has(t->in, start, 4))
        return mc_flat_outside(t->in, at, err);
    const size_t n = mc_flat_u32_at(t->in, start);
    if (n > (t->in->bytes.size - start - 4) / size)
        return mc_flat_outside(t->in, start, err);
    *out = (mc_flat_list){t->in->bytes.data + start + 4, n, start + 4};
    return MC_OK;
}

mc_status mc_flat_item(const mc_flat *in, const mc_flat_list *from, size_t i, mc_flat_table *out,
                       mc_error *err)
{
    const size_t at = from->start + 4 * i;
    return mc_flat_open(in, at + mc_flat_u32_at(in, at), out, err);
}

mc_status mc_flat_text(const mc_flat_table *t, size_t i, mc_bytes *out, mc_error *err)
{
    mc_flat_list text;
    MC_TRY(mc_flat_read_list(t, i, 1, &text, err));
    *out = (mc_bytes){text.at, text.n};
    return MC_OK;
}
