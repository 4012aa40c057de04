"""`modelcached stats` and `modelcached top`, beside a daemon."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from scenario import PROGRAM

ROW = [1.0, 10.0, 100.0]


@pytest.fixture
def daemon(serve, models, tmp_path):
    for name in ("often", "seldom"):
        shutil.copy(models / "scaler.pkl", tmp_path / f"{name}.pkl")
    started = serve(tmp_path)
    for _ in range(9):
        started.predict(ROW, "/models/often/predict")
    started.predict(ROW, "/models/seldom/predict")
    return started


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


def test_stats_is_a_table(daemon):
    code, out, err = run("stats", daemon.url)
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert out.startswith("2 of 2 models ready, ")
    assert lines[1][:4] == ["MODEL", "BYTES", "HITS", "MISSES"]
    assert [line[0] for line in lines[2:]] == ["(all)", "often", "seldom"]
    assert lines[3][1] == "ready" and lines[3][3:5] == ["8", "1"]


def test_stats_as_json(daemon):
    code, out, _ = run("stats", str(daemon.port), "--json")
    stats = json.loads(out)
    assert code == 0
    assert (stats["hits"], stats["misses"], stats["requests"], stats["n_models"]) == (8, 2, 10, 2)
    often = next(m for m in stats["models"] if m["name"] == "often")
    assert (often["hits"], often["misses"], often["loads"], often["ready"]) == (8, 1, 1, True)
    assert 0 < often["p50_s"] <= often["p99_s"] < 10
    assert often["bytes"] == daemon.json("GET", "/models/often")[1]["bytes"]


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["stats", "127.0.0.1:1"], 1, "127.0.0.1:1: Connection refused"),
        (["stats", "ftp://x/y/z"], 2, "expected http://HOST:PORT, HOST:PORT or PORT"),
        (["stats", "--yaml"], 2, "usage: modelcached stats"),
        (["top", "--yaml"], 2, "usage: modelcached top"),
        (["top", "127.0.0.1:1"], 1, "Connection refused"),
    ],
)
def test_what_is_wrong_is_said(arguments, code, message):
    got, _, err = run(*arguments)
    assert got == code
    assert message in err


def test_top_without_a_terminal_is_one_frame(daemon):
    code, out, _ = run("top", daemon.url)
    assert code == 0
    assert "\x1b" not in out
    assert out.count("MODEL ") == 1


class Terminal:
    """top on a pseudo-terminal of 24 lines."""

    def __init__(self, url):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen([PROGRAM, "top", url], stdin=theirs, stdout=theirs, close_fds=True)
        os.close(theirs)
        self.seen = ""

    def read_until(self, pattern):
        until = time.monotonic() + 15
        while not re.search(pattern, self.seen, re.S):
            assert time.monotonic() < until, repr(self.seen)
            if select.select([self.ours], [], [], 0.2)[0]:
                self.seen += os.read(self.ours, 65536).decode()
        seen, self.seen = self.seen, ""
        return seen

    def press(self, key):
        os.write(self.ours, key)


def test_top_on_a_terminal(daemon):
    terminal = Terminal(daemon.url)
    first = terminal.read_until(r"q quits")
    assert first.startswith("\x1b[?1049h")
    assert re.search(r"often +ready.*seldom +ready", first, re.S)
    terminal.press(b"b")
    terminal.read_until(r"by bytes.*q quits")
    for _ in range(50):
        daemon.predict(ROW, "/models/seldom/predict")
    frame = terminal.read_until(r"seldom +ready +\S+ +50 .*q quits")
    assert float(re.search(r"seldom +ready(?: +\S+){6} +([0-9.]+)", frame)[1]) > 0  # requests a second
    terminal.press(b"h")
    terminal.read_until(r"seldom +ready.*often +ready.*by hits")
    terminal.press(b"q")
    assert terminal.process.wait(10) == 0
    end = os.read(terminal.ours, 65536).decode()
    assert end.endswith("\x1b[?25h\x1b[?1049l")
    os.close(terminal.ours)
