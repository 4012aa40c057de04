/* image_dir_hash.h: SHA-256 and HMAC: the only door to the cryptographic library. */
#ifndef MC_API_IMAGE_DIR_HASH_H
#define MC_API_IMAGE_DIR_HASH_H
#include "base/base.h"

#define MC_HASH_BYTES 32u

/* SHA-256 of what is left to read in a file, and of `more`. @return MC_OK; MC_E_IO. */
MC_MUST_CHECK mc_status mc_hash_file(int fd, mc_bytes more, uint8_t out[MC_HASH_BYTES],
                                     mc_error *err);
/* HMAC-SHA-256; false where the library refuses. */
MC_MUST_CHECK bool mc_hash_sign(const uint8_t key[MC_HASH_BYTES], mc_bytes data,
                                uint8_t out[MC_HASH_BYTES]);
/* In a time that does not depend on what differs. */
bool mc_hash_equal(const uint8_t a[MC_HASH_BYTES], const uint8_t b[MC_HASH_BYTES]);
#endif
