/* print_tokens.c: texts through a token_pattern, for tests/e2e/test_token_patterns.py.
 *
 *   print_tokens runs|pcre   with text_runs.h where the pattern allows it, or with PCRE2 always
 *
 * stdin: the pattern, then texts, each as a uint32_t of its size and its bytes. stdout: one line of
 * how the pattern was read ("runs", "pcre", or "refused: why"), then for each text a uint32_t of
 * how many tokens it has (UINT32_MAX: it took too long), and each token as size and bytes. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/vec.h"
#include "image/pattern.h"
#include "import/sklearn/python_regex.h"

typedef struct tokens {
    const mc_python_regex *regex;
    mc_pattern *compiled;
    mc_matcher *matcher;
} tokens;

static bool read_text(mc_vec *out)
{
    uint32_t size = 0;
    out->size = 0;
    if (fread(&size, sizeof size, 1, stdin) != 1 || mc_vec_append(out, NULL, size, NULL) != MC_OK)
        return false;
    return fread(out->data, 1, size, stdin) == size;
}

static void add(mc_vec *out, uint32_t *n, mc_bytes token)
{
    const uint32_t size = (uint32_t)token.size;
    MC_ASSERT(mc_vec_append(out, &size, sizeof size, NULL) == MC_OK);
    if (size > 0)
        MC_ASSERT(mc_vec_append(out, token.data, token.size, NULL) == MC_OK);
    ++*n;
}

static mc_status cut(const tokens *t, mc_bytes text, mc_vec *out, uint32_t *n)
{
    mc_bytes token;
    bool found = false;
    *n = 0;
    if (t->compiled == NULL) {
        mc_token_scan scan = mc_token_scan_of(&t->regex->runs, text);
        while (mc_token_next(&scan, &token))
            add(out, n, token);
        return MC_OK;
    }
    mc_pattern_scan scan = mc_pattern_scan_of(t->compiled, t->matcher, text);
    for (;;) {
        MC_TRY(mc_pattern_next(&scan, &found, &token, NULL));
        if (!found)
            return MC_OK;
        add(out, n, token);
    }
}

static int cut_all(const tokens *t)
{
    mc_vec text = {0}, out = {0};
    while (read_text(&text)) {
        uint32_t n = 0;
        out.size = 0;
        if (cut(t, (mc_bytes){text.data, text.size}, &out, &n) != MC_OK) {
            n = UINT32_MAX;
            out.size = 0;
        }
        if (fwrite(&n, sizeof n, 1, stdout) != 1 ||
            (out.size > 0 && fwrite(out.data, 1, out.size, stdout) != out.size))
            return 1;
    }
    mc_vec_fini(&text);
    mc_vec_fini(&out);
    return 0;
}

int main(int argc, char **argv)
{
    mc_vec pattern = {0};
    mc_error err;
    mc_python_regex regex = {0};
    tokens t = {.regex = &regex};
    if (argc != 2 || !read_text(&pattern))
        return 2;
    mc_status status = mc_python_regex_read((mc_bytes){pattern.data, pattern.size}, &regex, &err);
    const bool with_runs = status == MC_OK && regex.is_runs && strcmp(argv[1], "runs") == 0;
    if (status == MC_OK && !with_runs)
        status =
            mc_pattern_compile((mc_bytes){regex.pcre.data, regex.pcre.size}, &t.compiled, &err);
    if (status == MC_OK)
        status = mc_matcher_create(&t.matcher, &err);
    if (status != MC_OK)
        (void)printf("refused: %s\n", err.message);
    else
        (void)puts(with_runs ? "runs" : "pcre");
    const int code = status == MC_OK ? cut_all(&t) : 0;
    mc_matcher_destroy(t.matcher);
    mc_pattern_destroy(t.compiled);
    mc_python_regex_fini(&regex);
    mc_vec_fini(&pattern);
    return code;
}
