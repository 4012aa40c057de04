/* ini.c: lines of `text`, each with a NUL behind its parts.
 *
 * Why so   The names of models have up to 127 bytes and sources are paths: libinih, as Debian 12
 *          has it, cuts sections at 49 bytes and lines at 200, both silently, and does not say
 *          which line a key is from.
 */
#include "cli/ini.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Without blanks at both ends; writes the NUL. */
static char *trim(char *start, char *end)
{
    while (start < end && is_blank(*start))
        start++;
    while (end > start && is_blank(end[-1]))
        end--;
    *end = '\0';
    return start;
}

static void read_section(char *text, mc_ini_item *item)
{
    char *close = strchr(text, ']');
    if (close == NULL || close[1] != '\0') {
        item->problem = "expected [SECTION] and nothing behind it";
        item->section = NULL;
        return;
    }
    item->section = trim(text + 1, close);
}

static void read_key(char *text, mc_ini_item *item)
{
    char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        item->problem = "expected KEY = VALUE, [SECTION] or a comment";
        return;
    }
    item->key = trim(text, equals);
    item->value = trim(equals + 1, equals + 1 + strlen(equals + 1));
}

void mc_ini_read(char *text, size_t size, mc_ini_fn *fn, void *user)
{
    char *const end_of_all = text + size;
    const char *section = "";
    uint32_t line = 0;
    for (char *start = text, *end; start < end_of_all; start = end + 1) {
        end = memchr(start, '\n', (size_t)(end_of_all - start));
        end = end == NULL ? end_of_all : end;
        const bool is_text = memchr(start, '\0', (size_t)(end - start)) == NULL;
        char *at = trim(start, end);
        line++;
        mc_ini_item item = {.section = section, .line = line};
        if (is_text && (*at == '\0' || *at == '#' || *at == ';'))
            continue;
        if (is_text && section == NULL && *at != '[')
            continue; /* of a section that could not be read */
        if (!is_text)
            item.problem = "expected text, found a zero byte";
        else if (*at == '[')
            read_section(at, &item);
        else
            read_key(at, &item);
        section = item.section;
        fn(user, &item);
    }
}
