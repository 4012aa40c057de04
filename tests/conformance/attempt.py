"""python -m tests.conformance.attempt REGEX [VERSION...]: `./dev try`, the loop of writing a family.

Makes the cases of that name anew, a few seconds a version, and checks them as the suites do: a line
for each method of each file, or what is wrong. MC_SUITE=any-name draws other rows and options.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from . import environments, suites


def _make(folder, version, only):
    """What the generator says; raises what it raised."""
    said = environments.generate(
        "scikit-learn " + version,
        environments.interpreter(version),
        "tests.conformance.fixtures",
        folder,
        *("--only", only, "--suite", os.environ.get("MC_SUITE", "default")),
    )
    return [line.strip() for line in said.splitlines() if line.lstrip().startswith("skip")]


def _distance(found):
    if found["bit_equal"]:
        return "equal"
    return "%.3g ulp, %.0e of the largest" % (found["ulp"], found["relative"])


def lines(version, result):
    """What to print of one file."""
    head = "%s  %-6s  %s" % (version, result["status"], result["file"])
    if result["status"] == "refused":
        return [head + ": " + result["refused"]]
    told = [": " + problem for problem in result["problems"]] + [
        "  %s: %s; the same bits in %d other batches" % (name, _distance(found), found["n_batches"])
        for name, found in result["methods"].items()
    ]
    return [head + line for line in told]


def attempt(version, only):
    """The results of one version; prints them."""
    with tempfile.TemporaryDirectory(prefix="attempt-") as folder:
        for line in _make(folder, version, only):
            print("%s  %s" % (version, line))
        results = list(suites.check(Path(folder)).values())
    for result in results:
        print("\n".join(lines(version, result)), flush=True)
    return results


def main(arguments):
    """The status is 0 where at least one file was checked and all are right."""
    if not arguments or arguments[0].startswith("-"):
        print(__doc__.split("\n\n", maxsplit=1)[0], file=sys.stderr)
        return 2
    only, results = re.compile(arguments[0]).pattern, []
    for version in arguments[1:] or environments.VERSIONS:
        try:
            results += attempt(version, only)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
    if not results:
        print("no case of tests/conformance/fixtures/cases/ matches %s" % only, file=sys.stderr)
        return 1
    passed, failed, refused = suites.counts(results)
    print("%d passed, %d failed, %d refused" % (passed, failed, refused))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
