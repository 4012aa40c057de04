"""What admin calls changed is so in a worker, too, that takes the place of one that died."""

import os
import shutil
import signal

from test_versions import configured, folder, put  # noqa: F401
from test_workers import N, await_ready, await_that, each, workers_of


def kill_all(daemon):
    old = workers_of(daemon)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    await_that(lambda: len(set(workers_of(daemon)) - set(old)) == N, 20)
    await_that(lambda: daemon.request("GET", "/healthz")[0] == 200)


def served(daemon):
    return daemon.predict([0], "/models/m/predict")


def test_labels_and_pins(serve, folder):  # noqa: F811
    limits = configured(folder, "versions = all\n")
    daemon = serve(folder, *limits, "--workers", N, "--threads", "1")
    await_ready(daemon)
    assert each(daemon, served) == [[10.0]] * 40
    for version in (2, 1):  # the later call holds
        assert daemon.json("POST", f"/models/m/versions/{version}/load")[0] == 200
        label = {"version": str(version)}
        assert daemon.json("POST", "/models/m/labels/stable", label)[0] == 200
    assert daemon.json("POST", "/models/m/versions/1/pin")[0] == 200
    assert each(daemon, served) == [[1.0]] * 40
    kill_all(daemon)
    assert each(daemon, served) == [[1.0]] * 40
    unloads = {daemon.json("POST", "/models/m/versions/1/unload")[0] for _ in range(20)}
    assert unloads == {409}, "pinned in all"


def test_models_that_came_by_load(serve, models, tmp_path):
    for name in ("scaler", "twice"):
        shutil.copy(models / f"{name}.pkl", tmp_path)
    daemon = serve(tmp_path / "scaler.pkl", "--workers", N, "--threads", "1")
    await_ready(daemon)
    body = {"source": str(tmp_path / "twice.pkl")}
    status, answer = daemon.json("POST", "/models/late/load", body)
    assert status == 200, answer
    want = daemon.predict([1, 2, 3], "/models/late/predict")
    kill_all(daemon)
    assert each(daemon, lambda d: d.predict([1, 2, 3], "/models/late/predict")) == [want] * 40
