"""Starts a daemon on a free port for tests, the soak and the bench; stops it by SIGTERM."""

import os
import pathlib
import re
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTENING = re.compile(r"listening on (http://\S+)")


def program():
    """The daemon under test: $MODELCACHED, or what ./dev build made."""
    return pathlib.Path(os.environ.get("MODELCACHED", ROOT / "build/modelcached"))


class Daemon:
    """with Daemon("examples") as daemon: daemon.url, daemon.pid, daemon.log()"""

    def __init__(self, *arguments, prefix=(), wait_s=30):
        self.command = [*prefix, str(program()), "--port", "0", *map(str, arguments)]
        self.wait_s = wait_s

    def __enter__(self):
        self._log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        self._caches = tempfile.TemporaryDirectory(prefix="caches-")  # in the place of ~/.cache
        environment = {**os.environ, "XDG_CACHE_HOME": self._caches.name}
        self._process = subprocess.Popen(
            self.command, stderr=self._log, stdin=subprocess.DEVNULL, env=environment
        )
        self.pid = self._process.pid
        try:
            self.url = self._await_url()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, failure=None, *_):
        if failure is not None:  # what pytest shows of a test that fails
            print("the daemon, exit code %s:\n%s" % (self._process.poll(), self.log()[-4000:]))
        self._process.terminate()
        try:
            self.exit_code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.exit_code = self._process.wait()
        self.final_log = self.log()

    def log(self):
        return pathlib.Path(self._log.name).read_text()

    def _await_url(self):
        deadline = time.monotonic() + self.wait_s
        while time.monotonic() < deadline:
            found = LISTENING.search(self.log())
            if found:
                return found.group(1)
            code = self._process.poll()
            if code is not None:
                raise RuntimeError(f"exit {code} before listening:\n{self.log()}")
            time.sleep(0.002)
        raise RuntimeError(f"not listening after {self.wait_s} s:\n{self.log()}")
