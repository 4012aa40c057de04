#!/usr/bin/env python3
"""What --huge-pages, --prefault and --mlock win: python3 -m bench.pages MODEL COLUMNS [--rows N]

One daemon for each way of holding the model ($MODELCACHED, or build/modelcached), all at once. In
each round each of them is asked for one batch of new rows, in an order that turns from round to
round; a way's time is divided by that of pages as they are in the same round. Prints the median and
the quartiles of these ratios, how long it took from the start of the daemon to its first answer, and
what the first batch took.
"""

import argparse
import contextlib
import json
import pathlib
import re
import statistics
import sys
import time
import urllib.request

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
from daemon import Daemon  # noqa: E402

WAYS = {
    "as they are": [],
    "--huge-pages": ["--huge-pages"],
    "--prefault": ["--prefault"],
    "--mlock": ["--mlock"],
    "--huge-pages --prefault": ["--huge-pages", "--prefault"],
}
NO_CACHES = ["--preload", "--prediction-cache", "off", "--image-dir", "off", "--threads", "1"]


def ask(daemon, rows):
    """Seconds of one batch, its answers read."""
    body = json.dumps({"inputs": rows.tolist()}).encode()
    request = urllib.request.Request(
        f"{daemon.url}/predict", body, {"Content-Type": "application/json"}
    )
    begin = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        answer.read()
    return time.perf_counter() - begin


def large_mb(daemon):
    """Megabytes of the process that lie in 2 MiB pages."""
    text = pathlib.Path(f"/proc/{daemon.pid}/smaps_rollup").read_text()
    names = ("AnonHugePages", "ShmemPmdMapped", "FilePmdMapped")
    return sum(int(found) for name in names for found in re.findall(rf"{name}:\s+(\d+)", text)) // 1024


def start(stack, model, columns, options):
    begin = time.perf_counter()
    daemon = stack.enter_context(Daemon(model, *NO_CACHES, *options, wait_s=120))
    ask(daemon, numpy.zeros((1, columns)))  # waits for the model
    return daemon, time.perf_counter() - begin


def quartiles(values):
    low, _, high = statistics.quantiles(values, n=4)
    return f"{statistics.median(values):.2f} ({low:.2f}-{high:.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("columns", type=int)
    parser.add_argument("--rows", type=int, default=500, help="of a batch")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    generator = numpy.random.default_rng(0)

    def batch():
        return generator.normal(size=(options.rows, options.columns))

    times = {way: [] for way in WAYS}
    with contextlib.ExitStack() as stack:
        daemons = {way: start(stack, options.model, options.columns, more) for way, more in WAYS.items()}
        first = {way: ask(daemon, batch()) for way, (daemon, _) in daemons.items()}
        for i in range(options.rounds):
            rows = batch()
            for k in range(len(WAYS)):
                way = list(WAYS)[(i + k) % len(WAYS)]
                times[way].append(ask(daemons[way][0], rows))
        large = {way: large_mb(daemon) for way, (daemon, _) in daemons.items()}
    plain = times["as they are"]
    print(f"{options.model.name}: {options.rounds} rounds of {options.rows} rows\n")
    print("| pages | in 2 MiB pages, MB | to an answer, s | first batch, ms | batch, ms | ratio (quartiles) |")
    print("| --- | --- | --- | --- | --- | --- |")
    for way, (_, started) in daemons.items():
        ratios = [now / was for now, was in zip(times[way], plain)]
        print(
            f"| {way} | {large[way]} | {started:.2f} | {1e3 * first[way]:.0f} "
            f"| {1e3 * statistics.median(times[way]):.1f} | {quartiles(ratios)} |"
        )


if __name__ == "__main__":
    main()
