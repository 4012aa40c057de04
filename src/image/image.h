/* image.h: a compiled model as one immutable, relocatable block. In memory = on disk.
 *
 * The block holds a header, a schema (columns, methods, classes), a program (steps over numbered
 * buffers) and arrays (weights, 64-byte aligned); offsets, never pointers. Layout: image/layout.h.
 * An mc_image is only made of a block that mc_image_verify() accepted; it is *immutable*. */
#ifndef MC_IMAGE_IMAGE_H
#define MC_IMAGE_IMAGE_H
#include "base/base.h"
#include "image/file_guard.h"

typedef struct mc_image {
    const uint8_t *block;         /* pages of ours, or of a file that is leased */
    size_t size;                  /* of the mapping: what the budget is charged */
    struct mc_patterns *patterns; /* owned: its regular expressions, compiled; NULL if none */
    mc_lease *lease;              /* owned: of a mapped file; NULL: the pages are ours */
} mc_image;

/* Proves every invariant of image/layout.h, or fails naming the one that is broken. Whatever it
 * accepts can be run with any input without a crash. O(size), no allocation. */
MC_MUST_CHECK mc_status mc_image_verify(const uint8_t *block, size_t size, mc_error *err);

/* As above without what costs O(size): the digest and what lies in arrays. Only for a block that
 * this very program has verified, and that has not changed since. */
MC_MUST_CHECK mc_status mc_image_verify_outline(const uint8_t *block, size_t size, mc_error *err);

/* Takes the pages at `block` (from mc_pages_alloc), verifies, and owns them on MC_OK. */
MC_MUST_CHECK mc_status mc_image_adopt(uint8_t *block, size_t size, mc_image *out, mc_error *err);

/* As above, of a mapped file; `trusted`: only the outline is verified. Takes the lease on MC_OK. */
MC_MUST_CHECK mc_status mc_image_adopt_lease(mc_lease *lease, size_t size, bool trusted,
                                             mc_image *out, mc_error *err);

/* Copies a file into memory that nobody else can write, and verifies the copy. */
MC_MUST_CHECK mc_status mc_image_map(const char *path, mc_image *out, mc_error *err);
/* As above of an open file of `size` bytes; `path` is for messages. */
MC_MUST_CHECK mc_status mc_image_read(int fd, size_t size, const char *path, mc_image *out,
                                      mc_error *err);
/* Writes all of it to an open file; the system puts it on the disk when it likes. */
MC_MUST_CHECK mc_status mc_image_write(const mc_image *image, int fd, const char *path,
                                       mc_error *err);
/* Writes beside `path` and renames: readers see the old file or the whole new one. */
MC_MUST_CHECK mc_status mc_image_save(const mc_image *image, const char *path, mc_error *err);
void mc_image_close(mc_image *image);

/* True if these bytes begin as an image does. */
bool mc_image_is_magic(const uint8_t *data, size_t size);

/* 32 hexadecimal digits of the XXH3-128 of the block, and a NUL. */
void mc_image_digest(const mc_image *image, char out[33]);

/* Runs `method` (a real one, not the default) on a batch: mc_model_predict's contract. */
MC_MUST_CHECK mc_status mc_image_run(const mc_image *image, mc_method method, const mc_input *input,
                                     mc_workspace *workspace, mc_output *out, mc_error *err);
#endif
