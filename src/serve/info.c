/* info.c: what can be read: health, readiness, metrics, and which models there are. */
#include <jansson.h>
#include <string.h>

#include "serve/call.h"
#include "serve/hot_path.h"
#include "serve/numbers.h"
#include "serve/print.h"
#include "serve/version_labels.h"

#define ALIKE_ONE_BY_ONE ((size_t)1024) /* unnamed columns alike that are listed each */
#define PUBLISH_WAIT_NS  ((uint64_t)2 * 1000000000u)

static mc_status no_memory(mc_call *call)
{
    return mc_fail(&call->error, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the answer");
}

/* ------------------------------------------------------------------------------- entries ---- */

/* What all workers have: hits and misses together, the most bytes. State and generation are those
 * of the worker that answers, which it says. */
static void merge(const mc_server *server, mc_entry_info *info)
{
    uint64_t values[MC_N_MODEL_NUMBERS] = {[MC_MODEL_HITS] = info->hits,
                                           [MC_MODEL_MISSES] = info->misses,
                                           [MC_MODEL_BYTES] = info->bytes};
    mc_metrics_add_peers(server->metrics, info->name, values);
    info->hits = values[MC_MODEL_HITS];
    info->misses = values[MC_MODEL_MISSES];
    info->bytes = values[MC_MODEL_BYTES];
}

static json_t *entry_json(const mc_server *server, const mc_entry_info *own)
{
    mc_entry_info copy = *own;
    const mc_entry_info *info = &copy;
    const mc_peers *peers = server->options.peers;
    merge(server, &copy);
    json_t *entry = json_pack(
        "{s:s%, s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:b, s:s}", "name", info->name,
        mc_key_name_size(info->name), "version", info->version, "state",
        mc_model_state_name(info->state), "bytes", (json_int_t)info->bytes, "hits",
        (json_int_t)info->hits, "misses", (json_int_t)info->misses, "digest", info->digest,
        "generation", (json_int_t)info->generation, "pinned", info->pinned, "source", info->source);
    if (peers != NULL)
        (void)json_object_set_new(entry, "worker", json_integer(peers->process));
    if (entry != NULL && info->last_error.status != MC_OK) {
        char text[1024];
        (void)mc_error_format(&info->last_error, text, sizeof text);
        (void)json_object_set_new(entry, "error", json_string(text));
    }
    return entry;
}

static json_t *broken_json(const mc_broken *broken)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:i, s:s}", "name", broken->name,
                     "version", "", "state", "failed", "bytes", 0, "hits", 0, "misses", 0, "digest",
                     "", "generation", 0, "error", broken->reason);
}

typedef struct entry_list {
    const mc_server *server;
    json_t *list; /* borrowed */
} entry_list;

/* A mc_entry_fn. */
static void add_entry(void *user, const mc_entry_info *info)
{
    const entry_list *to = user;
    (void)json_array_append_new(to->list, entry_json(to->server, info)); /* no NULL is appended */
}

static json_t *models_json(const mc_call *call)
{
    const mc_server_options *options = &call->server->options;
    json_t *list = json_array();
    entry_list entries = {call->server, list};
    mc_cache_list(options->cache, add_entry, &entries);
    for (size_t i = 0; i < options->n_broken; i++)
        if (mc_is_broken(options, i))
            (void)json_array_append_new(list, broken_json(&options->broken[i]));
    return json_pack("{s:o}", "models", list);
}

/* -------------------------------------------------------------------------------- schema ---- */

static json_t *cell_json(const mc_cell *cell)
{
    switch ((mc_cell_kind)cell->kind) {
    case MC_CELL_NUMBER:
        return json_real(cell->as.number);
    case MC_CELL_INTEGER:
        return json_integer(cell->as.integer);
    case MC_CELL_BOOL:
        return json_boolean(cell->as.integer != 0);
    case MC_CELL_STRING:
        return json_stringn(cell->as.text, cell->size);
    case MC_CELL_NONE:
    case MC_CELL_LIST: /* no class is a list */
    case MC_CELL_DICT:
        break;
    }
    return json_null();
}

static json_t *classes_json(const mc_model *model, size_t table)
{
    size_t n = 0;
    const mc_cell *cells = mc_model_classes(model, table, &n);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, cell_json(&cells[i]));
    return list;
}

/* One table is the list of classes; several outputs give a list of lists; no table gives null. */
static json_t *all_classes_json(const mc_model *model, size_t n_tables)
{
    if (n_tables == 0)
        return json_null();
    if (n_tables == 1)
        return classes_json(model, 0);
    json_t *tables = json_array();
    for (size_t i = 0; i < n_tables; i++)
        (void)json_array_append_new(tables, classes_json(model, i));
    return tables;
}

/* How many columns from `from` on are as this one and have no name, it included. */
static size_t count_alike(const mc_model *model, size_t from, size_t n)
{
    const mc_column first = mc_model_column(model, from);
    size_t at = from + 1;
    for (; first.name == NULL && at < n; at++) {
        const mc_column column = mc_model_column(model, at);
        if (column.name != NULL || column.kind != first.kind)
            break;
    }
    return at - from;
}

/* One entry a column, but of many that are alike and unnamed: a million times the same would say no
 * more, and a file of 200 bytes can claim them. */
static json_t *inputs_json(const mc_model *model)
{
    static const char *const KINDS[] = {[MC_COLUMN_UNUSED] = "unused",
                                        [MC_COLUMN_NUMBER] = "number",
                                        [MC_COLUMN_CELL] = "any",
                                        [MC_COLUMN_SPARSE] = "number"};
    const size_t n = mc_model_describe(model).n_columns;
    json_t *list = json_array();
    for (size_t i = 0; i < n;) {
        const mc_column column = mc_model_column(model, i);
        const size_t n_alike = count_alike(model, i, n);
        const bool is_run =
            n_alike > ALIKE_ONE_BY_ONE || (column.kind == MC_COLUMN_SPARSE && column.name == NULL);
        json_t *entry = json_pack("{s:s?, s:s}", "name", column.name, "kind", KINDS[column.kind]);
        if (entry != NULL && is_run)
            (void)json_object_set_new(entry, "columns", json_integer((json_int_t)n_alike));
        (void)json_array_append_new(list, entry);
        i += is_run ? n_alike : 1;
    }
    return list;
}

static json_t *methods_json(uint32_t methods)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < MC_N_METHODS; i++)
        if ((methods & 1u << i) != 0)
            (void)json_array_append_new(list, json_string(mc_method_name((mc_method)i)));
    return list;
}

static json_t *part_json(const mc_part *part)
{
    static const char *const TYPES[] = {[MC_VALUE_FLOAT] = "float",
                                        [MC_VALUE_INT] = "int",
                                        [MC_VALUE_BOOL] = "bool",
                                        [MC_VALUE_LABEL] = "label",
                                        [MC_VALUE_CELL] = "any"};
    /* As in the Open Inference Protocol, -1 is the number of rows. */
    json_t *shape =
        part->scalar ? json_pack("[i]", -1) : json_pack("[i, I]", -1, (json_int_t)part->n_columns);
    if (part->n_deep > 0) /* pairs of rows */
        (void)json_array_set_new(shape, 1, json_integer(-1));
    if (part->n_deep > 1)
        (void)json_array_append_new(shape, json_integer((json_int_t)part->n_deep));
    return json_pack("{s:s, s:o, s:b, s:s*}", "type", TYPES[part->type], "shape", shape, "sparse",
                     part->sparse, "name", part->name);
}

static json_t *parts_json(const mc_output *output)
{
    json_t *parts = json_array();
    for (size_t i = 0; i < output->n_parts; i++)
        (void)json_array_append_new(parts, part_json(&output->parts[i]));
    return parts;
}

/* What each method answers with, one entry a part: asked of the model itself, with no rows. */
static json_t *outputs_json(const mc_call *call, const mc_model *model, uint32_t methods)
{
    mc_workspace *workspace = call->server->desks[call->exchange->worker].workspace;
    const mc_input no_rows = {.layout = MC_LAYOUT_SLOTS};
    json_t *outputs = json_object();
    for (uint32_t i = 0; i < MC_N_METHODS; i++) {
        mc_output output;
        if ((methods & 1u << i) != 0 &&
            mc_model_predict(model, (mc_method)i, &no_rows, workspace, &output, NULL) == MC_OK)
            (void)json_object_set_new(outputs, mc_method_name((mc_method)i), parts_json(&output));
    }
    return outputs;
}

static json_t *schema_json(const mc_call *call, const mc_model *model)
{
    static const char *const ROWS[] = {[MC_ROW_COLUMNS] = "columns",
                                       [MC_ROW_VALUE] = "value",
                                       [MC_ROW_LIST] = "list",
                                       [MC_ROW_DICT] = "object"};
    const mc_model_info info = mc_model_describe(model);
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:s, s:s}", "row", ROWS[info.row], "inputs",
                     inputs_json(model), "outputs", outputs_json(call, model, info.methods),
                     "methods", methods_json(info.methods), "default_method",
                     mc_method_name(info.default_method), "classes",
                     all_classes_json(model, info.n_class_tables), "estimator", info.estimator,
                     "sklearn_version", info.sklearn_version);
}

/* Whether the prediction cache is asked for a resident model, and why; null as below. */
static json_t *peek_predictions(mc_call *call)
{
    char text[160];
    mc_model *model = mc_cache_peek(call->server->options.cache, call->key);
    if (model == NULL)
        return json_null();
    (void)mc_cache_prediction_use(call->server->options.cache, model, text, sizeof text);
    mc_model_release(model);
    return json_string(text);
}

/* How the numbers of a resident model are stored; null as below. */
static json_t *peek_quantized(mc_call *call)
{
    mc_model *model = mc_cache_peek(call->server->options.cache, call->key);
    if (model == NULL)
        return json_null();
    const mc_quantization quantized = mc_model_describe(model).quantized;
    mc_model_release(model);
    return json_string(mc_quantization_name(quantized));
}

/* The schema of a resident model; null when it is not in memory. Counts neither hit nor miss. */
static json_t *peek_schema(mc_call *call)
{
    mc_model *model = mc_cache_peek(call->server->options.cache, call->key);
    json_t *schema = model == NULL ? json_null() : schema_json(call, model);
    mc_model_release(model);
    return schema;
}

/* ------------------------------------------------------------------------------- answers ---- */

static int append_json(const char *text, size_t size, void *user)
{
    return mc_buffer_append(user, text, size, NULL) == MC_OK ? 0 : -1;
}

/* Takes `answer` over. */
static mc_status write_json(mc_call *call, json_t *answer)
{
    const bool written =
        answer != NULL && json_dump_callback(answer, append_json, &call->out, JSON_COMPACT) == 0;
    json_decref(answer);
    return written ? mc_buffer_append(&call->out, "\n", 1, &call->error) : no_memory(call);
}

static const mc_broken *find_broken(const mc_call *call)
{
    const mc_server_options *options = &call->server->options;
    for (size_t i = 0; i < options->n_broken; i++)
        if (mc_bytes_is(call->match.name, options->broken[i].name) && mc_is_broken(options, i))
            return &options->broken[i];
    return NULL;
}

static bool is_version_asked(const mc_call *call, const mc_entry_info *info)
{
    return call->match.detail.size == 0 || mc_bytes_is(call->match.detail, info->version);
}

static mc_status write_model(mc_call *call)
{
    mc_entry_info info;
    const mc_broken *broken = find_broken(call);
    if (broken != NULL)
        return write_json(call, broken_json(broken));
    MC_TRY(mc_call_name(call));
    MC_TRY(mc_call_key(call));
    MC_TRY(mc_cache_info(call->server->options.cache, call->key, &info, &call->error));
    if (!is_version_asked(call, &info))
        return mc_fail(&call->error, MC_E_NOT_FOUND, MC_NO_OFFSET, "model %s has no version %.*s",
                       call->name, MC_SHOW(call->match.detail));
    json_t *answer = entry_json(call->server, &info);
    mc_versions_add(call, answer);
    if (answer != NULL &&
        (json_object_set_new(answer, "prediction_cache", peek_predictions(call)) != 0 ||
         json_object_set_new(answer, "quantized", peek_quantized(call)) != 0 ||
         json_object_set_new(answer, "schema", peek_schema(call)) != 0)) {
        json_decref(answer);
        answer = NULL;
    }
    return write_json(call, answer);
}

static mc_status write_labels(mc_call *call)
{
    mc_entry_info info;
    MC_TRY(mc_call_name(call));
    MC_TRY(mc_cache_info(call->server->options.cache, call->name, &info, &call->error));
    return write_json(call, json_pack("{s:o}", "labels", mc_labels_json(call)));
}

static mc_status write_ready(mc_call *call)
{
    const mc_peers *peers = call->server->options.peers;
    if (!atomic_load_explicit(&call->server->ready, memory_order_relaxed) ||
        (peers != NULL && !peers->all_ready(peers->user)))
        return mc_fail(&call->error, MC_E_BUSY, MC_NO_OFFSET,
                       "not ready: models named at start are loading, or the server is stopping");
    return mc_print(&call->out, &call->error, "{\"status\":\"ready\"}\n");
}

static mc_gauges read_gauges(const mc_server *server, uint32_t connections[MC_WORKERS_MAX])
{
    for (uint32_t i = 0; i < server->options.n_threads; i++)
        connections[i] = mc_engine_connections(server->engine, i);
    return (mc_gauges){.cache = server->options.cache,
                       .shadow = server->shadow,
                       .request_memory =
                           atomic_load_explicit(&server->meter.used, memory_order_relaxed),
                       .connections = connections};
}

void mc_info_publish(mc_server *server)
{
    uint32_t connections[MC_WORKERS_MAX];
    const mc_gauges gauges = read_gauges(server, connections);
    mc_metrics_publish(server->metrics, &gauges);
}

static mc_status write_metrics(mc_call *call, bool open_metrics)
{
    const mc_server *server = call->server;
    uint32_t connections[MC_WORKERS_MAX];
    const mc_gauges gauges = read_gauges(server, connections);
    mc_metrics_publish(server->metrics, &gauges); /* it stays should this process die */
    return mc_metrics_expose(server->metrics, &gauges, open_metrics, &call->out, &call->error);
}

static mc_status write_info(mc_call *call, const char **content_type)
{
    const mc_handler handler = call->match.route->handler;
    if (handler == MC_HANDLER_MODELS)
        return write_json(call, models_json(call));
    if (handler == MC_HANDLER_MODEL)
        return write_model(call);
    if (handler == MC_HANDLER_LABELS)
        return write_labels(call);
    if (handler == MC_HANDLER_READYZ)
        return write_ready(call);
    if (handler == MC_HANDLER_HEALTHZ)
        return mc_print(&call->out, &call->error, "{\"status\":\"ok\"}\n");
    MC_ASSERT(handler == MC_HANDLER_METRICS);
    const char *accept = mc_exchange_header(call->exchange, "Accept");
    const bool open_metrics =
        accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
    *content_type = open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                 : "text/plain; version=0.0.4; charset=utf-8";
    return write_metrics(call, open_metrics);
}

/* Numbers are of all processes: the others are asked for theirs, and a moment later all is shown.
 * One that does not say is shown as it was last. */
static bool waits_for_others(mc_call *call)
{
    const mc_peer_request request = {.action = MC_PEER_PUBLISH};
    bool wait = false;
    const mc_handler handler = call->match.route->handler;
    if (handler != MC_HANDLER_METRICS && handler != MC_HANDLER_MODELS &&
        handler != MC_HANDLER_MODEL)
        return false;
    if (call->spread)
        return call->await != NULL && mc_call_end_wait(call) == MC_E_PENDING; /* it never is */
    return mc_call_ask_peers(call, &request, PUBLISH_WAIT_NS, &wait) == MC_OK && wait;
}

mc_step mc_info_finish(mc_call *call)
{
    const char *content_type = "application/json";
    MC_HOT_PAUSE(); /* nothing here is on the hot path */
    const bool wait = waits_for_others(call);
    const mc_status status = wait ? MC_OK : write_info(call, &content_type);
    MC_HOT_RESUME();
    if (wait)
        return MC_STEP_WAIT;
    return status == MC_OK ? mc_call_answer(call, content_type) : mc_call_fail(call, status);
}
