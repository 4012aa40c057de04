/* limits.h: every bound, by name. Hitting one is MC_E_LIMIT naming it. */
#ifndef MC_LIMITS_H
#define MC_LIMITS_H
#include <stddef.h>
#include <stdint.h>

/* Model files. */
#define MC_LIMIT_INPUT_BYTES     ((size_t)64 << 30) /* a model file after decompression */
#define MC_LIMIT_EXPANSION       1100               /* decompressed bytes per compressed byte */
#define MC_LIMIT_GRAPH_FACTOR    64                 /* bytes of graph per byte of pickle ... */
#define MC_LIMIT_GRAPH_BASE      ((size_t)1 << 20)  /* ... plus this */
#define MC_LIMIT_NESTED_PICKLES  4                  /* object arrays of joblib in each other */
#define MC_LIMIT_COMPANIONS      50000              /* files of a dump of several files */
#define MC_LIMIT_LINE            4096               /* bytes of a text argument naming a global */
#define MC_LIMIT_DIMENSIONS      32                 /* of an array, as numpy 1 */
#define MC_LIMIT_FIELDS          64                 /* of a structured dtype */
#define MC_LIMIT_LITERAL_DEPTH   1000   /* lists and dicts of a schema.json in each other */
#define MC_LIMIT_ESTIMATOR_DEPTH 40     /* estimators in estimators */
#define MC_LIMIT_LOWERED         200000 /* estimators lowered for one model */
#define MC_LIMIT_COLUMNS         ((size_t)1 << 24) /* input columns */
#define MC_LIMIT_STEPS           ((size_t)1 << 22) /* steps of a program */
#define MC_LIMIT_WIDTH           ((size_t)1 << 26) /* columns of a buffer */
#define MC_LIMIT_ITERATIONS      (1u << 24)        /* of an iterative estimator, for a row */
/* Requests. */
#define MC_LIMIT_ROWS         ((size_t)10000000) /* rows of one request */
#define MC_LIMIT_HEADER_BYTES ((size_t)32 << 10)
#define MC_LIMIT_JSON_DEPTH   16             /* arrays and objects in each other */
#define MC_LIMIT_KEY_BYTES    ((size_t)1024) /* a key of a JSON object */
#endif
