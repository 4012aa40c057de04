"""Configuration: the file, the environment, `config check`, and SIGHUP."""

import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from scenario import PROGRAM

ROW = [1.0, 10.0, 100.0]


def check(*arguments, environment=None):
    done = subprocess.run(
        [PROGRAM, "config", "check", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        timeout=30,
    )
    return done.returncode, done.stdout, done.stderr


def wait_for(daemon, text):
    until = time.monotonic() + 20
    while text not in daemon.log:
        assert time.monotonic() < until, f"never said {text!r}:\n" + daemon.log
        time.sleep(0.01)


@pytest.fixture
def folder(models, tmp_path):
    shutil.copy(models / "scaler.pkl", tmp_path / "a.pkl")
    shutil.copy(models / "twice.pkl", tmp_path / "b.pkl")
    return tmp_path


def test_a_daemon_runs_from_its_file_alone(serve, folder):
    (folder / "mc.conf").write_text("[server]\nlog-level = debug\n[model iris]\nsource = a.pkl\npin = yes\n")
    daemon = serve("--config", folder / "mc.conf")
    assert daemon.predict(ROW)
    assert daemon.json("GET", "/models/iris")[1]["pinned"] is True
    assert daemon.json("POST", "/models/iris/unload")[0] == 409
    assert daemon.said("cache miss: iris"), daemon.log


def test_preload_and_paths_in_the_file(serve, folder):
    (folder / "mc.conf").write_text("[server]\npath = b.pkl\n[model iris]\nsource = a.pkl\npreload = yes\n")
    daemon = serve("--config", folder / "mc.conf")
    daemon.wait_ready()
    states = {m["name"]: m["state"] for m in daemon.json("GET", "/models")[1]["models"]}
    assert states == {"b": "ready", "iris": "ready"}


def test_a_named_source_takes_the_place_of_a_found_one(serve, folder):
    (folder / "mc.conf").write_text("[model a]\nsource = b.pkl\n")
    daemon = serve("--config", folder / "mc.conf", folder)
    assert daemon.predict(ROW, "/models/a/predict") == daemon.predict(ROW, "/models/b/predict")


def test_check_shows_what_is_in_force_and_where_it_is_from(folder):
    (folder / "mc.conf").write_text("[server]\nport = 6000\nthreads = 2\n[model iris]\nsource = a.pkl\n")
    code, out, err = check(folder / "mc.conf", "--threads", "3", environment={"MODELCACHED_LOG_LEVEL": "warn"})
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert f"port = 6000 ; {folder}/mc.conf:2" in lines
    assert "threads = 3 ; command line" in lines
    assert "log-level = warn ; environment: MODELCACHED_LOG_LEVEL; live" in lines
    assert "host = 127.0.0.1 ; default" in lines
    assert "[model iris]" in lines
    assert f"source = {folder}/a.pkl ; {folder}/mc.conf:5" in lines
    assert "pin = no ; default" in lines


def test_check_names_every_problem(folder):
    (folder / "mc.conf").write_text("[server]\nprt = 1\n[model iris]\npin = perhaps\n")
    code, out, err = check(folder / "mc.conf")
    assert (code, out) == (1, "")
    assert "mc.conf:2: no key \"prt\" of [server]; did you mean port?" in err
    assert "mc.conf:4: pin: expected yes or no, found \"perhaps\"" in err


@pytest.mark.parametrize(
    "arguments, environment, code, message",
    [
        (["--prot", "1"], {}, 2, "no option --prot; did you mean --port?"),
        ([], {"MODELCACHED_PORT": "x"}, 2, "environment: MODELCACHED_PORT: port: expected a number"),
        (["/nowhere/mc.conf"], {}, 1, "/nowhere/mc.conf: No such file or directory"),
        ([], {}, 0, ""),
    ],
)
def test_check_exits_by_what_is_wrong(arguments, environment, code, message):
    got, _, err = check(*arguments, environment=environment)
    assert got == code
    assert message in err


def test_a_bad_file_ends_the_start(folder):
    (folder / "mc.conf").write_text("[server]\nprt = 1\n")
    done = subprocess.run([PROGRAM, "--config", folder / "mc.conf"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "mc.conf:2: no key" in done.stderr


def test_a_budget_is_another_at_once(serve, folder):
    conf = folder / "mc.conf"
    models = "[model one]\nsource = a.pkl\n[model two]\nsource = b.pkl\n"
    conf.write_text("[server]\nmemory-budget = 1M\nroom-wait = 50ms\n" + models)
    daemon = serve("--config", conf)
    for name in ("one", "two"):
        daemon.predict(ROW, f"/models/{name}/predict")
    used = daemon.metric("modelcached_memory_used_bytes")
    conf.write_text(f"[server]\nmemory-budget = {used - 1:.0f}\ndrain-timeout = 3\n" + models)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "configuration: memory-budget is now")
    wait_for(daemon, "configuration: drain-timeout is now 3")
    wait_for(daemon, " shed: ")
    assert daemon.metric("modelcached_memory_limit_bytes") == used - 1
    assert daemon.metric("modelcached_memory_used_bytes") < used
    assert daemon.metric("modelcached_models_ready") == 1
    for name in ("one", "two", "one"):  # in turns
        assert daemon.json("POST", f"/models/{name}/predict", {"input": ROW})[0] == 200
    conf.write_text("[server]\nmemory-budget = 1M\n" + models)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "configuration: memory-budget is now 1M")
    for name in ("one", "two"):
        daemon.predict(ROW, f"/models/{name}/predict")
    assert daemon.metric("modelcached_models_ready") == 2


def test_limits_of_requests_are_others_at_once(serve, folder):
    conf = folder / "mc.conf"
    models = "[model one]\nsource = a.pkl\n"
    conf.write_text("[server]\nmax-body = 1M\n" + models)
    daemon = serve("--config", conf)
    rows = {"input": [ROW] * 1000}
    assert daemon.json("POST", "/models/one/predict", rows)[0] == 200
    conf.write_text("[server]\nmax-body = 1K\nread-timeout = 1\nidle-timeout = 1\nmax-connections = 2\n" + models)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "configuration: max-connections is now 2")
    assert "takes a restart" not in daemon.log
    assert daemon.json("POST", "/models/one/predict", rows)[0] == 413
    daemon.predict(ROW, "/models/one/predict")
    conf.write_text("[server]\nmax-body = 1M\n" + models)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "configuration: max-body is now 1M")
    assert daemon.json("POST", "/models/one/predict", rows)[0] == 200


def received(connection):
    try:
        return connection.recv(1000)
    except ConnectionError:
        return b""


def test_an_idle_time_that_became_shorter_ends_new_connections(serve, folder):
    conf = folder / "mc.conf"
    conf.write_text("[server]\nidle-timeout = 60\n[model one]\nsource = a.pkl\n")
    daemon = serve("--config", conf)
    conf.write_text("[server]\nidle-timeout = 1\nmax-connections = 1\n[model one]\nsource = a.pkl\n")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "configuration: max-connections is now 1")
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\n")  # a head that never ends
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as second:
            assert received(second) == b""  # one is open already
        begin = time.monotonic()
        received(idle)
        assert time.monotonic() - begin < 15  # not the minute of the start


def test_sighup_reads_the_file_again(serve, folder):
    conf = folder / "mc.conf"
    conf.write_text("[server]\nport = 1\n[model one]\nsource = a.pkl\n")
    daemon = serve("--config", conf)
    first = daemon.predict(ROW, "/models/one/predict")
    conf.write_text(
        "[server]\nport = 2\nlog-level = debug\n[model one]\nsource = b.pkl\npin = yes\n[model two]\nsource = a.pkl\n"
    )
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "configuration: log-level is now debug")
    wait_for(daemon, "model one loaded and cached")
    wait_for(daemon, "generation 2")
    assert "port has changed" not in daemon.log  # the command line's wins, before and after
    assert daemon.predict(ROW, "/models/two/predict") == first
    assert daemon.predict(ROW, "/models/one/predict") != first
    assert daemon.json("GET", "/models/one")[1]["pinned"] is True
    conf.write_text("[server]\nthreads = 7\n[model two]\nsource = a.pkl\n")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "configuration: threads has changed: it takes a restart")
    wait_for(daemon, "model one removed")
    assert daemon.json("POST", "/models/one/predict", {"input": ROW})[0] == 404


def test_a_bad_file_changes_nothing_at_sighup(serve, folder):
    conf = folder / "mc.conf"
    conf.write_text("[model one]\nsource = a.pkl\n")
    daemon = serve("--config", conf)
    before = daemon.predict(ROW)
    conf.write_text("[model one]\nsource = b.pkl\n[server]\nprt = 1\n")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "configuration not reloaded: " + str(conf) + ":4: no key \"prt\"")
    assert daemon.predict(ROW) == before
    assert daemon.json("GET", "/models/one")[1]["generation"] == 1


def test_sighup_loads_again_what_has_changed_and_nothing_else(serve, folder):
    daemon = serve(folder)
    before = {name: daemon.predict(ROW, f"/models/{name}/predict") for name in "ab"}
    (folder / "new.pkl").write_bytes((folder / "b.pkl").read_bytes())
    os.replace(folder / "new.pkl", folder / "a.pkl")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "SIGHUP: refreshing 1 models")
    wait_for(daemon, "generation 2")
    assert daemon.predict(ROW, "/models/a/predict") == before["b"]
    assert daemon.json("GET", "/models/b")[1]["generation"] == 1
