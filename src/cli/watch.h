/* watch.h: the folders of the models, watched for changes. */
#ifndef MC_WATCH_H
#define MC_WATCH_H
#include "base/base.h"

typedef struct mc_watch mc_watch;

/* Whether somebody has the file open and has written to it. `watch` NULL: nobody knows. */
bool mc_watch_is_written(const mc_watch *watch, const char *path);
#endif
