"""quantize, quantize_when and max_deviation of a model's section; what an answer says of them."""

import json
import pickle
import subprocess

import numpy
import pytest
from sklearn.linear_model import LinearRegression

from scenario import PROGRAM

WIDTH, OUTPUTS = 500, 500  # an image of 2 MB


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with three models of the same size, and golden rows of the first."""
    folder = tmp_path_factory.mktemp("policy")
    random = numpy.random.RandomState(0)
    models = folder / "models"
    models.mkdir()
    for name in ("m", "other", "third"):
        model = LinearRegression()
        model.coef_, model.intercept_ = random.randn(OUTPUTS, WIDTH), random.randn(OUTPUTS)
        model.n_features_in_ = WIDTH
        (models / f"{name}.pkl").write_bytes(pickle.dumps(model))
        if name == "m":
            row = random.randn(1, WIDTH)
            line = {"input": row[0].tolist(), "prediction": model.predict(row).tolist()}
            (folder / "rows.jsonl").write_text(json.dumps(line) + "\n")
    return folder


def serve_with(serve, made, keys, *arguments):
    config = made / "m.conf"
    config.write_text(f"[model m]\n{keys}\n")
    return serve(made / "models", "--config", config, *arguments)


def ask(daemon, name):
    """(status, X-Quantized, the error's message) of a row of zeros."""
    body = json.dumps({"input": [0.0] * WIDTH})
    status, headers, text = daemon.request(
        "POST", f"/models/{name}/predict", body, {"Content-Type": "application/json"}
    )
    return status, headers.get("x-quantized"), json.loads(text).get("error", {}).get("message")


def test_the_deviation_of_golden_rows_is_bounded(serve, made):
    keys = "quantize = int8\ngolden = rows.jsonl\nmax_deviation = "
    daemon = serve_with(serve, made, keys + "2")
    assert ask(daemon, "m") == (200, "int8", None)
    assert ask(daemon, "other") == (200, None, None)
    daemon = serve_with(serve, made, keys + "0.0001")
    status, _, message = ask(daemon, "m")
    assert status == 422 and "row 1: expected" in message


def test_the_bound_is_of_what_is_quantized_alone(serve, made):
    """The same file of golden rows and a bound of 2 do not let a float64 model pass that is wrong."""
    wrong = json.loads((made / "rows.jsonl").read_text())
    wrong["prediction"][0][0] += 1
    (made / "wrong.jsonl").write_text(json.dumps(wrong) + "\n")
    daemon = serve_with(serve, made, "golden = wrong.jsonl\nmax_deviation = 2")
    assert ask(daemon, "m")[0] == 422
    daemon = serve_with(serve, made, "golden = wrong.jsonl\nmax_deviation = 2\nquantize = f16")
    assert ask(daemon, "m") == (200, "f16", None)


def test_a_bound_without_rows_is_no_bound(made):
    (made / "bad.conf").write_text("[model m]\nquantize = f16\nmax_deviation = 1\n")
    done = subprocess.run(
        [PROGRAM, "config", "check", "--config", made / "bad.conf"], capture_output=True, text=True, timeout=20
    )
    assert done.returncode != 0 and "expected golden = FILE" in done.stdout + done.stderr


def test_only_what_finds_no_room_is_quantized(serve, made):
    daemon = serve_with(serve, made, "quantize = f16\nquantize_when = no-room", "--memory-budget", "5000K")
    for name in ("other", "third", "other"):  # the last time from the image that was kept: both fit
        assert ask(daemon, name) == (200, None, None)
    assert ask(daemon, "m") == (200, "f16", None)
    assert daemon.json("GET", "/models/m")[1]["quantized"] == "f16"
    for name in ("m", "other", "third"):
        daemon.json("POST", f"/models/{name}/unload")
    assert ask(daemon, "m") == (200, None, None)
    assert daemon.json("GET", "/models/m")[1]["quantized"] == "never"


def test_without_leave_nothing_is_quantized(serve, made):
    daemon = serve_with(serve, made, "quantize_when = no-room", "--memory-budget", "5000K")
    for name in ("other", "third", "other", "m"):
        assert ask(daemon, name) == (200, None, None)
