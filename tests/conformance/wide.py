"""python -m tests.conformance.wide [VERSION...]: over a thousand rows of every estimator and method.

A few cases of the default suite stand for each estimator: its first ones, and those that have a
method which the first ones have not. They are generated again as the suite `wide`, asked N_ROWS
rows each (fixtures/wide.py), and checked like every other; docs/conformance.md is made of this.
"""

import json
import re
import sys

from . import environments, suites

N_ROWS = 1200
N_CASES = 2  # of an estimator, beside those that add a method
NEVER_CHOSEN = ("images",)  # no rows to draw from


def _descriptions(folder):
    index = json.loads((folder / "_index.json").read_text(encoding="utf-8"))
    for name in index["cases"]:
        yield json.loads((folder / (name + ".json")).read_text(encoding="utf-8"))


def chosen(folder):
    """Names of the cases of a default suite that stand for their estimators."""
    names, counts, seen = [], {}, set()
    for description in _descriptions(folder):
        if description["input"]["kind"] in NEVER_CHOSEN:
            continue
        estimator = description["estimator"]
        answers = {(estimator, method) for method in description["outputs"]} - {
            (estimator, "predict_cov")
        }
        if counts.get(estimator, 0) < N_CASES or answers - seen:
            names.append(description["case"])
            counts[estimator] = counts.get(estimator, 0) + 1
            seen |= answers
    return names


def generate(version):
    """The folder of the wide suite of one version."""
    names = chosen(suites.generate(version, "default"))
    only = "^(%s)$" % "|".join(map(re.escape, names))
    return suites.generate(version, "wide", ("--wide", str(N_ROWS), "--only", only, "--no-joblib"))


def main(versions):
    """Prints what fails and a line for each version; the status is that of the worst."""
    n_failed = 0
    for version in versions or environments.VERSIONS_FULL:
        results = suites.check(generate(version))
        suites.save(version, "wide", list(results.values()))
        for result in results.values():
            if result["status"] == "failed":
                print("%s: %s: %s" % (version, result["file"], " | ".join(result["problems"])))
        passed, failed, refused = suites.counts(results.values())
        numbers = (version, passed, failed, refused)
        print("scikit-learn %s, suite wide: %d passed, %d failed, %d refused" % numbers, flush=True)
        n_failed += failed
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
