"""A daemon under test, and how to talk to it: with http.client, or byte by byte.

The program is $MODELCACHED (default: build/modelcached).
"""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MODELCACHED", str(ROOT / "build" / "modelcached"))


class Daemon:
    """One running modelcached; its stderr is collected in `lines`."""

    def __init__(
        self, arguments, program=PROGRAM, environment=None, wait=True, preexec_fn=None
    ):
        self.lines = []
        self._caches = tempfile.TemporaryDirectory(prefix="caches-")  # in the place of ~/.cache
        self.url = None
        self._listening = threading.Event()
        self.process = subprocess.Popen(
            [program, *map(str, arguments), "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, "XDG_CACHE_HOME": self._caches.name, **(environment or {})},
            preexec_fn=preexec_fn,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait:
            assert self._listening.wait(20), "never listened:\n" + self.log
            address = re.match(r"http://\[?([^]]+?)\]?:(\d+)$", self.url)
            self.host, self.port = address[1], int(address[2])

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            found = re.search(r"listening on (http://[^\s\"]+)", line)
            if found:
                self.url = found[1]
                self._listening.set()
        self._listening.set()

    @property
    def log(self):
        return "\n".join(self.lines)

    def said(self, text, wait_s=5):
        """True once the log holds that: lines come through a pipe, a moment after the answer."""
        until = time.monotonic() + wait_s
        while text not in self.log and time.monotonic() < until:
            time.sleep(0.01)
        return text in self.log

    def request(self, verb, path, body=None, headers=None, connection=None):
        """(status, headers in lower case, body as text)."""
        http_connection = connection or http.client.HTTPConnection(self.host, self.port, timeout=60)
        if isinstance(body, str):
            body = body.encode()
        try:
            http_connection.request(verb, path, body=body, headers=headers or {})
            answer = http_connection.getresponse()
            text = answer.read().decode()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, text
        finally:
            if connection is None:
                http_connection.close()

    def json(self, verb, path, body=None, headers=None, connection=None):
        """(status, decoded body); `body` may be any JSON value."""
        if body is not None and not isinstance(body, (str, bytes)):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **(headers or {})}
        status, _, text = self.request(verb, path, body, headers, connection)
        return status, json.loads(text)

    def predict(self, row, path="/predict"):
        status, answer = self.json("POST", path, {"input": row})
        assert status == 200, answer
        return answer["prediction"]

    def connect(self):
        """A raw socket."""
        return socket.create_connection((self.host, self.port), timeout=60)

    def metric(self, name):
        """The value of one sample, named with its labels as /metrics prints it; 0 if absent."""
        for line in self.request("GET", "/metrics")[2].splitlines():
            if line.startswith(name + " "):
                return float(line.rpartition(" ")[2])
        return 0.0

    def wait_ready(self):
        until = time.monotonic() + 60
        while self.request("GET", "/readyz")[0] != 200:
            assert time.monotonic() < until, "never ready:\n" + self.log
            time.sleep(0.01)

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def stop(self, how=signal.SIGTERM):
        """Ends the daemon; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("did not stop:\n" + self.log) from None
        self._reader.join(5)
        return code


def raw(daemon, data, shut=False, timeout=10):
    """Sends bytes as they are; everything that comes back until the daemon closes or falls silent."""
    with daemon.connect() as link:
        link.settimeout(timeout)
        try:
            link.sendall(data)
            if shut:
                link.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the daemon hung up first: what it said before is still there to read
        return read_all(link)


def read_all(link):
    got = b""
    try:
        while True:
            piece = link.recv(65536)
            if not piece:
                return got
            got += piece
    except OSError:
        return got


def read_answers(link, count):
    """Reads `count` whole answers from one connection: [(status, body)]."""
    answers, buffer = [], b""
    while len(answers) < count:
        head, found, rest = buffer.partition(b"\r\n\r\n")
        size = re.search(rb"(?i)content-length: *(\d+)", head)
        if found and len(rest) >= int(size[1]):
            answers.append((int(head.split()[1]), rest[: int(size[1])].decode()))
            buffer = rest[int(size[1]) :]
            continue
        piece = link.recv(65536)
        assert piece, f"closed after {len(answers)} of {count} answers: {buffer!r}"
        buffer += piece
    return answers
