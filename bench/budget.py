#!/usr/bin/env python3
"""10,000 models under one budget: python3 -m bench.budget [--models N] [--budget MB] [--requests N]

Makes N models from a few fitted ones (each with bytes of its own), registers all of them with one
daemon ($MODELCACHED, or build/modelcached) and sends requests whose models follow a Zipf law over
many connections. Prints, and writes with --output: the largest RSS against the promise (budget +
request memory + 64 MB), hit ratios against policies that know the same trace, the times of hits
while misses load, how many misses waited for a load that was under way, and how memory comes back.
"""

import argparse
import json
import pathlib
import pickle
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import numpy

from bench import budget_policies

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
from daemon import ROOT, Daemon  # noqa: E402

WIDTH = 10
MARK = 0.123456789123456789
REQUEST_MEMORY_MB, SLACK_MB = 64, 64
COUNTED = (
    "model_cache_hits_total",
    "model_cache_misses_total",
    "model_cache_waits_total",
    "model_loads_total",
)
# Share of the models, and about how large their images are.
SHARES = {"line": 0.70, "forest": 0.20, "boosted": 0.08, "neighbours": 0.02}


def templates():
    """A pickle of each kind, with MARK where every copy gets a number of its own."""
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor

    generator = numpy.random.default_rng(0)
    rows = generator.random((2000, WIDTH))
    y = rows @ generator.random(WIDTH) + generator.normal(size=2000)
    line = Ridge().fit(rows, y)
    line.coef_[0] = MARK
    forest = RandomForestRegressor(20, random_state=0, n_jobs=-1).fit(rows, y)
    forest.estimators_[0].tree_.threshold[0] = MARK
    boosted = GradientBoostingRegressor(n_estimators=1000, max_depth=5, random_state=0).fit(rows, y)
    boosted.estimators_[0, 0].tree_.threshold[0] = MARK
    many = generator.random((360_000, WIDTH))
    many[0, 0] = MARK
    neighbours = KNeighborsRegressor(algorithm="brute").fit(many, many[:, 0])
    models = {"line": line, "forest": forest, "boosted": boosted, "neighbours": neighbours}
    return {kind: pickle.dumps(models[kind], 4) for kind in SHARES}


def make_models(folder, n):
    """Names with their kinds. A name says nothing of how popular it is."""
    kinds = {}
    made = templates()
    mark = struct.pack("<d", MARK)
    for kind, share in SHARES.items():
        before, found, after = made[kind].partition(mark)
        assert found, f"the mark is not in the pickle of {kind}"
        for i in range(int(n * share)):
            name = f"{kind}-{i}"
            own = struct.pack("<d", 0.1 + 0.8 * (i + 1) / (n + 2))
            (folder / f"{name}.pkl").write_bytes(b"".join((before, own, after)))
            kinds[name] = kind
    return kinds


def zipf_trace(kinds, n, exponent, seed):
    generator = numpy.random.default_rng(seed)
    names = numpy.array(sorted(kinds))
    generator.shuffle(names)
    weights = 1.0 / numpy.arange(1, len(names) + 1) ** exponent
    return names[generator.choice(len(names), n, p=weights / weights.sum())].tolist()


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


class Watch(threading.Thread):
    """The largest RSS of the daemon, looked at every 20 ms."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.largest, self.over = pid, 0.0, False

    def run(self):
        while not self.over:
            self.largest = max(self.largest, resident_mb(self.pid))
            time.sleep(0.02)


def drive(daemon, folder, trace, kinds, connections):
    program, order = folder / "trace_load", list(SHARES)
    source = ROOT / "bench" / "trace_load.c"
    flags = ["-std=gnu17", "-D_GNU_SOURCE", "-O2", "-pthread"]
    subprocess.run(["cc", *flags, "-o", str(program), str(source)], check=True)
    lines = "".join(f"{name} {order.index(kinds[name])}\n" for name in trace)
    (folder / "trace.txt").write_text(lines)
    row = [0.5] * WIDTH
    (folder / "bodies.txt").write_text(f'{{"input": {row}}}\n' * len(order))
    port = daemon.url.rpartition(":")[2].rstrip("/")
    files = [str(folder / "trace.txt"), str(folder / "bodies.txt")]
    command = [str(program), port, str(connections), "probe", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {
        found[0]: tuple(map(int, found[1].split()))
        for found in re.findall(r"^(RESULT|PROBE|ALL) (.+)$", done.stdout, re.M)
    }


def call(daemon, path, body=None):
    with urllib.request.urlopen(urllib.request.Request(daemon.url + path, body)) as answer:
        return answer.read().decode()


def total(daemon, name):
    text = call(daemon, "/metrics")
    return sum(float(v) for v in re.findall(rf"^modelcached_{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))


def sizes_of(daemon, kinds):
    """Bytes that a model of each kind is charged."""
    out = {}
    for kind in SHARES:
        call(daemon, f"/models/{kind}-0/load", b"")
        out[kind] = int(json.loads(call(daemon, f"/models/{kind}-0"))["bytes"])
        call(daemon, f"/models/{kind}-0/unload", b"")
    return {name: out[kind] for name, kind in kinds.items()}


def run(options, folder):
    started = time.monotonic()
    kinds = make_models(folder / "models", options.models)
    (folder / "probe.pkl").write_bytes((folder / "models" / "line-0.pkl").read_bytes())
    made_s = time.monotonic() - started
    with Daemon(
        folder / "probe.pkl",
        folder / "models",
        *("--memory-budget", f"{options.budget}M", "--request-memory", f"{REQUEST_MEMORY_MB}M"),
        *("--prediction-cache", "off", "--log-level", "warn", "--image-dir", options.image_dir),
    ) as daemon:
        call(daemon, "/models/probe/pin", b"")
        sizes = sizes_of(daemon, kinds)
        trace = zipf_trace(kinds, options.requests, options.exponent, options.seed)
        before = {n: total(daemon, n) for n in COUNTED}
        watch = Watch(daemon.pid)
        watch.start()
        times = drive(daemon, folder, trace, kinds, options.connections)
        watch.over = True
        watch.join()
        counted = {n: total(daemon, n) - before[n] for n in COUNTED}
    counted["model_cache_hits_total"] -= times["PROBE"][0]
    return {
        "made_s": made_s,
        "images": sum(sizes.values()),
        "rss": watch.largest,
        "times": times,
        "counted": counted,
        "policies": budget_policies.all_ratios(trace, sizes, options.budget << 20),
    }


def report(options, r):
    hits, misses = r["counted"]["model_cache_hits_total"], r["counted"]["model_cache_misses_total"]
    answered, refused, micros = r["times"]["RESULT"]
    bound = options.budget + REQUEST_MEMORY_MB + SLACK_MB
    lines = [
        f"{options.models} models, images of {r['images'] / 2**30:.1f} GiB together, a budget of "
        f"{options.budget} MB, image directory: {options.image_dir}",
        f"{answered} requests over {options.connections} connections in {micros / 1e6:.0f} s "
        f"(Zipf, exponent {options.exponent}, seed {options.seed}); not 200: {refused}",
        f"RSS at most {r['rss']:.0f} MB (promised: {bound} MB)",
        f"hit ratio {hits / (hits + misses):.3f}; over the same trace "
        + ", ".join(f"{name} {ratio:.3f}" for name, ratio in r["policies"].items()),
        f"misses {misses:.0f}, of which {r['counted']['model_cache_waits_total']:.0f} waited for a "
        f"load that was under way; loads {r['counted']['model_loads_total']:.0f}",
        "a pinned model meanwhile: {} requests, p50 {} us, p99 {} us, max {} us".format(
            *r["times"]["PROBE"]
        ),
        "all requests: {}, p50 {} us, p99 {} us, max {} us".format(*r["times"]["ALL"]),
    ]
    return "\n".join(lines) + "\n"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--budget", type=int, default=1024, help="MB")
    parser.add_argument("--requests", type=int, default=60_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--exponent", type=float, default=0.9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--image-dir", default="off")
    parser.add_argument("--folder", help="where the models are made (default: a temporary one)")
    parser.add_argument("--output")
    return parser.parse_args()


def main():
    options = parse()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = pathlib.Path(name)
        (folder / "models").mkdir()
        text = report(options, run(options, folder))
    print(text, end="")
    if options.output:
        pathlib.Path(options.output).write_text(text)


if __name__ == "__main__":
    main()
