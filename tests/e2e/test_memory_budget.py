"""Models under a budget that is too small for all of them: swaps, idle models, minima, refusals."""

import json
import os
import pickle
import re
import shutil
import threading
import time

import pytest

ROW = [1.0, 10.0, 100.0]
UNSAVED = ("--image-dir", "off")  # a load needs what it needs, the second time too


def dropped(daemon, reason):
    text = daemon.request("GET", "/metrics")[2]
    return int(re.search(rf'modelcached_model_cache_evictions_total{{reason="{reason}"}} (\d+)', text)[1])


def wait_for(condition):
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def state(daemon, name):
    return daemon.json("GET", f"/models/{name}")[1]["state"]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """nearest.pkl, of about a megabyte, which answers 1.0; second.pkl the same with 2.0."""
    import numpy
    from sklearn.neighbors import KNeighborsRegressor

    folder = tmp_path_factory.mktemp("large")
    rows = numpy.random.default_rng(0).normal(size=(40000, 3))
    for name, answer in (("nearest", 1.0), ("second", 2.0)):
        model = KNeighborsRegressor(1, algorithm="brute").fit(rows, numpy.full(40000, answer))
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))
    return folder


@pytest.fixture(scope="module")
def tight(large, tmp_path_factory):
    """The smallest budget, in KB, that one of them can be loaded under: two never fit."""
    from scenario import Daemon

    kilobytes = 500
    while True:
        kilobytes = kilobytes * 11 // 10
        daemon = Daemon([large, "--memory-budget", f"{kilobytes}K", *UNSAVED])
        status = daemon.json("POST", "/models/nearest/load")[0]
        assert daemon.stop() == 0
        if status == 200:
            return kilobytes
        assert status == 507 and kilobytes < 100000


def configured(serve, folder, text, *arguments):
    (folder / "mc.conf").write_text(text)
    return serve(folder, "--config", folder / "mc.conf", *UNSAVED, *arguments)


@pytest.fixture
def folder(large, tmp_path):
    shutil.copy(large / "nearest.pkl", tmp_path / "m.pkl")
    return tmp_path


def test_keep_refuses_what_does_not_fit_beside_the_old(serve, folder, large, tight):
    daemon = serve(folder, "--memory-budget", f"{tight}K", *UNSAVED)
    assert daemon.predict(ROW) == [1.0]
    shutil.copy(large / "second.pkl", folder / "new")
    os.replace(folder / "new", folder / "m.pkl")
    status, answer = daemon.json("POST", "/models/m/refresh")
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert "swap = drop-first unloads it first" in answer["error"]["message"]
    assert daemon.predict(ROW) == [1.0]
    assert daemon.json("POST", "/models/m/unload")[0] == 200
    assert daemon.predict(ROW) == [2.0]


def test_drop_first_makes_requests_wait(serve, folder, large, tight):
    daemon = configured(serve, folder, "[model m]\nswap = drop-first\n", "--memory-budget", f"{tight}K")
    answers, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            answers.append(daemon.json("POST", "/predict", {"input": ROW}))

    assert daemon.predict(ROW) == [1.0]
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    shutil.copy(large / "second.pkl", folder / "new")
    os.replace(folder / "new", folder / "m.pkl")
    assert daemon.json("POST", "/models/m/refresh")[0] == 200
    stop.set()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} == {200}
    assert daemon.predict(ROW) == [2.0]
    assert dropped(daemon, "drop-first") == 1


def test_a_source_that_fails_gives_the_old_one_back(serve, folder, large, tight):
    """It is broken at its end: by then the old model had to make room."""
    (folder / "broken.pickle").write_bytes((large / "second.pkl").read_bytes()[:-20])
    daemon = configured(serve, folder, "[model m]\nswap = drop-first\n", "--memory-budget", f"{tight}K", "--default", "m")
    assert daemon.predict(ROW) == [1.0]
    status, _ = daemon.json("POST", "/models/m/load", {"source": str(folder / "broken.pickle")})
    assert status == 422
    assert daemon.predict(ROW) == [1.0]
    assert state(daemon, "m") == "ready"


def test_a_file_that_replaced_the_old_one_and_fails_gives_it_back(serve, folder, large, tight):
    """Refused when it was whole, by golden rows: nothing is left of the old one but what was kept."""
    (folder / "rows.jsonl").write_text(json.dumps({"input": ROW, "prediction": [1.0]}) + "\n")
    text = "[model m]\nswap = drop-first\ngolden = rows.jsonl\n"
    daemon = configured(serve, folder, text, "--memory-budget", f"{tight}K", "--default", "m")
    assert daemon.predict(ROW) == [1.0]
    for drops in (1, 2):
        shutil.copy(large / "second.pkl", folder / "new")
        os.replace(folder / "new", folder / "m.pkl")
        assert daemon.json("POST", "/models/m/refresh")[0] == 422
        assert daemon.predict(ROW) == [1.0]
        assert state(daemon, "m") == "ready"
        assert dropped(daemon, "drop-first") == drops
    assert "the one before is read again" in daemon.log


def test_idle_models_leave_memory_and_come_back(serve, models, tmp_path):
    for name in ("idle", "kept", "stays"):
        shutil.copy(models / "scaler.pkl", tmp_path / f"{name}.pkl")
    daemon = configured(
        serve,
        tmp_path,
        "[model idle]\nidle_unload = 200ms\n[model kept]\nidle_unload = 1ms\nmin_resident = 1\n",
        "--preload",
    )
    daemon.wait_ready()
    wait_for(lambda: state(daemon, "idle") == "registered")
    assert (state(daemon, "kept"), state(daemon, "stays")) == ("ready", "ready")
    assert daemon.said("model idle idle: "), daemon.log
    assert dropped(daemon, "idle") == 1
    assert daemon.json("POST", "/models/idle/predict", {"input": ROW})[0] == 200
    assert daemon.json("POST", "/models/kept/unload")[0] == 200  # by hand it may go
    assert state(daemon, "kept") == "registered"
    assert dropped(daemon, "unload") == 1


def test_a_set_keeps_its_most_valuable(serve, models, tmp_path):
    for name in ("a", "b", "c", "other"):
        shutil.copy(models / "scaler.pkl", tmp_path / f"{name}.pkl")
    sections = "".join(f"[model {n}]\nresident_set = x\nmin_resident = 2\nidle_unload = 300ms\n" for n in "abc")
    daemon = configured(serve, tmp_path, sections, "--preload")
    daemon.wait_ready()
    for _ in range(200):  # what a load took counts too, on a busy machine for much
        for name in "ac":
            assert daemon.json("POST", f"/models/{name}/predict", {"input": ROW})[0] == 200
    wait_for(lambda: state(daemon, "b") == "registered")
    time.sleep(0.5)
    assert (state(daemon, "a"), state(daemon, "c")) == ("ready", "ready")


def test_states_and_failures_are_told(serve, models):
    daemon = serve(models, "--default", "scaler")
    assert {m["name"]: m["state"] for m in daemon.json("GET", "/models")[1]["models"]} == {
        "broken": "registered",
        "scaler": "registered",
        "twice": "registered",
    }
    first = daemon.json("POST", "/models/broken/predict", {"input": ROW})
    again = daemon.json("POST", "/models/broken/predict", {"input": ROW})
    assert first[0] == again[0] == 422
    assert "the next try is in" in str(again[1]) and "the next try is in" not in str(first[1])
    assert daemon.predict(ROW)
    states = {m["name"]: m["state"] for m in daemon.json("GET", "/models")[1]["models"]}
    assert states == {"broken": "failed", "scaler": "ready", "twice": "registered"}
    time.sleep(1.1)  # retry_after is 1 s
    assert "the next try is in" not in str(daemon.json("POST", "/models/broken/predict", {"input": ROW}))
    info = daemon.json("GET", "/models/broken")[1]
    assert info["state"] == "failed"
