/* nearest.c: edit distance; two letters swapped are one edit (optimal string alignment). */
#include "cli/nearest.h"

#include <string.h>

#define LETTERS 64
#define EDITS   2

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Both words shorter than LETTERS. row[i % 3] holds the distances of a's first i letters from each
 * beginning of b: a swap looks two rows back. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t row[3][LETTERS];
    for (size_t j = 0; j <= n_b; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t *now = row[i % 3];
        const size_t *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            now[j] = least(last[j] + 1, now[j - 1] + 1);
            now[j] = least(now[j], last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return row[n_a % 3][n_b];
}

const char *mc_nearest(const char *word, size_t size, const char *const *words, size_t n)
{
    const char *best = NULL;
    size_t best_at = EDITS + 1;
    for (size_t i = 0; i < n && size < LETTERS; i++) {
        const size_t other = strlen(words[i]);
        if (other >= LETTERS)
            continue;
        const size_t edits = distance(word, size, words[i], other);
        if (edits < best_at && 2 * edits < size) {
            best = words[i];
            best_at = edits;
        }
    }
    return best;
}
