"""Admin calls, what guards them, and a hot swap under load."""

import os
import shutil
import socket
import threading

import pytest

ROW = [1, 10, 100]
ADMIN = [
    "/refresh",
    *(f"/models/scaler/{verb}" for verb in ("load", "refresh", "unload", "pin", "unpin", "flush")),
]


@pytest.fixture
def folder(models, tmp_path):
    for name in ("scaler.pkl", "twice.pkl"):
        shutil.copy(models / name, tmp_path)
    return tmp_path


def test_life_of_a_model(serve, folder):
    daemon = serve(folder, "--default", "scaler")
    assert daemon.json("GET", "/models/scaler")[1]["state"] == "registered"
    status, answer = daemon.json("POST", "/models/scaler/load")
    assert (status, answer["model"], answer["state"], answer["generation"]) == (
        200, "scaler", "ready", 1,
    )  # fmt: skip
    assert answer["bytes"] > 0
    assert daemon.json("POST", "/models/scaler/load")[1]["generation"] == 1, "load is idempotent"
    assert daemon.json("POST", "/refresh")[1]["generation"] == 2, "refresh is forced"
    assert daemon.json("POST", "/models/scaler/unload")[1]["state"] == "registered"
    assert daemon.predict(ROW) and daemon.json("GET", "/models/scaler")[1]["state"] == "ready"


def test_pinned_models_are_not_unloaded(serve, folder):
    daemon = serve(folder / "scaler.pkl")
    assert daemon.json("POST", "/models/scaler/pin")[0] == 200
    status, answer = daemon.json("POST", "/models/scaler/unload")
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert daemon.json("POST", "/models/scaler/unpin")[0] == 200
    assert daemon.json("POST", "/models/scaler/unload")[0] == 200
    assert daemon.json("POST", "/models/scaler/flush")[0] == 200


def test_broken_file_keeps_the_old_model(serve, folder, models):
    daemon = serve(folder / "scaler.pkl")
    before = daemon.predict(ROW)
    shutil.copy(models / "broken.pkl", folder / "scaler.pkl")
    status, answer = daemon.json("POST", "/refresh")
    assert status == 422 and answer["error"]["message"]
    assert daemon.predict(ROW) == before
    shutil.copy(models / "twice.pkl", folder / "scaler.pkl")
    assert daemon.json("POST", "/refresh")[0] == 200
    assert daemon.predict(ROW) != before


def test_load_from_a_source_below_a_root_only(serve, folder, models, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(models / "twice.pkl", elsewhere / "twice.pkl")
    os.symlink(elsewhere / "twice.pkl", folder / "link.pkl")
    daemon = serve(folder / "scaler.pkl")
    assert daemon.json("POST", "/models/new/load", {"source": str(folder / "twice.pkl")})[0] == 200
    assert daemon.predict(ROW, "/models/new/predict")
    for source in (elsewhere / "twice.pkl", folder / "link.pkl", f"{folder}/../elsewhere0/x.pkl",
                   "/etc/passwd", "relative.pkl"):  # fmt: skip
        status, answer = daemon.json("POST", "/models/other/load", {"source": str(source)})
        assert (status, answer["error"]["code"]) == (403, "forbidden"), source
    assert daemon.json("POST", "/models/other/load")[0] == 404
    assert daemon.json("POST", "/models/other/load", {"source": 7})[0] == 400
    assert daemon.json("POST", "/models/other/load", "[1]")[0] == 400
    open_wide = serve(folder / "scaler.pkl", "--model-root", elsewhere)
    source = str(elsewhere / "twice.pkl")
    assert open_wide.json("POST", "/models/other/load", {"source": source})[0] == 200


@pytest.mark.parametrize("path", ADMIN)
def test_web_pages_cannot_call_admin(serve, folder, path):
    daemon = serve(folder / "scaler.pkl")
    own = f"{daemon.host}:{daemon.port}"
    for headers, body, status in [
        ({"Host": "evil.example"}, None, 403),
        ({"Host": "127.0.0.1.evil.example"}, None, 403),
        ({"Origin": "http://evil.example"}, None, 403),
        ({"Origin": "null"}, None, 403),
        ({"Origin": f"http://{own}.evil.example"}, None, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "{}", 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "{}", 415),
        ({"Content-Type": "text/plain"}, "{}", 415),
        ({"Origin": f"http://{own}"}, None, 200),
        ({"Host": f"localhost:{daemon.port}"}, None, 200),
        ({"Host": "[::1]"}, None, 200),
    ]:
        got, answer = daemon.json("POST", path, body, headers)
        assert got == status, (headers, answer)


def open_address():
    """An address of this machine that is not loopback, or the wildcard."""
    return "0.0.0.0"


@pytest.mark.parametrize("path", ADMIN)
def test_beyond_loopback_admin_needs_a_token(serve, folder, tmp_path, path):
    closed = serve(folder / "scaler.pkl", "--host", open_address())
    assert closed.json("POST", path)[0] == 403
    assert closed.predict(ROW)
    tokens = tmp_path / "tokens"
    tokens.write_text("first-token\nsecond-token\n")
    daemon = serve(folder / "scaler.pkl", "--host", open_address(), "--admin-token-file", tokens)
    status, headers, _ = daemon.request("POST", path)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    for wrong in ("Bearer first-toke", "Bearer first-token-", "Bearer ", "Basic first-token"):
        assert daemon.json("POST", path, headers={"Authorization": wrong})[0] == 401, wrong
    assert daemon.json("POST", path, headers={"Authorization": "Bearer second-token"})[0] == 200


def test_swap_under_load_fails_no_request(serve, folder):
    daemon = serve(folder / "scaler.pkl", "--threads", "2")
    failures, stop, counts = [], threading.Event(), [0, 0, 0]

    def ask(at):
        import http.client

        connection = http.client.HTTPConnection(daemon.host, daemon.port, timeout=20)
        while not stop.is_set():
            status, answer = daemon.json("POST", "/predict", {"input": ROW}, connection=connection)
            counts[at] += 1
            if status != 200:
                failures.append(answer)

    askers = [threading.Thread(target=ask, args=(i,)) for i in range(3)]
    for asker in askers:
        asker.start()
    for _ in range(30):
        assert daemon.json("POST", "/refresh")[0] == 200
        assert daemon.json("POST", "/models/scaler/unload")[0] == 200
    stop.set()
    for asker in askers:
        asker.join()
    assert not failures and min(counts) > 0


def test_sighup_refreshes_what_is_loaded(serve, folder):
    import signal
    import time

    daemon = serve(folder)
    daemon.predict(ROW, "/models/scaler/predict")
    (folder / "scaler.pkl").touch()
    daemon.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 10
    while daemon.json("GET", "/models/scaler")[1]["generation"] != 2:
        assert time.monotonic() < until, daemon.log
        time.sleep(0.02)
    assert daemon.json("GET", "/models/twice")[1]["generation"] == 0


def test_admin_on_ipv6_loopback(serve, folder):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    daemon = serve(folder / "scaler.pkl", "--host", "::1")
    assert daemon.url.startswith("http://[::1]:")
    assert daemon.json("POST", "/refresh")[0] == 200
