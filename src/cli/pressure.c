/* pressure.c: PSI triggers, and what is given back. */
#include "cli/pressure.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define MACHINE "/proc/pressure/memory"
/* 200 of 2,000 ms: windows of whole two seconds are for everybody, others for root. */
#define TRIGGER "some 200000 2000000"
#define IDLE_MS 10000u
/* Rows that came back this soon after they went are not what memory is short of. */
#define AGAIN_NS ((uint64_t)30000000000)
/* Of what models take, a part at a time: pressure that goes on wakes us again. */
#define PART 8u

static int arm(const char *path)
{
    const int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && write(fd, TRIGGER, sizeof TRIGGER) == (ssize_t)sizeof TRIGGER)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/* Of the cgroup (version 2) that we are in: "0::/path". */
static int arm_group(void)
{
    char line[1024], path[1200];
    int fd = -1;
    FILE *from = fopen("/proc/self/cgroup", "re");
    while (fd < 0 && from != NULL && fgets(line, sizeof line, from) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::/", 4) != 0 || strcmp(line, "0::/") == 0)
            continue;
        (void)snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.pressure", line + 3);
        fd = arm(path);
    }
    if (from != NULL)
        (void)fclose(from);
    return fd;
}

int mc_pressure_open(void)
{
    const int fd = arm_group();
    return fd >= 0 ? fd : arm(MACHINE);
}

void mc_pressure_relieve(mc_cache *cache, const mc_log *log, uint64_t *flushed_ns)
{
    const uint64_t now_ns = mc_now_ns();
    const bool again = *flushed_ns != 0 && now_ns - *flushed_ns < AGAIN_NS;
    const mc_cache_stats stats = mc_cache_statistics(cache);
    uint64_t bytes = stats.prediction_bytes;
    const char *what = "answered rows";
    if (bytes > 0 && !again) {
        mc_cache_flush(cache, NULL);
        *flushed_ns = now_ns;
    } else {
        bytes = mc_cache_shed(cache, stats.memory_used / PART, IDLE_MS);
        what = "models that nobody asked for lately";
    }
    const mc_event event = {.level = MC_LOG_WARN, .event = "pressure", .bytes = bytes};
    if (bytes == 0)
        mc_log_tell(log, &event, "memory is short, and nothing is left to give back");
    else
        mc_log_tell(log, &event, "memory is short: gave back %.2f MB of %s",
                    (double)bytes / (1 << 20), what);
}
