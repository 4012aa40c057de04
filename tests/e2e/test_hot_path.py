"""Between the HTTP library's callback and the queued answer: no allocation, no lock, no syscall().

Runs modelcached-guard (tests/guard), which counts them; and plants one of each, to see that the
counting works.
"""

import http.client
import os
import pathlib
import re

import pytest
from scenario import PROGRAM

BUILD = pathlib.Path(os.environ.get("MODELCACHE_BUILD", pathlib.Path(PROGRAM).parent))
GUARD = BUILD / "tests" / "guard" / "modelcached-guard"
WARM = 60
REQUESTS = [
    ("/predict", '{"input": [1, 10, 100]}', None),
    ("/advanced_predict", '{"input": [1, 10.5, -1e300], "method": "transform"}', None),
    ("/models/scaler/predict", '{"inputs": [' + ",".join(["[1, 2, 3]"] * 40) + "]}", None),
    ("/predict", "1,10,100\n2,3,4\n", "text/csv"),
    ("/predict", "[1, 10, 100]\n[2, 3, 4]\n", "application/x-ndjson"),
    ("/predict", '{"input": [1, 10]}', None),  # 400
    ("/predict", '{"input": [', None),  # 400
    ("/models/none/predict", '{"input": [1, 10, 100]}', None),  # 404
    ("/predict", "x", "image/png"),  # 415
]


def count(serve, models, plant=None):
    """(requests, allocations, locks, system calls) of a run with every kind of request."""
    if not GUARD.exists():
        pytest.skip("modelcached-guard is not part of a build with sanitizers")
    environment = {"MC_GUARD_WARM": str(WARM), **({"MC_GUARD_PLANT": plant} if plant else {})}
    daemon = serve(
        models / "scaler.pkl", "--threads", "1", program=str(GUARD), environment=environment
    )
    daemon.wait_ready()
    connection = http.client.HTTPConnection(daemon.host, daemon.port, timeout=20)
    for i in range(WARM + 20 * len(REQUESTS)):
        path, body, content_type = REQUESTS[i % len(REQUESTS)]
        headers = {"Content-Type": content_type} if content_type else {}
        daemon.request("POST", path, body, headers, connection)
    connection.close()
    assert daemon.stop() == 0
    found = re.search(
        r"hot path: (\d+) requests, (\d+) allocations, (\d+) locks, (\d+) system calls", daemon.log
    )
    assert found, daemon.log
    return [int(number) for number in found.groups()], daemon.log


def test_nothing_is_allocated_or_locked(serve, models):
    (requests, *violations), log = count(serve, models)
    assert requests >= WARM + 20 * len(REQUESTS)
    assert violations == [0, 0, 0], log


@pytest.mark.parametrize("plant, at", [("allocation", 1), ("lock", 2), ("futex", 3)])
def test_what_is_planted_is_found(serve, models, plant, at):
    counts, log = count(serve, models, plant)
    assert counts[at] >= 20 * len(REQUESTS), log
