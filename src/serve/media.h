/* media.h: media types of headers, as far as they are needed here. */
#ifndef MC_MEDIA_H
#define MC_MEDIA_H
#include <string.h>
#include <strings.h>

#include "base/base.h"

/* Whether a Content-Type header is `type`, whatever its parameters. NULL is no type. */
static inline bool mc_media_is(const char *header, const char *type)
{
    if (header == NULL)
        return false;
    const size_t size = strlen(type);
    header += strspn(header, " \t");
    return strncasecmp(header, type, size) == 0 && strchr("; \t", header[size]) != NULL;
}
#endif
