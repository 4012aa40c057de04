/* watch.h: the folders of the models, watched for changes (inotify). *Owned* by the main thread.
 *
 * It only says that something has happened and which files are being written; what that means is
 * found out by looking (serving.c). So whatever it misses, a look finds: events that the kernel
 * dropped, folders beyond its limits, file systems that tell nothing. */
#ifndef MC_WATCH_H
#define MC_WATCH_H
#include "serve/log.h"

typedef struct mc_watch mc_watch;

/* `poll_ns`: look so often, and ask the kernel for nothing; 0: be told. */
MC_MUST_CHECK mc_status mc_watch_create(const mc_log *log, uint64_t poll_ns, mc_watch **out,
                                        mc_error *err);
void mc_watch_destroy(mc_watch *watch); /* NULL is fine */

int mc_watch_fd(const mc_watch *watch); /* for poll(); -1: there is none */
/* Reads what has happened. True if it may concern a model. Never blocks. */
bool mc_watch_read(mc_watch *watch);
/* The longest time between two looks. */
uint64_t mc_watch_interval_ns(const mc_watch *watch);
/* For how long a file must not have changed before it counts as written. */
uint64_t mc_watch_settle_ns(const mc_watch *watch);

/* What is watched from now on: begin, add each folder, end. `only` is the one name in it that
 * counts, or NULL. What cannot be watched is left out. True if a folder is watched that was not:
 * what happened in it before is unknown, so look again. */
void mc_watch_begin(mc_watch *watch);
void mc_watch_add(mc_watch *w, const char *path, const char *only);
MC_MUST_CHECK bool mc_watch_end(mc_watch *watch);
/* Adds the folders that a PATH of the command line means, and where a model's file really is. */
void mc_watch_add_path(mc_watch *w, const char *path);
void mc_watch_add_source(mc_watch *w, const char *source);

/* Whether somebody has the file open and has written to it lately. `watch` NULL: nobody knows. */
bool mc_watch_is_written(const mc_watch *watch, const char *path);
#endif
