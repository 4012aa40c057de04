/* graph_dump.c: reads model files and prints what is in them, a line a file: how many nodes of each
 * kind, and how many arrays can be read as numbers or cells. A tool for tests and for looking. */
#include <stdio.h>
#include <string.h>

#include "array/ndarray.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "import/file/graph_file.h"

#define N_KINDS (MC_KIND_NATIVE + 1)

typedef struct walk {
    mc_value **todo;
    size_t n, room;
    size_t kinds[N_KINDS];
    size_t n_arrays, n_sparse, n_refused;
    mc_arena arena;
    mc_error refused;
} walk;

static void push(walk *w, mc_value *value)
{
    if (value == NULL || value->mark != 0)
        return;
    value->mark = 1;
    if (w->n == w->room) {
        w->room = w->room == 0 ? 1024 : w->room * 2;
        w->todo = mc_realloc(w->todo, w->room, sizeof(mc_value *));
        MC_ASSERT(w->todo != NULL);
    }
    w->todo[w->n++] = value;
}

static void push_all(walk *w, const mc_items *items)
{
    for (size_t i = 0; i < items->n; i++)
        push(w, items->at[i]);
}

static void read_array(walk *w, const mc_value *value)
{
    mc_ndarray array;
    mc_cell *cells = NULL;
    mc_sparse sparse;
    mc_error err;
    mc_status status = MC_OK;
    if (mc_value_is_sparse(value)) {
        status = mc_sparse_from_value(&w->arena, value, &sparse, &err);
        w->n_sparse++;
    } else if (mc_value_is_array(value)) {
        status = mc_ndarray_from_value(&w->arena, value, &array, &err);
        if (status == MC_OK && array.dtype.n_fields == 0)
            status = mc_ndarray_cells(&w->arena, &array, &cells, &err);
        w->n_arrays++;
    }
    if (status != MC_OK) {
        w->n_refused++;
        w->refused = err;
    }
    mc_arena_reset(&w->arena);
}

static void visit(walk *w, mc_value *value)
{
    w->kinds[value->kind]++;
    read_array(w, value);
    if (value->kind >= MC_KIND_LIST && value->kind <= MC_KIND_DICT)
        push_all(w, &value->as.items);
    if (value->kind != MC_KIND_OBJECT)
        return;
    const mc_object *object = value->as.object;
    push(w, object->arguments);
    push(w, object->named_arguments);
    push_all(w, &object->states);
    push_all(w, &object->list_items);
    push_all(w, &object->dict_items);
}

static int dump(const char *path)
{
    mc_graph_file file;
    mc_error err;
    char text[MC_ERROR_MESSAGE + 256];
    const uint64_t start = mc_now_ns();
    if (mc_graph_file_open(path, NULL, NULL, &file, &err) != MC_OK) {
        printf("%s: %s: %s\n", path, mc_status_name(err.status),
               mc_error_format(&err, text, sizeof text));
        return 1;
    }
    const double ms = (double)(mc_now_ns() - start) / 1e6;
    walk w = {0};
    mc_arena_init(&w.arena, SIZE_MAX, "graph_dump");
    push(&w, file.root);
    while (w.n > 0)
        visit(&w, w.todo[--w.n]);
    printf("%s: %s %s, %zu bytes, graph %zu, %.2f ms:", path, file.format, file.source.compression,
           file.source.size, file.arena.used, ms);
    for (int kind = 0; kind < N_KINDS; kind++)
        if (w.kinds[kind] > 0)
            printf(" %zu %s", w.kinds[kind], mc_value_kind_name((mc_value_kind)kind));
    printf("; %zu arrays, %zu sparse", w.n_arrays, w.n_sparse);
    if (w.n_refused > 0)
        printf(", %zu refused: %s", w.n_refused, mc_error_format(&w.refused, text, sizeof text));
    printf("\n");
    mc_arena_fini(&w.arena);
    mc_free(w.todo);
    mc_graph_file_close(&file);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= dump(argv[i]);
    return failed;
}
