#!/usr/bin/env python3
"""./dev soak: predictions, refreshes, loads and unloads all at once, for a while.

    soak.py [--seconds N]        the daemon is $MODELCACHED, or build/modelcached

Fails on a wrong answer, on a status other than 200 (or 503 and 504, which ask for patience), on a
daemon that does not end with exit code 0, and when memory grows after the first third.
"""

import argparse
import collections
import http.client
import json
import random
import sys
import threading
import time
import urllib.parse

from daemon import ROOT, Daemon

PATIENCE = {503, 504}
N_PREDICTORS = 6
ALLOWED_GROWTH_MB = 8.0
QUESTIONS = [
    ("/predict", {"input": [5.1, 3.5, 1.4, 0.2]}, ["setosa"]),
    (
        "/models/iris/predict",
        {"inputs": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]},
        ["setosa", "virginica"],
    ),
    (
        "/models/churn/predict",
        {
            "input": {
                "tenure_months": 3,
                "monthly_charge": 89.5,
                "support_calls": 4,
                "contract": "monthly",
                "payment": None,
                "paperless": True,
            }
        },
        ["leaves"],
    ),
]
ADMINISTRATION = [
    "/models/iris/refresh",
    "/models/churn/unload",
    "/models/churn/load",
    "/models/iris/unload",
    "/models/iris/load",
    "/refresh",
]


class Soak:
    def __init__(self, daemon, seconds):
        self.address = urllib.parse.urlparse(daemon.url)
        self.pid = daemon.pid
        self.end_s = time.monotonic() + seconds
        self.statuses = collections.Counter()
        self.problems = []

    def running(self):
        return time.monotonic() < self.end_s and not self.problems

    def post(self, connection, path, body):
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        self.statuses[answer.status] += 1
        if answer.status != 200 and answer.status not in PATIENCE:
            self.problems.append(f"POST {path}: {answer.status} {text}")
        return answer.status, text

    def connect(self):
        return http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=30)

    def predict(self, seed):
        chance, connection = random.Random(seed), self.connect()
        while self.running():
            path, body, want = chance.choice(QUESTIONS)
            status, text = self.post(connection, path, json.dumps(body))
            if status == 200 and json.loads(text)["prediction"] != want:
                self.problems.append(f"POST {path}: {text}, expected {want}")
            if chance.random() < 0.02:
                connection.close()

    def administrate(self):
        chance, connection = random.Random(0), self.connect()
        while self.running():
            self.post(connection, chance.choice(ADMINISTRATION), "")
            time.sleep(0.005)

    def rss_mb(self):
        with open(f"/proc/{self.pid}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS:"))

    def watch(self):
        """Memory once a second; the last third must not need more than the first third did."""
        seen = []
        while self.running():
            seen.append(self.rss_mb())
            time.sleep(1)
        third = max(1, len(seen) // 3)
        growth = max(seen[-third:]) - max(seen[:third])
        print(f"soak: memory {max(seen[:third]):.1f} MB, then {max(seen[-third:]):.1f} MB")
        if growth > ALLOWED_GROWTH_MB:
            self.problems.append(f"memory grew by {growth:.1f} MB")

    def guarded(self, work, *arguments):
        try:
            work(*arguments)
        except Exception as problem:  # a thread's traceback must fail the run, not vanish
            self.problems.append(f"{work.__name__}: {problem!r}")

    def run(self):
        threads = [
            threading.Thread(target=self.guarded, args=(self.predict, seed))
            for seed in range(N_PREDICTORS)
        ]
        threads.append(threading.Thread(target=self.guarded, args=(self.administrate,)))
        for thread in threads:
            thread.start()
        self.guarded(self.watch)
        for thread in threads:
            thread.join()


def main():
    parser = argparse.ArgumentParser(prog="soak.py")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with Daemon(ROOT / "examples", "--preload", "--default", "iris") as daemon:
        soak = Soak(daemon, options.seconds)
        soak.run()
    if daemon.exit_code != 0:
        soak.problems.append(f"exit code {daemon.exit_code}: {daemon.final_log[-2000:]}")
    print(
        f"soak: {sum(soak.statuses.values())} requests: "
        + ", ".join(f"{n} × {status}" for status, n in sorted(soak.statuses.items()))
    )
    for problem in soak.problems[:10]:
        print(f"soak: {problem}")
    return 1 if soak.problems else 0


if __name__ == "__main__":
    sys.exit(main())
