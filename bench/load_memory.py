"""What models cost in memory, and what loading them costs at its peak.

    python3 -m bench.load_memory MODEL... [--daemon build/modelcached]

For each file: the bytes of the image that is made of it, the objects that its pickle builds, the
most anonymous memory (RssAnon, looked at every half millisecond) that `modelcached compile` held
while it read the file and made the image, and how much of the allowance of issue 5 that is: image +
64 MB + 96 bytes for each pickled object.
"""

import argparse
import os
import pathlib
import pickletools
import re
import subprocess
import tempfile
import time

ALLOWED = 64 << 20
EACH = 96
# Opcodes that push a new object; what memoizes, marks, fetches or fills others does not.
QUIET = re.compile("MEMOIZE|PUT|GET|MARK|FRAME|PROTO|STOP|POP|DUP|APPEND|SETITEM|ADDITEMS|BUILD")


def objects_of(path):
    """How many objects the pickle at `path` builds; None if it is none."""
    try:
        with open(path, "rb") as file:
            return sum(1 for op, _, _ in pickletools.genops(file) if not QUIET.search(op.name))
    except ValueError:
        return None


def anonymous(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        found = re.search(r"RssAnon:\s+(\d+)", status.read())
        return 1024 * int(found[1]) if found else 0


def compile_watched(daemon, path, out):
    """The most anonymous bytes of a process that makes the image `out` of `path`."""
    process = subprocess.Popen([daemon, "compile", str(path), "-o", out], stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        try:
            most = max(most, anonymous(process.pid))
        except (OSError, ProcessLookupError):
            break
        time.sleep(0.0005)
    if process.wait() != 0:
        raise SystemExit(f"{path} cannot be compiled")
    return most


def measure(daemon, path):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "model.mci")
        peak = compile_watched(daemon, path, out)
        image = os.path.getsize(out)
    objects = objects_of(path)
    allowed = image + ALLOWED + EACH * (objects or 0)
    return (
        f"| {pathlib.Path(path).name} | {os.path.getsize(path) / 1e6:.1f} | {image / 1e6:.1f} "
        f"| {objects} | {peak / 1e6:.1f} | {allowed / 1e6:.1f} | {peak / allowed:.2f} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--daemon", default="build/modelcached")
    options = parser.parse_args()
    print("| model | file MB | image MB | pickled objects | peak MB | allowed MB | share |")
    print("|---|---|---|---|---|---|---|")
    for path in options.models:
        print(measure(options.daemon, path), flush=True)


if __name__ == "__main__":
    main()
