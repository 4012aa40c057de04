/* zip.c: directory of a zip archive, and members out of it. */
#include "import/skops/zip.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/reader.h"
#include "base/size.h"

#define END_SIZE       22u /* of the end record, without its comment */
#define END_MAGIC      0x06054b50u
#define END64_MAGIC    0x06064b50u
#define LOCATOR_MAGIC  0x07064b50u
#define LOCATOR_SIZE   20u
#define ENTRY_MAGIC    0x02014b50u
#define ENTRY_SIZE     46u
#define LOCAL_MAGIC    0x04034b50u
#define LOCAL_SIZE     30u
#define EXTRA_ZIP64    1u
#define FLAG_ENCRYPTED 1u

enum { STORED = 0, DEFLATED = 8, BZIPPED = 12, ZSTD = 93 };

static mc_status bad(mc_error *err, uint64_t at, const char *what)
{
    return mc_fail(err, MC_E_MALFORMED, at, "zip archive: %s", what);
}

static uint32_t u16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

/* `size` bytes at `at` of the archive, or NULL. */
static const uint8_t *bytes_at(mc_bytes archive, uint64_t at, uint64_t size)
{
    return at <= archive.size && size <= archive.size - at ? archive.data + at : NULL;
}

/* --------------------------------------------------------------------------- directory ---- */

typedef struct directory {
    uint64_t at, size, n;
} directory;

/* The end record, by its magic word and the size of its comment. Comments are 64 KiB at most. */
static const uint8_t *find_end(mc_bytes archive)
{
    const size_t furthest =
        archive.size > END_SIZE + UINT16_MAX ? END_SIZE + UINT16_MAX : archive.size;
    for (size_t back = END_SIZE; back <= furthest; back++) {
        const uint8_t *end = archive.data + archive.size - back;
        if (mc_load_u32le(end) == END_MAGIC && u16(end + 20) == back - END_SIZE)
            return end;
    }
    return NULL;
}

/* Where the 32 bits of the end record are not enough. */
static mc_status read_end64(mc_bytes archive, const uint8_t *end, directory *out, mc_error *err)
{
    const uint64_t end_at = (uint64_t)(end - archive.data);
    const uint8_t *locator =
        end_at < LOCATOR_SIZE ? NULL : bytes_at(archive, end_at - LOCATOR_SIZE, LOCATOR_SIZE);
    if (locator == NULL || mc_load_u32le(locator) != LOCATOR_MAGIC)
        return bad(err, end_at, "its end record is incomplete");
    const uint8_t *end64 = bytes_at(archive, mc_load_u64le(locator + 8), 56);
    if (end64 == NULL || mc_load_u32le(end64) != END64_MAGIC)
        return bad(err, end_at, "its 64-bit end record is not where it should be");
    *out = (directory){.n = mc_load_u64le(end64 + 32),
                       .size = mc_load_u64le(end64 + 40),
                       .at = mc_load_u64le(end64 + 48)};
    return MC_OK;
}

static mc_status find_directory(mc_bytes archive, directory *out, mc_error *err)
{
    const uint8_t *end = archive.size < END_SIZE ? NULL : find_end(archive);
    if (end == NULL)
        return mc_fail(err, MC_E_TRUNCATED, archive.size,
                       "zip archive: its end is missing, the file is cut");
    *out = (directory){
        .n = u16(end + 10), .size = mc_load_u32le(end + 12), .at = mc_load_u32le(end + 16)};
    if (out->n == UINT16_MAX || out->size == UINT32_MAX || out->at == UINT32_MAX)
        MC_TRY(read_end64(archive, end, out, err));
    if (bytes_at(archive, out->at, out->size) == NULL)
        return bad(err, out->at, "its directory does not lie in it");
    if (out->n > out->size / ENTRY_SIZE)
        return bad(err, out->at, "more members than its directory can hold");
    return MC_OK;
}

/* ----------------------------------------------------------------------------- entries ---- */

/* What an entry says about a member. */
typedef struct entry {
    uint64_t packed_size, size, local_at;
} entry;

/* Sizes of all ones stand in the extra field of id 1, in this order. */
static mc_status read_zip64(mc_bytes extra, entry *e, uint64_t at, mc_error *err)
{
    uint64_t *const wide[] = {&e->size, &e->packed_size, &e->local_at};
    mc_reader reader = {.data = extra.data, .size = extra.size, .err = err};
    while (mc_reader_left(&reader) >= 4) {
        uint16_t id = 0, size = 0;
        MC_TRY(mc_read_u16le(&reader, &id));
        MC_TRY(mc_read_u16le(&reader, &size));
        const uint8_t *field = NULL;
        if (size > mc_reader_left(&reader))
            return bad(err, at, "an extra field is longer than its entry");
        MC_TRY(mc_read_bytes(&reader, size, &field));
        for (size_t i = 0, used = 0; id == EXTRA_ZIP64 && i < MC_COUNT_OF(wide); i++) {
            if (*wide[i] != UINT32_MAX)
                continue;
            if (size - used < 8)
                return bad(err, at, "a 64-bit size is missing");
            *wide[i] = mc_load_u64le(field + used);
            used += 8;
        }
    }
    return MC_OK;
}

/* The packed bytes, behind the member's own header. */
static mc_status find_packed(mc_bytes archive, const entry *e, mc_zip_member *out, mc_error *err)
{
    const uint8_t *local = bytes_at(archive, e->local_at, LOCAL_SIZE);
    if (local == NULL || mc_load_u32le(local) != LOCAL_MAGIC)
        return bad(err, e->local_at, "a member is not where the directory says");
    const uint64_t name_size = u16(local + 26), extra_size = u16(local + 28);
    const uint64_t data_at = e->local_at + LOCAL_SIZE + name_size + extra_size;
    const uint8_t *name = bytes_at(archive, e->local_at + LOCAL_SIZE, name_size);
    if (name == NULL || !mc_bytes_equal((mc_bytes){name, (size_t)name_size}, out->name))
        return bad(err, e->local_at, "a member has two names");
    out->packed.data = bytes_at(archive, data_at, e->packed_size);
    out->packed.size = (size_t)e->packed_size;
    if (out->packed.data == NULL)
        return bad(err, e->local_at, "a member does not lie in it");
    return MC_OK;
}

static mc_status read_entry(mc_bytes archive, mc_reader *reader, mc_zip_member *out, mc_error *err)
{
    const uint64_t at = (uint64_t)(reader->data + reader->at - archive.data);
    const uint8_t *fixed = NULL, *name = NULL, *extra = NULL, *comment = NULL;
    MC_TRY(mc_read_bytes(reader, ENTRY_SIZE, &fixed));
    if (mc_load_u32le(fixed) != ENTRY_MAGIC)
        return bad(err, at, "an entry of its directory is damaged");
    const uint32_t name_size = u16(fixed + 28), extra_size = u16(fixed + 30);
    MC_TRY(mc_read_bytes(reader, name_size, &name));
    MC_TRY(mc_read_bytes(reader, extra_size, &extra));
    MC_TRY(mc_read_bytes(reader, u16(fixed + 32), &comment));
    entry e = {.packed_size = mc_load_u32le(fixed + 20),
               .size = mc_load_u32le(fixed + 24),
               .local_at = mc_load_u32le(fixed + 42)};
    MC_TRY(read_zip64((mc_bytes){extra, extra_size}, &e, at, err));
    *out = (mc_zip_member){.name = {name, name_size},
                           .size = e.size,
                           .crc = mc_load_u32le(fixed + 16),
                           .method = u16(fixed + 10)};
    if (u16(fixed + 8) & FLAG_ENCRYPTED)
        return mc_fail(err, MC_E_UNSUPPORTED, at, "zip archive: \"%.*s\" is encrypted",
                       MC_SHOW(out->name));
    return find_packed(archive, &e, out, err);
}

static int by_name(const void *a, const void *b)
{
    return mc_bytes_compare(((const mc_zip_member *)a)->name, ((const mc_zip_member *)b)->name);
}

static int by_place(const void *a, const void *b)
{
    const mc_zip_member *x = a, *y = b;
    return (x->packed.data > y->packed.data) - (x->packed.data < y->packed.data);
}

/* Bytes that belong to two members could come out of the archive any number of times. */
static mc_status check_places(mc_bytes archive, mc_zip_member *members, size_t n, mc_error *err)
{
    qsort(members, n, sizeof *members, by_place);
    for (size_t i = 1; i < n; i++) {
        if ((size_t)(members[i].packed.data - members[i - 1].packed.data) <
            members[i - 1].packed.size) {
            return mc_fail(err, MC_E_MALFORMED, (uint64_t)(members[i].packed.data - archive.data),
                           "zip archive: \"%.*s\" lies in another member",
                           MC_SHOW(members[i].name));
        }
    }
    return MC_OK;
}

mc_status mc_zip_open(mc_bytes archive, mc_arena *arena, mc_zip *out, mc_error *err)
{
    directory d = {0};
    mc_zip zip = {.arena = arena};
    MC_TRY(find_directory(archive, &d, err));
    zip.n = (size_t)d.n;
    MC_TRY(mc_arena_new(arena, mc_zip_member, zip.n, &zip.members, err));
    mc_reader reader = {.data = archive.data + d.at, .size = (size_t)d.size, .err = err};
    for (size_t i = 0; i < zip.n; i++)
        MC_TRY(read_entry(archive, &reader, &zip.members[i], err));
    MC_TRY(check_places(archive, zip.members, zip.n, err));
    qsort(zip.members, zip.n, sizeof *zip.members, by_name);
    for (size_t i = 1; i < zip.n; i++) {
        if (mc_bytes_equal(zip.members[i - 1].name, zip.members[i].name))
            return mc_fail(err, MC_E_MALFORMED, d.at, "zip archive: two members \"%.*s\"",
                           MC_SHOW(zip.members[i].name));
    }
    *out = zip;
    return MC_OK;
}

/* ----------------------------------------------------------------------------- members ---- */

static uint64_t most_of(const mc_zip_member *member)
{
    const uint64_t most = (uint64_t)member->packed.size > UINT64_MAX / MC_LIMIT_EXPANSION
                              ? UINT64_MAX
                              : (uint64_t)member->packed.size * MC_LIMIT_EXPANSION;
    return member->size < most ? member->size : most;
}

size_t mc_zip_expected(const mc_zip *zip)
{
    size_t sum = 0;
    for (size_t i = 0; i < zip->n; i++)
        if (!mc_add_size(sum, (size_t)most_of(&zip->members[i]), &sum))
            return SIZE_MAX;
    return sum;
}

static mc_zip_member *find_member(const mc_zip *zip, mc_bytes name)
{
    const mc_zip_member wanted = {.name = name};
    return zip->n == 0 ? NULL : bsearch(&wanted, zip->members, zip->n, sizeof wanted, by_name);
}

bool mc_zip_has(const mc_zip *zip, mc_bytes name)
{
    return find_member(zip, name) != NULL;
}

static mc_status wrong_size(const mc_zip_member *member, size_t found, mc_error *err)
{
    return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                   "zip archive: \"%.*s\" announces %llu bytes, and has %zu", MC_SHOW(member->name),
                   (unsigned long long)member->size, found);
}

static mc_status unpack(const mc_zip *zip, const mc_codec *codec, mc_zip_member *member,
                        mc_error *err)
{
    const char *copy = NULL;
    mc_inflated out = {.limit = (size_t)most_of(member) + 1, /* one more: to see the end */
                       .reserve = zip->reserve,
                       .context = zip->context};
    MC_TRY_IN(mc_inflate(codec, member->packed, &out, err), err, "zip member \"%.*s\"",
              MC_SHOW(member->name));
    mc_status status = out.size == member->size ? MC_OK : wrong_size(member, out.size, err);
    if (status == MC_OK)
        status = mc_arena_copy(zip->arena, out.pages, out.size, &copy, err);
    mc_pages_free(out.pages, out.room);
    member->data = (const uint8_t *)copy;
    return status;
}

static mc_status load(const mc_zip *zip, mc_zip_member *member, mc_error *err)
{
    const mc_codec *codec = member->method == DEFLATED ? mc_codec_deflate()
                            : member->method == BZIPPED || member->method == ZSTD
                                ? mc_codec_find(member->packed)
                                : NULL;
    if (member->method == STORED && member->size != member->packed.size)
        return wrong_size(member, member->packed.size, err);
    if (member->method != STORED && codec == NULL) {
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "zip archive: \"%.*s\" is compressed by method %u, which is not read",
                       MC_SHOW(member->name), member->method);
    }
    if (codec != NULL)
        MC_TRY(unpack(zip, codec, member, err));
    else
        member->data = member->packed.data;
    if (mc_crc32((mc_bytes){member->data, (size_t)member->size}) == member->crc)
        return MC_OK;
    member->data = NULL;
    return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "zip archive: \"%.*s\" is damaged",
                   MC_SHOW(member->name));
}

mc_status mc_zip_read(mc_zip *zip, mc_bytes name, mc_bytes *out, mc_error *err)
{
    mc_zip_member *member = find_member(zip, name);
    if (member == NULL)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "zip archive: no member \"%.*s\"",
                       MC_SHOW(name));
    if (member->data == NULL)
        MC_TRY(load(zip, member, err));
    *out = (mc_bytes){member->data, (size_t)member->size};
    return MC_OK;
}
