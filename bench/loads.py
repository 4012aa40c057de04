#!/usr/bin/env python3
"""Do loads slow other models? python3 -m bench.loads [--rounds N] [--seconds S] [--output FILE]

The daemon ($MODELCACHED, or build/modelcached) runs on one core, the generator on another. What the
daemon can do at most is measured first. Then 60 % of that is asked for, in an open loop, in turns
with nothing else going on and with large models being loaded all the time: two that are refreshed
one after the other without a pause. A request's time counts from when it was due.
"""

import argparse
import os
import pathlib
import pickle
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
from daemon import ROOT, Daemon  # noqa: E402

SHARE = 0.6
CONNECTIONS = 32
BODY = '{"input": [5.1, 3.5, 1.4, 0.2]}'
RESULT = re.compile(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.M)
NAMES = "answered refused micros p50 p99 p999 max late cpu".split()


def build(folder):
    program = folder / "open_loop"
    source = ROOT / "bench" / "open_loop.c"
    flags = ["-std=c17", "-D_GNU_SOURCE", "-O2"]
    subprocess.run(["cc", *flags, "-o", str(program), str(source)], check=True)
    return program


def ask(program, daemon, rate, seconds, core):
    port = daemon.url.rpartition(":")[2].rstrip("/")
    pin = ["taskset", "-c", str(core)] if core is not None else []
    command = [*pin, program, port, "/models/iris/predict", BODY, rate, seconds, CONNECTIONS]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return dict(zip(NAMES, map(int, RESULT.search(done.stdout).groups())))


def make_large(folder):
    """Two models of about 20 MB in files of that size."""
    import numpy
    from sklearn.neighbors import KNeighborsRegressor

    rows = numpy.random.default_rng(0).normal(size=(100000, 20))
    model = KNeighborsRegressor(1, algorithm="kd_tree").fit(rows, numpy.ones(100000))
    for name in ("large", "other"):
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))


class Loads(threading.Thread):
    """Refreshes the large models, one after the other, until it is stopped."""

    def __init__(self, daemon):
        super().__init__()
        self.url, self.stopped, self.count = daemon.url, threading.Event(), 0

    def run(self):
        while not self.stopped.is_set():
            name = ("large", "other")[self.count % 2]
            request = urllib.request.Request(f"{self.url}/models/{name}/refresh", b"", method="POST")
            request.add_header("Content-Type", "application/json")
            with urllib.request.urlopen(request) as answer:
                answer.read()
            self.count += 1

    def stop(self):
        self.stopped.set()
        self.join()
        return self.count


def measure(rounds, seconds):
    """(capacity, results without loads, results with them, loads)"""
    cores = sorted(os.sched_getaffinity(0))
    pin = ["taskset", "-c", str(cores[0])] if len(cores) > 1 else []
    core = cores[1] if len(cores) > 1 else None
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = build(folder)
        make_large(folder)
        flags = ["--threads", "1", "--log-level", "error", "--prediction-cache", "off"]
        flags += ["--image-dir", "off"]  # each load reads the pickle
        with Daemon(folder, ROOT / "examples" / "iris.pkl", *flags, prefix=pin) as daemon:
            capacity = max(closed(program, daemon, core) for _ in range(3))
            quiet, loading, n_loads = [], [], 0
            for _ in range(rounds):
                quiet.append(ask(program, daemon, capacity * SHARE, seconds, core))
                loads = Loads(daemon)
                loads.start()
                loading.append(ask(program, daemon, capacity * SHARE, seconds, core))
                n_loads += loads.stop()
    return capacity, quiet, loading, n_loads


def closed(program, daemon, core):
    run = ask(program, daemon, 0, 1, core)
    return run["answered"] / run["micros"] * 1e6


def table(capacity, quiet, loading, n_loads, seconds):
    def show(runs, key):
        values = sorted(run[key] for run in runs)
        return f"{statistics.median(values):.0f} ({values[0]}–{values[-1]})"

    ratio = statistics.median(r["p99"] for r in loading) / statistics.median(r["p99"] for r in quiet)
    lines = [
        f"At most {capacity:,.0f} requests/s; {SHARE:.0%} of that are asked for, open loop, "
        f"{len(quiet)} rounds of {seconds:g} s each way; {n_loads} loads of 20 MB meanwhile.",
        "Microseconds from when a request was due: median of the rounds (least–greatest).",
        "",
        "| | requests | not 200 | p50 | p99 | p99.9 | max |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for label, runs in (("no loads", quiet), ("loads all the time", loading)):
        counts = [sum(run[key] for run in runs) for key in ("answered", "refused")]
        times = [show(runs, key) for key in ("p50", "p99", "p999", "max")]
        lines.append(f"| {label} | {counts[0]:,} | {counts[1]} | " + " | ".join(times) + " |")
    return "\n".join([*lines, "", f"p99 with loads is {ratio:.2f} × p99 without."]), ratio


def main():
    parser = argparse.ArgumentParser(prog="bench.loads", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    text, ratio = table(*measure(options.rounds, options.seconds), options.seconds)
    print(text)
    return 0 if ratio <= 1.5 else 1


if __name__ == "__main__":
    sys.exit(main())
