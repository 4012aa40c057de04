#!/usr/bin/env python3
"""Holds the sources to what the style guide says and no compiler warns about.

    check_words.py [ROOT]

Banned calls, lengths of files and functions, names of files and include guards, the order of
includes, a README for each room, an issue number for each TODO.
"""

import collections
import pathlib
import re
import sys

import sources

MAX_FILE_LINES = 800
GENERATED = "/* Written by tools/"
MAX_FUNCTION_LINES = 70
LONG_ON_PURPOSE = "NOLINT(readability-function-size)"  # with its reason, in the comment above

# word: (why, the files that may use it)
BANNED = {
    r"strcpy|strcat|sprintf|vsprintf|gets": ("has no bound: use snprintf or memcpy", ()),
    r"strtok|localtime|gmtime|strerror": ("keeps hidden state: use its _r form", ()),
    r"atoi|atol|atoll|atof": ("cannot fail: use base/number.h", ()),
    r"alloca": ("has no bound: use an arena", ()),
    r"setjmp|longjmp": ("skips what is on the way: return a status", ()),
    r"malloc|calloc|realloc|free|strdup|strndup|asprintf": (
        "memory comes from base/alloc.h and base/arena.h",
        ("src/base/alloc.c",),
    ),
}
CALLS = [
    (re.compile(rf"(?<![\w.>])({words})\s*\("), why, allowed)
    for words, (why, allowed) in BANNED.items()
]
VOLATILE = re.compile(r"(?<!__asm__ )(?<!asm )\bvolatile\b")
TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\s*\(?#\d+)")
GUARD = re.compile(r"#ifndef (\w+)\n#define \1\n")
FIRST_INCLUDE = re.compile(r'^#\s*include\s+["<]([^">]+)[">]', re.M)
COMMENT_BEFORE = 12  # lines above a function in which its NOLINT may stand


def numbered(code, pattern):
    for match in pattern.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, match


def check_calls(where, code):
    for pattern, why, allowed in CALLS:
        if where in allowed:
            continue
        for line, match in numbered(code, pattern):
            yield f"{where}:{line}: {match.group(1)}() {why}"
    for line, _ in numbered(code, VOLATILE):
        yield f"{where}:{line}: volatile orders nothing: use <stdatomic.h>"


def check_todo(where, text):
    for line, match in numbered(text, TODO):
        yield f"{where}:{line}: {match.group(1)} without an issue number, as in TODO(#12)"


def functions(lines):
    """(first line, number of lines) of each body: in our format, braces in the first column."""
    start = None
    for at, line in enumerate(lines):
        if line == "{":
            start = at
        elif line == "}" and start is not None:
            yield start, at - start - 1
            start = None


def check_lengths(where, text):
    lines = text.splitlines()
    if len(lines) > MAX_FILE_LINES and not text.startswith(GENERATED):
        yield f"{where}: {len(lines)} lines, at most {MAX_FILE_LINES}"
    for start, length in functions(lines):
        above = "\n".join(lines[max(0, start - COMMENT_BEFORE) : start])
        if length > MAX_FUNCTION_LINES and LONG_ON_PURPOSE not in above:
            yield f"{where}:{start}: a function of {length} lines, at most {MAX_FUNCTION_LINES}"


def check_guard(where, path, text):
    match = GUARD.search(text)
    ending = re.sub(r"\W", "_", path.name).upper()
    if not match:
        yield f"{where}: no include guard"
    elif not re.fullmatch(rf"MC_(\w+_)?{ending}", match.group(1)):
        yield f"{where}: include guard {match.group(1)} should be MC_..._{ending}"


def check_own_header_first(where, path, text):
    header = path.with_suffix(".h")
    first = FIRST_INCLUDE.search(text)
    if header.is_file() and first and pathlib.PurePosixPath(first.group(1)).name != header.name:
        yield f"{where}: includes {first.group(1)} before its own {header.name}"


def check_file(root, path):
    where = path.relative_to(root).as_posix()
    text = path.read_text()
    code = sources.without_includes(sources.without_comments_and_strings(text))
    yield from check_calls(where, code)
    yield from check_todo(where, text)
    yield from check_lengths(where, text)
    if path.suffix == ".h":
        yield from check_guard(where, path, text)
    if path.suffix in (".c", ".cc"):
        yield from check_own_header_first(where, path, text)


def check_names(root, paths):
    by_name = collections.defaultdict(list)
    for path in paths:
        by_name[path.name].append(path.relative_to(root).as_posix())
    for name, places in sorted(by_name.items()):
        if len(places) > 1:
            yield f"{', '.join(places)}: file names are unique in the tree"


def check_readmes(root):
    for room in sorted((root / "src").iterdir()):
        if room.is_dir() and any(room.rglob("*.c")) and not (room / "README.md").is_file():
            yield f"src/{room.name}: a room has a README.md: what it knows, must not know, holds to"


def check(root):
    paths = sources.files(root, "*.c", "*.h", "*.cc", "*.def")
    findings = [finding for path in paths for finding in check_file(root, path)]
    return findings + list(check_names(root, paths)) + list(check_readmes(root))


if __name__ == "__main__":
    tree = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else sources.ROOT
    sys.exit(sources.report("words", check(tree)))
