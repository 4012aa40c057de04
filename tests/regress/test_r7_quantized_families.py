"""Issue 5: families whose numbers dominate, and were not narrowed: densities, imputers, embeddings,
processes, factorizations."""

import json
import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.decomposition import NMF, DictionaryLearning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.impute import KNNImputer
from sklearn.manifold import Isomap, LocallyLinearEmbedding
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KernelDensity, KNeighborsRegressor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

RANDOM = np.random.RandomState(0)
X = RANDOM.randn(400, 12)
HOLES = np.where(RANDOM.rand(400, 12) < 0.1, np.nan, X)

# the model, the rows asked, the method, how many times smaller f16 is, bounds on f16 and int8
FAMILIES = {
    "density": (KernelDensity(bandwidth=1.5), X, "score_samples", 2.8, 0.02, 0.2),
    "density_of_balls": (KernelDensity(algorithm="ball_tree"), X, "score_samples", 1.0, 1e-9, 1e-9),
    "imputer": (KNNImputer(), HOLES, "transform", 3.3, 0.01, 0.1),
    "embedding": (LocallyLinearEmbedding(n_neighbors=8, n_components=3, eigen_solver="dense"), X, "transform", 2.2, 0.02, 0.2),
    "paths": (Isomap(n_neighbors=8), X, "transform", 3.3, 0.02, 0.2),
    "process": (GaussianProcessRegressor(RBF(3.0), alpha=0.1, optimizer=None), X, "predict_std", 1.9, 0.02, 0.2),
    "factors": (NMF(8, init="nndsvda", max_iter=60), abs(np.tile(X, 10)), "transform", 2.2, 0.02, 0.2),
    "dictionary": (DictionaryLearning(24, transform_algorithm="omp", max_iter=1, random_state=0), X, "transform", 1.6, 0.2, 2.0),
    "bayes": (GaussianNB(), np.tile(X, 10), "predict_proba", 1.8, 0.02, 0.2),
}


def largest(narrow, wide, method, rows):
    answers = [image.predict(method, native.dense(rows)).parts for image in (narrow, wide)]
    return max(np.abs(np.asarray(a.values) - np.asarray(b.values)).max() for a, b in zip(*answers))


@pytest.mark.parametrize("name", FAMILIES)
def test_what_dominates_is_narrow(tmp_path, name):
    model, rows, method, times, *bounds = FAMILIES[name]
    model.fit(rows, np.arange(400) % 7) if name == "bayes" else model.fit(rows, X[:, 0])
    source = tmp_path / "model.pkl"
    source.write_bytes(pickle.dumps(model))
    program = native.build_directory() / "modelcached"
    images = {form: tmp_path / f"{form}.mci" for form in ("never", "f16", "int8")}
    for form, image in images.items():
        more = [] if form == "never" else ["--quantize", form]
        subprocess.run([program, "compile", source, "-o", image, *more], check=True, timeout=60, capture_output=True)
    size = {form: image.stat().st_size for form, image in images.items()}
    assert size["never"] / size["f16"] >= times
    assert size["int8"] <= size["f16"]
    library = native.Library()
    with library.open(images["never"]) as wide:
        for form, bound in zip(("f16", "int8"), bounds):
            with library.open(images[form]) as narrow:
                assert largest(narrow, wide, method, rows[:60]) <= bound
                alone = narrow.predict(method, native.dense(rows[:1])).parts[0].values
                together = narrow.predict(method, native.dense(rows[:9])).parts[0].values
                np.testing.assert_array_equal(np.asarray(together)[:1], np.asarray(alone))


def test_a_graph_of_neighbours_is_no_number_to_bound(tmp_path):
    """One neighbour for another is a 1 in another place: no bound below 1 let a quantized k-NN pass."""
    model = KNeighborsRegressor(3, algorithm="brute").fit(X, X[:, 0])
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    np.savetxt(tmp_path / "rows.csv", RANDOM.randn(200, 12), delimiter=",")
    program = native.build_directory() / "modelcached"
    command = [program, "compile", tmp_path / "model.pkl", "-o", tmp_path / "model.mci", "--quantize", "int8"]
    command += ["--calibration", tmp_path / "rows.csv", "--json", "--max-deviation"]
    done = subprocess.run([*command, "0.95"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = {m["method"]: m["max_deviation"] for m in json.loads(done.stdout)["methods"]}
    assert found["kneighbors_graph"] == 1 and 0 < found["predict"] < 0.95
