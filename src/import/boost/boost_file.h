/* boost_file.h: the boosting libraries' own files. */
#ifndef MC_IMPORT_BOOST_FILE_H
#define MC_IMPORT_BOOST_FILE_H
#include "base/arena.h"
#include "pickle/graph.h"

/* Does the file begin as JSON, UBJSON, LightGBM's text or XGBoost's binary form does? */
bool mc_boost_is_file(mc_bytes bytes);

/* The value that a pickle of the library's Booster would be; borrows `bytes`. */
MC_MUST_CHECK mc_status mc_boost_file_value(mc_bytes bytes, mc_arena *arena, mc_value **out,
                                            mc_error *err);
#endif
