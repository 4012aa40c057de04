"""One run of the load generator against one server."""

import dataclasses
import os
import pathlib
import re
import subprocess

from bench import process
from bench.servers import LOAD_CORE, SERVER_CORE

SOURCE = pathlib.Path(__file__).with_name("generator.c")
CONNECTIONS = 32
GENERATOR_LIMIT = 0.90  # of its core: above, we would be measuring the generator
RESULT = re.compile(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$", re.M)


@dataclasses.dataclass
class Run:
    rate: float  # requests a second
    cpu_us: float  # processor time of the server a request
    generator: float  # share of its core that the generator used
    others: float  # share of the server's core that other processes used meanwhile
    void: str  # why this run does not count, or ""


def build(out):
    """Compiles the generator; it is no part of the product."""
    subprocess.run(
        ["cc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-o", str(out / "generator"), str(SOURCE)],
        check=True,
    )


def run(server, out, seconds):
    command = [
        "taskset",
        "-c",
        LOAD_CORE,
        str(out / "generator"),
        str(server.port),
        str(CONNECTIONS),
        str(seconds),
        str(out / "bodies.txt"),
    ]
    before, busy_before = process.cpu_s(server.pid), process.core_busy_s(SERVER_CORE)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    server_s = process.cpu_s(server.pid) - before
    others_s = process.core_busy_s(SERVER_CORE) - busy_before - server_s
    answered, micros, broken, refused, generator_us = map(int, RESULT.search(done.stdout).groups())
    generator = generator_us / micros
    void = ""
    if refused or answered == 0:
        void = f"{refused} of {answered} answers were not 200"
    elif broken:
        void = f"{broken} connections broke"
    elif generator > GENERATOR_LIMIT:
        void = f"the generator used {generator:.0%} of its core"
    return Run(
        rate=answered / micros * 1e6,
        cpu_us=server_s / max(answered, 1) * 1e6,
        generator=generator,
        others=max(0.0, others_s / micros * 1e6),
        void=void,
    )


def n_cores():
    return len(os.sched_getaffinity(0))
