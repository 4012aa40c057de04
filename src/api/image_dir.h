/* image_dir.h: compiled models kept in a directory, and mapped from there by any number of
 * processes. Why so: docs/design/0009-image-directory.md.
 *
 *   <address>.mci     an image; <address> is SHA-256(source's bytes, image format, build of this
 *                     program), 64 hexadecimal digits
 *   <address>.use     empty; its mtime is when the image was last mapped
 *   <device>-<inode>-<build>.idx   which image a source file has: see image_dir_index.h
 *   key               32 random bytes that entries are signed with
 *   lock              one byte range a source: one process reads a source, others wait
 *
 * The directory and all that is believed in it belong to our user, and nobody else can write there.
 * Nothing in it is needed: what is missing, foreign or broken is made again from the source.
 *
 * *Immutable* once open; any thread may load. */
#ifndef MC_API_IMAGE_DIR_H
#define MC_API_IMAGE_DIR_H
#include "cache/loader.h"

typedef struct mc_image_dir mc_image_dir;

/* Makes the directory if there is none. `options`: image_dir, image_dir_limit, and where lines go.
 * @return MC_OK; MC_E_IO when it cannot be used, saying why; MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_image_dir_open(const mc_cache_options *options, mc_image_dir **out,
                                          mc_error *err);
void mc_image_dir_add_stats(void *user, mc_cache_stats *stats); /* a mc_loader_stats_fn */
void mc_image_dir_close(void *user); /* images that it gave stay valid. NULL is fine */

/* A mc_loader_fn, `dir` being its user: maps the image of `source`, or imports it and keeps the
 * image. Fails only as mc_import_file() does. */
MC_MUST_CHECK mc_status mc_image_dir_load(void *dir, const char *source, mc_grant_fn *grant,
                                          void *context, mc_image *out, mc_error *err);
#endif
