"""What other policies would have hit: LRU, LFU and Belady's rule over the same trace and sizes.

Each keeps models below the same number of bytes. A model that does not fit at all is a miss. Belady's
rule drops what is asked for again last; with models of different sizes that is no longer the optimum,
but still knows the future.
"""

import heapq

NEVER = 1 << 60


class LRU:
    def __init__(self, trace):
        self.now = 0

    def use(self, name, at):
        return at


class LFU:
    """Of all uses so far, also of those before it was dropped; the older one goes first."""

    def __init__(self, trace):
        self.uses = {}

    def use(self, name, at):
        self.uses[name] = self.uses.get(name, 0) + 1
        return (self.uses[name], at)


class Belady:
    def __init__(self, trace):
        self.next = [NEVER] * len(trace)
        last = {}
        for i in range(len(trace) - 1, -1, -1):
            self.next[i] = last.get(trace[i], NEVER)
            last[trace[i]] = i

    def use(self, name, at):
        return -self.next[at]


def hit_ratio(policy, trace, sizes, budget):
    """The lowest worth goes first. `worth` of a name changes only when it is used: a heap with
    entries that may be stale."""
    kept, heap, used, hits = {}, [], 0, 0
    worth_of = policy(trace)
    for at, name in enumerate(trace):
        worth = worth_of.use(name, at)
        if name in kept:
            hits += 1
        else:
            while used + sizes[name] > budget and kept:
                low, victim = heapq.heappop(heap)
                if kept.get(victim) == low:
                    del kept[victim]
                    used -= sizes[victim]
            used += sizes[name]
        kept[name] = worth
        heapq.heappush(heap, (worth, name))
    return hits / len(trace)


def all_ratios(trace, sizes, budget):
    return {p.__name__: hit_ratio(p, trace, sizes, budget) for p in (LRU, LFU, Belady)}
