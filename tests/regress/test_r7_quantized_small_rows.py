"""Issue 5: the weights of one answer far below those of another. int8 made zeros of all of them where
floats could not hold their scale, and the model answered its intercept."""

import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402


@pytest.mark.parametrize("d", [3, 80])
@pytest.mark.parametrize("size", [1e-20, 1e-33, 1e-50, 1e-290])
def test_answers_of_very_different_sizes(tmp_path, size, d):
    rng = np.random.RandomState(0)
    x = rng.randn(300, d)
    sizes = np.where(np.arange(40) % 2, size, 1.0)
    model = LinearRegression(fit_intercept=False).fit(x, x @ rng.uniform(1, 2, (d, 40)) * sizes)
    source, image = tmp_path / "model.pkl", tmp_path / "model.mci"
    source.write_bytes(pickle.dumps(model))
    program = native.build_directory() / "modelcached"
    subprocess.run([program, "compile", source, "-o", image, "--quantize", "int8"], check=True, timeout=60)
    with native.Library().open(image) as narrow:
        (part,) = narrow.predict("predict", native.dense(x)).parts
    np.testing.assert_allclose(part.values / sizes, model.predict(x) / sizes, atol=0.05 * d**0.5)
