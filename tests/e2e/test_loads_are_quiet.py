"""A load never slows other models: an open loop at 60 % of what the daemon can do, with and without.

`python3 -m bench.loads` measures it well; the aim is a p99 with loads of at most 1.5 × that without.
Here, on a machine that may be busy with other tests, the bar is ten times as wide.
"""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

loads = pytest.importorskip("bench.loads")


@pytest.mark.alone
def test_p99_stays_while_others_load():
    """Three tries: what else the machine does hits one half of a measurement now and then."""
    for _ in range(3):
        capacity, quiet, loading, n_loads = loads.measure(rounds=3, seconds=1)
        text, ratio = loads.table(capacity, quiet, loading, n_loads, 1)
        assert n_loads >= 3, text
        assert sum(run["refused"] for run in quiet + loading) == 0
        if ratio <= 15:
            return
    pytest.fail(text)
