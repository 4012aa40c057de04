"""The requests of examples/README.md: the daemon gives the answers written there, and so does
scikit-learn when it loads the same files."""

import json
import math
import pathlib
import pickle
import re
import shlex
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tools.daemon import Daemon  # noqa: E402

EXAMPLES = ROOT / "examples"
BLOCKS = re.compile(r"```sh\n(curl .*)\n```\n```json\n(.*)\n```")
REQUESTS = BLOCKS.findall((EXAMPLES / "README.md").read_text())
MODEL_FILES = {"iris": "iris.pkl", "diabetes": "diabetes.joblib", "churn": "churn.pkl"}


def same(got, want):
    """Equal types and values; floats as near as the last bits of an exponential allow."""
    if type(got) is not type(want):
        return False
    if isinstance(want, dict):
        return got.keys() == want.keys() and all(same(got[k], want[k]) for k in want)
    if isinstance(want, list):
        return len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, float):
        return math.isclose(got, want, rel_tol=1e-12, abs_tol=1e-15)
    return got == want


def model_and_body(command):
    """The model that a curl line asks, and the body that it sends."""
    words = shlex.split(command)
    asked = re.search(r"/models/(\w+)/", words[1])
    return asked.group(1) if asked else "iris", json.loads(words[words.index("-d") + 1])


def ask_sklearn(command):
    """The answer that scikit-learn gives, in the daemon's form."""
    import joblib
    import numpy as np
    import pandas as pd

    name, body = model_and_body(command)
    file = EXAMPLES / MODEL_FILES[name]
    model = pickle.loads(file.read_bytes()) if file.suffix == ".pkl" else joblib.load(file)
    rows = body["inputs"] if "inputs" in body else [body["input"]]
    if isinstance(rows[0], dict):
        rows = pd.DataFrame(
            [{k: np.nan if v is None else v for k, v in row.items()} for row in rows]
        )
    return {"prediction": getattr(model, body.get("method", "predict"))(rows).tolist()}


@pytest.fixture(scope="module")
def url():
    with Daemon(EXAMPLES, "--preload", "--default", "iris") as daemon:
        yield daemon.url


def test_readme_holds_requests():
    assert {model_and_body(command)[0] for command, _ in REQUESTS} == set(MODEL_FILES)


@pytest.mark.parametrize("command, answer", REQUESTS)
def test_sklearn_gives_the_written_answer(command, answer):
    assert same(ask_sklearn(command), json.loads(answer))


@pytest.mark.parametrize("command, answer", REQUESTS)
def test_daemon_gives_the_written_answer(url, command, answer):
    words = shlex.split(command.replace("http://127.0.0.1:5000", url))
    done = subprocess.run([*words, "-sS"], capture_output=True, text=True, timeout=30, check=True)
    assert same(json.loads(done.stdout), json.loads(answer)), done.stdout
