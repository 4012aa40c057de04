"""Models of several versions: who answers, labels, rollback, canary, and what SIGHUP picks up."""

import os
import pickle
import signal
import time

import pytest


def put(folder, name, version, number):
    """DIR/NAME/VERSION/model.pkl, whose every answer is `number`; put there by a rename."""
    from sklearn.dummy import DummyRegressor

    model = DummyRegressor(strategy="constant", constant=float(number)).fit([[0.0]], [float(number)])
    home = folder / name / str(version)
    home.mkdir(parents=True, exist_ok=True)
    (home / "new").write_bytes(pickle.dumps(model))
    os.rename(home / "new", home / "model.pkl")


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path):
    for version in (1, 2, 10):
        put(tmp_path / "models", "m", version, version)
    return tmp_path / "models"


def configured(folder, text):
    path = folder.parent / "modelcached.conf"
    path.write_text("[model m]\n" + text)
    return ["--config", path]


def test_the_latest_is_served_and_no_other(serve, folder):
    daemon = serve(folder)
    assert daemon.predict([0]) == [10.0]
    assert daemon.predict([0], "/models/m/versions/10/predict") == [10.0]
    status, answer = daemon.json("POST", "/models/m/versions/2/predict", {"input": [0]})
    assert (status, answer["error"]["code"]) == (404, "not_found")
    assert "2" in answer["error"]["message"]
    assert daemon.metric('model_hits_total{model="m",version="10"}'.join(["modelcached_", ""])) >= 1


def test_several_versions_at_a_time(serve, folder):
    daemon = serve(folder, *configured(folder, "versions = latest 2\n"))
    assert daemon.predict([0]) == [10.0]
    assert daemon.predict([0], "/models/m/versions/2/predict") == [2.0]
    assert daemon.json("POST", "/models/m/versions/1/predict", {"input": [0]})[0] == 404
    status, shown = daemon.json("GET", "/models/m")
    assert (shown["name"], shown["version"]) == ("m", "10")
    assert [v["version"] for v in shown["versions"]] == ["10", "2"]
    assert {(m["name"], m["version"]) for m in daemon.json("GET", "/models")[1]["models"]} == {("m", "10"), ("m", "2")}
    status, one = daemon.json("GET", "/models/m/versions/2")
    assert (status, one["version"], one["schema"]["estimator"]) == (200, "2", "DummyRegressor")
    assert daemon.json("GET", "/models/m/versions/3")[0] == 404
    for code, version in ((200, "10"), (200, "2")):
        sample = f'modelcached_requests_total{{model="m",version="{version}",protocol="native",code="{code}"}}'
        assert daemon.metric(sample) == 1
    assert daemon.metric('modelcached_model_ready{model="m",version="2"}') == 1


def test_labels_move_only_to_loaded_versions_and_roll_back(serve, folder):
    daemon = serve(folder, *configured(folder, "versions = all\n"))
    assert daemon.predict([0]) == [10.0]
    status, answer = daemon.json("POST", "/models/m/labels/stable", {"version": "2"})
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert daemon.json("POST", "/models/m/labels/stable", {"version": "7"})[0] == 404
    assert daemon.json("POST", "/models/m/labels/stable", {"versio": "2"})[0] == 400
    assert daemon.json("POST", "/models/m/labels/stable")[0] == 400
    status, loaded = daemon.json("POST", "/models/m/versions/2/load")
    assert (status, loaded["model"], loaded["version"], loaded["state"]) == (200, "m", "2", "ready")
    assert daemon.predict([0]) == [10.0]
    status, answer = daemon.json("POST", "/models/m/labels/stable", {"version": 2})
    assert (status, answer) == (200, {"model": "m", "label": "stable", "version": "2"})
    assert daemon.predict([0]) == [2.0]
    assert daemon.predict([0], "/models/m/labels/stable/predict") == [2.0]
    assert daemon.json("GET", "/models/m/labels")[1] == {"labels": {"stable": "2"}}
    assert daemon.json("POST", "/models/m/labels/canary/predict", {"input": [0]})[0] == 404
    assert daemon.json("POST", "/models/m/labels/stable", {"version": None})[1]["version"] is None
    assert daemon.predict([0]) == [10.0]


def test_labels_need_the_token(serve, folder, tmp_path):
    (tmp_path / "tokens").write_text("sesame\n")
    daemon = serve(folder, "--admin-token-file", tmp_path / "tokens")
    assert daemon.predict([0]) == [10.0]
    path, body = "/models/m/labels/stable", {"version": "10"}
    assert daemon.json("POST", path, body)[0] == 401
    assert daemon.json("POST", path, body, {"Authorization": "Bearer sesame"})[0] == 200


def test_labels_of_the_configuration(serve, folder):
    daemon = serve(folder, *configured(folder, "labels = stable:1, canary:10\n"))
    assert daemon.predict([0]) == [1.0]
    assert daemon.predict([0], "/models/m/labels/canary/predict") == [10.0]
    assert daemon.json("POST", "/models/m/versions/2/predict", {"input": [0]})[0] == 404
    configured(folder, "labels = stable:10\nversions = all\n")
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.predict([0]) == [10.0])


def test_a_canary_takes_its_share(serve, folder):
    daemon = serve(folder, *configured(folder, "versions = all\nlabels = stable:2, next:10\ncanary = 10% next\n"))
    answers = [daemon.predict([0])[0] for _ in range(100)]
    assert answers.count(10.0) == 10 and answers.count(2.0) == 90
    assert all(a == 10.0 for a in answers[9::10])  # evenly
    canary = daemon.json("GET", "/models/m")[1]["canary"]
    assert canary == {"to": "next", "version": "10", "percent": 10.0, "requests": 100, "taken": 10}
    assert daemon.predict([0], "/models/m/versions/2/predict") == [2.0]
    configured(folder, "versions = all\nlabels = stable:2, next:10\n")
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.json("GET", "/models/m")[1]["canary"]["percent"] == 0)
    assert {daemon.predict([0])[0] for _ in range(20)} == {2.0}


def test_sighup_finds_new_versions_and_forgets_old_ones(serve, folder):
    daemon = serve(folder)
    assert daemon.predict([0]) == [10.0]
    put(folder, "m", 11, 11)
    put(folder, "other", 1, 5)
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.predict([0], "/models/m/predict") == [11.0])
    assert daemon.predict([0], "/models/other/predict") == [5.0]
    until(lambda: daemon.json("GET", "/models/m/versions/10")[0] == 404)


def test_a_broken_version_never_takes_the_place_of_a_good_one(serve, folder):
    daemon = serve(folder)
    assert daemon.predict([0]) == [10.0]
    (folder / "m" / "11").mkdir()
    (folder / "m" / "11" / "model.pkl").write_bytes(b"\x80\x04not a pickle")
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "m@11" in daemon.log and "not loaded" in daemon.log)
    for _ in range(5):
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.predict([0]) == [10.0]
        time.sleep(0.05)
    put(folder, "m", 12, 12)
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.predict([0]) == [12.0])


def test_what_is_deleted_serves_on_from_memory(serve, folder):
    daemon = serve(folder)
    assert daemon.predict([0]) == [10.0]
    (folder / "m" / "10" / "model.pkl").unlink()
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.predict([0]) == [2.0])  # the latest that there is


def test_a_file_beside_versions_clashes(serve, folder, tmp_path):
    (folder / "m.pkl").write_bytes((folder / "m" / "1" / "model.pkl").read_bytes())
    put(folder, "good", 1, 5)
    daemon = serve(folder)
    status, answer = daemon.json("POST", "/models/m/predict", {"input": [0]})
    assert status == 422 and "two files are named m" in answer["error"]["message"]
    assert daemon.predict([0], "/models/good/predict") == [5.0]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_refresh_finds_new_versions(serve, folder, workers):
    daemon = serve(folder, "--workers", workers, "--threads", 1)
    until(lambda: daemon.request("GET", "/readyz")[0] == 200)
    asked = lambda: {daemon.predict([0])[0] for _ in range(12 * workers)}
    assert asked() == {10.0}
    put(folder, "m", 11, 11)
    put(folder, "other", 1, 1)  # asked for by nobody
    status, answer = daemon.json("POST", "/models/m/refresh")
    assert (status, answer["version"]) == (200, "11")
    assert asked() == {11.0}
    assert daemon.json("GET", "/models/other")[0] == 404
    # no new one: the default is read again
    put(folder, "m", 11, 11.5)
    assert daemon.json("POST", "/models/m/refresh")[0] == 200
    assert asked() == {11.5}
    # one that cannot be read replaces nothing, and is tried again
    (folder / "m" / "12").mkdir()
    (folder / "m" / "12" / "model.pkl").write_bytes(b"\x80\x04not a pickle")
    assert daemon.json("POST", "/models/m/refresh")[0] == 422
    assert asked() == {11.5}
    put(folder, "m", 12, 12)
    assert daemon.json("POST", "/models/m/refresh")[0] == 200
    assert asked() == {12.0}
    # what is stable stays so
    assert daemon.json("POST", "/models/m/labels/stable", {"version": "12"})[0] == 200
    put(folder, "m", 13, 13)
    assert daemon.json("POST", "/models/m/refresh")[0] == 200
    assert asked() == {12.0}
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.json("GET", "/models/other")[0] == 200)
    assert asked() == {12.0}


def test_a_shadow_is_asked_and_never_heard(serve, folder):
    daemon = serve(folder, *configured(folder, "versions = all\nlabels = stable:2\nshadow = 50% 10\n"))
    assert {daemon.predict([0])[0] for _ in range(40)} == {2.0}
    shown = lambda: daemon.json("GET", "/models/m")[1]["shadow"]
    until(lambda: shown().get("compared") == 20)
    found = shown()
    assert (found["requests"], found["taken"], found["failed"], found["dropped"]) == (40, 20, 0, 0)
    assert (found["rows"], found["different"], found["max_difference"]) == (20, 20, 8.0)
    assert (found["version"], found["percent"]) == ("10", 50.0)
    # it is nobody's request
    assert daemon.metric('modelcached_model_hits_total{model="m",version="10"}') == 0
    assert daemon.metric('modelcached_requests_total{model="m",version="2",protocol="native",code="200"}') == 40
    assert daemon.predict([0], "/models/m/versions/10/predict") == [10.0]
    assert shown()["requests"] == 40
    # the same in /metrics, where what is counted apart adds up
    assert [daemon.metric(f'modelcached_model_variant_requests_total{{model="m",variant="{who}"}}')
            for who in ("default", "canary", "shadow")] == [40, 0, 20]
    assert [daemon.metric(f'modelcached_model_shadow_results_total{{model="m",result="{what}"}}')
            for what in ("compared", "failed", "dropped")] == [20, 0, 0]
    assert [daemon.metric(f'modelcached_model_shadow_rows_total{{model="m",difference="{what}"}}')
            for what in ("none", "number", "label")] == [0, 20, 0]


def test_a_shadow_that_cannot_be_loaded_harms_nobody(serve, folder):
    (folder / "m" / "11").mkdir()
    (folder / "m" / "11" / "model.pkl").write_bytes(b"\x80\x04not a pickle")
    daemon = serve(folder, *configured(folder, "versions = all\nlabels = stable:2\nshadow = 100% 11\n"))
    for _ in range(20):
        assert daemon.predict([0]) == [2.0]
    until(lambda: daemon.json("GET", "/models/m")[1]["shadow"].get("failed") == 20)


def test_a_shadow_that_is_behind_drops_and_delays_nobody(serve, tmp_path):
    """Its queue holds 64: one connection that asks faster than a slow shadow answers fills it."""
    import http.client

    from sklearn.neighbors import KNeighborsRegressor

    points = [[float(i)] for i in range(4000)]
    put(tmp_path / "models", "m", 1, 1)
    (tmp_path / "models" / "m" / "2").mkdir()
    slow = KNeighborsRegressor(1, algorithm="brute").fit(points, [2.0] * len(points))
    (tmp_path / "models" / "m" / "2" / "model.pkl").write_bytes(pickle.dumps(slow))
    limits = configured(tmp_path / "models", "versions = all\nlabels = stable:1\nshadow = 100% 2\n")
    daemon = serve(tmp_path / "models", *limits, "--threads", 1, "--prediction-cache", "off")
    body = {"inputs": points[:100]}  # some milliseconds of the shadow
    link = http.client.HTTPConnection(daemon.host, daemon.port)
    shadow = lambda: daemon.json("GET", "/models/m")[1]["shadow"]
    n, slowest = 0, 0.0
    while n < 2000 and not (n % 50 == 0 and shadow().get("dropped", 0) > 20):
        begin = time.monotonic()
        status, answer = daemon.json("POST", "/predict", body, connection=link)
        slowest = max(slowest, time.monotonic() - begin)
        assert (status, answer["prediction"]) == (200, [1.0] * 100)
        n += 1
    found = shadow()
    assert found["dropped"] > 20, f"{n} requests did not fill it"
    assert slowest < 1.0, "64 comparisons would be waited for"
    until(lambda: sum(shadow()[k] for k in ("compared", "failed", "dropped")) == n)
    assert shadow()["failed"] == 0


def test_labels_that_flip_are_counted(serve, tmp_path):
    from sklearn.tree import DecisionTreeClassifier

    rows = [[0.0], [1.0], [2.0], [3.0]]
    for version, labels in ((1, "aabb"), (2, "abbb")):
        home = tmp_path / "models" / "m" / str(version)
        home.mkdir(parents=True)
        (home / "model.pkl").write_bytes(pickle.dumps(DecisionTreeClassifier().fit(rows, list(labels))))
    daemon = serve(tmp_path / "models", *configured(tmp_path / "models", "versions = all\nlabels = stable:1\nshadow = 100% 2\n"))
    status, answer = daemon.json("POST", "/predict", {"inputs": rows})
    assert answer["prediction"] == list("aabb")
    until(lambda: daemon.json("GET", "/models/m")[1]["shadow"].get("compared") == 1)
    found = daemon.json("GET", "/models/m")[1]["shadow"]
    assert (found["rows"], found["different"], found["flips"]) == (4, 1, 1)
