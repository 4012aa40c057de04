"""The command line, start-up, readiness, signals and exit codes."""

import bz2
import json
import pickle
import shutil
import signal
import subprocess
import threading
import time

import pytest
from scenario import PROGRAM, Daemon, raw

ROW = [1, 10, 100]


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize(
    "arguments, says",
    [
        ([], "expected a PATH"),
        (["--memory-budge", "1G", "x.pkl"], "did you mean --memory-budget?"),
        (["--port", "70000", "x.pkl"], "0 to 65535"),
        (["--port", "x", "x.pkl"], "expected a number"),
        (["--max-body", "1Q", "x.pkl"], "expected a size such as 64M"),
        (["--log-level", "loud", "x.pkl"], "debug|info|warn|error"),
        (["--port"], "needs a value"),
        (["--preload=yes", "x.pkl"], "takes no value"),
        (["-p", "1", "x.pkl"], "options begin with --"),
    ],
)
def test_usage_errors_exit_2(arguments, says):
    done = run(*arguments)
    assert done.returncode == 2 and says in done.stderr, done.stderr


def test_help_and_version():
    done = run("--help")
    assert done.returncode == 0 and "--memory-budget SIZE" in done.stdout
    assert run("--version").stdout.startswith("modelcached ")


def test_files_that_cannot_be_served_exit_1(models, tmp_path):
    for path in (tmp_path / "missing.pkl", models / "broken.pkl"):
        done = run(path, "--port", "0")
        assert done.returncode == 1 and path.name in done.stderr, done.stderr
    busy = Daemon([models / "scaler.pkl"])
    done = run(models / "scaler.pkl", "--port", str(busy.port))
    assert done.returncode == 1 and str(busy.port) in done.stderr
    assert busy.stop() == 0
    assert run(models / "scaler.pkl", "--default", "nobody").returncode == 1


def test_directory_registers_and_ignores(serve, models, tmp_path):
    for name in ("a.pkl", "b.pickle", "c.joblib", "d.sav", "notes.txt", ".hidden.pkl", "e.pkl.bak"):
        shutil.copy(models / "scaler.pkl", tmp_path / name)
    for version in ("2", "10", "9", "latest"):
        (tmp_path / "deep" / version).mkdir(parents=True)
        shutil.copy(models / "scaler.pkl", tmp_path / "deep" / version / "model.pkl")
    (tmp_path / "deep" / "11").mkdir()  # a version without a model
    daemon = serve(tmp_path)
    listed = daemon.json("GET", "/models")[1]["models"]
    assert [(m["name"], m["version"]) for m in listed] == [
        ("a", ""), ("b", ""), ("c", ""), ("d", ""), ("deep", "10"),
    ]  # fmt: skip
    assert all(m["state"] == "registered" for m in listed)
    assert set(listed[0]) >= {
        "name", "version", "state", "bytes", "hits", "misses", "digest", "generation",
    }  # fmt: skip
    assert daemon.predict(ROW, "/models/deep/versions/10/predict")
    status, answer = daemon.json("POST", "/models/deep/versions/9/predict", {"input": ROW})
    assert status == 404 and "10" in answer["error"]["message"]


def test_two_files_of_one_stem_are_both_failed(serve, models, tmp_path):
    shutil.copy(models / "scaler.pkl", tmp_path / "iris.pkl")
    shutil.copy(models / "scaler.pkl", tmp_path / "iris.joblib")
    shutil.copy(models / "scaler.pkl", tmp_path / "fine.pkl")
    daemon = serve(tmp_path)
    listed = {m["name"]: m for m in daemon.json("GET", "/models")[1]["models"]}
    assert listed["iris"]["state"] == "failed" and listed["fine"]["state"] == "registered"
    assert "iris.pkl" in listed["iris"]["error"] and "iris.joblib" in listed["iris"]["error"]
    status, answer = daemon.json("POST", "/models/iris/predict", {"input": ROW})
    assert status == 422 and "iris.joblib" in answer["error"]["message"]
    assert daemon.predict(ROW, "/models/fine/predict")


def test_schema_of_a_loaded_model(serve, models):
    daemon = serve(models / "scaler.pkl")
    daemon.wait_ready()
    schema = daemon.json("GET", "/models/scaler")[1]["schema"]
    assert [i["kind"] for i in schema["inputs"]] == ["number"] * 3
    assert schema["estimator"] == "StandardScaler" and "transform" in schema["methods"]
    assert daemon.metric("modelcached_model_cache_hits_total") == 0, "a look is no hit"


def test_preload(serve, models, tmp_path):
    shutil.copy(models / "scaler.pkl", tmp_path)
    shutil.copy(models / "broken.pkl", tmp_path)
    daemon = serve(tmp_path, "--preload")
    daemon.wait_ready()
    states = {m["name"]: m["state"] for m in daemon.json("GET", "/models")[1]["models"]}
    assert states == {"scaler": "ready", "broken": "failed"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_with_0(serve, models, how):
    daemon = serve(models / "scaler.pkl")
    daemon.predict(ROW)
    with daemon.connect():  # an idle connection does not hold it up
        started = time.monotonic()
        assert daemon.stop(how) == 0
        assert time.monotonic() - started < 5


def test_sigterm_lets_requests_finish(serve, models):
    """A request whose body is under way when the signal comes is still answered."""
    daemon = serve(models / "scaler.pkl")
    body = b'{"input": [1, 10, 100]}'
    with daemon.connect() as link:
        link.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        link.sendall(body[:5])
        time.sleep(0.2)
        daemon.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert daemon.process.poll() is None
        link.sendall(body[5:])
        answer = link.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 ") and b"Connection: close" in answer
    assert daemon.process.wait(10) == 0


@pytest.fixture(scope="module")
def slow_model(tmp_path_factory):
    """A model that takes more than a second to read."""
    import numpy
    from sklearn.preprocessing import StandardScaler

    rows = numpy.random.default_rng(0).normal(size=(2, 800000))
    path = tmp_path_factory.mktemp("slow") / "slow.pkl.bz2"
    path.write_bytes(bz2.compress(pickle.dumps(StandardScaler().fit(rows)), 1))
    return path


def test_waiting_requests_end_at_their_deadline(serve, slow_model):
    """While a named file loads: not ready yet, and `timeout` is kept."""
    daemon = serve(slow_model)
    status, headers, _ = daemon.request("GET", "/readyz")
    assert status == 503 and headers["retry-after"]
    assert daemon.request("GET", "/healthz")[0] == 200
    started = time.monotonic()
    status, answer = daemon.json("POST", "/predict", {"input": ROW, "timeout": 0.2})
    assert (status, answer["error"]["code"]) == (504, "deadline")
    assert 0.15 < time.monotonic() - started < 2
    status, answer = daemon.json("POST", "/predict", {"input": ROW})
    assert (status, answer["error"]["code"]) == (400, "bad_input"), "it waits, then reads the row"
    daemon.wait_ready()


def test_sigterm_ends_what_waits(serve, slow_model):
    daemon = serve(slow_model, "--drain-timeout", "0")
    with daemon.connect() as link:
        link.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n")
        link.sendall(b'{"input":[1,2,3]}')
        time.sleep(0.2)
        daemon.process.send_signal(signal.SIGTERM)
        answer = link.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503 ") and b"Retry-After" in answer, daemon.log
    assert daemon.process.wait(60) == 0


def test_json_log_lines(serve, models):
    daemon = serve(models / "scaler.pkl", "--log-format", "json", "--log-level", "debug")
    daemon.request("POST", '/predict"x', "{}")
    daemon.stop()
    for line in daemon.lines:
        assert {"ts", "level", "event", "message"} <= set(json.loads(line))
    assert any("listening on http://127.0.0.1:" in line for line in daemon.lines)


def test_listening_line_at_any_level(serve, models):
    daemon = serve(models / "scaler.pkl", "--log-level", "error")
    daemon.predict(ROW)
    daemon.stop()
    assert len(daemon.lines) == 1 and "listening on" in daemon.lines[0]


def test_connections_are_balanced(serve, models):
    """The busiest worker thread has at most 1.5 times the connections of the idlest."""
    daemon = serve(models / "scaler.pkl", "--threads", "4")
    links = [daemon.connect() for _ in range(64)]
    for link in links:
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in link.recv(4096)
    counts = [daemon.metric(f'modelcached_connections{{worker="{i}"}}') for i in range(4)]
    assert sum(counts) >= 64 and max(counts) / min(counts) <= 1.5, counts
    for link in links:
        link.close()


def test_readyz_follows_the_named_files(serve, models):
    daemon = serve(models / "scaler.pkl")
    daemon.wait_ready()
    assert daemon.json("GET", "/readyz") == (200, {"status": "ready"})
    assert raw(daemon, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_first_requests_share_one_load(serve, models):
    daemon = serve(models)
    answers = []

    def ask():
        answers.append(daemon.predict(ROW, "/models/scaler/predict"))

    askers = [threading.Thread(target=ask) for _ in range(16)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(answers) == 16 and all(a == answers[0] for a in answers)
    assert daemon.json("GET", "/models/scaler")[1]["generation"] == 1
    hits = daemon.metric("modelcached_model_cache_hits_total")
    misses = daemon.metric("modelcached_model_cache_misses_total")
    assert hits + misses == 16 and misses >= 1
