"""The proof of the replacement: the Flask app and the daemon, side by side on the same pickles,
give equal JSON for the same requests.

Both serve one file. Each model of the suite takes its place in turn, and both are told to refresh.
Values and types are equal; floats are equal to the last bit and then printed alike, or nearer than
BOUND to each other (what sums of other lengths in BLAS leave: docs/conformance.md has the figures).
"""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.conformance import environments, suites  # noqa: E402
from tools.daemon import Daemon  # noqa: E402

BOUND = 1e-9
SERVING = re.compile(r"Running on (http://\S+)")
WAIT_S = 60

# Labels of every type, one and many outputs, and everything that has a name in the issue.
CASES = """
tree_clf tree_clf_bin_str tree_clf_bool x_tree_clf_float tree_clf_multi x_tree_clf_multi_str
tree_reg tree_reg_multi tree_clf_nan forest_rf_clf forest_rf_clf_bin forest_rf_clf_multilabel
forest_rf_reg forest_et_clf gb_clf_bin_str gb_clf_multi gb_reg hgb_clf_multi hgb_clf_nan hgb_reg hgb_reg_nan
ens_bag_clf ens_bag_reg outlier_iforest clf_logreg clf_logreg_bin_str clf_logreg_bin_bool
clf_logreg_float_y clf_ridge_multilabel clf_sgd_hinge x_clf_linearsvc_str lin_ols lin_ridge_multi
lin_glm_poisson svm_linearsvr svm_sgd_ocsvm pipe_std_lr pipe_imp_rf pipe_minmax_ridge pipe_log_ttr
x_search_grid_forest x_ttr_standard_2d x_pipe_union_nested
""".split()


def ask(url, path, body=None):
    """(status, body as text) of a POST."""
    data = b"" if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Number(str):
    """A float as it is printed."""


def parse(text):
    return json.loads(text, parse_float=Number, parse_constant=Number)


def same(got, want):
    """Equal types and values; equal floats are printed alike, others are within the bound."""
    if isinstance(want, list) and isinstance(got, list):
        return len(got) == len(want) and all(map(same, got, want))
    if type(got) is not type(want):
        return False
    if isinstance(want, Number) and float(got) != float(want):
        return abs(float(got) - float(want)) <= BOUND * abs(float(want))
    return got == want


@contextlib.contextmanager
def flask_app(python, model, log):
    """URL of the Flask app, in the environment of the scikit-learn that wrote the model."""
    script = str(ROOT / "tests" / "e2e" / "flask_app.py")
    with open(log, "w") as stream:
        process = subprocess.Popen([python, script, str(model), "0"], stderr=stream, stdout=stream)
    try:
        deadline = time.monotonic() + WAIT_S
        while not (found := SERVING.search(pathlib.Path(log).read_text())):
            assert process.poll() is None, pathlib.Path(log).read_text()
            assert time.monotonic() < deadline, "the Flask app does not start"
            time.sleep(0.02)
        yield found.group(1)
    finally:
        process.terminate()
        process.wait(timeout=10)


def descriptions(folder):
    """The cases that this version of scikit-learn could make."""
    for name in CASES:
        path = folder / (name + ".json")
        if path.exists():
            yield json.loads(path.read_text(encoding="utf-8"))


def requests(description):
    """Rows as they are, and their numbers rounded to integers where that leaves no null."""
    for row in description["input"]["rows"][:6]:
        row = [None if value == "nan" else value for value in row]
        yield row
        if None not in row:
            yield [round(value) for value in row]


def differences(flask, daemon, description):
    """What the two answer differently, as lines to read."""
    for row in requests(description):
        for path in ("/predict", "/advanced_predict"):
            want, got = ask(flask, path, {"input": row}), ask(daemon, path, {"input": row})
            if (
                want[0] != 200
                or got[0] != 200
                or not same(parse(got[1])["prediction"], parse(want[1])["prediction"])
            ):
                yield "%s %s: %s, Flask %s" % (description["case"], row, got, want)


@pytest.mark.parametrize("version", environments.VERSIONS)
def test_same_answers_as_the_flask_app(version, tmp_path):
    folder = suites.generate(version, "default")
    model, found, n_models = tmp_path / "model.pkl", [], 0
    cases = list(descriptions(folder))
    shutil.copy(folder / (cases[0]["case"] + ".pkl"), model)
    python = environments.interpreter(version)
    with flask_app(python, model, tmp_path / "flask.log") as flask, Daemon(model) as daemon:
        for description in cases:
            shutil.copy(folder / (description["case"] + ".pkl"), model)
            assert ask(flask, "/refresh")[0] == 200
            status, text = ask(daemon.url, "/refresh")
            if status == 200:
                found += differences(flask, daemon.url, description)
            else:
                found.append("%s: %s" % (description["case"], text))
            n_models += 1
    assert not found, "\n".join(found[:20])
    assert n_models >= 35
