/* digest.h: MD5, for models that put texts into buckets by it. */
#ifndef MC_KERNEL_DIGEST_H
#define MC_KERNEL_DIGEST_H
#include <stddef.h>
#include <stdint.h>

#define MC_MD5_SIZE 16

/* The MD5 of n bytes (RFC 1321). Thread-safe. O(n). */
void mc_md5(const uint8_t *bytes, size_t n, uint8_t out[MC_MD5_SIZE]);

/* What is left of a number of `n` bytes, the highest first, when divided by `by`, which is not 0.
 */
uint32_t mc_bytes_modulo(const uint8_t *bytes, size_t n, uint32_t by);
#endif
