"""Random estimators and hostile rows, through scikit-learn and through the library.

    python -m tests.conformance.differential --seed 1 --minutes 10 [--log FILE] [--out FOLDER]
    python -m tests.conformance.differential --seed 1 --case 1234     one case again

In the environment of a version of scikit-learn. A case is drawn from (seed, number) alone. Each
difference leaves a folder below --out: model.pkl, rows.pkl and again.py, which shows it. Exits 1
when there was one. Cases run in a child, in runs of some; when it dies the case it was at is a
difference, unless scikit-learn was still fitting.
"""

import argparse
import collections
import contextlib
import inspect
import json
import os
import pickle
import random
import select
import shutil
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

import joblib
import numpy as np
import scipy
import sklearn
import skops.io

from .. import native
from . import asking, draws, rows

RUN = 25  # cases a child does
FIT_SECONDS = 20
COMPRESS = (0, 3, ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3))
SILENCE = 90  # seconds after which a child that says nothing is ended
AGAIN = '''"""%(what)s

Run it at the root of the checkout."""
import os, pickle, sys, warnings
sys.path.insert(0, os.getcwd())
from tests.conformance import native
from tests.conformance.differential.asking import native_rows
warnings.simplefilter("ignore")
here = os.path.dirname(os.path.abspath(__file__))
estimator = pickle.load(open(here + "/model.pkl", "rb"))
rows, kind = pickle.load(open(here + "/rows.pkl", "rb"))
print(estimator)
with native.Library().open(here + "/model.pkl") as model:
    for name, ask in (
        ("scikit-learn", lambda: getattr(estimator, %(method)r)(rows)),
        ("modelcache  ", lambda: model.predict(%(method)r, native_rows(rows, kind, model)).parts),
    ):
        try:
            print(name, ask())
        except Exception as error:
            print(name, type(error).__name__, str(error)[:300])
'''


class TooSlow(Exception):
    """A fit took longer than it may."""


def _on_alarm(number, frame):
    raise TooSlow


def _fit(case):
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.alarm(FIT_SECONDS)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if type(case.estimator).__name__ == "FrozenEstimator":
                case.estimator.estimator.fit(case.X, case.y)
            fit = case.estimator.fit
            more = {}
            if case.weights is not None and "sample_weight" in inspect.signature(fit).parameters:
                more["sample_weight"] = case.weights
            fit(*([case.X] if case.y is None else [case.X, case.y]), **more)
            if case.container is not None and hasattr(case.estimator, "set_output"):
                case.estimator.set_output(transform=case.container)
    finally:
        signal.alarm(0)


def _keep(folder, case, asked_rows, result):
    """A folder from which each difference can be shown again."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.pkl").write_bytes(pickle.dumps((asked_rows, case.kind)))
    first = result["differences"][0]
    text = AGAIN % {
        "what": first["what"].replace("\\", "/").replace('"""', "'''"),
        "method": first["method"],
    }
    (folder / "again.py").write_text(text, encoding="utf-8")


def _save(folder, case, rng):
    """The model as a file, of the kind that was drawn; a pickle where skops cannot write it."""
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(case.estimator, protocol=rng.randint(0, 6)))
    if case.saved == "joblib":
        path = folder / "model.joblib"
        joblib.dump(case.estimator, path, compress=draws.one_of(rng, COMPRESS))
    elif case.saved == "skops":
        with contextlib.suppress(Exception):
            data = skops.io.dumps(case.estimator)
            skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
            path = folder / "model.skops"
            path.write_bytes(data)
    return path


def _names(estimator):
    return " ".join(repr(estimator).split())[:300]


def run_case(library, seed, number, out, say):
    """The result of one case as plain data; `say` is told which stage it is at."""
    say({"case": number, "stage": "fit"})
    try:
        case, rng = draws.draw(seed, number)
        _fit(case)
    except draws.NotThere:
        return {"case": number, "status": "not there"}
    except TooSlow:
        return {"case": number, "status": "slow"}
    except Exception as error:  # what was drawn cannot be fitted: scikit-learn is the judge
        return {"case": number, "status": "unfit", "why": "%s: %.100s" % (type(error).__name__, error)}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        X, marked = rows.hostile(rng, case)
    folder = Path(out) / ("%s-%d-%d" % (sklearn.__version__, seed, number))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        path = _save(folder, case, rng)
    except Exception as error:
        return {"case": number, "status": "unfit", "why": "no pickle: %s" % error}
    result = {"case": number, "status": "asked", "estimator": _names(case.estimator)}
    say({"case": number, "stage": "ask", "estimator": result["estimator"]})
    try:
        with library.open(path) as model:
            result.update(vars(asking.ask_all(case, model, X, marked, rng)))
    except native.NativeError as error:
        if asking.answers_none(case, X, len(marked)):
            return {"case": number, "status": "unfit", "why": "answers no row"}
        result["differences"] = [{"method": "open", "rows": [], "what": "open: %s" % error}]
    if result["differences"]:
        _keep(folder, case, X, result)
    else:
        shutil.rmtree(folder)
    return result


def _child(arguments, numbers, pipe):
    library = native.Library()

    def say(message):
        pipe.write(json.dumps(message, default=str) + "\n")
        pipe.flush()

    for number in numbers:
        np.random.seed(number & 0x7FFFFFFF)
        random.seed(number)
        say(run_case(library, arguments.seed, number, arguments.out, say))


def _lines(reader):
    """Lines of a child as they come; stops when it is silent for too long."""
    buffer = b""
    while True:
        ready, _, _ = select.select([reader], [], [], SILENCE)
        chunk = os.read(reader, 1 << 16) if ready else b""
        if not chunk:
            return
        *lines, buffer = (buffer + chunk).split(b"\n")
        yield from lines


def _in_child(arguments, numbers, end):
    """Results of the cases that were reached, one for the case the child died at included."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "w") as pipe:
                _child(arguments, numbers, pipe)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    results, stage = [], None
    for line in _lines(reader):
        message = json.loads(line)
        if "stage" in message:
            stage = message
            if time.monotonic() > end:
                break
        else:
            results.append(message)
            stage = None
    os.close(reader)
    ended = os.waitpid(child, os.WNOHANG)
    if ended[0] == 0:
        time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)
    if stage is not None and time.monotonic() <= end:
        results.append(_died(stage, os.waitstatus_to_exitcode(ended[1])))
    return results


def _died(stage, status):
    if stage["stage"] == "fit":
        return {"case": stage["case"], "status": "slow"}
    why = "the process ended at the case: %d" % status
    difference = {"method": "predict", "rows": [], "what": why}
    return {"case": stage["case"], "status": "asked", "estimator": stage["estimator"],
            "differences": [difference]}  # fmt: skip


class Log:
    """What a run found: printed, and written to a file of its own."""

    def __init__(self, arguments):
        self.arguments, self.file = arguments, None
        if arguments.log:
            self.file = open(arguments.log, "w", encoding="utf-8")
        self.counts = collections.Counter()
        self.write(
            "differential: seed %d, scikit-learn %s, numpy %s, scipy %s"
            % (arguments.seed, sklearn.__version__, np.__version__, scipy.__version__)
        )

    def write(self, text):
        text = text.encode("utf-8", "backslashreplace").decode()
        print(text, flush=True)
        if self.file:
            print(text, file=self.file, flush=True)

    def add(self, result):
        self.counts["cases"] += 1
        self.counts[result["status"]] += 1
        if result["status"] != "asked":
            if self.arguments.verbose:
                self.write("case %d: %s %s" % (result["case"], result["status"], result.get("why", "")))
            return
        for name in ("answers", "refusals"):
            self.counts[name] += result.get(name, 0)
        for name in ("generous", "strict", "overflows", "noise"):
            self.counts[name] += len(result.get(name, ()))
            shown = self.arguments.verbose or name in ("generous", "strict")
            for text in result.get(name, ())[: 1 if shown else 0]:
                self.write("(%s) case %d: %s" % (name, result["case"], result["estimator"]))
                self.write("    %s" % text)
        for difference in result["differences"]:
            self.counts["differences"] += 1
            self.write("DIFFERENCE case %d: %s" % (result["case"], result["estimator"]))
            self.write("    %s" % difference["what"])

    def close(self, minutes):
        c = self.counts
        self.write(
            "%.1f minutes: %d cases: %d asked, %d not fitted, %d slow, %d not there; %d answers equal,"
            " %d rows refused by both, %d answered where scikit-learn raises, %d where it overflows, %d not finite"
            " and refused, %d"
            " within its noise;"
            " %d differences"
            % (minutes, c["cases"], c["asked"], c["unfit"], c["slow"], c["not there"], c["answers"],
               c["refusals"], c["generous"], c["overflows"], c["strict"], c["noise"], c["differences"])
        )  # fmt: skip


def _parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--case", type=int, help="only this one")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with")
    parser.add_argument("--log", help="a file for what is printed")
    parser.add_argument("--out", default="build-logs/differential", help="for what differs")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def main():
    arguments = _parse()
    log = Log(arguments)
    start = time.monotonic()
    end = start + 60 * arguments.minutes
    number = arguments.first if arguments.case is None else arguments.case
    while time.monotonic() < end:
        n = RUN if arguments.case is None else 1
        results = _in_child(arguments, range(number, number + n), end + (600 if n == 1 else 0))
        for result in results:
            log.add(result)
        if arguments.case is not None:
            break
        number = results[-1]["case"] + 1 if results else number + 1
    log.close((time.monotonic() - start) / 60)
    if not log.counts["cases"]:
        log.write("no case could be drawn and asked: nothing is known")
        return 2
    return 1 if log.counts["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
