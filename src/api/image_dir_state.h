/* image_dir_state.h: what an open image directory consists of; for image_dir*.c only. */
#ifndef MC_API_IMAGE_DIR_STATE_H
#define MC_API_IMAGE_DIR_STATE_H
#include <sys/stat.h>

#include "api/image_dir.h"
#include "api/image_dir_hash.h"
#include "image/file_guard.h"

#define MC_IMAGE_NAME_MAX 80u                 /* of a file in the directory, NUL included */
#define MC_IMAGE_MAP_MIN  ((size_t)256 << 10) /* smaller ones are copied: a file descriptor each */

#define MC_BOOT_BYTES 40u

struct mc_image_dir {
    char path[MC_PATH_MAX]; /* for messages */
    int fd;
    bool has_key;
    uint8_t key[MC_HASH_BYTES];
    char boot[MC_BOOT_BYTES]; /* of this run of the system, zeros behind it */
    uint64_t limit;           /* bytes of all images; 0: none */
    mc_file_guard *guard;     /* a reference */
    mc_event_fn *event;
    mc_log_fn *log;
    void *log_user;
    mc_log_level level;
};

/* What tells one state of a file from another; no padding. */
typedef struct mc_file_facts {
    uint64_t device, inode, size;
    uint64_t modified_ns, changed_ns; /* since 1970 */
} mc_file_facts;

mc_file_facts mc_file_facts_of(const struct stat *info);
bool mc_file_facts_equal(const mc_file_facts *a, const mc_file_facts *b);

/* A line, if anybody hears it. `model` is left out: a source may have many names. */
void mc_image_dir_say(const mc_image_dir *dir, mc_log_level level, const char *event,
                      const char *format, ...) MC_PRINTF(4, 5);

/* ------------------------------------------------------------------------ image_dir_store ---- */

/* Opens a file of ours for reading: regular, of our user, writable by nobody else. @return -1 with
 * `*foreign` set when there is one that must not be believed. */
int mc_image_dir_open_file(const mc_image_dir *dir, const char *name, struct stat *info,
                           bool *foreign);
/* Writes a whole file under a name of its own, and renames. Does not wait for the disk: whoever
 * needs the model waits for this, and after a crash nothing is believed that is not verified. */
typedef mc_status mc_fill_fn(const void *user, int fd, const char *path, mc_error *err);
MC_MUST_CHECK mc_status mc_image_dir_replace(const mc_image_dir *dir, const char *name,
                                             mc_fill_fn *fill, const void *user, mc_error *err);
/* Notes that an image was used now. */
void mc_image_dir_touch(const mc_image_dir *dir, const char *image);
void mc_image_dir_remove(const mc_image_dir *dir, const char *image);
/* Deletes what was left behind, and the images that were not used for longest, down to the limit;
 * never `keep`. */
void mc_image_dir_sweep(const mc_image_dir *dir, const char *keep);
/* One process at a time reads this source. Returns a descriptor to close, or -1: go on without. */
int mc_image_dir_lock(const mc_image_dir *dir, const mc_file_facts *source);

/* ------------------------------------------------------------------------ image_dir_index ---- */

/* Reads the key, or makes one. Without a key nothing is trusted, and all works but slower. */
void mc_image_dir_read_key(mc_image_dir *dir);

typedef struct mc_index_entry {
    mc_file_facts source, image;
    char name[MC_IMAGE_NAME_MAX]; /* of the image; zeros behind it */
} mc_index_entry;

/* What was noted about a source in this very state; false: nothing that can be believed. */
bool mc_image_dir_look_up(const mc_image_dir *dir, const mc_file_facts *source,
                          mc_index_entry *out);
void mc_image_dir_note(const mc_image_dir *dir, const mc_index_entry *entry);
#endif
