/* replay.c: runs a fuzz target over files instead of the fuzzer's inventions.
 *
 *   replay_NAME PATH...     each file, and each file of each directory
 *
 * So corpora and past crashes are plain tests, under any compiler and sanitizer. Fails when there
 * is nothing to replay: an empty corpus tests nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t n_replayed;

static void fail(const char *path)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    exit(1);
}

/* The input is copied into a block of exactly its size, so that AddressSanitizer sees its end. */
static void replay_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size == 0 ? 1 : size);
    FILE *file = fopen(path, "rb");
    if (data == NULL || file == NULL || fread(data, 1, size, file) != size)
        fail(path);
    fclose(file);
    printf("%s: %zu bytes\n", path, size);
    fflush(stdout); /* a crash comes after the name of what caused it */
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    n_replayed++;
}

static void replay_directory(const char *path)
{
    struct dirent **names = NULL;
    const int n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        fail(path);
    for (int i = 0; i < n; i++) {
        char inner[4096];
        struct stat about;
        snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
        if (stat(inner, &about) == 0 && S_ISREG(about.st_mode))
            replay_file(inner, (size_t)about.st_size);
        free(names[i]);
    }
    free(names);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat about;
        if (stat(argv[i], &about) != 0)
            fail(argv[i]);
        if (S_ISDIR(about.st_mode))
            replay_directory(argv[i]);
        else
            replay_file(argv[i], (size_t)about.st_size);
    }
    if (n_replayed == 0) {
        fputs("replay: nothing to replay\n", stderr);
        return 1;
    }
    return 0;
}
