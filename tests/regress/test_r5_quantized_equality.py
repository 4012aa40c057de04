"""Issue 5: metrics that compare for equality. Quantized training rows equalled no row that is asked
any more: every distance of hamming became 1."""

import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402


@pytest.mark.parametrize("form", ["f32", "f16", "bf16", "int8"])
@pytest.mark.parametrize("values", [np.arange(9.0), np.arange(9.0) * 1001, np.arange(9.0) / 10])
@pytest.mark.parametrize("algorithm", ["brute", "ball_tree"])
def test_equal_stays_equal(tmp_path, algorithm, values, form):
    rng = np.random.RandomState(0)
    x = rng.choice(values, (300, 8))
    model = KNeighborsClassifier(5, algorithm=algorithm, metric="hamming").fit(x, rng.randint(0, 3, 300))
    source, image = tmp_path / "model.pkl", tmp_path / "model.mci"
    source.write_bytes(pickle.dumps(model))
    program = native.build_directory() / "modelcached"
    subprocess.run([program, "compile", source, "-o", image, "--quantize", form], check=True, timeout=60)
    rows = rng.choice(values, (40, 8))
    with native.Library().open(image) as narrow:
        distances = narrow.predict("kneighbors", native.dense(rows)).parts[0].values
        assert np.array_equal(distances, model.kneighbors(rows)[0])
    if values[-1] == 8.0:  # whole numbers of a byte lose nothing
        assert image.stat().st_size < source.stat().st_size
