"""A limit on the memory of a process: a cgroup where this machine lets us make one, else RLIMIT_AS.

    with limited(bytes) as (environment_of_start, which): ...
"""

import contextlib
import os
import pathlib
import resource
import time

ROOT = pathlib.Path("/sys/fs/cgroup")


def _own_folder():
    """The memory cgroup in which this process lives, and the name of its limit; or None."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            return ROOT / "memory" / path.lstrip("/"), "memory.limit_in_bytes"
        if controllers == "" and (ROOT / "cgroup.controllers").exists():
            return ROOT / path.lstrip("/"), "memory.max"
    return None


def _make_group(limit):
    found = _own_folder()
    if found is None:
        return None
    parent, file = found
    for folder in (parent, ROOT / "memory"):
        group = folder / f"modelcached-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / file).write_text(str(limit))
            return group
        except OSError:
            group.rmdir()
    return None


def _remove(group):
    until = time.monotonic() + 10
    while True:
        try:
            group.rmdir()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@contextlib.contextmanager
def limited(limit):
    """(a function for subprocess's preexec_fn, "cgroup" or "RLIMIT_AS")."""
    group = _make_group(limit)
    if group is None:
        yield lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)), "RLIMIT_AS"
        return
    try:
        yield lambda: (group / "cgroup.procs").write_text(str(os.getpid())), "cgroup"
    finally:
        _remove(group)
