"""python -m tests.conformance.opener FILE...: what becomes of model files that may be hostile.

Prints a line of JSON a file: {"status", "message", "ms"}. A file that opens is asked every method
for two rows of zeros. Each file has a child process of its own, with little memory: a signal shows
as {"status": "crash"}, memory beyond the limit as no_memory.
"""

import json
import os
import resource
import sys
import time

from . import native

MEMORY = 1 << 30  # bytes of address space beyond what the interpreter has


def _limit_memory():
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))


def _zeros(model):
    """Two rows of zeros, or of an empty string where the model takes any value."""
    strings, arrays = [], []
    for _, kind in model.columns():
        values = ["", ""] if kind == 2 else [0.0, 0.0]
        arrays.append(native.cells(values, strings) if kind == 2 else native.np.array(values))
    return native.Columns(arrays, strings)


def _ask(model):
    for method in model.methods:
        try:
            model.predict(method, _zeros(model))
        except native.NativeError as error:
            if error.status not in ("bad_input", "no_method", "busy"):
                raise


def _open(library, path):
    start = time.monotonic()
    try:
        model = library.open(path)
    except native.NativeError as error:
        took = time.monotonic() - start
        return {"status": error.status, "message": str(error), "ms": took * 1000}
    took = time.monotonic() - start
    with model:
        _ask(model)
    return {"status": "ok", "message": "", "ms": took * 1000}


def _in_child(library, path, limited):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            if limited:
                _limit_memory()
            with os.fdopen(writer, "w") as pipe:
                pipe.write(json.dumps(_open(library, path)))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if text:
        return json.loads(text)
    return {"status": "crash", "message": "exit status %d" % code, "ms": 0.0}


def main(paths):
    library = native.Library()
    limited = "LD_PRELOAD" not in os.environ  # AddressSanitizer reserves terabytes
    for path in paths:
        print(json.dumps(_in_child(library, path, limited)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or sys.stdin.read().splitlines())
