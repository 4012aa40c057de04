"""What was unloaded is the system's again: after one round, and after a hundred."""

import pathlib
import pickle
import re
import time

import numpy
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor

SLACK = 2 << 20


def rss(daemon):
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A forest of small arrays and a training set in one: what the heap takes, and what pages take."""
    generator = numpy.random.default_rng(0)
    rows = generator.random((150_000, 8))
    folder = tmp_path_factory.mktemp("large")
    knn = KNeighborsRegressor(algorithm="brute").fit(rows, rows[:, 0])
    forest = RandomForestRegressor(30, random_state=0, n_jobs=1).fit(rows[:3000], rows[:3000, 0])
    (folder / "knn.pkl").write_bytes(pickle.dumps(knn))
    (folder / "forest.pkl").write_bytes(pickle.dumps(forest))
    return folder


@pytest.mark.parametrize("image_dir", ["off", "on"])
def test_after_a_hundred_rounds(serve, models, large, tmp_path, image_dir):
    where = "off" if image_dir == "off" else tmp_path / "images"
    daemon = serve(
        models / "scaler.pkl",
        large,
        *("--image-dir", where, "--threads", "2", "--log-level", "error"),
        *("--prediction-cache", "off"),
    )
    daemon.wait_ready()
    bodies = {"knn": [[0.5] * 8] * 20, "forest": [[0.5] * 8] * 20}

    def round_of():
        unloaded = 0
        for name, rows in bodies.items():
            daemon.predict(rows, f"/models/{name}/predict")
            unloaded += daemon.json("GET", f"/models/{name}")[1]["bytes"]
            assert daemon.json("POST", f"/models/{name}/unload")[0] == 200
        return unloaded

    round_of()  # threads, buffers of requests and tables of metrics are there from now on
    before = rss(daemon)
    unloaded = round_of()
    assert unloaded > 10_000_000
    assert rss(daemon) - before <= unloaded // 100 + SLACK
    for _ in range(99):
        round_of()
    time.sleep(0.2)
    assert rss(daemon) - before <= unloaded // 100 + SLACK, f"{rss(daemon) - before} bytes more"
