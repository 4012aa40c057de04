"""Issue 5: neighbours of rows of integers that have no distance. A quantized model measured them
again from its training rows as if these were float64: a wrong number, or memory behind the image."""

import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

FORMS = ["f32", "f16", "bf16", "int8"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_rows_without_a_distance(tmp_path, form):
    training = np.random.RandomState(0).randint(1, 9, (600, 8)).astype(float)
    training[-3:] = 0.0  # of two rows of zeros braycurtis is 0 / 0
    model = NearestNeighbors(n_neighbors=600, algorithm="brute", metric="braycurtis").fit(training)
    source, image = tmp_path / "model.pkl", tmp_path / "model.mci"
    source.write_bytes(pickle.dumps(model))
    program = native.build_directory() / "modelcached"
    subprocess.run([program, "compile", source, "-o", image, "--quantize", form], check=True, timeout=60)
    rows = np.array([[0] * 8, [1, 2, 3, 4, 5, 6, 7, 8]])
    with native.Library().open(image) as narrow:
        distances = narrow.predict("kneighbors", native.dense(rows)).parts[0].values
    want = model.kneighbors(rows)[0]
    assert np.isnan(want[0]).sum() == 3
    np.testing.assert_allclose(distances, want, rtol=1e-9)
