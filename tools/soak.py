#!/usr/bin/env python3
"""./dev soak: 64 clients, swaps every 50 ms, evictions, loads and unloads, all at once for a while.

    soak.py [--seconds N]        the daemon is $MODELCACHED, or build/modelcached; needs scikit-learn

Models answer who they are: each row with the model's number and, thrice, its generation. Three
small ones are asked for most, and swapped in turn: a file of the next generation takes the old
one's place, and POST .../refresh. Two large ones are popular, and two dozen are asked for now and
then: for half of these there is room, so that they are evicted all the time. (If all were popular
the churn guard would rightly refuse some, see src/cache/churn.h.) What must hold:

- every request for a prediction is answered 200. 503 that comes with Retry-After is counted by its
  message, so that a failed run says why, and fails it like any other.
- an answer is of one model and one generation: not older than what was published when the request
  was sent, not newer than what was written when the answer came. The examples answer as always.
- at the end the daemon's counters tell of exactly the requests that were sent.
- memory does not grow after the first third, and the daemon ends with exit code 0.
"""

import argparse
import collections
import ctypes
import json
import multiprocessing
import os
import pathlib
import pickle
import random
import re
import socket
import struct
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from threading import Thread

from daemon import ROOT, Daemon

N_SWAPPED, N_POPULAR, N_RARE = 3, 2, 24
N_MODELS = N_SWAPPED + N_POPULAR + N_RARE
RARE_PER_S = 10  # requests for any of the rare ones, of all clients together
N_PROCESSES, N_CLIENTS = 4, 16  # of clients; clients in each
SWAP_EVERY_S = 0.05
PAUSE_S = 0.003  # of a client after each answer: loads take only the time that requests leave
BUDGET = "9M"
ALLOWED_GROWTH_MB = 8.0
SENTINEL = struct.pack("<d", 123456.5)  # stands for the generation in a template
CALM = "/models/iris/predict", {"inputs": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]}
CALM_ANSWER = ["setosa", "virginica"]


def template(number):
    """A pickle in which SENTINEL stands for the generation."""
    import numpy
    from sklearn.linear_model import LinearRegression
    from sklearn.neighbors import KNeighborsRegressor

    answer = [float(number), *struct.unpack("<d", SENTINEL) * 3]
    if number < N_SWAPPED:
        model = LinearRegression().fit(numpy.zeros((2, 4)), numpy.zeros((2, 4)))
        model.coef_, model.intercept_ = numpy.zeros((4, 4)), numpy.array(answer)
    else:
        rows = numpy.random.default_rng(number).normal(size=(10000, 4))
        model = KNeighborsRegressor(1, algorithm="kd_tree").fit(rows, numpy.tile(answer, (10000, 1)))
    return pickle.dumps(model, protocol=5)


def frame(path, body):
    text = json.dumps(body).encode() if body is not None else b""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text


class Connection:
    """One keep-alive connection."""

    def __init__(self, url):
        address = urllib.parse.urlparse(url)
        self.address = (address.hostname, address.port)
        self.socket = None

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def ask(self, request):
        """(status, head, body)"""
        if self.socket is None:
            self.socket = socket.create_connection(self.address, timeout=60)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, body = data.split(b"\r\n\r\n", 1)
        size = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
        while len(body) < size:
            body += self.receive()
        return int(head[9:12]), head, body

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the daemon closed the connection")
        return data


class Shared:
    """What all processes of a soak see."""

    def __init__(self):
        self.written = multiprocessing.RawArray(ctypes.c_longlong, [1] * N_MODELS)
        self.published = multiprocessing.RawArray(ctypes.c_longlong, [1] * N_MODELS)
        self.stop = multiprocessing.RawValue(ctypes.c_bool, False)
        self.results = multiprocessing.Queue()


class Client:
    def __init__(self, url, shared, seed):
        self.connection, self.shared = Connection(url), shared
        self.chance = random.Random(seed)
        self.statuses, self.refusals = collections.Counter(), collections.Counter()
        self.problem = None
        self.rare_at_s = time.monotonic() + 10 * self.chance.random()
        self.requests = [
            frame(f"/models/m{i}/predict", {"inputs": [[0.1 * i, 0, 1, 2], [1, 1, 1, 1]]})
            for i in range(N_MODELS)
        ]
        self.calm = frame(*CALM)

    def check(self, status, head, body, what):
        """True if there is an answer to look at."""
        self.statuses[status] += 1
        if status == 503 and b"retry-after:" in head.lower():
            self.refusals[re.sub(r"[0-9.]+", "N", json.loads(body)["error"]["message"])] += 1
            return False
        if status != 200:
            self.problem = f"{what}: {status} {body.decode()}"
        return status == 200

    def ask_model(self, at):
        low = self.shared.published[at]
        status, head, body = self.connection.ask(self.requests[at])
        high = self.shared.written[at]
        if not self.check(status, head, body, f"m{at}"):
            return
        for number, *generations in json.loads(body)["prediction"]:
            if number != at or len(set(generations)) != 1 or not low <= generations[0] <= high:
                self.problem = f"m{at}: {body.decode()}, expected a generation of {low} to {high}"

    def ask_calm(self):
        status, head, body = self.connection.ask(self.calm)
        if self.check(status, head, body, "iris") and json.loads(body)["prediction"] != CALM_ANSWER:
            self.problem = f"iris: {body.decode()}"

    def ask_rare(self):
        self.rare_at_s += self.chance.expovariate(RARE_PER_S / N_PROCESSES / N_CLIENTS)
        self.ask_model(N_SWAPPED + N_POPULAR + self.chance.randrange(N_RARE))

    def run(self):
        try:
            while not self.shared.stop.value and self.problem is None:
                if time.monotonic() >= self.rare_at_s:
                    self.ask_rare()
                elif self.chance.random() < 0.2:
                    self.ask_calm()
                else:
                    self.ask_model(self.chance.randrange(N_SWAPPED + N_POPULAR))
                time.sleep(PAUSE_S)
                if self.chance.random() < 0.002:
                    self.connection.close()
        except Exception as problem:  # what ends a thread must fail the run, not vanish
            self.problem = repr(problem)


def run_clients(url, shared, process):
    clients = [Client(url, shared, process * N_CLIENTS + i) for i in range(N_CLIENTS)]
    threads = [Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sum((client.statuses for client in clients), collections.Counter())
    refusals = sum((client.refusals for client in clients), collections.Counter())
    shared.results.put((statuses, refusals, [c.problem for c in clients if c.problem]))


class Soak:
    """The parent: it swaps, unloads and watches while the clients ask."""

    def __init__(self, daemon, folder, templates, shared, seconds):
        self.daemon, self.folder, self.templates, self.shared = daemon, folder, templates, shared
        self.end_s = time.monotonic() + seconds
        self.administration = collections.Counter()
        self.problems = []

    def running(self):
        return time.monotonic() < self.end_s and not self.problems

    def write(self, at, generation):
        self.shared.written[at] = generation
        write_model(self.folder, at, generation, self.templates[at])

    def swap(self, at):
        """One of N_SWAPPED threads: together they swap every SWAP_EVERY_S."""
        connection, next_s = Connection(self.daemon.url), time.monotonic() + at * SWAP_EVERY_S
        while self.running():
            time.sleep(max(0, next_s - time.monotonic()))
            next_s += N_SWAPPED * SWAP_EVERY_S
            generation = self.shared.written[at] + 1
            self.write(at, generation)
            status, _, body = connection.ask(frame(f"/models/m{at}/refresh", None))
            self.administration[f"refresh {status}"] += 1
            if status == 200:
                self.shared.published[at] = generation
            else:
                self.problems.append(f"refresh of m{at}: {status} {body.decode()}")

    def meddle(self):
        """Unloads and loads by hand. A load that finds no room is refused, and nobody's loss."""
        connection, chance = Connection(self.daemon.url), random.Random(0)
        while self.running():
            at, verb = chance.randrange(N_MODELS + 1), chance.choice(["unload", "unload", "load"])
            name = "iris" if at == N_MODELS else f"m{at}"
            status, _, body = connection.ask(frame(f"/models/{name}/{verb}", None))
            self.administration[f"{verb} {status}"] += 1
            if status != 200 and (verb, status) != ("load", 503):
                self.problems.append(f"{verb} of {name}: {status} {body.decode()}")
            time.sleep(0.02)

    def rss_mb(self):
        text = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

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
        except Exception as problem:
            self.problems.append(f"{work.__name__}: {problem!r}")

    def run(self):
        arguments = [(self.daemon.url, self.shared, i) for i in range(N_PROCESSES)]
        processes = [multiprocessing.Process(target=run_clients, args=a) for a in arguments]
        for process in processes:
            process.start()
        threads = [Thread(target=self.guarded, args=(self.swap, at)) for at in range(N_SWAPPED)]
        threads.append(Thread(target=self.guarded, args=(self.meddle,)))
        for thread in threads:
            thread.start()
        self.guarded(self.watch)
        for thread in threads:
            thread.join()
        self.shared.stop.value = True
        found = [self.shared.results.get(timeout=90) for _ in processes]
        for process in processes:
            process.join()
        self.problems += [problem for _, _, problems in found for problem in problems]
        self.refusals = sum((refusals for _, refusals, _ in found), collections.Counter())
        return sum((statuses for statuses, _, _ in found), collections.Counter())


def write_model(folder, at, generation, template_bytes):
    """Whoever opens the file sees one generation or the other, never a part."""
    fresh = folder / f".m{at}.new"
    fresh.write_bytes(template_bytes.replace(SENTINEL, struct.pack("<d", generation)))
    os.replace(fresh, folder / f"m{at}.pkl")


def metrics(daemon):
    with urllib.request.urlopen(daemon.url + "/metrics") as answer:
        text = answer.read().decode()
    found = collections.Counter()
    for name, labels, value in re.findall(r"^modelcached_(\w+)(\{.*\})? (\S+)$", text, re.M):
        reason = re.search(r'reason="([^"]+)"', labels)
        found[name + (" " + reason[1] if reason else "")] += float(value)
    return found


def reconcile(found, statuses):
    """What of the daemon's counters is not what was sent."""
    sent = sum(statuses.values())
    counted = found["model_cache_hits_total"] + found["model_cache_misses_total"]
    problems = []
    if found["requests_total"] != sent:
        problems.append(f"{found['requests_total']:.0f} requests counted, {sent} sent")
    if counted != sent:
        problems.append(f"{counted:.0f} hits and misses counted, {sent} requests sent")
    return problems


def report(statuses, soak, found):
    swaps = soak.administration["refresh 200"]
    print(
        f"soak: {sum(statuses.values())} requests of {N_PROCESSES * N_CLIENTS} clients: "
        + ", ".join(f"{n} × {status}" for status, n in sorted(statuses.items()))
    )
    print("soak: " + ", ".join(f"{n} × {what}" for what, n in sorted(soak.administration.items())))
    for message, n in soak.refusals.most_common():
        print(f"soak: {n} × 503: {message}")
    dropped = [
        f"{int(n)} {what.split()[-1]}"
        for what, n in sorted(found.items())
        if what.startswith("model_cache_evictions_total")
    ]
    loads = int(found["model_loads_total"])
    print(f"soak: {swaps} swaps, {loads} loads; left memory: {', '.join(dropped)}")


def main():
    parser = argparse.ArgumentParser(prog="soak.py")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    shared = Shared()
    with tempfile.TemporaryDirectory() as name:
        folder, templates = pathlib.Path(name) / "models", [template(i) for i in range(N_MODELS)]
        folder.mkdir()
        for i in range(N_MODELS):
            write_model(folder, i, 1, templates[i])
        flags = ["--memory-budget", BUDGET, "--load-threads", "2", "--log-level", "warn"]
        flags += ["--image-dir", str(folder.parent / "images")]
        with Daemon(folder, ROOT / "examples" / "iris.pkl", *flags) as daemon:
            soak = Soak(daemon, folder, templates, shared, options.seconds)
            statuses = soak.run()
            found = metrics(daemon)
    soak.problems += reconcile(found, statuses)
    if daemon.exit_code != 0:
        soak.problems.append(f"exit code {daemon.exit_code}: {daemon.final_log[-2000:]}")
    if statuses[503] > 0:
        soak.problems.append(f"{statuses[503]} requests were told to come back later")
    if soak.administration["refresh 200"] == 0:
        soak.problems.append("nothing was swapped")
    if found["model_cache_evictions_total budget"] == 0:
        soak.problems.append("nothing was evicted: this soak shows nothing")
    report(statuses, soak, found)
    for problem in soak.problems[:10]:
        print(f"soak: {problem}")
    print("not ok - soak" if soak.problems else "ok - soak")
    return 1 if soak.problems else 0


if __name__ == "__main__":
    sys.exit(main())
