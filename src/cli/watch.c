/* watch.c: the folders of the models, watched for changes. */
#include "cli/watch.h"

bool mc_watch_is_written(const mc_watch *watch, const char *path)
{
    (void)path;
    return watch != NULL;
}
