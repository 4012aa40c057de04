/* modelcache.h: serve fitted scikit-learn models from C, without Python.
 *
 * Opaque handles, caller-owned error objects, no global state. Everything the daemon does, it does
 * through this header. Strings are UTF-8. Sizes are bytes, counts are items, times carry their
 * unit.
 *
 *   mc_model      a fitted model, compiled: immutable, reference-counted, usable from any thread
 *   mc_workspace  scratch memory of one thread: what predictions are computed in
 *   mc_cache      many named models under one byte budget: load, refresh, predict, unload
 *
 * Thread-safety, in three words: an object is *immutable* (any thread), *owned* (one thread at a
 * time) or *guarded* (any thread; it locks inside). Each type says which.
 */
#ifndef MC_MODELCACHE_H
#define MC_MODELCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MC_VERSION "0.1.0"

#if defined(__GNUC__)
#define MC_API        __attribute__((visibility("default")))
#define MC_MUST_CHECK __attribute__((warn_unused_result))
#else
#define MC_API
#define MC_MUST_CHECK
#endif

/* ------------------------------------------------------------------------------- errors ---- */

/* How a call ended. The table, with HTTP codes and texts, is src/base/status.def and
 * docs/ERRORS.md. */
typedef enum mc_status {
    MC_OK = 0,
    MC_E_BAD_REQUEST,
    MC_E_BAD_INPUT,
    MC_E_NO_METHOD,
    MC_E_UNAUTHORIZED,
    MC_E_FORBIDDEN,
    MC_E_NOT_FOUND,
    MC_E_BAD_VERB,
    MC_E_TOO_SLOW,
    MC_E_CONFLICT,
    MC_E_TOO_LARGE,
    MC_E_BAD_MEDIA_TYPE,
    MC_E_TRUNCATED,
    MC_E_MALFORMED,
    MC_E_UNSUPPORTED,
    MC_E_LIMIT,
    MC_E_IO,
    MC_E_MISMATCH,
    MC_E_QUOTA,
    MC_E_INTERNAL,
    MC_E_BUSY,
    MC_E_NO_MEMORY,
    MC_E_DEADLINE,
    MC_E_OVER_BUDGET,
    MC_E_PENDING
} mc_status;

#define MC_NO_OFFSET      UINT64_MAX /* the failure has no place in the input */
#define MC_ERROR_MESSAGE  400
#define MC_ERROR_CONTEXTS 8
#define MC_ERROR_CONTEXT  120

/* Why a call failed. Caller-owned, fixed size, allocates nothing. Filled only when a call does not
 * return MC_OK. `context[0]` is the innermost: "estimators_[17]", then "step \"clf\"", ... */
typedef struct mc_error {
    mc_status status;
    uint64_t offset; /* byte in the input, or MC_NO_OFFSET */
    uint32_t n_contexts;
    char message[MC_ERROR_MESSAGE]; /* what was expected, what was found, where */
    char context[MC_ERROR_CONTEXTS][MC_ERROR_CONTEXT];
} mc_error;

MC_API const char *mc_status_name(mc_status status); /* "bad_input"; static */
MC_API const char *mc_status_text(mc_status status); /* one English sentence; static */
MC_API int mc_status_http(mc_status status);         /* 400 */

/* Writes "message / in context / in context" into `text` (capacity `size`, NUL-terminated, cut if
 * need be). Returns `text`. */
MC_API const char *mc_error_format(const mc_error *error, char *text, size_t size);

/* ------------------------------------------------------------------------------ methods ---- */

/* What can be asked of a model, in scikit-learn's words. */
typedef enum mc_method {
    MC_METHOD_PREDICT = 0,
    MC_METHOD_PREDICT_PROBA,
    MC_METHOD_PREDICT_LOG_PROBA,
    MC_METHOD_DECISION_FUNCTION,
    MC_METHOD_TRANSFORM,
    MC_METHOD_SCORE_SAMPLES,
    MC_METHOD_APPLY,
    MC_METHOD_INVERSE_TRANSFORM,
    MC_METHOD_PREDICT_STD, /* predict(return_std=True): parts "" and "std" */
    MC_METHOD_KNEIGHBORS,  /* parts "distances" and "indices" of the fitted n_neighbors */
    MC_METHOD_PREDICT_COV, /* predict(return_cov=True): parts "" and "cov", which is of pairs of
                              rows, and the one answer that is not row by row */
    MC_METHOD_RADIUS_NEIGHBORS, /* parts "distances" and "indices", MC_CELL_LIST each: of those
                                   within the fitted radius, in scikit-learn's order */
    MC_METHOD_KNEIGHBORS_GRAPH, /* (n_rows, training rows): 1 at each neighbour */
    MC_METHOD_RADIUS_NEIGHBORS_GRAPH,
    MC_METHOD_DECISION_PATH, /* (n_rows, nodes of all trees): 1 at each node that a row passes; of
                                forests also part "n_nodes_ptr", where each tree's nodes begin */
    MC_METHOD_MAHALANOBIS,   /* of the estimators of sklearn.covariance */
    MC_METHOD_PREDICT_JOINT_LOG_PROBA, /* of the naive Bayes classifiers */
    MC_N_METHODS,
    MC_METHOD_DEFAULT = 255 /* predict, or transform where there is no predict */
} mc_method;

MC_API const char *mc_method_name(mc_method method); /* "predict_proba"; static */
/* Finds a method by name (not NUL-terminated). MC_E_NO_METHOD if there is none of that name. */
MC_API MC_MUST_CHECK mc_status mc_method_find(const char *name, size_t name_size, mc_method *out);

/* ------------------------------------------------------------------------ values, inputs ---- */

typedef enum mc_cell_kind {
    MC_CELL_NONE = 0, /* missing: null, None, NA */
    MC_CELL_NUMBER,
    MC_CELL_INTEGER,
    MC_CELL_BOOL, /* in `integer`, 0 or 1 */
    MC_CELL_STRING,
    MC_CELL_LIST, /* `size` cells in `items`: the tokens of a row, a set of labels */
    MC_CELL_DICT  /* `size` pairs in `items`: key, value, key, value ...; no key twice */
} mc_cell_kind;

/* One value of a column that holds more than numbers. 16 bytes. */
typedef struct mc_cell {
    uint32_t kind; /* mc_cell_kind */
    uint32_t size; /* bytes of `text`, cells of a list, pairs of a dict */
    union {
        double number;
        int64_t integer;
        const char *text;            /* UTF-8, not NUL-terminated; borrowed */
        const struct mc_cell *items; /* borrowed */
    } as;
} mc_cell;

/* What a row of the model's input is, in scikit-learn. All but the first have one column. */
typedef enum mc_row_kind {
    MC_ROW_COLUMNS = 0, /* a row of a matrix or a frame */
    MC_ROW_VALUE,       /* one value: a text, a label */
    MC_ROW_LIST,        /* a list: tokens, pairs, a set of labels */
    MC_ROW_DICT         /* a dict: DictVectorizer, FeatureHasher */
} mc_row_kind;

typedef enum mc_column_kind {
    MC_COLUMN_UNUSED = 0, /* the model never looks at it: any value, or none when rows are named */
    MC_COLUMN_NUMBER,     /* float64 in `numbers`; missing is NaN */
    MC_COLUMN_CELL,       /* any value in `cells` */
    MC_COLUMN_SPARSE      /* float64 in sparse rows: all columns of a very wide model, or none */
} mc_column_kind;

/* One input column of a model, and the slot of a row that it is put into. */
typedef struct mc_column {
    const char *name; /* NULL if the model was fitted without names; NUL-terminated */
    uint32_t name_size;
    uint32_t slot; /* index into the row of `numbers` or of `cells`, or the sparse row's index */
    mc_column_kind kind;
} mc_column;

typedef enum mc_dtype {
    MC_DTYPE_F64 = 0,
    MC_DTYPE_F32,
    MC_DTYPE_I64,
    MC_DTYPE_I32,
    MC_DTYPE_U8,
    MC_DTYPE_BOOL,
    MC_DTYPE_CELL
} mc_dtype;

typedef enum mc_layout {
    MC_LAYOUT_SLOTS = 0, /* the model's own: see mc_column.slot */
    MC_LAYOUT_DENSE,     /* one matrix of one dtype, any strides */
    MC_LAYOUT_COLUMNS,   /* one array a column, in the order of mc_model_column() */
    MC_LAYOUT_CSR        /* sparse rows: absent entries are 0.0 */
} mc_layout;

typedef struct mc_column_data {
    mc_dtype dtype;
    ptrdiff_t stride; /* bytes between rows */
    const void *data; /* (n_rows); borrowed */
} mc_column_data;

/* Sparse rows: row i has data[indptr[i] .. indptr[i + 1]) at these columns; absent ones are 0.0.
 * Columns in any order; values of the same column add up. */
typedef struct mc_csr_data {
    size_t n_columns;
    const int64_t *indptr;  /* (n_rows + 1) */
    const int32_t *indices; /* (indptr[n_rows]), each below n_columns */
    const double *data;     /* (indptr[n_rows]) */
} mc_csr_data;

/* A batch of rows, borrowed for one call. */
typedef struct mc_input {
    mc_layout layout;
    bool sparse; /* the rows came as sparse ones: what keeps them so answers sparse. Set for CSR */
    bool integers; /* SLOTS: they came as whole numbers. Else their dtypes say so */
    bool truths;   /* SLOTS: they came as lists of true and false alone. Else their dtype says so */
    size_t n_rows;
    union {
        struct {
            const double *numbers; /* (n_rows, n_numbers), C order */
            const mc_cell *cells;  /* (n_rows, n_cells), C order */
            mc_csr_data rows;      /* where the columns are MC_COLUMN_SPARSE, and only there */
        } slots;
        struct {
            const void *data; /* (n_rows, n_columns) */
            mc_dtype dtype;
            size_t n_columns;
            ptrdiff_t row_stride, column_stride; /* bytes */
        } dense;
        struct {
            const mc_column_data *columns; /* (n_columns) */
            size_t n_columns;
        } columns;
        mc_csr_data csr;
    } as;
} mc_input;

/* ------------------------------------------------------------------------------ outputs ---- */

typedef enum mc_value_type {
    MC_VALUE_FLOAT = 0, /* double; print as a float */
    MC_VALUE_INT,       /* double that holds an integer; print without a point */
    MC_VALUE_BOOL,      /* double, 0 or 1 */
    MC_VALUE_LABEL,     /* int32_t: index into mc_model_classes(model, classes) */
    MC_VALUE_CELL       /* mc_cell */
} mc_value_type;

/* One block of an answer. */
typedef struct mc_part {
    const char *name; /* NULL, or "std", "distances" ... */
    mc_value_type type;
    bool scalar;      /* 1-D: one value a row, n_columns is 1 */
    bool sparse;      /* scikit-learn answers with a sparse matrix */
    uint32_t classes; /* for MC_VALUE_LABEL: which class table */
    size_t n_columns;
    const void *data; /* (n_rows, n_columns), C order, of the type above; in the workspace */
    /* Or, where `indptr` is not NULL, sparse rows of doubles, and `data` is NULL: row i has
     * values[indptr[i] .. indptr[i + 1]) at these columns, which ascend. */
    const int64_t *indptr;  /* (n_rows + 1) */
    const int32_t *indices; /* (indptr[n_rows]) */
    const double *values;   /* (indptr[n_rows]) */
    size_t n_deep; /* 0; of an answer about pairs of rows ("cov"), how many values each pair has:
                      `data` is (n_rows, n_rows, n_deep), n_columns is n_rows * n_deep */
} mc_part;

/* An answer: valid until the next call with the same workspace. */
typedef struct mc_output {
    size_t n_rows;
    size_t n_parts;
    bool list; /* multi-output: a row's answer is the list of its parts */
    const mc_part *parts;
} mc_output;

/* --------------------------------------------------------------------------- workspaces ---- */

/* Scratch memory for predictions. *Owned* by one thread at a time; grows to what is needed, up to
 * its limit, and is reused: after the first requests nothing is allocated. */
typedef struct mc_workspace mc_workspace;

/* @param limit  bytes that it may grow to. @return MC_OK, MC_E_NO_MEMORY. */
MC_API MC_MUST_CHECK mc_status mc_workspace_create(size_t limit, mc_workspace **out, mc_error *err);
MC_API void mc_workspace_destroy(mc_workspace *workspace); /* NULL is fine */
MC_API size_t mc_workspace_bytes(const mc_workspace *workspace);

/* ------------------------------------------------------------------------------- models ---- */

/* A compiled model. *Immutable*; counted. Holding one keeps its memory mapped. */
typedef struct mc_model mc_model;

/* How numbers of a model may be stored that were float64. */
typedef enum mc_quantization {
    MC_QUANTIZE_NEVER = 0,
    MC_QUANTIZE_F32,
    MC_QUANTIZE_F16,
    MC_QUANTIZE_BF16,
    MC_QUANTIZE_INT8,
    MC_N_QUANTIZATIONS
} mc_quantization;
MC_API const char *mc_quantization_name(mc_quantization quantization); /* "f16"; "never"; static */

/* What a model is: all strings live as long as the model. */
typedef struct mc_model_info {
    const char *name;            /* "" when opened without a cache */
    const char *version;         /* "" when the source has none */
    const char *source;          /* path it came from */
    const char *estimator;       /* "Pipeline" */
    const char *sklearn_version; /* "1.9.1", or "" */
    const char *digest;          /* of the image: 32 hexadecimal digits */
    uint64_t generation;         /* 1 for the first load of a name, then 2, 3 ... */
    uint64_t bytes;              /* what the memory budget is charged, exactly */
    uint64_t load_ns;            /* from the first byte read to ready */
    uint32_t methods;            /* bit set of 1u << mc_method */
    mc_method default_method;
    size_t n_columns, n_numbers, n_cells; /* inputs; see mc_model_column() */
    size_t n_class_tables;
    bool has_names;            /* fitted on a frame with column names */
    bool extra_columns;        /* named rows may hold more columns than the model knows */
    mc_row_kind row;           /* one value, or columns? */
    mc_quantization quantized; /* how its numbers are stored */
} mc_model_info;

/* Reads any model file: found out by content, not by name. Never runs what is in it.
 * @return MC_OK; MC_E_IO, MC_E_TRUNCATED, MC_E_MALFORMED, MC_E_UNSUPPORTED, MC_E_LIMIT,
 * MC_E_NO_MEMORY with `err` naming the byte, opcode, class or attribute. `*out` is one reference.
 */
MC_API MC_MUST_CHECK mc_status mc_model_open(const char *path, mc_model **out, mc_error *err);

/* Maps a saved image (.mci) after verifying it, or writes one (atomically: rename). */
MC_API MC_MUST_CHECK mc_status mc_model_map(const char *path, mc_model **out, mc_error *err);
MC_API MC_MUST_CHECK mc_status mc_model_save(const mc_model *model, const char *path,
                                             mc_error *err);

/* A model like `model` whose weights, training rows, support vectors and leaves are stored in fewer
 * bits; sums stay float64. Its answers differ as much as the rounding of these numbers makes them.
 * `model` stays as it is. @return MC_OK with one reference; MC_E_CONFLICT if it is quantized
 * already; MC_E_NO_MEMORY. */
MC_API MC_MUST_CHECK mc_status mc_model_quantize(const mc_model *model,
                                                 mc_quantization quantization, mc_model **out,
                                                 mc_error *err);

MC_API void mc_model_retain(mc_model *model);
MC_API void mc_model_release(mc_model *model); /* NULL is fine; the last one unmaps */

MC_API mc_model_info mc_model_describe(const mc_model *model);
/* Input column `at`, below n_columns of mc_model_describe(), in the order of training. Its name
 * lives as long as the model. O(1). */
MC_API mc_column mc_model_column(const mc_model *model, size_t at);
/* All of them, as an array (n_columns) that lives as long as the model; or NULL where they are all
 * alike, without names, of one kind, column i with slot i: a million of them cost nothing. */
MC_API const mc_column *mc_model_columns(const mc_model *model, size_t *n_out);
/* Index of a named column, or MC_E_NOT_FOUND. O(log n_columns). */
MC_API MC_MUST_CHECK mc_status mc_model_find_column(const mc_model *model, const char *name,
                                                    size_t name_size, size_t *out);
/* Class table `table` (below n_class_tables): the labels, sorted as in `classes_`. */
MC_API const mc_cell *mc_model_classes(const mc_model *model, size_t table, size_t *n_out);

/* What inverse_transform is asked of: a model whose columns are what transform answers. NULL where
 * there is no such method. Part of `model`: lives as long, is neither retained nor released; its
 * class tables are the last ones of `model`. Asking either of the two is the same. */
MC_API const mc_model *mc_model_inverse(const mc_model *model);

/* Predicts one batch.
 *
 *   model      [in]   immutable; any number of threads may share it
 *   method            MC_METHOD_DEFAULT, or one of the model's methods
 *   input      [in]   borrowed for the call; 0 rows are valid
 *   workspace  [in]   owned by the calling thread; `out` points into it
 *   out        [out]  written only on MC_OK
 *
 * @return MC_OK; MC_E_NO_METHOD; MC_E_BAD_INPUT (err->offset is the row); MC_E_BUSY when the
 * workspace's limit is reached. A row's answer is bit-identical in every batch; what
 * predict_cov says of two rows, too.
 * O(n_rows * steps). No lock, no I/O, and no allocation once the workspace has grown. */
MC_API MC_MUST_CHECK mc_status mc_model_predict(const mc_model *model, mc_method method,
                                                const mc_input *input, mc_workspace *workspace,
                                                mc_output *out, mc_error *err);

/* -------------------------------------------------------------------------- model cache ---- */

/* Named models under one byte budget. *Guarded*: any thread may call anything. */
typedef struct mc_cache mc_cache;

typedef enum mc_log_level { MC_LOG_DEBUG, MC_LOG_INFO, MC_LOG_WARN, MC_LOG_ERROR } mc_log_level;
/* One line, no newline at its end. Called from any thread; must not call the cache. */
typedef void mc_log_fn(void *user, mc_log_level level, const char *message);

/* One thing that happened, for programs to read. What is 0 or NULL does not belong to it. Texts are
 * borrowed for the call. */
typedef struct mc_event {
    mc_log_level level;
    const char *event; /* "loaded", "evicted", "hit" ...: one word a kind */
    const char *model;
    uint64_t generation;
    uint64_t bytes;
    uint64_t ns;         /* that it took */
    const char *message; /* the line for people, no newline at its end */
} mc_event;
/* Called from any thread; must not call the cache. */
typedef void mc_event_fn(void *user, const mc_event *event);

/* Asked about every model that was read, before it is published: whatever served until then still
 * serves. Called on a thread that belongs to this load alone, usually of idle priority: it may take
 * long and may predict with `model` (borrowed for the call), but must not call the cache.
 * @return MC_OK; anything else ends the load with `err`, and the old model keeps serving. */
typedef mc_status mc_gate_fn(void *user, const char *name, const mc_model *model, mc_error *err);

/* How the memory of models is held; wishes, which the system may refuse (then that is logged). */
#define MC_HOLD_LARGE_PAGES 1u /* 2 MiB pages where they fit: fewer misses of the TLB */
#define MC_HOLD_PREFAULT    2u /* all pages are there before the model is published */
#define MC_HOLD_LOCK        4u /* never written out: mlock */

typedef struct mc_cache_options {
    size_t struct_size;      /* sizeof(mc_cache_options): lets the struct grow */
    uint64_t memory_budget;  /* bytes for resident models and loads in flight; 0: no limit */
    uint32_t load_threads;   /* 0: one */
    uint32_t max_waiters;    /* per model; 0: 1024 */
    uint64_t retry_after_ms; /* a failed load is remembered this long; 0: 1000 */
    mc_log_fn *log;          /* NULL: silent */
    void *log_user;
    mc_log_level log_level;     /* lines below it are not even made; 0: all of them */
    mc_event_fn *event;         /* instead of `log`, with the same user; NULL: `log` is called */
    uint64_t prediction_cache;  /* bytes for answered rows; 0: there is no prediction cache */
    bool prediction_always;     /* also for models that answer faster than a look-up */
    uint64_t prediction_ttl_ms; /* an answer is forgotten after this long; 0: never */
    const char *image_dir;      /* compiled models are kept there and mapped, by any number of
                                   processes; made if need be, mode 0700. Copied; NULL: none */
    uint64_t image_dir_limit;   /* bytes; the images not used for longest go first; 0: no limit */
    mc_gate_fn *gate;           /* NULL: whatever can be read is published */
    void *gate_user;
    uint64_t room_wait_ms; /* a load waits so long for memory that is held or drains; 0: 2000 */
    uint32_t hold;         /* MC_HOLD_*, of every model; 0: as the system likes */
} mc_cache_options;

/* Why a model left memory while its name stayed. */
typedef enum mc_drop {
    MC_DROP_BUDGET = 0, /* evicted to make room for another */
    MC_DROP_IDLE,       /* not used for its idle_unload_ms */
    MC_DROP_PRESSURE,   /* mc_cache_shed() */
    MC_DROP_SWAP,       /* to make room for its own next generation: swap = drop-first */
    MC_DROP_UNLOAD,     /* mc_cache_unload(), mc_cache_remove() */
    MC_N_DROPS
} mc_drop;
MC_API const char *mc_drop_name(mc_drop why); /* "budget"; static */

typedef enum mc_model_state {
    MC_STATE_REGISTERED = 0,
    MC_STATE_LOADING,
    MC_STATE_READY,
    MC_STATE_DRAINING,
    MC_STATE_GONE,
    MC_STATE_FAILED
} mc_model_state;
MC_API const char *mc_model_state_name(mc_model_state state); /* "ready"; static */

#define MC_NAME_MAX 128 /* bytes of a model's name or version, NUL included */
#define MC_PATH_MAX 4096

/* One entry of the cache, copied out. */
typedef struct mc_entry_info {
    char name[MC_NAME_MAX];
    char version[MC_NAME_MAX];
    char source[MC_PATH_MAX];
    char digest[33];
    mc_model_state state;
    uint64_t bytes; /* resident */
    uint64_t hits, misses, loads, load_failures;
    uint64_t generation;
    uint64_t load_ns;  /* of the last load that succeeded */
    uint64_t loads_ns; /* of all of them together */
    uint64_t age_ns;   /* since what is in memory was published; 0: nothing is */
    uint64_t drops[MC_N_DROPS];
    uint64_t in_flight;    /* who holds what is in memory, besides the cache */
    uint64_t waiting;      /* requests that wait for it to load */
    uint64_t source_stamp; /* mc_source_stamp() as that load began; 0 before the first */
    bool pinned;
    mc_error last_error; /* why the last load failed; status MC_OK when it did not */
} mc_entry_info;

typedef struct mc_cache_stats {
    uint64_t memory_budget, memory_used;
    uint64_t n_models, n_ready;
    uint64_t hits, misses, loads, load_failures, single_flight_waits;
    uint64_t wasted_loads; /* of models that had been evicted a moment before: the cache churns */
    uint64_t drops[MC_N_DROPS];                                      /* of all models, by reason */
    uint64_t prediction_limit, prediction_bytes, prediction_entries; /* of the prediction cache */
    uint64_t prediction_hits, prediction_misses;                     /* rows */
    uint64_t prediction_evictions;       /* answers dropped to make room */
    uint64_t prediction_share_evictions; /* of these, of models that had their share */
    uint64_t image_files_rescued;        /* mapped images that somebody wrote to: copied before */
    uint64_t image_files_lost; /* of these, for which the copy was too late, or had no memory */
} mc_cache_stats;

MC_API MC_MUST_CHECK mc_status mc_cache_create(const mc_cache_options *options, mc_cache **out,
                                               mc_error *err);
/* Waits for loads in flight. Models still held stay valid until released. NULL is fine. */
MC_API void mc_cache_destroy(mc_cache *cache);

/* Registers `name` (letters, digits, . _ -) for `source` without loading it. A name that exists
 * gets the new source at its next load. `version` may be NULL. */
MC_API MC_MUST_CHECK mc_status mc_cache_add(mc_cache *cache, const char *name, const char *version,
                                            const char *source, mc_error *err);
/* Loads only when nothing is cached (else logs "already cached"). Blocks until ready or failed;
 * any number of concurrent callers load once. `source` may be NULL for a registered name; one that
 * differs from what the name stands for is loaded and swapped in. */
MC_API MC_MUST_CHECK mc_status mc_cache_load(mc_cache *cache, const char *name, const char *source,
                                             mc_error *err);
/* Always loads again, and publishes only on success: a broken file keeps the old model serving. */
MC_API MC_MUST_CHECK mc_status mc_cache_refresh(mc_cache *cache, const char *name, mc_error *err);
/* Drops the model from memory; it stays registered and loads again on use. MC_E_CONFLICT when
 * pinned. Requests in flight finish on it. */
MC_API MC_MUST_CHECK mc_status mc_cache_unload(mc_cache *cache, const char *name, mc_error *err);
/* Forgets the name too. */
MC_API MC_MUST_CHECK mc_status mc_cache_remove(mc_cache *cache, const char *name, mc_error *err);
MC_API MC_MUST_CHECK mc_status mc_cache_pin(mc_cache *cache, const char *name, bool pinned,
                                            mc_error *err);

/* Memory is short: drops the models that are worth the least until `bytes` came back, but none that
 * was used within the last `idle_ms`, is pinned or held. @return bytes that came back. */
MC_API uint64_t mc_cache_shed(mc_cache *cache, uint64_t bytes, uint64_t idle_ms);

typedef enum mc_swap {
    MC_SWAP_KEEP = 0,  /* the old one keeps serving, the new one is refused: MC_E_CONFLICT */
    MC_SWAP_DROP_FIRST /* the old one is unloaded first: requests wait for the new one */
} mc_swap;

typedef enum mc_quantize_when {
    MC_QUANTIZE_ALWAYS = 0,
    MC_QUANTIZE_NO_ROOM /* only what did not fit beside the models in memory, whole */
} mc_quantize_when;

/* How one model is treated; what is left 0 is as if nothing had been said. */
typedef struct mc_model_settings {
    size_t struct_size;      /* sizeof(mc_model_settings): lets the struct grow */
    bool pin;                /* neither evicted nor unloaded */
    uint64_t retry_after_ms; /* a failed load is remembered this long; 0: the cache's own */
    uint64_t idle_unload_ms; /* leaves memory when it was not used for so long; 0: stays */
    mc_swap swap;            /* when the old and the new generation do not fit together */
    /* Of the models that name one resident_set, so many stay in memory once loaded, those of the
     * highest value. "": the model is a set of its own. */
    uint32_t min_resident;
    char resident_set[MC_NAME_MAX];
    mc_quantization quantize; /* from its next load on; an image that is quantized stays as it is */
    /* 100 - percent of the prediction cache that its answered rows may hold, so that 0 is all of it
     * and 100 nothing; beyond, they displace one another. */
    uint32_t prediction_withheld;
    mc_quantize_when quantize_when;
} mc_model_settings;

/* Replaces all settings of `name`, from now on. The name need not be registered yet: what is said
 * here waits for it, and outlives mc_cache_remove(). `settings` is copied.
 * @return MC_OK; MC_E_BAD_REQUEST for what cannot be a name, or settings that this version does not
 * know; MC_E_NO_MEMORY. */
MC_API MC_MUST_CHECK mc_status mc_cache_configure(mc_cache *cache, const char *name,
                                                  const mc_model_settings *settings, mc_error *err);

/* Versions. A model of several versions is registered as NAME@VERSION for each: all verbs take such
 * a name. NAME alone then means the version that answers for it: the one with the label "stable",
 * else the one of mc_cache_set_default(), and, for some requests, the canary. */
#define MC_LABEL_MAX  40 /* bytes of a label, or of a version that one is on, NUL included */
#define MC_LABELS_MAX 32 /* names of labels that a model ever had */

/* `version` NULL: NAME means none of them. @return MC_OK; MC_E_NOT_FOUND: there is no such version;
 * MC_E_CONFLICT: NAME is registered itself; MC_E_BAD_REQUEST; MC_E_NO_MEMORY. So do the next two.
 */
MC_API MC_MUST_CHECK mc_status mc_cache_set_default(mc_cache *cache, const char *name,
                                                    const char *version, mc_error *err);
/* Moves a label; takes it away if `version` is NULL. MC_E_CONFLICT, too, when `loaded_only` and the
 * version is not in memory. */
MC_API MC_MUST_CHECK mc_status mc_cache_set_label(mc_cache *cache, const char *name,
                                                  const char *label, const char *version,
                                                  bool loaded_only, mc_error *err);
/* A share (of 10000) of the requests for NAME goes to a label or version: the canary answers them,
 * the shadow is only counted here and found with mc_cache_take_shadow(). */
MC_API MC_MUST_CHECK mc_status mc_cache_divert(mc_cache *cache, const char *name, bool shadow,
                                               const char *target, uint32_t share, mc_error *err);

/* NAME@VERSION of a label (not NUL-terminated). Lock-free. @return MC_OK; MC_E_NOT_FOUND. */
MC_API MC_MUST_CHECK mc_status mc_cache_find_label(mc_cache *cache, const char *name,
                                                   const char *label, size_t label_size,
                                                   char out[MC_NAME_MAX], mc_error *err);
/* Writes NAME@VERSION; false if there is none. Lock-free. */
MC_API bool mc_cache_find_version(mc_cache *cache, const char *name, const char *version,
                                  size_t version_size, char out[MC_NAME_MAX]);
/* Counts a request for NAME: true if the shadow, in `out`, is to be asked too. Lock-free. */
MC_API bool mc_cache_take_shadow(mc_cache *cache, const char *name, char out[MC_NAME_MAX]);

typedef struct mc_label_info {
    char name[MC_LABEL_MAX], version[MC_NAME_MAX];
} mc_label_info;

typedef struct mc_diversion_info {
    char target[MC_LABEL_MAX]; /* "": there is none */
    char version[MC_NAME_MAX]; /* that it is now; "": none */
    uint32_t share;            /* of 10000 */
    uint64_t requests, taken;  /* counted while there was one */
} mc_diversion_info;

typedef struct mc_versions_info {
    char version[MC_NAME_MAX];     /* that NAME means; "": none */
    char set_default[MC_NAME_MAX]; /* of mc_cache_set_default(); another one may be stable */
    size_t n_labels;
    mc_label_info labels[MC_LABELS_MAX]; /* (n_labels) */
    mc_diversion_info canary, shadow;
    uint64_t taken; /* requests that `version` answered while there was a canary or a shadow */
} mc_versions_info;
/* False if NAME is no model of versions. */
MC_API bool mc_cache_versions(mc_cache *cache, const char *name, mc_versions_info *out);

/* What tells one state of a file from another: its place, size and times. 0 where there is none. */
MC_API uint64_t mc_source_stamp(const char *source);

/* Other limits from now on: mc_cache_options.memory_budget and .room_wait_ms, where 0 is as there.
 * Models that fit no longer leave at once, but for those that are held, pinned or kept: these stay,
 * and nothing is loaded beside them. */
MC_API void mc_cache_set_limits(mc_cache *cache, uint64_t memory_budget, uint64_t room_wait_ms);

/* The least important lines that are made, from now on. */
MC_API void mc_cache_set_log_level(mc_cache *cache, mc_log_level level);

/* Acquires a counted handle; loads when missing, waiting at most `timeout_ms`. Counts one hit or
 * one miss. Lock-free on a hit. Release with mc_model_release(). `hit` may be NULL.
 * @return MC_OK; MC_E_NOT_FOUND; MC_E_DEADLINE; MC_E_BUSY (too many waiters); or the load's own. */
MC_API MC_MUST_CHECK mc_status mc_cache_acquire(mc_cache *cache, const char *name,
                                                uint32_t timeout_ms, mc_model **out, bool *hit,
                                                mc_error *err);

/* A counted handle of the model if it is in memory, else NULL: never loads, never waits, counts
 * neither a hit nor a miss. For looking at a model, not for predicting. */
MC_API mc_model *mc_cache_peek(mc_cache *cache, const char *name);

/* Called once, from a loader thread: `model` is a reference that the callee owns, or NULL and
 * `error` says why. */
typedef void mc_acquired_fn(void *user, mc_model *model, const mc_error *error);
/* As mc_cache_acquire(), but never waits: MC_OK with a model, MC_E_PENDING when `done` will be
 * called, or an error and no call. What `done` waits for is bounded by the load, not by a time. */
MC_API MC_MUST_CHECK mc_status mc_cache_acquire_async(mc_cache *cache, const char *name,
                                                      mc_acquired_fn *done, void *user,
                                                      mc_model **out, mc_error *err);

/* load (force = false) or refresh (force = true) that never waits: MC_OK when nothing is to be
 * done, else MC_E_PENDING and `done` is called with the published model. Counts no hit or miss. */
MC_API MC_MUST_CHECK mc_status mc_cache_load_async(mc_cache *cache, const char *name,
                                                   const char *source, bool force,
                                                   mc_acquired_fn *done, void *user, mc_error *err);

MC_API MC_MUST_CHECK mc_status mc_cache_info(mc_cache *cache, const char *name, mc_entry_info *out,
                                             mc_error *err);
/* Calls `fn` for each entry in order of name, with a copy. */
typedef void mc_entry_fn(void *user, const mc_entry_info *info);
MC_API void mc_cache_list(mc_cache *cache, mc_entry_fn *fn, void *user);
MC_API mc_cache_stats mc_cache_statistics(mc_cache *cache);

/* ---------------------------------------------------------------------- prediction cache ---- */

/* How many rows of a batch were known. */
typedef struct mc_row_hits {
    bool asked; /* the prediction cache was asked: else both are 0 */
    size_t hits, misses;
} mc_row_hits;

/* mc_model_predict() through the prediction cache: rows that were answered before are not computed
 * again, and the answer is the same to the last bit. `input` in any layout; rows are kept where it
 * is MC_LAYOUT_SLOTS, the method answers row by row, and the answer is dense and no MC_VALUE_CELL.
 * `hits` may be NULL. Errors are those of mc_model_predict(). A look-up, and an answer that is
 * kept, take a short lock of one shard; no lock where the cache is not asked. */
MC_API MC_MUST_CHECK mc_status mc_cache_predict(mc_cache *cache, const mc_model *model,
                                                mc_method method, const mc_input *input,
                                                mc_workspace *workspace, mc_output *out,
                                                mc_row_hits *hits, mc_error *err);
/* Forgets the answers of a name, or of all if `name` is NULL. */
MC_API void mc_cache_flush(mc_cache *cache, const char *name);

typedef enum mc_prediction_use {
    MC_PREDICTIONS_OFF = 0,   /* there is no prediction cache */
    MC_PREDICTIONS_MEASURING, /* the first requests are timed, without it */
    MC_PREDICTIONS_ON,
    MC_PREDICTIONS_TOO_CHEAP, /* computing a row is cheaper than looking it up */
    MC_PREDICTIONS_RESTING    /* too few rows were asked twice; it is tried again later */
} mc_prediction_use;
/* What became of a model that is in memory; the reason as one sentence in `text` (`size` bytes). */
MC_API mc_prediction_use mc_cache_prediction_use(mc_cache *cache, const mc_model *model, char *text,
                                                 size_t size);

#ifdef __cplusplus
}
#endif
#endif
