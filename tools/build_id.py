#!/usr/bin/env python3
"""Names what turns a model file into an image: the sources of the rooms that do it.

    build_id.py HEADER

Writes `#define MC_BUILD_ID "..."`, 16 hexadecimal digits, to HEADER, unless that is what it says.
Two builds of the same sources have the same, so the daemon and programs that embed the library share
images; after a change of an importer all images are made anew.
"""

import hashlib
import pathlib
import sys

import sources

ROOMS = ("base", "pickle", "array", "kernel", "image", "import")


def build_id(root):
    digest = hashlib.sha256()
    for path in sources.files(root, "*", under=[f"src/{room}" for room in ROOMS]):
        if path.suffix in (".c", ".cc", ".h", ".def", ".inc"):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    header = pathlib.Path(sys.argv[1])
    text = f'#define MC_BUILD_ID "{build_id(sources.ROOT)}"\n'
    if not header.exists() or header.read_text() != text:
        header.write_text(text)
