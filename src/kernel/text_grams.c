/* text_grams.c: counting and cutting. */
#include "kernel/text_grams.h"

#include <string.h>

#include "base/size.h"
#include "kernel/unicode.h"

bool mc_grams_count(size_t n_units, uint32_t least, uint32_t most, size_t *out)
{
    *out = 0;
    if (least > n_units)
        return true;
    const size_t longest = most < n_units ? most : n_units;
    const size_t lengths = longest - least + 1;
    /* n - least + 1 of the shortest, one less of each longer one */
    const size_t both = (n_units - least + 1) + (n_units - longest + 1);
    if (!mc_mul_size(lengths, both, out))
        return false;
    *out /= 2;
    return true;
}

size_t mc_text_collapse_spaces(mc_bytes in, uint8_t *out)
{
    const uint8_t *at = in.data, *const end = in.data + in.size;
    size_t size = 0;
    while (at != end) {
        uint32_t c = 0;
        const uint8_t *const from = at;
        size_t n_spaces = 0;
        for (; at != end; n_spaces++) {
            const size_t n = mc_char_read(at, end, &c);
            if (!(mc_char_flags(c) & MC_CHAR_SPACE))
                break;
            at += n;
        }
        if (n_spaces > 1) {
            out[size++] = ' ';
            continue;
        }
        if (n_spaces == 0)
            at += mc_char_read(at, end, &c);
        memcpy(out + size, from, (size_t)(at - from));
        size += (size_t)(at - from);
    }
    return size;
}

size_t mc_text_characters(mc_bytes in, uint32_t *starts)
{
    const uint8_t *at = in.data, *const end = in.data + in.size;
    size_t n = 0;
    uint32_t c = 0;
    for (; at != end; n++) {
        if (starts != NULL)
            starts[n] = (uint32_t)(at - in.data);
        at += mc_char_read(at, end, &c);
    }
    if (starts != NULL)
        starts[n] = (uint32_t)in.size;
    return n;
}
