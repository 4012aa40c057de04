"""python -m tests.conformance.report: docs/conformance.md from the results of the last full run.

Reads tests/conformance/out/results-VERSION-SUITE.json, the newest of each version and suite.
"""

import json
import platform
import sys
from collections import defaultdict

from . import environments
from .suites import OUT

DOCUMENT = environments.ROOT / "docs" / "conformance.md"
FEW_ULP = 64  # up to here a distance is told in ulp, beyond it as a share of the largest value

HEAD = """# Conformance with scikit-learn

Written by `python -m tests.conformance.report` from what `./dev test --full` found; do not edit.

Each cell is the worst of all fixtures of an estimator under the scikit-learn version that wrote
the model file: every recorded method, in pickle and joblib files.

- **=** bit-equal: every float is the same to the last bit, every label and type the same
- **N ulp** the farthest float is N units in the last place from scikit-learn's
- **e** the farthest float is off by e times the largest value of the same answer
- **refused** opening fails with `unsupported` and names what is not understood
- **wrong** a fixture fails; **-** this version has no such estimator, or none of its fixtures

Labels, types and shapes are equal in every cell but those marked wrong, and each row's answer was
bit-identical in batches of 1, 2, 7, 64 and 1000 rows. Meta-estimators are counted under their own
name, whatever is inside them; *some refused* means that some of their fixtures hold an estimator
that is refused. Measured against {stack}.
"""


class Cell:
    """The worst of the fixtures of one estimator and version."""

    def __init__(self):
        self.passed = self.refused = self.failed = 0
        self.bit_equal, self.ulp, self.relative = True, 0.0, 0.0

    def add(self, result):
        status = result["status"]
        setattr(self, status, getattr(self, status) + 1)
        for distance in result["methods"].values():
            self.bit_equal = self.bit_equal and distance["bit_equal"]
            self.ulp = max(self.ulp, distance["ulp"])
            self.relative = max(self.relative, distance["relative"])

    def _distance(self):
        if self.bit_equal:
            return "="
        if self.ulp <= FEW_ULP:
            return "%d ulp" % -(-self.ulp // 1)
        return "%.0e" % self.relative

    def __str__(self):
        if self.failed:
            return "**wrong**"
        if not self.passed:
            return "refused" if self.refused else "-"
        return self._distance() + (", some refused" if self.refused else "")


def _read():
    """{version: {estimator: Cell}} and {version: counts}, over all suites of the results."""
    cells = defaultdict(lambda: defaultdict(Cell))
    for path in sorted(OUT.glob("results-*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        for result in data["results"]:
            cells[data["sklearn"]][result["estimator"]].add(result)
    return cells


def _stack():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return "numpy and scipy of tools/requirements on %s, %s" % (
        models[0] if models else platform.machine(),
        platform.libc_ver()[0] + " " + platform.libc_ver()[1],
    )


def _versions(cells):
    return sorted(cells, key=lambda version: [int(part) for part in version.split(".")])


def document(cells):
    versions = _versions(cells)
    lines = [HEAD.format(stack=_stack()), "| estimator | " + " | ".join(versions) + " |"]
    lines.append("|---" * (len(versions) + 1) + "|")
    for name in sorted({name for version in versions for name in cells[version]}):
        row = [str(cells[v][name]) if name in cells[v] else "-" for v in versions]
        lines.append("| %s | %s |" % (name, " | ".join(row)))
    lines += ["", "Model files checked: " + _totals(cells, versions), ""]
    return "\n".join(lines)


def _totals(cells, versions):
    totals = []
    for version in versions:
        counts = [
            sum(getattr(cell, status) for cell in cells[version].values())
            for status in ("passed", "refused", "failed")
        ]
        totals.append("%s: %d right, %d refused, %d wrong" % (version, *counts))
    return "; ".join(totals) + "."


def main():
    cells = _read()
    if not cells:
        print("no results in %s: run ./dev test --full first" % OUT, file=sys.stderr)
        return 1
    DOCUMENT.write_text(document(cells), encoding="utf-8")
    print("written: %s" % DOCUMENT.relative_to(environments.ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
