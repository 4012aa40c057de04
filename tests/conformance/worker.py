"""python -m tests.conformance.worker JOBS: checks files in a process that may crash.

JOBS is a JSON list of [folder, description name, place of the file in it]. For each, a line
{"begin": place in JOBS} and then the result go to stdout: what began and did not end has crashed.
"""

import json
import sys

from . import native
from .check import check, load


def main(path):
    with open(path, encoding="utf-8") as file:
        jobs = json.load(file)
    library = native.Library()
    for at, (folder, name, place) in enumerate(jobs):
        print(json.dumps({"begin": at}), flush=True)
        description = load(folder, name)
        result = check(library, folder, description, description["files"][place])
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
