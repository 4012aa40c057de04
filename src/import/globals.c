/* globals.c: looks a name up in globals.def.
 *
 * Cost   O(lines of the table) a look-up; a pickle names a global once and memoizes it. */
#include "import/globals.h"

#include <string.h>

static const struct {
    const char *from, *to;
} ALIASES[] = {
#define ALIAS(from, to) {from, to},
#define GLOBAL(module, name, kind)
#define FAMILY(module)
#include "import/globals.def"
#undef ALIAS
#undef GLOBAL
#undef FAMILY
};

static const struct {
    const char *module;
    const char *name; /* NULL: a family; "*": any name */
    mc_global_kind kind;
} ROWS[] = {
#define ALIAS(from, to)
#define GLOBAL(module, name, kind) {module, name, MC_GLOBAL_##kind},
#define FAMILY(module)             {module, NULL, MC_GLOBAL_CLASS},
#include "import/globals.def"
#undef ALIAS
#undef GLOBAL
#undef FAMILY
};

static bool starts_with(mc_bytes text, const char *prefix)
{
    const size_t n = strlen(prefix);
    return text.size >= n && memcmp(text.data, prefix, n) == 0;
}

static bool ends_with(mc_bytes text, const char *suffix)
{
    const size_t n = strlen(suffix);
    return text.size >= n && memcmp(text.data + text.size - n, suffix, n) == 0;
}

static mc_bytes without_alias(mc_bytes module)
{
    for (size_t i = 0; i < MC_COUNT_OF(ALIASES); i++)
        if (mc_bytes_is(module, ALIASES[i].from))
            return mc_bytes_of(ALIASES[i].to);
    return module;
}

/* A plain identifier: "A.b" reaches into classes, and newlines or spaces reach nowhere. */
static bool is_identifier(mc_bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        const uint8_t c = name.data[i] | 0x20;
        if (!(c >= 'a' && c <= 'z') && !(i > 0 && c >= '0' && c <= '9') && name.data[i] != '_')
            return false;
    }
    return name.size > 0;
}

/* Does `module` lie in "package.*"? The package itself does. */
static bool is_in_family(const char *family, mc_bytes module)
{
    const size_t n = strlen(family) - 2;
    return module.size >= n && memcmp(module.data, family, n) == 0 &&
           (module.size == n || module.data[n] == '.');
}

/* "DataFrame.to_numpy", a method of a class: protocol 4 names it so where others write getattr().
 * Of classes of matrices and frames alone, and no name within begins with two underscores. */
static bool is_method(mc_bytes module, mc_bytes name)
{
    const uint8_t *dot = name.size > 0 ? memchr(name.data, '.', name.size) : NULL;
    if (dot == NULL ||
        !(is_in_family("pandas.*", module) || is_in_family("scipy.sparse.*", module)))
        return false;
    const size_t at = (size_t)(dot - name.data);
    const mc_bytes owner = {name.data, at}, method = {dot + 1, name.size - at - 1};
    return is_identifier(owner) && is_identifier(method) && method.data[0] != '_';
}

static mc_global_kind kind_in_family(mc_bytes name)
{
    if (mc_bytes_is(name, "newObj") || starts_with(name, "__pyx_unpickle_"))
        return MC_GLOBAL_MAKER;
    size_t i = 0;
    while (i < name.size && name.data[i] == '_')
        i++;
    if (i < name.size && name.data[i] >= 'A' && name.data[i] <= 'Z')
        return MC_GLOBAL_CLASS;
    return ends_with(name, "_gen") || ends_with(name, "_frozen") ? MC_GLOBAL_CLASS
                                                                 : MC_GLOBAL_FUNCTION;
}

bool mc_globals_lookup(void *context, mc_bytes module, mc_bytes name, mc_global *out)
{
    (void)context;
    module = without_alias(module);
    if (is_method(module, name)) {
        *out = (mc_global){.module = module, .name = name, .kind = MC_GLOBAL_FUNCTION};
        return true;
    }
    if (!is_identifier(name))
        return false;
    for (size_t i = 0; i < MC_COUNT_OF(ROWS); i++) {
        const bool is_family = ROWS[i].name == NULL;
        const bool fits = is_family ? is_in_family(ROWS[i].module, module)
                                    : (ROWS[i].name[0] == '*' || mc_bytes_is(name, ROWS[i].name)) &&
                                          mc_bytes_is(module, ROWS[i].module);
        if (!fits)
            continue;
        *out = (mc_global){.module = module,
                           .name = name,
                           .kind = is_family ? kind_in_family(name) : ROWS[i].kind,
                           .id = is_family ? 0 : (uint32_t)(i + 1)};
        return true;
    }
    return false;
}
