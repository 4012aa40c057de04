"""python -m tests.conformance.worker JOBS: checks files in processes that may crash.

JOBS is a JSON list of [folder, description name, place of the file in it]; a line of JSON for each
goes to stdout, in order. A child does the work; when it dies, the job it was at has failed and a
new child goes on with the next one.
"""

import json
import os
import signal
import sys

from . import native
from .check import check, crashed, load


def _work(jobs, pipe):
    """In the child: one line a job, written when it is done."""
    library = native.Library()
    for folder, name, place in jobs:
        description = load(folder, name)
        result = check(library, folder, description, description["files"][place])
        pipe.write(json.dumps(result) + "\n")
        pipe.flush()


def _in_child(jobs):
    """(results of the jobs that ended, exit status of the child)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "w") as pipe:
                _work(jobs, pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        results = [json.loads(line) for line in pipe]
    return results, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _why(status):
    return signal.Signals(-status).name if status < 0 else "exit %d" % status


def main(path):
    with open(path, encoding="utf-8") as file:
        jobs = json.load(file)
    while jobs:
        results, status = _in_child(jobs)
        if len(results) < len(jobs):
            folder, name, place = jobs[len(results)]
            description = load(folder, name)
            results.append(crashed(description, description["files"][place], _why(status)))
        for result in results:
            print(json.dumps(result))
        jobs = jobs[len(results) :]


if __name__ == "__main__":
    main(sys.argv[1])
