"""python -m tests.conformance.wide [VERSION...]: over a thousand rows of every estimator and method.

A few cases of the default suite stand for each estimator: its first ones, and those that have a
method which the first ones have not. They are generated again as the suite `wide`, asked N_ROWS
rows each (fixtures/wide.py), and checked like every other; docs/conformance.md is made of this.

It takes minutes a version, so it goes in parts and keeps what is done: a run that was stopped goes
on where it was, and a part is done again only where the generator, the pinned packages, the
comparison or the library is another one.
"""

import hashlib
import json
import re
import sys
import time

from . import environments, native, suites

N_ROWS = 1200
N_CASES = 2  # of an estimator, beside those that add a method
N_IN_PART = 50  # cases: what a stopped run loses at the most
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


def cases(folders=None):
    """The names for all versions, chosen once a generator: from the default suites of the oldest
    and the newest version, or from `folders`, which hold the same."""
    path = suites.OUT / ("wide-%s.json" % suites.generator_hash())
    if not path.exists():
        if folders is None:
            folders = [suites.generate(version, "default") for version in environments.VERSIONS]
        names = dict.fromkeys(name for folder in folders for name in chosen(folder))
        suites.OUT.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(list(names)), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def _key(version):
    """Another one where the results of a version could be others."""
    digest = hashlib.sha256(suites.generator_hash().encode())
    checked_by = [suites.HERE / name for name in ("check.py", "compare.py", "native.py", "wide.py")]
    library = native.build_directory() / "libmodelcache.so"
    for path in (environments.requirements(version), library, *checked_by):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _done(version, key):
    """(parts, results) that an earlier run has left of the same key."""
    path = suites.results_path(version, "wide")
    data = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return (data["parts"], data["results"]) if data.get("key") == key else ([], [])


def _check_part(version, part, names):
    only = "^(%s)$" % "|".join(map(re.escape, names))
    options = ("--wide", str(N_ROWS), "--only", only, "--no-joblib")
    return suites.check(suites.generate(version, "wide", options, part="-%d" % part)).values()


def check_version(version):
    """The results of one version; those of each part are written as they come."""
    names, key = cases(), _key(version)
    parts, results = _done(version, key)
    for part, at in enumerate(range(0, len(names), N_IN_PART)):
        if part in parts:
            continue
        start = time.monotonic()
        found = list(_check_part(version, part, names[at : at + N_IN_PART]))
        parts, results = parts + [part], results + found
        suites.save(version, "wide", results, key=key, parts=parts)
        took = (version, part, len(found), time.monotonic() - start)
        print("%s: part %d: %d files, %.0f s" % took, file=sys.stderr, flush=True)
    return results


def main(versions):
    """Prints what fails and a line for each version; the status is that of the worst."""
    n_failed = 0
    for version in versions or environments.VERSIONS_FULL:
        results = check_version(version)
        for result in results:
            if result["status"] == "failed":
                print("%s: %s: %s" % (version, result["file"], " | ".join(result["problems"])))
        passed, failed, refused = suites.counts(results)
        numbers = (version, passed, failed, refused)
        print("scikit-learn %s, suite wide: %d passed, %d failed, %d refused" % numbers, flush=True)
        n_failed += failed
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
