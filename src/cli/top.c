/* top.c: the table of stats.c, again each second, on a terminal.
 *
 * Plain ANSI: home, each line with what stood there cleared, the rest cleared. Where stdout is no
 * terminal there is one frame, of a second's difference, and an end. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/serve.h"
#include "cli/stats.h"

#define REFRESH_MS  1000
#define FRAME_BYTES ((size_t)64 << 10)
#define FRAME_LINES 400
#define HEAD_LINES  5 /* above the models, and the last line */

typedef struct view {
    const char *url;
    mc_stats_order order;
    bool is_live;
    mc_scrape before;
    uint64_t before_ns; /* 0: there is none */
} view;

static size_t lines_of_terminal(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row <= HEAD_LINES)
        return 24 - HEAD_LINES;
    return (size_t)(size.ws_row < FRAME_LINES ? size.ws_row : FRAME_LINES) - HEAD_LINES;
}

/* Puts a frame out in one write, each line cleared to its end. */
static void put_frame(const char *frame, size_t size)
{
    (void)fputs("\x1b[H", stdout);
    for (const char *at = frame, *end; at < frame + size; at = end + 1) {
        end = memchr(at, '\n', (size_t)(frame + size - at));
        end = end == NULL ? frame + size : end;
        (void)fprintf(stdout, "%.*s\x1b[K\r\n", (int)(end - at), at);
    }
    (void)fputs("\x1b[J", stdout);
    (void)fflush(stdout);
}

static mc_status draw(view *v, mc_error *err)
{
    static const char *const ORDERS[] = {"hits", "bytes", "latency"};
    mc_scrape now = {.n = 0};
    const mc_status status = mc_stats_fetch(v->url, &now, err);
    if (status != MC_OK) {
        mc_scrape_fini(&now);
        return status;
    }
    const uint64_t now_ns = mc_now_ns();
    const double seconds = v->before_ns == 0 ? 0 : (double)(now_ns - v->before_ns) / 1e9;
    static char frame[FRAME_BYTES];
    FILE *to = v->is_live ? fmemopen(frame, sizeof frame, "w") : stdout;
    if (to == NULL) {
        mc_scrape_fini(&now);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a frame");
    }
    mc_stats_table(to, &now, v->before_ns == 0 ? NULL : &v->before, seconds, v->order,
                   v->is_live ? lines_of_terminal() : SIZE_MAX);
    if (v->is_live) {
        (void)fprintf(to, "%s, by %s; keys: h hits, b bytes, l latency, q quits", v->url,
                      ORDERS[v->order]);
        (void)fclose(to);
        put_frame(frame, strlen(frame));
    }
    mc_scrape_fini(&v->before);
    v->before = now;
    v->before_ns = now_ns;
    return MC_OK;
}

/* Waits for a key until the next frame is due. False: the end. */
static bool heed_keys(view *v)
{
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
    char key = 0;
    if (poll(&keys, 1, REFRESH_MS) <= 0)
        return true;
    if (read(STDIN_FILENO, &key, 1) != 1)
        return false;
    if (key == 'h')
        v->order = MC_ORDER_HITS;
    else if (key == 'b')
        v->order = MC_ORDER_BYTES;
    else if (key == 'l')
        v->order = MC_ORDER_LATENCY;
    return key != 'q' && key != 'Q' && key != 3; /* Ctrl-C comes as a key */
}

static mc_status run_live(view *v, mc_error *err)
{
    struct termios was, raw;
    const bool has_keys = tcgetattr(STDIN_FILENO, &was) == 0;
    if (has_keys) {
        raw = was;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    (void)fputs("\x1b[?1049h\x1b[?25l", stdout); /* the other screen, no cursor */
    mc_status status = MC_OK;
    do
        status = draw(v, err);
    while (status == MC_OK && heed_keys(v));
    (void)fputs("\x1b[?25h\x1b[?1049l", stdout);
    (void)fflush(stdout);
    if (has_keys)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &was);
    return status;
}

/* One frame, of what happened within a second. */
static mc_status run_once(view *v, mc_error *err)
{
    MC_TRY(mc_stats_fetch(v->url, &v->before, err));
    v->before_ns = mc_now_ns();
    (void)poll(NULL, 0, REFRESH_MS);
    return draw(v, err);
}

int mc_cli_top(int n, char *const *arguments)
{
    view v = {.url = n > 0 ? arguments[0] : MC_DEFAULT_URL,
              .is_live = isatty(STDOUT_FILENO) != 0 && isatty(STDIN_FILENO) != 0};
    mc_error error;
    if (n > 1 || v.url[0] == '-') {
        (void)fprintf(stderr, "usage: modelcached top [URL]\n");
        return MC_EXIT_USAGE;
    }
    const mc_status status = v.is_live ? run_live(&v, &error) : run_once(&v, &error);
    mc_scrape_fini(&v.before);
    if (status == MC_OK)
        return MC_EXIT_OK;
    (void)fprintf(stderr, "modelcached: %s\n", error.message);
    return status == MC_E_BAD_REQUEST ? MC_EXIT_USAGE : MC_EXIT_FAILED;
}
