#!/usr/bin/env python3
"""A restart with a large model, and what eight processes of it cost. Needs scikit-learn.

    python3 -m bench.restart [--classes 128] [--processes 8] [--build build]

Makes a text classifier of 2^20 features (128 classes: 1 GB), starts the daemon once to fill an image
directory, then: exec to first answer on the trusted path, with the index gone (hashed, verified in
full), and without images; the physical memory (PSS) of eight daemons, and of one with eight workers.
"""

import argparse
import http.client
import os
import pathlib
import pickle
import re
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROUNDS = 9
BODY = '{"inputs": ["a text that nobody has asked for yet"]}'


def make_model(path, n_classes):
    import numpy
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    n_features = 2**20
    classifier = SGDClassifier().fit(numpy.eye(4), list("abcd"))
    classifier.classes_ = numpy.array([f"class {i}" for i in range(n_classes)])
    classifier.coef_ = numpy.random.default_rng(0).standard_normal((n_classes, n_features))
    classifier.intercept_ = numpy.zeros(n_classes)
    classifier.n_features_in_ = n_features
    model = make_pipeline(HashingVectorizer(n_features=n_features), classifier)
    with open(path, "wb") as file:
        pickle.dump(model, file, protocol=5)


class Daemon:
    """Started, and asked until it answers: `seconds` from exec to that."""

    def __init__(self, program, port, *arguments):
        started = time.perf_counter()
        command = [program, "--port", str(port), "--log-level", "warn", *map(str, arguments)]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.port = port
        while not self._answers():
            time.sleep(0.0002)
        self.seconds = time.perf_counter() - started

    def _answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", "/predict", BODY)
            return connection.getresponse().status == 200
        except ConnectionRefusedError:
            assert self.process.poll() is None, "the daemon left"
            return False
        finally:
            connection.close()

    def processes(self):
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def image_memory(pids):
    """Bytes of mapped images, each physical page once over all of `pids` (PSS), and mapped (RSS)."""
    pss = rss = 0
    for pid in pids:
        ours = False
        for line in open(f"/proc/{pid}/smaps"):
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                ours = line.rstrip().endswith(".mci")
            elif ours and line.startswith(("Pss:", "Rss:")):
                size = int(line.split()[1]) * 1024
                pss, rss = (pss + size, rss) if line.startswith("Pss:") else (pss, rss + size)
    return pss, rss


def shown(pss, rss):
    return f"mapped {rss / 1e9:.3f} GB, physical (PSS) {pss / 1e9:.3f} GB"


def show_times(name, program, arguments, rounds, port, before=lambda: None):
    times = []
    for _ in range(rounds):
        before()
        daemon = Daemon(program, port, *arguments)
        times.append(daemon.seconds * 1e3)
        daemon.stop()
    spread = f"({min(times):.1f}-{max(times):.1f})"
    print(f"{name}: {statistics.median(times):.1f} ms {spread}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--classes", type=int, default=128)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    options = parser.parse_args()
    program = str(options.build / "modelcached")
    with tempfile.TemporaryDirectory() as folder:
        model, images = pathlib.Path(folder) / "big.pkl", pathlib.Path(folder) / "images"
        make_model(model, options.classes)
        with_images = [model, "--image-dir", images]
        print(f"model file: {model.stat().st_size / 1e9:.2f} GB", flush=True)
        show_times("first start, image written", program, with_images, 1, 5931)
        show_times("restart, trusted", program, with_images, ROUNDS, 5931)

        def forget():
            for entry in images.glob("*.idx"):
                entry.unlink()

        show_times("restart, image verified in full", program, with_images, 3, 5931, forget)
        show_times("start without images", program, [model, "--image-dir", "off"], 1, 5931)
        (image,) = images.glob("*.mci")
        verify = options.build / "bench/verify_image"
        if verify.exists():
            subprocess.run([verify, image], check=True)
        size = image.stat().st_size
        forget()  # each verifies in full, and so has every page mapped
        daemons = []
        for i in range(options.processes):
            forget()
            daemons.append(Daemon(program, 5940 + i, *with_images, "--threads", "1"))
        pss, rss = image_memory([d.process.pid for d in daemons])
        for daemon in daemons:
            daemon.stop()
        print(f"{options.processes} daemons with an image of {size / 1e9:.3f} GB: {shown(pss, rss)}")
        workers = Daemon(program, 5931, *with_images, "--workers", str(options.processes))
        pss, rss = image_memory(workers.processes())
        print(f"{options.processes} workers: {shown(pss, rss)}")
        workers.stop()


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
