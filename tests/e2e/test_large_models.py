"""Models that fill the memory they are given: what a load takes beside the image, and a model in a
container hardly larger than itself.

MC_LARGE_MB is the size of the model of the second test: 300 here, 6000 in `./dev test --full`.
"""

import gzip
import os
import pickle
import re
import threading
import time

import numpy
import pytest
from sklearn.neighbors import KNeighborsRegressor

from memory_limits import limited

LARGE_MB = int(os.environ.get("MC_LARGE_MB", "300"))
WIDTH = 100


def write_model(path, size):
    """A k-neighbours model whose training rows take `size` bytes; its first rows."""
    n = size // (8 * WIDTH)
    generator = numpy.random.default_rng(n)
    few = generator.random((50, WIDTH))
    model = KNeighborsRegressor(3, algorithm="brute").fit(few, few[:, 0])
    rows = generator.random((n, WIDTH))
    model._fit_X, model._y, model.n_samples_fit_ = rows, rows[:, 0].copy(), n
    with open(path, "wb") as file:
        pickle.dump(model, file, protocol=5)
    return rows[:2].copy(), model if n < 1_000_000 else None


def anonymous(pid):
    """Bytes of a process that lie in no file."""
    with open(f"/proc/{pid}/status") as status:
        return 1024 * int(re.search(r"RssAnon:\s+(\d+)", status.read())[1])


class Peak(threading.Thread):
    """The largest `anonymous` of a process, looked at every millisecond."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.bytes, self.over = pid, 0, False

    def run(self):
        while not self.over:
            self.bytes = max(self.bytes, anonymous(self.pid))
            time.sleep(0.001)

    def stop(self):
        self.over = True
        self.join()
        return self.bytes


@pytest.mark.parametrize("packing", ["plain", "gzip"])
def test_a_load_takes_little_beside_the_image(serve, models, tmp_path, packing):
    path = tmp_path / "knn.pkl"
    write_model(path, 150_000_000)
    if packing == "gzip":
        packed = tmp_path / "knn.pkl.gz"
        with gzip.open(packed, "wb", compresslevel=1) as out:
            out.write(path.read_bytes())
        path = packed
    daemon = serve(path, models / "scaler.pkl", "--image-dir", "off")
    daemon.wait_ready()
    before = anonymous(daemon.process.pid)
    assert daemon.json("POST", "/models/knn/unload")[0] == 200
    peak = Peak(daemon.process.pid)
    peak.start()
    status, answer = daemon.json("POST", "/models/knn/load")
    assert status == 200, answer
    peak = peak.stop()
    image = next(m for m in daemon.json("GET", "/models")[1]["models"] if m["name"] == "knn")["bytes"]
    assert image > 150_000_000
    assert before > image
    assert peak <= image + (64 << 20), f"{peak >> 20} MB for an image of {image >> 20} MB"


def test_a_model_in_little_more_than_its_own_size(serve, tmp_path):
    size = LARGE_MB * 1_000_000
    path = tmp_path / "large.pkl"
    rows, model = write_model(path, size)
    with limited(size * 7 // 6) as (enter, which):
        limits = ("--memory-budget", str(size * 11 // 10), "--image-dir", "off")
        daemon = serve(path, *limits, preexec_fn=enter)
        until = time.monotonic() + 600
        while daemon.request("GET", "/readyz")[0] != 200:
            assert daemon.process.poll() is None and time.monotonic() < until, daemon.log
            time.sleep(0.1)
        print(f"a model of {LARGE_MB} MB under a {which} of {size * 7 // 6000000} MB")
        answer = daemon.predict(rows.tolist())
        if model is not None:
            assert answer == pytest.approx(model.predict(rows).tolist(), rel=1e-12)
        assert anonymous(daemon.process.pid) < size * 7 // 6
        assert daemon.stop() == 0
