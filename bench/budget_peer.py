#!/usr/bin/env python3
"""The same kinds of models under MLServer: python3 -m bench.budget_peer PYTHON [--models N ...]

PYTHON is an interpreter that has mlserver and mlserver-sklearn. MLServer loads every model of its
folder at start, knows no budget and drops nothing by itself. So what it needs is measured with a few
models: resident memory once all are ready, and how long that took.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from bench import budget
from bench.process import rss_mb

LIMIT_S = 900


def lay_out(folder, kinds):
    """A folder a model, as MLServer wants it."""
    for name in kinds:
        (folder / name).mkdir()
        (folder / f"{name}.pkl").rename(folder / name / "model.joblib")
        settings = {
            "name": name,
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": "./model.joblib"},
        }
        (folder / name / "model-settings.json").write_text(json.dumps(settings))
    ports = {"http_port": 8981, "grpc_port": 8982, "metrics_port": 8983, "host": "127.0.0.1"}
    server = {**ports, "parallel_workers": 0, "debug": False}
    (folder / "settings.json").write_text(json.dumps(server))


def wait_ready(process, started):
    while time.monotonic() - started < LIMIT_S:
        if process.poll() is not None:
            raise SystemExit(f"mlserver ended with {process.returncode}")
        try:
            with urllib.request.urlopen("http://127.0.0.1:8981/v2/health/ready") as answer:
                if answer.status == 200:
                    return time.monotonic() - started
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit("mlserver was never ready")


def measure(python, n):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        kinds = budget.make_models(folder, n) if n else {}
        lay_out(folder, kinds)
        program = pathlib.Path(python).parent / "mlserver"
        started = time.monotonic()
        with open(folder / "log.txt", "w") as log:
            process = subprocess.Popen([program, "start", str(folder)], stdout=log, stderr=log)
        try:
            seconds = wait_ready(process, started)
            return rss_mb(process.pid), seconds
        finally:
            process.terminate()
            process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("python")
    parser.add_argument("--models", type=int, nargs="+", default=[0, 100, 400])
    options = parser.parse_args()
    for n in options.models:
        rss, seconds = measure(options.python, n)
        print(f"MLServer, {n} models: {rss:.0f} MB resident, ready after {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
