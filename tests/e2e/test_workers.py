"""serve --workers N: processes that act as one daemon, and what one of them can do to the others."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import pickle
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from scenario import PROGRAM
from test_versions import configured, folder  # noqa: F401

N = 4
ROW = [1, 2, 3]


def workers_of(daemon):
    """The processes that serve, oldest first."""
    tasks = pathlib.Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children")
    return [int(pid) for pid in tasks.read_text().split()]


def await_that(what, wait_s=10):
    until = time.monotonic() + wait_s
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def await_ready(daemon):
    await_that(lambda: daemon.request("GET", "/readyz")[0] == 200)


def each(daemon, ask, n=40):
    """The answers to `ask` over many connections: enough that all workers take some."""
    return [ask(daemon) for _ in range(n)]


def metric(daemon, name, **labels):
    total = 0
    for line in daemon.request("GET", "/metrics")[2].splitlines():
        found = re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line)
        if found and all(f'{k}="{v}"' in (found[1] or "") for k, v in labels.items()):
            total += float(found[2])
    return total


@pytest.fixture
def served(serve, models, tmp_path):
    for name in ("scaler", "twice"):
        shutil.copy(models / f"{name}.pkl", tmp_path)
    daemon = serve(tmp_path / "scaler.pkl", tmp_path / "twice.pkl", "--workers", N, "--threads", "1")
    await_ready(daemon)
    return daemon, tmp_path


def scaled(daemon):
    return daemon.predict(ROW, "/models/scaler/predict")


def test_all_workers_serve(served):
    daemon, _ = served
    assert len(workers_of(daemon)) == N
    assert len({str(answer) for answer in each(daemon, scaled)}) == 1


def test_metrics_are_of_all_workers_whoever_is_asked(served):
    daemon, _ = served
    each(daemon, scaled, 60)
    for _ in range(8):
        assert metric(daemon, "modelcached_requests_total", model="scaler", code="200") == 60
        hits = metric(daemon, "modelcached_model_cache_hits_total")
        assert hits + metric(daemon, "modelcached_model_cache_misses_total") == 60
        assert metric(daemon, "modelcached_model_hits_total", model="scaler") == hits
        assert metric(daemon, "modelcached_models") == 2


def test_what_a_canary_and_a_shadow_did_is_of_all_workers(serve, folder):  # noqa: F811
    limits = configured(folder, "versions = all\nlabels = stable:2\ncanary = 25% 1\nshadow = 50% 10\n")
    daemon = serve(folder, *limits, "--workers", N, "--threads", "1")
    await_ready(daemon)
    for version in ("1", "2", "10"):
        assert daemon.json("POST", f"/models/m/versions/{version}/load")[0] == 200
    answers = each(daemon, lambda d: d.predict([0], "/models/m/predict"), 200)
    canary = metric(daemon, "modelcached_model_variant_requests_total", variant="canary")
    assert canary == answers.count([1.0]) and abs(canary - 50) <= N
    assert metric(daemon, "modelcached_model_variant_requests_total", variant="default") == answers.count([2.0])

    def asked():
        return metric(daemon, "modelcached_model_shadow_results_total")

    shadow = metric(daemon, "modelcached_model_variant_requests_total", variant="shadow")
    await_that(lambda: asked() == shadow)
    assert metric(daemon, "modelcached_model_shadow_rows_total", difference="number") == shadow
    shown = [daemon.json("GET", "/models/m")[1] for _ in range(12)]
    assert {s["worker"] for s in shown} <= set(range(N))
    assert {(s["canary"]["requests"], s["canary"]["taken"]) for s in shown} == {(200, canary)}
    assert {(s["shadow"]["taken"], s["shadow"]["compared"], s["shadow"]["dropped"]) for s in shown} == {
        (shadow, shadow, 0)
    }
    assert {s["shadow"]["max_difference"] for s in shown} == {9.0}
    assert {s["hits"] + s["misses"] for s in shown} == {answers.count([2.0])}
    listed = daemon.json("GET", "/models")[1]["models"]
    assert sum(m["hits"] + m["misses"] for m in listed) == 200
    done = subprocess.run([PROGRAM, "stats", daemon.url], capture_output=True, text=True, timeout=30)
    told = f"  {answers.count([2.0])} by the default, {canary:.0f} by the canary; shadow: {shadow:.0f} compared, "
    assert told in done.stdout, done.stdout


def test_a_refresh_has_taken_effect_in_all_when_it_returns(served):
    daemon, folder = served
    before = scaled(daemon)
    shutil.copyfile(folder / "twice.pkl", folder / "scaler.pkl")
    assert daemon.json("POST", "/models/scaler/refresh")[0] == 200
    after = {str(answer) for answer in each(daemon, scaled)}
    assert len(after) == 1 and str(before) not in after


def test_an_unload_reaches_all(served):
    daemon, _ = served
    assert daemon.json("POST", "/models/scaler/unload")[0] == 200

    def state(daemon):
        return daemon.json("GET", "/models/scaler")[1]["state"]

    assert set(each(daemon, state)) == {"registered"}
    assert daemon.json("POST", "/models/scaler/load")[0] == 200
    assert set(each(daemon, state)) == {"ready"}


def test_a_pin_reaches_all(served):
    daemon, _ = served
    assert daemon.json("POST", "/models/scaler/pin")[0] == 200
    assert {daemon.json("POST", "/models/scaler/unload")[0] for _ in range(20)} == {409}
    assert daemon.json("POST", "/models/scaler/unpin")[0] == 200
    assert daemon.json("POST", "/models/scaler/unload")[0] == 200


def test_a_refresh_that_fails_changes_nobody(served):
    daemon, folder = served
    before = scaled(daemon)
    (folder / "scaler.pkl").write_bytes(b"not a model")
    assert daemon.json("POST", "/models/scaler/refresh")[0] == 422
    assert each(daemon, scaled) == [before] * 40


def test_a_signal_to_reload_goes_to_all(served):
    daemon, folder = served
    before = scaled(daemon)
    shutil.copyfile(folder / "twice.pkl", folder / "scaler.pkl")
    daemon.process.send_signal(signal.SIGHUP)
    await_that(lambda: all(answer != before for answer in each(daemon, scaled, 20)))


class Client(threading.Thread):
    """One keep-alive connection after the other; counts answers, and connections that broke."""

    def __init__(self, daemon, stop):
        super().__init__(daemon=True)
        self.address, self.stop = (daemon.host, daemon.port), stop
        self.answered = self.broken = 0
        self.wrong = []

    def run(self):
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        body = json.dumps({"input": ROW})
        while not self.stop.is_set():
            try:
                connection.request("POST", "/models/scaler/predict", body)
                answer = connection.getresponse()
                answer.read()
                self.answered += 1
                if answer.status != 200:
                    self.wrong.append(answer.status)
            except (ConnectionError, http.client.HTTPException, socket.timeout) as error:
                self.broken += 1
                if isinstance(error, (ConnectionRefusedError, socket.timeout)):
                    self.wrong.append(error)
                connection.close()


def test_a_worker_that_is_killed_under_load_is_replaced(served):
    daemon, _ = served
    stop = threading.Event()
    clients = [Client(daemon, stop) for _ in range(24)]
    for client in clients:
        client.start()
    time.sleep(0.3)
    victims = []
    for _ in range(3):
        victim = workers_of(daemon)[0]
        victims.append(victim)
        os.kill(victim, signal.SIGKILL)
        await_that(lambda: len(workers_of(daemon)) == N and victim not in workers_of(daemon))
        time.sleep(0.2)
    stop.set()
    for client in clients:
        client.join(30)
    assert not any(client.wrong for client in clients), [c.wrong for c in clients if c.wrong]
    # A connection breaks at most once for each worker that died under it.
    assert all(client.broken <= len(victims) for client in clients)
    assert sum(client.broken for client in clients) < len(clients) * len(victims)
    assert all(client.answered > 0 for client in clients)
    assert daemon.log.count("was killed by signal 9") == len(victims)
    answered = sum(client.answered for client in clients)
    counted = metric(daemon, "modelcached_requests_total", model="scaler", code="200")
    assert answered <= counted <= answered + sum(client.broken for client in clients)


def test_what_a_dead_worker_counted_stays_counted(served):
    daemon, _ = served
    each(daemon, scaled)
    name = "modelcached_model_cache_hits_total"
    before = metric(daemon, name)
    old = workers_of(daemon)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    await_that(lambda: len(set(workers_of(daemon)) - set(old)) == N)
    assert metric(daemon, name) >= before
    assert metric(daemon, "modelcached_requests_total", model="scaler") == 40


def test_a_term_signal_lets_open_requests_finish(serve, models):
    daemon = serve(models / "scaler.pkl", "--workers", N)
    await_ready(daemon)
    pids = workers_of(daemon)
    links = [daemon.connect() for _ in range(8)]
    body = json.dumps({"input": ROW}).encode()
    for link in links:
        link.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
    time.sleep(0.2)
    daemon.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    for link in links:
        link.sendall(body)
        assert link.recv(65536).startswith(b"HTTP/1.1 200 ")
        link.close()
    assert daemon.process.wait(20) == 0
    assert not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids)


def test_workers_leave_when_their_parent_is_killed(serve, models):
    daemon = serve(models / "scaler.pkl", "--workers", N)
    await_ready(daemon)
    pids = workers_of(daemon)
    daemon.process.kill()
    daemon.process.wait()
    await_that(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids))


def test_a_named_model_that_cannot_be_read_ends_the_daemon(serve, models):
    daemon = serve(models / "broken.pkl", "--workers", N, wait=False)
    assert daemon.process.wait(20) == 1
    assert daemon.said("broken.pkl"), daemon.log


def test_a_port_that_is_taken_is_not_shared(served, models):
    daemon, _ = served
    command = [PROGRAM, models / "scaler.pkl", "--workers", "2", "--port", str(daemon.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "cannot listen" in done.stderr


def test_workers_hold_one_copy(serve, tmp_path):
    import numpy
    from sklearn.neighbors import KNeighborsRegressor

    rng = numpy.random.default_rng(0)
    model = KNeighborsRegressor(algorithm="brute").fit(rng.random((100000, 8)), rng.random(100000))
    (tmp_path / "near.pkl").write_bytes(pickle.dumps(model))
    daemon = serve(tmp_path / "near.pkl", "--workers", N, "--image-dir", tmp_path / "images")
    await_ready(daemon)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: daemon.predict([0.5] * 8), range(64)))
    size = next((tmp_path / "images").glob("*.mci")).stat().st_size
    pss = 0
    for pid in workers_of(daemon):
        ours = False
        for line in open(f"/proc/{pid}/smaps"):
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                ours = line.rstrip().endswith(".mci")
            elif ours and line.startswith("Pss:"):
                pss += int(line.split()[1]) * 1024
    assert 0 < pss < 1.1 * size
