/* literal.h: JSON, and the literals of Python that a .npy header is made of, as a graph.
 *
 * Oracle   json.loads of CPython 3.11; ast.literal_eval for what numpy.lib.format writes.
 * Cost     O(size), without recursion: MC_LIMIT_LITERAL_DEPTH lists and dicts in each other.
 *
 * A list is LIST, a tuple TUPLE, an object or dict DICT with its keys as they come (TEXT in JSON).
 * true True null None NaN Infinity -Infinity are known. Integers beyond int64 are refused. */
#ifndef MC_IMPORT_LITERAL_H
#define MC_IMPORT_LITERAL_H
#include "base/arena.h"
#include "pickle/graph.h"

/* The one value that `text` is. Strings without escapes borrow from it; all else is in the arena.
 * `offset` is that of `text`, for messages. */
MC_MUST_CHECK mc_status mc_literal_read(mc_bytes text, uint64_t offset, mc_arena *arena,
                                        mc_value **out, mc_error *err);
#endif
