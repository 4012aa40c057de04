/* nearest.c: edit distance (Levenshtein), one row at a time. */
#include "cli/nearest.h"

#include <string.h>

#define LETTERS 64
#define EDITS   2

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Both words shorter than LETTERS. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t row[LETTERS];
    for (size_t j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            const size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
            diagonal = above;
        }
    }
    return row[n_b];
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
