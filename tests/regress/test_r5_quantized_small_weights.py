"""Issue 5: weights too small for float32, of features that are large. f32 and bf16 made zeros of all
of them, and the model answered its intercept."""

import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402


@pytest.mark.parametrize("form, bound", [("f32", 1e-5), ("f16", 1e-2), ("bf16", 1e-1), ("int8", 1e-1)])
@pytest.mark.parametrize("size", [1e30, 1e50, 1e300])
def test_weights_of_large_features(tmp_path, size, form, bound):
    rng = np.random.RandomState(0)
    x = rng.randn(300, 80)
    model = LinearRegression().fit(x, x @ rng.uniform(1, 2, 80))
    model.coef_ = model.coef_ / size
    source, image = tmp_path / "model.pkl", tmp_path / "model.mci"
    source.write_bytes(pickle.dumps(model))
    program = native.build_directory() / "modelcached"
    subprocess.run([program, "compile", source, "-o", image, "--quantize", form], check=True, timeout=60)
    with native.Library().open(image) as narrow:
        (part,) = narrow.predict("predict", native.dense(x * size)).parts
    np.testing.assert_allclose(part.values.ravel(), model.predict(x * size), atol=bound * 20)
