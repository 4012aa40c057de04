#!/usr/bin/env python3
"""Holds the rooms of src/ to their one-way arrows (docs/architecture.md).

    check_rooms.py [ROOT]

A room may include itself, what its arrows reach (arrows are transitive), `base`, and the public
header. `serve` and `cli` are users of the library like any other: they see modelcache.h and base,
and nothing else of ours. A library is included by the rooms that wrap it and by no other.
"""

import pathlib
import re
import sys

import sources

# room: the rooms that its arrows point to. A longer path is a room within a room.
ARROWS = {
    "base": [],
    "pickle": ["base"],
    "array": ["base", "pickle"],
    "kernel": ["base"],
    "image": ["base", "kernel"],
    "import/globals": ["pickle"],
    "import/file": ["import/globals", "array", "pickle"],
    "import/sklearn": ["import/file", "array", "pickle", "image"],
    "import/joblib": ["import/file"],
    "import/boost": ["import/sklearn"],
    "import/category_encoders": ["import/sklearn"],
    "import/catboost": ["import/boost", "import/sklearn", "import/file"],
    "import/xgboost": ["import/boost", "import/sklearn", "import/file"],
    "import/lightgbm": ["import/boost", "import/sklearn", "import/file"],
    "import": ["import/file", "import/sklearn", "import/joblib", "import/boost", "import/globals", "image"],
    "cache": ["image"],
    "tier": ["cache"],
    "backend": ["image"],
    "api": ["import", "cache", "tier", "backend"],
    "serve": ["base"],
    "cli": ["base", "serve"],
}

# header of a library: the rooms that may include it.
LIBRARIES = {
    "microhttpd.h": ["serve"],
    "jansson.h": ["serve"],
    "xxhash.h": ["cache", "image", "import", "serve"],
    "pcre2.h": ["image"],
    "gnutls/": ["api"],
    "zlib.h": ["import/file"],
    "bzlib.h": ["import/file"],
    "lzma.h": ["import/file"],
    "lz4": ["import/file"],
    "zstd.h": ["import/file"],
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)


def room_of(path):
    """The room of a path below src/: the longest room that the path starts with, or None."""
    text = path.as_posix()
    rooms = [r for r in ARROWS if text.startswith(r + "/") or text.startswith(r + ".")]
    return max(rooms, key=len, default=None)


def reach(room):
    """All rooms that `room` may include: itself and everything its arrows lead to."""
    found, todo = set(), [room, "base"]
    while todo:
        at = todo.pop()
        if at not in found:
            found.add(at)
            todo += ARROWS[at]
    return found


def find_include(root, includer, name):
    """Where `name` leads: a path below `root`, or None when it is no file of ours."""
    for folder in (includer.parent, root / "src", root / "include"):
        if (folder / name).is_file():
            return (folder / name).resolve().relative_to(root.resolve())
    return None


# Written by the build: what every file of its room may include.
GENERATED = {"api/build_id.h"}


def check_ours(root, includer, room, name):
    if name in GENERATED and name.startswith(room + "/"):
        return None
    target = find_include(root, includer, name)
    if target is None:
        return f'"{name}" is no file of ours (a library is included with <>)'
    if target.parts[0] == "include":
        return None
    other = room_of(target.relative_to("src"))
    if other in reach(room):
        return None
    return f'room {room} must not include "{name}" of room {other}'


def check_library(room, name):
    for prefix, rooms in LIBRARIES.items():
        at_home = any(room == home or room.startswith(home + "/") for home in rooms)
        if name.startswith(prefix) and not at_home:
            return f"room {room} must not include <{name}>: that is for {', '.join(rooms)}"
    return None


def check_file(root, path):
    room = room_of(path.relative_to(root / "src"))
    where = path.relative_to(root)
    if room is None:
        return [f"{where}: is in no room; tools/check_rooms.py holds the table"]
    findings = []
    text = path.read_text()
    for match in INCLUDE.finditer(text):
        ours, library = match.groups()
        problem = check_ours(root, path, room, ours) if ours else check_library(room, library)
        if problem:
            line = text.count("\n", 0, match.start()) + 1
            findings.append(f"{where}:{line}: {problem}")
    return findings


def check(root):
    findings = []
    for path in sources.files(root, "*.c", "*.h", "*.cc", "*.def", under=("src",)):
        findings += check_file(root, path)
    return findings


if __name__ == "__main__":
    tree = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else sources.ROOT
    sys.exit(sources.report("rooms", check(tree)))
