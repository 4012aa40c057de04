/* print.h: formatted text into a buffer, for answers of the control plane. */
#ifndef MC_PRINT_H
#define MC_PRINT_H
#include "serve/buffer.h"

/* As printf, at the end of the buffer. @return as mc_buffer_append(). */
MC_MUST_CHECK mc_status mc_print(mc_buffer *buffer, mc_error *err, const char *format, ...)
    MC_PRINTF(3, 4);
#endif
