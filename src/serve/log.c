/* log.c: lines to stderr, each in one write(). */
#include "serve/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048

static const char *const LEVELS[] = {"debug", "info", "warn", "error"};

static size_t stamp(char *out, size_t size)
{
    struct timespec now;
    struct tm utc;
    char seconds[24];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    const int n = snprintf(out, size, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
    return n < 0 ? 0 : (size_t)n;
}

/* Copies text as the inside of a JSON string; stops while there is room for the closing. */
static size_t escape(char *out, size_t size, const char *text)
{
    size_t n = 0;
    for (; *text != '\0' && n + 16 < size; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            out[n++] = '\\';
            out[n++] = (char)c;
        } else if (c < 0x20) {
            n += (size_t)snprintf(out + n, size - n, "\\u%04x", c);
        } else {
            out[n++] = (char)c;
        }
    }
    return n;
}

void mc_log_line(const mc_log *log, mc_log_level level, const char *message)
{
    char line[LINE_BYTES], when[40];
    if (!mc_log_wants(log, level))
        return;
    (void)stamp(when, sizeof when);
    int n;
    if (atomic_load_explicit(&log->json, memory_order_relaxed)) {
        n = snprintf(line, sizeof line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"", when,
                     LEVELS[level]);
        n += (int)escape(line + n, sizeof line - (size_t)n, message);
        n += snprintf(line + n, sizeof line - (size_t)n, "\"}\n");
    } else {
        n = snprintf(line, sizeof line - 1, "%s %-5s %s", when, LEVELS[level], message);
        n = n > LINE_BYTES - 2 ? LINE_BYTES - 2 : n;
        for (int i = 0; i < n; i++) { /* one line stays one line */
            if (line[i] == '\n' || line[i] == '\r')
                line[i] = ' ';
        }
        line[n++] = '\n';
    }
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* nobody is left to tell */
}

void mc_log_print(const mc_log *log, mc_log_level level, const char *format, ...)
{
    char message[LINE_BYTES - 128];
    if (!mc_log_wants(log, level))
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    mc_log_line(log, level, message);
}

void mc_log_hook(void *user, mc_log_level level, const char *message)
{
    mc_log_line(user, level, message);
}
