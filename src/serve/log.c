/* log.c: lines to stderr, each in one write(). */
#include "serve/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_BYTES 2560

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

/* A line under way; what does not fit is cut. */
typedef struct line {
    char text[LINE_BYTES];
    size_t size;
} line;

static void add(line *to, const char *format, ...) MC_PRINTF(2, 3);

static void add(line *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(to->text + to->size, sizeof to->text - to->size, format, args);
    va_end(args);
    const size_t left = sizeof to->text - 1 - to->size;
    to->size += n < 0 ? 0 : (size_t)n < left ? (size_t)n : left;
}

static void add_string(line *to, const char *key, const char *value)
{
    add(to, ",\"%s\":\"", key);
    to->size += escape(to->text + to->size, sizeof to->text - to->size, value);
    add(to, "\"");
}

static void make_json(line *to, const char *when, const mc_event *event)
{
    add(to, "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", when, LEVELS[event->level],
        event->event);
    if (event->model != NULL)
        add_string(to, "model", event->model);
    if (event->generation != 0)
        add(to, ",\"generation\":%" PRIu64, event->generation);
    if (event->bytes != 0)
        add(to, ",\"bytes\":%" PRIu64, event->bytes);
    if (event->ns != 0)
        add(to, ",\"ms\":%.3f", (double)event->ns / 1e6);
    add_string(to, "message", event->message);
    add(to, "}\n");
}

static void make_text(line *to, const char *when, const mc_event *event)
{
    add(to, "%s %-5s %s", when, LEVELS[event->level], event->message);
    to->size -= to->size == sizeof to->text - 1; /* room for the newline */
    for (size_t i = 0; i < to->size; i++) {      /* one line stays one line */
        if (to->text[i] == '\n' || to->text[i] == '\r')
            to->text[i] = ' ';
    }
    to->text[to->size++] = '\n';
}

static void write_event(const mc_log *log, const mc_event *event)
{
    line out;
    char when[40];
    out.size = 0;
    (void)stamp(when, sizeof when);
    if (atomic_load_explicit(&log->json, memory_order_relaxed))
        make_json(&out, when, event);
    else
        make_text(&out, when, event);
    if (write(STDERR_FILENO, out.text, out.size) < 0)
        return; /* nobody is left to tell */
}

static void write_suppressed(const mc_log *log, const char *kind, uint64_t n)
{
    char message[80];
    (void)snprintf(message, sizeof message, "suppressed %" PRIu64 " lines of %.32s", n, kind);
    write_event(log, &(mc_event){.level = MC_LOG_WARN, .event = "suppressed", .message = message});
}

void mc_log_event(const mc_log *log, const mc_event *event)
{
    uint64_t suppressed = 0;
    if (!mc_log_wants(log, event->level))
        return;
    const uint32_t second = (uint32_t)(mc_now_ns() / 1000000000u);
    if (log->limit != NULL && !mc_log_admit(log->limit, event->event, second, &suppressed))
        return;
    if (suppressed > 0)
        write_suppressed(log, event->event, suppressed);
    write_event(log, event);
}

void mc_log_flush(const mc_log *log)
{
    for (size_t i = 0; log->limit != NULL && i < MC_LOG_KINDS; i++) {
        const char *kind = NULL;
        const uint64_t n = mc_log_take_suppressed(log->limit, i, &kind);
        if (n > 0)
            write_suppressed(log, kind, n);
    }
}

static void tell(const mc_log *log, const mc_event *facts, const char *format, va_list args)
    MC_PRINTF(3, 0);
static void tell(const mc_log *log, const mc_event *facts, const char *format, va_list args)
{
    char message[LINE_BYTES - 256];
    mc_event event = *facts;
    (void)vsnprintf(message, sizeof message, format, args);
    event.message = message;
    mc_log_event(log, &event);
}

void mc_log_tell(const mc_log *log, const mc_event *facts, const char *format, ...)
{
    if (!mc_log_wants(log, facts->level))
        return;
    va_list args;
    va_start(args, format);
    tell(log, facts, format, args);
    va_end(args);
}

void mc_log_line(const mc_log *log, mc_log_level level, const char *message)
{
    mc_log_event(log, &(mc_event){.level = level, .event = "server", .message = message});
}

void mc_log_print(const mc_log *log, mc_log_level level, const char *format, ...)
{
    if (!mc_log_wants(log, level))
        return;
    va_list args;
    va_start(args, format);
    tell(log, &(mc_event){.level = level, .event = "server"}, format, args);
    va_end(args);
}

void mc_log_hook(void *user, const mc_event *event)
{
    mc_log_event(user, event);
}
