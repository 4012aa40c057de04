#!/usr/bin/env python3
"""How long the files and functions of src/ are, and which are the longest.

    sizes.py [ROOT]

check_words.py holds the limits; this says how far from them the tree is.
"""

import pathlib
import statistics
import sys

import check_words
import sources

LONG_FILE = 500
N_LONGEST = 5


def measure(root):
    """([(lines, place)] of the files, [(lines, place)] of the functions), the longest first."""
    files, functions = [], []
    for path in sources.files(root, "*.c", "*.h", "*.cc"):
        where = path.relative_to(root).as_posix()
        if not where.startswith("src/"):
            continue
        lines = path.read_text().splitlines()
        files.append((len(lines), where))
        functions += [(n, f"{where}:{at}") for at, n in check_words.functions(lines)]
    return sorted(files, reverse=True), sorted(functions, reverse=True)


def main(root):
    for name, measured in zip(("files", "functions"), measure(root)):
        median = statistics.median(n for n, _ in measured)
        print(f"{len(measured)} {name}, median {median:.0f} lines, the longest:")
        for n, where in measured[:N_LONGEST]:
            print(f"  {n:4} {where}")
    long_files = [where for n, where in measure(root)[0] if n > LONG_FILE]
    print(f"files over {LONG_FILE} lines: {len(long_files)}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else sources.ROOT)
