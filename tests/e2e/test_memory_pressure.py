"""Memory is short on the machine: answered rows go first, then models that nobody asked for lately.

The pressure is real: a process in a small cgroup of its own reads a file again and again that does
not fit, and waits for memory all the time. Linux counts that for the whole machine.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import time

import numpy
import pytest
from sklearn.neighbors import KNeighborsRegressor

from memory_limits import limited

READ_AGAIN = """
import mmap, sys
with open(sys.argv[1], "rb") as file:
    pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    while True:
        sum(pages[i] for i in range(0, len(pages), 4096))
"""


@contextlib.contextmanager
def pressure(folder):
    path = folder / "pages"
    with open(path, "wb") as file:
        file.write(os.urandom(1 << 20) * 200)
        file.flush()
        os.fsync(file.fileno())
        # Pages belong to the group that reads them first: it must not be ours.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with limited(40 << 20) as (enter, which):
        if which != "cgroup":
            pytest.skip("no memory cgroup can be made here: nothing makes pressure")
        readers = [
            subprocess.Popen([sys.executable, "-c", READ_AGAIN, str(path)], preexec_fn=enter)
            for _ in range(8)
        ]
        try:
            yield
        finally:
            for reader in readers:
                reader.kill()
                reader.wait()


def hears_of_pressure(daemon):
    """Is a file of the system's pressure open in the daemon?"""
    links = []
    for fd in os.listdir(f"/proc/{daemon.process.pid}/fd"):
        with contextlib.suppress(OSError):
            links.append(os.readlink(f"/proc/{daemon.process.pid}/fd/{fd}"))
    return any("pressure" in link for link in links)


def wait_for(condition, seconds):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.skipif(not os.access("/proc/pressure/memory", os.W_OK), reason="no PSI on this machine")
def test_rows_go_first_then_idle_models(serve, tmp_path):
    rows = numpy.random.default_rng(0).random((4000, 20))
    model = KNeighborsRegressor(algorithm="brute").fit(rows, rows[:, 0])
    for name in ("used", "idle"):
        (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps(model))
    daemon = serve(tmp_path / "used.pkl", tmp_path / "idle.pkl", "--prediction-cache", "8M")
    daemon.wait_ready()
    assert hears_of_pressure(daemon)
    daemon.predict(rows[:50].tolist(), "/models/idle/predict")
    assert daemon.metric("modelcached_prediction_cache_bytes") > 0

    def was_said(what):
        daemon.predict(rows[:1].tolist(), "/models/used/predict")
        return what in daemon.log

    with pressure(tmp_path):
        wait_for(lambda: was_said("of answered rows"), 60)
        wait_for(lambda: was_said("of models that nobody asked for lately"), 90)
    states = {m["name"]: m["state"] for m in daemon.json("GET", "/models")[1]["models"]}
    assert states["used"] == "ready" and states["idle"] != "ready", daemon.log
    first = daemon.log.index("answered rows")
    assert first < daemon.log.index("nobody asked for lately")
    assert daemon.predict(rows[:1].tolist(), "/models/idle/predict")


def test_it_can_be_left_out(serve, models):
    daemon = serve(models / "scaler.pkl", "--memory-pressure", "off")
    daemon.wait_ready()
    assert not hears_of_pressure(daemon)
