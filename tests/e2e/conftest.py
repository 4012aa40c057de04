"""Fixtures of the scenario tests: a daemon started on a free port, and small models to serve.

    def test_x(serve, models):
        daemon = serve(models / "scaler.pkl", "--threads", "2")
        status, headers, body = daemon.request("POST", "/predict", '{"input": [1, 2, 3]}')

`serve` stops what it started, and fails the test when a daemon does not then exit with 0.
"""

import pickle

import pytest

from scenario import Daemon


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures time, and wants nothing beside it")


@pytest.fixture
def serve():
    """A function that starts daemons. Each must still be alive at the end, or have been stopped."""
    started = []

    def start(*arguments, **options):
        daemon = Daemon(arguments, **options)
        started.append(daemon)
        return daemon

    yield start
    for daemon in started:
        if daemon.process.poll() is None:
            assert daemon.stop() == 0, daemon.log


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder with scaler.pkl (3 columns), twice.pkl (3 columns, other numbers) and broken.pkl."""
    import numpy
    from sklearn.preprocessing import StandardScaler

    folder = tmp_path_factory.mktemp("models")
    rows = numpy.array([[1.0, 10.0, 100.0], [2.0, 20.0, 200.0], [6.0, 60.0, 900.0]])
    (folder / "scaler.pkl").write_bytes(pickle.dumps(StandardScaler().fit(rows)))
    (folder / "twice.pkl").write_bytes(pickle.dumps(StandardScaler().fit(rows * 2)))
    (folder / "broken.pkl").write_bytes(b"\x80\x04not a pickle")
    return folder
