/* encoder.h: one column of the ONE_HOT and ORDINAL steps; importers write these records. */
#ifndef MC_IMAGE_ENCODER_H
#define MC_IMAGE_ENCODER_H
#include "base/base.h"

typedef enum mc_on_unknown { MC_UNKNOWN_REFUSED = 0, MC_UNKNOWN_CODED = 1 } mc_on_unknown;

/* Six U32: a row of the step's array 2. The column's categories are array 0 [first, first + n),
 * sorted by mc_cell_compare(); array 1 holds their codes. ONE_HOT sets output first_out + code (a
 * code of n_out or more: none); ORDINAL writes array 3 [first_out + code]. */
typedef struct mc_encoder_column {
    uint32_t first, n;
    uint32_t on_unknown, unknown_code;
    uint32_t first_out, n_out;
} mc_encoder_column;
#define MC_ENCODER_FIELDS 6
_Static_assert(sizeof(mc_encoder_column) == MC_ENCODER_FIELDS * sizeof(uint32_t), "a row of U32");
#endif
