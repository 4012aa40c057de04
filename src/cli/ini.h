/* ini.h: the form of the configuration file: sections, and a key and a value a line.
 *
 *     ; a comment, as is # ...
 *     [section]
 *     key = the value, to the end of the line
 *
 * Blanks around sections, keys and values do not count. There are no quotes, no escapes, no
 * comments behind a value, and no lines that go on: a value is what is seen. */
#ifndef MC_INI_H
#define MC_INI_H
#include "base/base.h"

typedef struct mc_ini_item {
    const char *section; /* "" before the first; NULL with a problem: it is the section's */
    const char *key;     /* NULL: the section begins here */
    const char *value;
    uint32_t line;       /* 1 is the first */
    const char *problem; /* not NULL: the line has no such form; what was expected. static */
} mc_ini_item;

typedef void mc_ini_fn(void *user, const mc_ini_item *item);

/* Calls `fn` for each section, key and unreadable line of `text` (`size` bytes and a NUL behind
 * them), in order. Items point into `text`, which is cut up. */
void mc_ini_read(char *text, size_t size, mc_ini_fn *fn, void *user);
#endif
