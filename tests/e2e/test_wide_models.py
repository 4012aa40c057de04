"""Models that claim to be wider than anything in their file: what is asked about them costs what is
said, not what is claimed."""

import pickle
import re

import numpy
from sklearn.preprocessing import Normalizer

WIDTH = 16_000_000
MOST = 64 << 20


def most_memory(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as status:
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


def test_columns_that_are_alike_are_told_once(serve, models, tmp_path):
    claims = Normalizer().fit(numpy.ones((1, 3)))
    claims.n_features_in_ = WIDTH
    (tmp_path / "claims.pkl").write_bytes(pickle.dumps(claims))
    daemon = serve(tmp_path / "claims.pkl", models / "scaler.pkl")
    daemon.wait_ready()
    schema = daemon.json("GET", "/models/claims")[1]["schema"]
    assert schema["inputs"] == [{"name": None, "kind": "number", "columns": WIDTH}]
    status, answer = daemon.json("POST", "/models/claims/predict", {"input": [1, 2, 3]})
    assert status == 400 and str(WIDTH) in answer["error"]["message"]
    assert most_memory(daemon) < MOST
    assert len(daemon.json("GET", "/models/scaler")[1]["schema"]["inputs"]) == 3
