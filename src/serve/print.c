/* print.c: formatted text into a buffer. */
#include "serve/print.h"

#include <stdarg.h>
#include <stdio.h>

mc_status mc_print(mc_buffer *buffer, mc_error *err, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    MC_ASSERT(n >= 0 && (size_t)n < sizeof text); /* formats are ours, and their texts bounded */
    return mc_buffer_append(buffer, text, (size_t)n, err);
}
