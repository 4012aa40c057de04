/* globals.h: the table of names that a pickle may mention.
 *
 * globals.def has one line a name or family:  GLOBAL(module, name, kind)
 * with "*" as name for every class of a module, and "module.*" for a family. Nothing here can run:
 * a class is inert data, a function is a reference, a maker is a reconstructor that the array or
 * estimator rooms understand. */
#ifndef MC_IMPORT_GLOBALS_H
#define MC_IMPORT_GLOBALS_H
#include "pickle/pickle.h"

mc_global_lookup mc_globals_lookup;
#endif
