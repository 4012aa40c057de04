"""python -m tests.conformance.report: docs/conformance.md from the results of the last full run.

Reads tests/conformance/out/results-VERSION-SUITE.json, the newest of each version and suite. With
--wide the suites of over a thousand rows are made and checked first (wide.py).
"""

import json
import platform
import sys
from collections import defaultdict

from . import deployable, environments, listed, wide
from .reasons import BOUND, bound, why
from .suites import OUT

DOCUMENT = environments.ROOT / "docs" / "conformance.md"
FEW_ULP = 64  # up to here a distance is told in ulp, beyond it as a share of the largest value

HEAD = """# Conformance with scikit-learn

Written by `python -m tests.conformance.report` from what `./dev test --full` found; do not edit.

{served} of the {deployable} classes of scikit-learn {newest} that answer for new rows are served,
in each version asked that has them: {versions}. {missing}
Measured against {stack}.

## Over a thousand rows

Each line is one method of one estimator, asked {n_rows} rows of a few models in each version of the
last column{wide}: the worst of all. Rows for which scikit-learn itself has no one answer are left out
(`tests/conformance/fixtures/undetermined.py`).

- **answer** *bit-equal*, or how many units in the last place the farthest number is from what it
  should be, and how many of the values are the same to the last bit. The units are many where a long
  sum cancels to nearly nothing.
- **of the largest** the farthest number's distance as a share of the largest number of that answer,
  which stands here for the terms of its sum: those are not seen from outside.
- **bound** what *of the largest* may be: {bound} is the design's. {within}
- **batches** how many other batches the same rows were asked in: all of them backwards and in a mixed
  order, and windows of 1, 2, 7, 64 and 1000 of them. Each row's answer had the same bits in all, or
  the line says **wrong**.

What is not bit-equal mostly differs in the order of a sum. scikit-learn leaves it to a BLAS, whose
order depends on the processor and on how many rows are asked at once; here a row's answer is the
same in every batch. The rest is `exp`, `log` and `pow` of another library.

"""

CELLS = """
## Every model of every version

Each cell is the worst of all models of an estimator under the scikit-learn version that wrote the
file: every recorded method, in pickle, joblib and skops files.

- **=** bit-equal: every float is the same to the last bit, every label and type the same
- **N ulp** the farthest float is N units in the last place from scikit-learn's
- **e** the farthest float is off by e times the largest value of the same answer
- **refused** opening fails with `unsupported` and names what is not understood
- **wrong** a model answers otherwise; **-** this version has no such estimator

Labels, types and shapes are equal in every cell but those marked wrong, each row's answer was
bit-identical in batches of 1, 2, 7, 64 and 1000 rows, backwards and in a mixed order, and of no rows
the answer was empty.
Meta-estimators are counted under their own name, whatever is inside them; *some refused* means that
some of their models are among those listed at the end. Rows of float32 are answered in float64 where
scikit-learn rounds each step to float32: that is where 1e-07 comes from.
"""


class Line:
    """One method of one estimator over all wide suites."""

    def __init__(self):
        self.n_values = self.n_equal = self.n_batches = 0
        self.ulp = self.relative = 0.0
        self.wrong = False
        self.versions = set()

    def add(self, version, distance):
        self.versions.add(version)
        self.n_values += distance["n_values"]
        self.n_equal += distance["n_equal"]
        self.n_batches += distance.get("n_batches", 0)  # older results have none
        self.ulp = max(self.ulp, distance["ulp"])
        self.relative = max(self.relative, distance["relative"])

    def add_wrong(self, version):
        self.versions.add(version)
        self.wrong = True

    def _answer(self):
        if self.wrong:
            return "**wrong**"
        if self.n_equal == self.n_values:
            return "bit-equal"
        share = min(99.9, 100.0 * self.n_equal / self.n_values)
        if self.ulp == 0:  # labels between classes that are as good as equal
            return "%.1f %% equal" % share
        ulp = "%d" % -(-self.ulp // 1) if self.ulp < 1e6 else "%.0e" % self.ulp
        return "%s ulp, %.1f %% equal" % (ulp, share)

    def cells(self, estimator, method):
        """Those of the table behind the names."""
        far = not self.wrong and self.ulp > 0
        return [
            self._answer(),
            "%.0e" % self.relative if far else "",
            "%.0e" % bound(estimator, method) if far else "",
            (why(estimator, method) or "") if self.relative > BOUND else "",
            str(self.n_batches),
        ]


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


def _results():
    """(version, suite, result) of every file of the results."""
    for path in sorted(OUT.glob("results-*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        for result in data["results"]:
            yield data["sklearn"], data["suite"], result


def _read():
    """{version: {estimator: Cell}}, and {(estimator, method): Line} of the wide suites."""
    cells, lines = defaultdict(lambda: defaultdict(Cell)), defaultdict(Line)
    for version, suite, result in _results():
        cells[version][result["estimator"]].add(result)
        if suite == "wide" and result["status"] != "refused":
            _add_lines(lines, version, result)
    return cells, lines


def _add_lines(lines, version, result):
    for method, distance in result["methods"].items():
        lines[result["estimator"], method].add(version, distance)
    for problem in result["problems"]:  # "METHOD: what is wrong"
        lines[result["estimator"], problem.split(":")[0]].add_wrong(version)


def _stack():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return "numpy and scipy of tools/requirements on %s, %s" % (
        models[0] if models else platform.machine(),
        platform.libc_ver()[0] + " " + platform.libc_ver()[1],
    )


def _versions(cells):
    return sorted(cells, key=lambda version: [int(part) for part in version.split(".")])


def beyond(lines):
    """[(estimator, method)] outside their bounds."""
    return sorted(key for key, line in lines.items() if line.relative > bound(*key))


def wider(lines):
    """[(estimator, method)] beyond the design's bound, for a reason or for none."""
    return sorted(key for key, line in lines.items() if line.relative > BOUND)


def _within(lines):
    if not wider(lines):
        return "No answer exceeds it."
    return "What exceeds it has one of its own, and says why."


def _missing(cells):
    """Classes that no version serves, and what is known of them."""
    served = {name for version in cells for name, cell in cells[version].items() if cell.passed}
    missing = [name for name in deployable.names() if name not in served]
    return missing, "Not served: %s." % (", ".join(missing) or "none")


def _versions_with(suite):
    """", of VERSION, VERSION" for the head of the table."""
    found = _versions({version for version, name, _ in _results() if name == suite})
    return " (all: %s)" % ", ".join(found)


def _wide_table(lines):
    versions = _versions(set().union(*(line.versions for line in lines.values())))
    table = [
        "| estimator | method | answer | of the largest | bound | why so wide | batches | versions |",
        "|---" * 8 + "|",
    ]
    for estimator, method in sorted(lines):
        line = lines[estimator, method]
        asked = _range(line.versions, versions)
        row = [estimator, method, *line.cells(estimator, method), asked]
        table.append("| %s |" % " | ".join(row))
    return table


def _range(some, versions):
    """"all", "from 1.4.2", or their names."""
    found = _versions(some)
    if found == versions:
        return "all"
    return "from " + found[0] if found == versions[-len(found) :] else ", ".join(found)


def _cell_table(cells, versions):
    table = ["| estimator | " + " | ".join(versions) + " |", "|---" * (len(versions) + 1) + "|"]
    for name in sorted({name for version in versions for name in cells[version]}):
        row = [str(cells[v][name]) if name in cells[v] else "-" for v in versions]
        table.append("| %s | %s |" % (name, " | ".join(row)))
    return table


def _refused():
    options = [("%s(%s)" % key, reason) for key, reason in listed.PARAMETERS.items()]
    return sorted(options)


def document(cells, lines):
    versions = _versions(cells)
    missing, sentence = _missing(cells)
    head = HEAD.format(
        served=len(deployable.names()) - len(missing),
        deployable=len(deployable.names()),
        newest=versions[-1],
        versions=", ".join(versions),
        missing=sentence,
        stack=_stack(),
        n_rows=wide.N_ROWS,
        wide=_versions_with("wide"),
        bound="%.0e" % BOUND,
        within=_within(lines),
    )
    refused = ["", "Refused, and why:", ""] + ["- %s: %s" % item for item in _refused()]
    totals = ["", "Model files checked: " + _totals(cells, versions)]
    tables = _wide_table(lines) + CELLS.splitlines() + [""] + _cell_table(cells, versions)
    return head + "\n".join(tables + refused + totals) + "\n"


def _totals(cells, versions):
    totals = []
    for version in versions:
        counts = [
            sum(getattr(cell, status) for cell in cells[version].values())
            for status in ("passed", "refused", "failed")
        ]
        totals.append("%s: %d right, %d refused, %d wrong" % (version, *counts))
    return "; ".join(totals) + "."


def main(arguments):
    status = wide.main([]) if "--wide" in arguments else 0
    cells, lines = _read()
    if not cells:
        print("no results in %s: run ./dev test --full first" % OUT, file=sys.stderr)
        return 1
    DOCUMENT.write_text(document(cells, lines), encoding="utf-8")
    print("written: %s" % DOCUMENT.relative_to(environments.ROOT))
    for estimator, method in beyond(lines):
        print("%s.%s is beyond its bound" % (estimator, method), file=sys.stderr)
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
