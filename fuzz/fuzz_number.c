/* fuzz_number.c: text to number and back.
 *
 * Property: what is read stays within the input, and what is printed reads back as the same bits.
 */
#include <string.h>

#include "base/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_and_read_again(double value)
{
    char text[MC_NUMBER_TEXT];
    double again = 0.0;
    const size_t n = mc_print_double(value, text);

    MC_ASSERT(n > 0);
    MC_ASSERT(n <= MC_NUMBER_TEXT);
    if (!(value - value == 0.0)) /* NaN and the infinities print as names */
        return;
    MC_ASSERT(mc_parse_double(text, n, &again) == n);
    MC_ASSERT(memcmp(&again, &value, sizeof value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double value = 0.0;
    const size_t n = mc_parse_double((const char *)data, size, &value);

    MC_ASSERT(n <= size);
    if (n > 0)
        print_and_read_again(value);
    if (size >= sizeof value) {
        memcpy(&value, data, sizeof value);
        print_and_read_again(value);
    }
    return 0;
}
