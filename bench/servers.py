"""The servers that are compared. Each runs on one core, on a port of its own."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVER_CORE, LOAD_CORE = "0", "1"
START_LIMIT_S = 60

NGINX_CONFIG = """
worker_processes 1;
daemon off;
pid {out}/nginx.pid;
error_log {out}/nginx.log crit;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {out}/nginx-body;
    proxy_temp_path {out}/nginx-proxy;
    fastcgi_temp_path {out}/nginx-fastcgi;
    uwsgi_temp_path {out}/nginx-uwsgi;
    scgi_temp_path {out}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port};
        default_type application/json;
        location / {{ return 200 '{{"prediction": ["setosa"]}}'; }}
    }}
}}
"""


def nginx_command(model, port, out):
    config = out / f"nginx-{port}.conf"
    config.write_text(NGINX_CONFIG.format(out=out, port=port))
    return ["nginx", "-c", str(config), "-e", str(out / "nginx.log")]


def modelcached_command(model, port, out):
    program = os.environ.get("MODELCACHED", str(ROOT / "build/modelcached"))
    return [program, str(model), "--port", str(port), "--threads", "1", "--log-level", "warn"]


def gunicorn_command(model, port, out):
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        "--log-level",
        "error",
        "bench.flask_app:app",
    ]


def flask_command(model, port, out):
    return [sys.executable, "-m", "bench.flask_app", str(port)]


COMMANDS = {
    "modelcached": modelcached_command,
    "nginx": nginx_command,
    "gunicorn": gunicorn_command,
    "flask": flask_command,
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """with Server("flask", model_file, out_folder) as server: server.port, server.pid"""

    def __init__(self, name, model, out):
        self.name, self.port = name, free_port()
        self._caches = tempfile.TemporaryDirectory(prefix="caches-")  # each start is a first one
        self._command = ["taskset", "-c", SERVER_CORE, *COMMANDS[name](model, self.port, out)]
        self._environment = {
            **os.environ,
            "XDG_CACHE_HOME": self._caches.name,
            "MODEL": str(model),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
        }
        self._log = out / f"{name}.log"

    def __enter__(self):
        with open(self._log, "w") as log:
            self.started_s = time.perf_counter()
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.pid = self._process.pid
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, body):
        """The answer's bytes, or None while nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            return content if answer.status == 200 else None
        except OSError:
            return None
        finally:
            connection.close()

    def first_answer_ms(self, body):
        """Milliseconds from exec to the first 200. Asks again every quarter of a millisecond."""
        while time.perf_counter() - self.started_s < START_LIMIT_S:
            if self.ask(body) is not None:
                return (time.perf_counter() - self.started_s) * 1e3
            if self._process.poll() is not None:
                break
            time.sleep(0.00025)
        raise RuntimeError(f"{self.name} did not answer: {self._log.read_text()[-2000:]}")

    def check(self, bodies, wanted):
        """Fails unless the answers are right: a fast wrong answer is worth nothing."""
        for body, want in zip(bodies, wanted):
            got = json.loads(self.ask(body))["prediction"]
            if got != [want]:
                raise RuntimeError(f"{self.name} answers {got} to {body}, scikit-learn {[want]}")
