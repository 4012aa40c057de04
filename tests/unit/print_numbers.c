/* print_numbers.c: numbers through the printer and the parser, for tests/e2e/test_number_repr.py.
 *
 *   print_numbers print   raw doubles on stdin -> one text a line on stdout
 *   print_numbers parse   one text a line on stdin -> raw doubles on stdout */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "serve/json_scalar.h"

static int print_all(void)
{
    double value;
    char text[MC_NUMBER_TEXT];
    while (fread(&value, sizeof value, 1, stdin) == 1) {
        const size_t size = mc_print_double(value, text);
        if (fwrite(text, 1, size, stdout) != size || putchar('\n') == EOF)
            return 1;
    }
    return 0;
}

static int parse_all(void)
{
    char line[2048];
    while (fgets(line, sizeof line, stdin) != NULL) {
        const mc_bytes text = {(const uint8_t *)line, strcspn(line, "\n")};
        mc_json_value value;
        if (!mc_json_read_number(text, &value)) {
            (void)fprintf(stderr, "not a number: %.*s\n", MC_SHOW(text));
            return 1;
        }
        if (fwrite(&value.number, sizeof value.number, 1, stdout) != 1)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "print") == 0)
        return print_all();
    if (argc == 2 && strcmp(argv[1], "parse") == 0)
        return parse_all();
    (void)fprintf(stderr, "usage: print_numbers print|parse\n");
    return 2;
}
