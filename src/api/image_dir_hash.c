/* image_dir_hash.c: see image_dir_hash.h. */
#include "api/image_dir_hash.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

#define CHUNK ((size_t)1 << 20)

static mc_status hash_chunks(gnutls_hash_hd_t hash, int fd, uint8_t *chunk, mc_error *err)
{
    for (;;) {
        const ssize_t n = read(fd, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "cannot be read: %s",
                           strerrordesc_np(errno));
        if (n == 0)
            return MC_OK;
        if (gnutls_hash(hash, chunk, (size_t)n) != 0)
            return mc_fail(err, MC_E_INTERNAL, MC_NO_OFFSET, "SHA-256 failed");
    }
}

mc_status mc_hash_file(int fd, mc_bytes more, uint8_t out[MC_HASH_BYTES], mc_error *err)
{
    gnutls_hash_hd_t hash = NULL;
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) != 0)
        return mc_fail(err, MC_E_INTERNAL, MC_NO_OFFSET, "SHA-256 is not to be had");
    uint8_t *chunk = mc_pages_alloc(CHUNK);
    mc_status status = chunk == NULL
                           ? mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to read with")
                           : hash_chunks(hash, fd, chunk, err);
    if (status == MC_OK && gnutls_hash(hash, more.data, more.size) != 0)
        status = mc_fail(err, MC_E_INTERNAL, MC_NO_OFFSET, "SHA-256 failed");
    mc_pages_free(chunk, CHUNK);
    gnutls_hash_deinit(hash, out);
    return status;
}

bool mc_hash_sign(const uint8_t key[MC_HASH_BYTES], mc_bytes data, uint8_t out[MC_HASH_BYTES])
{
    return gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, MC_HASH_BYTES, data.data, data.size, out) == 0;
}

bool mc_hash_equal(const uint8_t a[MC_HASH_BYTES], const uint8_t b[MC_HASH_BYTES])
{
    return gnutls_memcmp(a, b, MC_HASH_BYTES) == 0;
}
