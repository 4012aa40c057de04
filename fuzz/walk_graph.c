/* walk_graph.c: every node of a graph, once, and every getter on what may be an array. */
#include "walk_graph.h"

#include <string.h>

#include "array/ndarray.h"
#include "base/alloc.h"

typedef struct walk {
    mc_value **todo;
    size_t n, room;
} walk;

static void push(walk *w, mc_value *value)
{
    if (value == NULL || value->mark != 0)
        return;
    value->mark = 1;
    if (w->n == w->room) {
        w->room = w->room == 0 ? 256 : w->room * 2;
        w->todo = mc_realloc(w->todo, w->room, sizeof(mc_value *));
        MC_ASSERT(w->todo != NULL);
    }
    w->todo[w->n++] = value;
}

static void push_items(walk *w, const mc_items *items)
{
    for (size_t i = 0; i < items->n; i++)
        push(w, items->at[i]);
}

static void push_children(walk *w, const mc_value *value)
{
    if (value->kind >= MC_KIND_LIST && value->kind <= MC_KIND_DICT)
        push_items(w, &value->as.items);
    if (value->kind != MC_KIND_OBJECT)
        return;
    push(w, value->as.object->arguments);
    push(w, value->as.object->named_arguments);
    push_items(w, &value->as.object->states);
    push_items(w, &value->as.object->list_items);
    push_items(w, &value->as.object->dict_items);
}

/* Every getter on every value that may have one; they must refuse, not crash. */
static bool use_array(const mc_value *value)
{
    mc_arena arena;
    mc_ndarray array;
    mc_sparse sparse;
    mc_cell *cells = NULL;
    double *numbers = NULL;
    int64_t *integers = NULL;

    mc_arena_init(&arena, (size_t)16 << 20, "arrays of a fuzzed graph");
    const bool is_array = mc_ndarray_from_value(&arena, value, &array, NULL) == MC_OK;
    if (is_array) {
        const bool reads[] = {mc_ndarray_cells(&arena, &array, &cells, NULL) == MC_OK,
                              mc_ndarray_f64(&arena, &array, &numbers, NULL) == MC_OK,
                              mc_ndarray_i64(&arena, &array, &integers, NULL) == MC_OK};
        MC_ASSERT(!reads[0] || cells != NULL);
    }
    for (size_t i = 0; is_array && i < array.dtype.n_fields; i++) {
        char name[64] = {0};
        mc_ndarray field;
        if (array.dtype.fields[i].name.size >= sizeof name)
            continue;
        memcpy(name, array.dtype.fields[i].name.data, array.dtype.fields[i].name.size);
        if (mc_ndarray_field(&array, name, &field, NULL) == MC_OK)
            MC_ASSERT(mc_ndarray_cells(&arena, &field, &cells, NULL) != MC_E_INTERNAL);
    }
    if (mc_value_is_sparse(value))
        MC_ASSERT(mc_sparse_from_value(&arena, value, &sparse, NULL) != MC_E_INTERNAL);
    mc_arena_fini(&arena);
    return is_array;
}

void walk_graph(mc_value *root, size_t *out_nodes, size_t *out_arrays)
{
    walk w = {0};
    push(&w, root);
    while (w.n > 0) {
        const mc_value *value = w.todo[--w.n];
        ++*out_nodes;
        /* Shared arrays may be large: a few show as much as all. */
        if (*out_arrays < 32)
            *out_arrays += use_array(value);
        push_children(&w, value);
    }
    mc_free(w.todo);
}
