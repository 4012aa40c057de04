/* verify_image.c: how fast a saved image is verified in full, and by its outline. By hand:
 *
 *   ninja -C build bench/verify_image && build/bench/verify_image IMAGE
 *
 * Mapped, as the image directory maps it; the first round takes the faults of the mapping. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "image/image.h"

#define ROUNDS 6

static double seconds_of(mc_status (*verify)(const uint8_t *, size_t, mc_error *),
                         const uint8_t *block, size_t size)
{
    mc_error error;
    const uint64_t start_ns = mc_now_ns();
    if (verify(block, size, &error) != MC_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        return 0;
    }
    return (double)(mc_now_ns() - start_ns) / 1e9;
}

static int measure(int fd, size_t size)
{
    for (int round = 0; round < ROUNDS; round++) {
        const uint8_t *block = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        if (block == MAP_FAILED)
            return 1;
        const double outline = seconds_of(mc_image_verify_outline, block, size);
        const double first = seconds_of(mc_image_verify, block, size);
        const double again = seconds_of(mc_image_verify, block, size);
        printf("%zu bytes: outline %.3f ms; in full %.2f GB/s with the mapping's faults, %.2f GB/s "
               "without\n",
               size, outline * 1e3, (double)size / first / 1e9, (double)size / again / 1e9);
        (void)munmap((void *)(uintptr_t)block, size);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct stat info;
    const int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &info) != 0) {
        (void)fprintf(stderr, "usage: verify_image IMAGE\n");
        return 2;
    }
    const int code = measure(fd, (size_t)info.st_size);
    (void)close(fd);
    return code;
}
