"""Found by the differential fuzzer (docs/logs/differential-open.md).

22371/613: a percentile of float32 scores is a float32; in double it was below the largest score, so that
GenericUnivariateSelect() selected a column where scikit-learn selects none. 21412/195 and /863: of
neighbours that are all infinitely far the shares are 0 up to scikit-learn 1.3, and were NaN."""

import base64
import pathlib
import pickle
import sys
import warnings

import numpy as np
from sklearn.feature_selection import GenericUnivariateSelect, SelectPercentile
from sklearn.pipeline import FeatureUnion

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

# KNeighborsClassifier(2, weights="distance", algorithm="kd_tree", p=3).fit([[0, 1], [2, 3], [4, 5]], [0, 1, 1])
# of scikit-learn 1.2.2
FAR = base64.b64decode(
    """
gASV+QQAAAAAAACMIXNrbGVhcm4ubmVpZ2hib3JzLl9jbGFzc2lmaWNhdGlvbpSMFEtOZWlnaGJvcnNDbGFzc2lmaWVylJOUKYGU
fZQojAtuX25laWdoYm9yc5RLAowGcmFkaXVzlE6MCWFsZ29yaXRobZSMB2tkX3RyZWWUjAlsZWFmX3NpemWUSx6MBm1ldHJpY5SM
CW1pbmtvd3NraZSMDW1ldHJpY19wYXJhbXOUTowBcJRLA4wGbl9qb2JzlE6MB3dlaWdodHOUjAhkaXN0YW5jZZSMDm5fZmVhdHVy
ZXNfaW5flEsCjAtvdXRwdXRzXzJkX5SJjAhjbGFzc2VzX5SMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJST
lIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKUKEsBSwKFlGgXjAVkdHlwZZSTlIwCaTiUiYiHlFKUKEsDjAE8lE5OTkr/
////Sv////9LAHSUYolDEAAAAAAAAAAAAQAAAAAAAACUdJRijAJfeZRoFmgZSwCFlGgbh5RSlChLAUsDhZRoI4lDGAAAAAAAAAAA
AQAAAAAAAAABAAAAAAAAAJR0lGKMGGVmZmVjdGl2ZV9tZXRyaWNfcGFyYW1zX5R9lChoDUsDjAF3lE51jBFlZmZlY3RpdmVfbWV0
cmljX5RoC4wLX2ZpdF9tZXRob2SUaAiMBl9maXRfWJRoFmgZSwCFlGgbh5RSlChLAUsDSwKGlGggjAJmOJSJiIeUUpQoSwNoJE5O
Tkr/////Sv////9LAHSUYolDMAAAAAAAAAAAAAAAAAAA8D8AAAAAAAAAQAAAAAAAAAhAAAAAAAAAEEAAAAAAAAAUQJR0lGKMDm5f
c2FtcGxlc19maXRflEsDjAVfdHJlZZSMGnNrbGVhcm4ubmVpZ2hib3JzLl9rZF90cmVllIwGbmV3T2JqlJOUaEGMBktEVHJlZZST
lIWUUpQoaDdoFmgZSwCFlGgbh5RSlChLAUsDhZRoI4lDGAAAAAAAAAAAAQAAAAAAAAACAAAAAAAAAJR0lGJoFmgZSwCFlGgbh5RS
lChLAUsBhZRoIIwDVjMylImIh5RSlChLA4wBfJROKIwJaWR4X3N0YXJ0lIwHaWR4X2VuZJSMB2lzX2xlYWaUjAZyYWRpdXOUdJR9
lChoVmggjAJpOJSJiIeUUpQoSwNoJE5OTkr/////Sv////9LAHSUYksAhpRoV2heSwiGlGhYaF5LEIaUaFloO0sYhpR1SyBLAUsQ
dJRiiUMgAAAAAAAAAAADAAAAAAAAAAEAAAAAAAAAi3KN+aIoBECUdJRiaBZoGUsAhZRoG4eUUpQoSwFLAksBSwKHlGg7iUMgAAAA
AAAAAAAAAAAAAADwPwAAAAAAABBAAAAAAAAAFECUdJRiSx5LAUsBSwBLAksASwaMHXNrbGVhcm4ubWV0cmljcy5fZGlzdF9tZXRy
aWNzlIwGbmV3T2JqlJOUaG2MEU1pbmtvd3NraURpc3RhbmNllJOUhZRSlEdACAAAAAAAAGgWaBlLAIWUaBuHlFKUKEsBSwCFlGg7
iUMAlHSUYmgWaBlLAIWUaBuHlFKUKEsBSwFLAYaUaDuJQwgAAAAAAAAAAJR0lGKHlGJOdJRijBBfc2tsZWFybl92ZXJzaW9ulIwF
MS4yLjKUdWIu
"""
)


def answers(path, method, rows):
    with native.Library().open(path) as model:
        return model.predict(method, native.dense(rows)).parts[0].values


def test_percentiles_of_float32_scores(tmp_path):
    random = np.random.RandomState(0)
    x = random.normal(size=(40, 6)).astype(np.float32)
    y = random.randint(0, 2, 40)
    for estimator in (GenericUnivariateSelect(), SelectPercentile(percentile=30), SelectPercentile(percentile=1e-4)):
        union = FeatureUnion([("all", "passthrough"), ("some", estimator)]).fit(x, y)
        estimator.scores_ = estimator.scores_.astype(np.float32)  # as scikit-learn 1.4 left them
        path = tmp_path / "model.pkl"
        path.write_bytes(pickle.dumps(union))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            want = union.transform(x)
        np.testing.assert_array_equal(answers(path, "transform", x), want)


def test_shares_of_neighbours_that_are_infinitely_far(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(FAR)
    got = answers(path, "predict_proba", np.array([[1e200, -1e200], [1.0, 1.0]]))
    np.testing.assert_array_equal(got[0], [0.0, 0.0])
    np.testing.assert_allclose(got[1].sum(), 1.0)
