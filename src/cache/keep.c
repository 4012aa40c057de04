/* keep.c: sort the members of sets by value, keep the first ones of each. */
#include "cache/keep.h"

#include <stdlib.h>
#include <string.h>

#include "cache/evict.h"

/* By set; in a set the most valuable first. */
static int compare(const void *left, const void *right)
{
    const mc_entry *a = *(mc_entry *const *)left, *b = *(mc_entry *const *)right;
    const int by_set = strcmp(a->settings.resident_set, b->settings.resident_set);
    if (by_set != 0)
        return by_set;
    return a->kept_value > b->kept_value ? -1 : a->kept_value < b->kept_value;
}

/* One set: `n` entries from `members`. */
static void keep_best(mc_entry **members, size_t n)
{
    for (size_t i = 0; i < n && i < members[0]->set_min; i++)
        members[i]->kept = true;
}

void mc_keep_mark_locked(mc_cache *cache)
{
    size_t n = 0;
    if (cache->n_min_settings == 0)
        return;
    for (size_t i = 0; i < cache->n_resident; i++) {
        mc_entry *entry = cache->resident[i];
        const bool has_set = entry->settings.resident_set[0] != '\0';
        entry->kept = !has_set && entry->settings.min_resident > 0;
        entry->kept_value = mc_evict_value_locked(entry); /* once: uses change meanwhile */
        if (has_set)
            cache->members[n++] = entry;
    }
    qsort(cache->members, n, sizeof(mc_entry *), compare);
    for (size_t i = 0, end = 0; i < n; i = end) {
        const char *set = cache->members[i]->settings.resident_set;
        for (end = i + 1; end < n; end++)
            if (strcmp(cache->members[end]->settings.resident_set, set) != 0)
                break;
        keep_best(&cache->members[i], end - i);
    }
}

void mc_keep_agree_locked(mc_cache *cache, const char *set)
{
    uint32_t largest = 0;
    if (set[0] == '\0')
        return;
    for (size_t i = 0; i < cache->n_entries; i++) {
        const mc_model_settings *settings = &cache->by_name[i]->settings;
        if (settings->min_resident > largest && strcmp(settings->resident_set, set) == 0)
            largest = settings->min_resident;
    }
    for (size_t i = 0; i < cache->n_entries; i++) {
        mc_entry *entry = cache->by_name[i];
        if (strcmp(entry->settings.resident_set, set) == 0) {
            entry->set_min = largest;
            entry->kept = false; /* until the next mark, if there is one */
        }
    }
}
