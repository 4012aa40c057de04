/* memory.c: RAM, and the limits of cgroups.
 *
 * Version 2: /proc/self/cgroup holds "0::/path", limits are in memory.max of that folder and of all
 * above it. Version 1: "N:memory:/path", memory.limit_in_bytes; "max" or a huge number mean none.
 * In a container the path may be the host's and not exist here: then the root of the mount is ours.
 */
#include "cli/memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOUNT_V2 "/sys/fs/cgroup"
#define MOUNT_V1 "/sys/fs/cgroup/memory"

static uint64_t read_limit(const char *mount, const char *path, size_t path_size, const char *file)
{
    char name[1024];
    char text[32], *end = text;
    const int n = snprintf(name, sizeof name, "%s%.*s/%s", mount, (int)path_size, path, file);
    FILE *from = n > 0 && (size_t)n < sizeof name ? fopen(name, "re") : NULL;
    if (from == NULL)
        return UINT64_MAX;
    const bool got = fgets(text, sizeof text, from) != NULL;
    (void)fclose(from);
    const uint64_t limit = got ? strtoull(text, &end, 10) : 0;
    return end > text && limit > 0 ? limit : UINT64_MAX; /* "max" is no number */
}

/* The least limit of a folder and all above it, up to the mount. */
static uint64_t least_limit(const char *mount, const char *path, const char *file)
{
    uint64_t least = read_limit(mount, "", 0, file);
    for (size_t size = strlen(path); size > 0; size--) {
        if (path[size] != '\0' && path[size] != '/')
            continue;
        const uint64_t limit = read_limit(mount, path, size, file);
        least = limit < least ? limit : least;
    }
    return least;
}

/* One line of /proc/self/cgroup: "hierarchy:controllers:path". */
static uint64_t limit_of_line(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (path == NULL)
        return UINT64_MAX;
    *path++ = '\0';
    if (controllers[1] == '\0')
        return least_limit(MOUNT_V2, path, "memory.max");
    if (strcmp(controllers + 1, "memory") == 0)
        return least_limit(MOUNT_V1, path, "memory.limit_in_bytes");
    return UINT64_MAX;
}

uint64_t mc_memory_available(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t least = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : UINT64_MAX;
    char line[1024];
    FILE *from = fopen("/proc/self/cgroup", "re");
    while (from != NULL && fgets(line, sizeof line, from) != NULL) {
        const uint64_t limit = limit_of_line(line);
        least = limit < least ? limit : least;
    }
    if (from != NULL)
        (void)fclose(from);
    return least;
}
