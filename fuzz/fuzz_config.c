/* fuzz_config.c: the configuration file, from its lines to the values of every option.
 *
 * Property: items lie within the text, in the order of its lines; a file is refused with a problem
 * that names it, or read to values that read again to the same.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/config.h"
#include "cli/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct seen {
    const char *text;
    size_t size;
    uint32_t line;
} seen;

static void check_part(const seen *s, const char *part)
{
    if (part == NULL || part[0] == '\0')
        return;
    MC_ASSERT(part >= s->text && part + strlen(part) <= s->text + s->size);
}

/* A mc_ini_fn. */
static void check_item(void *user, const mc_ini_item *item)
{
    seen *s = user;
    MC_ASSERT(item->line > s->line);
    s->line = item->line;
    check_part(s, item->section);
    if (item->problem != NULL)
        return;
    MC_ASSERT(item->section != NULL && (item->key == NULL) == (item->value == NULL));
    check_part(s, item->key);
    check_part(s, item->value);
}

/* A mc_complain_fn. */
static void count(void *user, const char *problem)
{
    size_t *n = user;
    MC_ASSERT(problem[0] != '\0');
    (*n)++;
}

static void read_items(const uint8_t *data, size_t size)
{
    char *text = mc_alloc(size + 1, 1);
    MC_ASSERT(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    seen s = {.text = text, .size = size};
    mc_ini_read(text, size, check_item, &s);
    mc_free(text);
}

static mc_status read_config(mc_config *config, char *flag, size_t *n_problems)
{
    static char *const nothing[] = {NULL};
    char path[] = "/";
    char *const arguments[] = {flag, path};
    *n_problems = 0;
    return mc_config_read(config, 2, arguments, nothing, count, n_problems);
}

static void compare(const mc_config *a, const mc_config *b)
{
    MC_ASSERT(a->n_models == b->n_models);
    for (size_t i = 0; i < MC_N_PARAMS; i++)
        MC_ASSERT(a->options.number[i] == b->options.number[i]);
    for (size_t i = 0; i < a->n_models; i++)
        for (size_t id = 0; id < MC_N_MODEL_PARAMS; id++)
            MC_ASSERT(strcmp(a->models[i].text[id], b->models[i].text[id]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mc_config config, again; /* large */
    char flag[64];
    size_t n_problems = 0;
    read_items(data, size);
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    MC_ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(flag, sizeof flag, "--config=/proc/self/fd/%d", fd);
    const mc_status status = read_config(&config, flag, &n_problems);
    MC_ASSERT((status == MC_OK) == (n_problems == 0));
    if (status == MC_OK) {
        MC_ASSERT(read_config(&again, flag, &n_problems) == MC_OK);
        compare(&config, &again);
        mc_config_fini(&again);
    }
    mc_config_fini(&config);
    (void)close(fd);
    return 0;
}
