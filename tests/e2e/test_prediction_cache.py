"""The prediction cache: per row, by content; what X-Cache and the counters say of it."""

import concurrent.futures
import json
import pickle
import shutil
import threading

import pytest

ROWS = [[i, i + 0.5, -i] for i in range(100)]


def ask(daemon, rows, path="/predict", headers=None, **more):
    """(prediction, X-Cache) of a batch."""
    sent = {"Content-Type": "application/json", **(headers or {})}
    status, got, body = daemon.request("POST", path, json.dumps({"inputs": rows, **more}), sent)
    assert status == 200, body
    return json.loads(body)["prediction"], got.get("x-cache")


def counts(daemon):
    """(hits, misses, entries) of rows."""
    _, _, text = daemon.request("GET", "/metrics")
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    prefix = "modelcached_prediction_cache_"
    return [int(values[prefix + name]) for name in ("hits_total", "misses_total", "entries")]


@pytest.fixture
def folder(models, tmp_path):
    shutil.copy(models / "scaler.pkl", tmp_path)
    return tmp_path


def test_rows_are_known_one_by_one(serve, folder):
    with_cache = serve(folder / "scaler.pkl", "--prediction-cache", "4M")
    without = serve(folder / "scaler.pkl", "--prediction-cache", "off")
    want, header = ask(without, ROWS)
    assert header is None and counts(without) == [0, 0, 0]
    assert ask(with_cache, ROWS[:90]) == (want[:90], "miss")
    assert counts(with_cache) == [0, 90, 90]
    shuffled = ROWS[::-1]
    assert ask(with_cache, shuffled) == (want[::-1], "partial")
    assert counts(with_cache) == [90, 100, 100], "90 known rows of 100: ten are computed"
    assert ask(with_cache, ROWS, headers={"X-Request-Id": "7"}) == (want, "hit")
    assert ask(with_cache, ROWS[5:6]) == (want[5:6], "hit")
    assert counts(with_cache) == [191, 100, 100]


def test_methods_and_errors_are_not_mixed_up(serve, folder):
    daemon = serve(folder / "scaler.pkl", "--prediction-cache", "4M")
    forth, _ = ask(daemon, ROWS[:3])
    back, header = ask(daemon, ROWS[:3], method="inverse_transform")
    assert header == "miss" and back != forth
    assert ask(daemon, ROWS[:3], method="inverse_transform") == (back, "hit")
    assert ask(daemon, ROWS[:3]) == (forth, "hit")
    status, headers, _ = daemon.request("POST", "/predict", '{"input": [1, 2]}')
    assert status == 400 and "x-cache" not in headers
    assert ask(daemon, [])[0] == []


def test_a_swap_invalidates_and_a_rollback_hits_again(serve, folder, models):
    daemon = serve(folder / "scaler.pkl", "--prediction-cache", "4M")
    old, _ = ask(daemon, ROWS)
    shutil.copy(models / "twice.pkl", folder / "scaler.pkl")
    assert daemon.json("POST", "/refresh")[0] == 200
    new, header = ask(daemon, ROWS)
    assert header == "miss" and new != old
    shutil.copy(models / "scaler.pkl", folder / "scaler.pkl")
    assert daemon.json("POST", "/refresh")[0] == 200
    assert ask(daemon, ROWS) == (old, "hit")


def test_flush_forgets_one_model(serve, folder, models):
    shutil.copy(models / "twice.pkl", folder)
    daemon = serve(folder, "--default", "scaler", "--prediction-cache", "4M")
    for path in ("/models/scaler/predict", "/models/twice/predict"):
        assert ask(daemon, ROWS, path)[1] == "miss"
    assert daemon.json("POST", "/models/scaler/flush")[0] == 200
    assert daemon.json("POST", "/models/none/flush")[0] == 404
    assert ask(daemon, ROWS, "/models/twice/predict")[1] == "hit"
    assert ask(daemon, ROWS, "/models/scaler/predict")[1] == "miss"


def test_auto_leaves_cheap_models_alone(serve, folder):
    from sklearn.datasets import load_iris
    from sklearn.neighbors import KNeighborsClassifier

    rows, labels = load_iris(return_X_y=True)
    model = KNeighborsClassifier(algorithm="brute").fit(rows.repeat(200, axis=0), labels.repeat(200))
    (folder / "dear.pkl").write_bytes(pickle.dumps(model))
    daemon = serve(folder, "--default", "scaler")
    for _ in range(10):
        assert ask(daemon, ROWS)[1] is None
    assert daemon.json("GET", "/models/scaler")[1]["prediction_cache"].startswith("off: a row takes")
    assert daemon.said("prediction cache of scaler off: a row takes"), daemon.log
    path, batch = "/models/dear/predict", rows[:3].tolist()
    want = [ask(daemon, batch, path) for _ in range(8)]
    assert want == [(labels[:3].tolist(), None)] * 8
    assert ask(daemon, batch, path) == (labels[:3].tolist(), "miss")
    assert ask(daemon, batch, path) == (labels[:3].tolist(), "hit")
    assert daemon.json("GET", "/models/dear")[1]["prediction_cache"].startswith("on: a row takes")


def test_text_answers_labels_and_probabilities(serve, folder):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    texts = ["good day", "bad night", "good night", "bad bad day"]
    model = make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, ["up", "down"] * 2)
    (folder / "words.pkl").write_bytes(pickle.dumps(model))
    daemon = serve(folder / "words.pkl", "--prediction-cache", "4M")
    want = model.predict(texts).tolist()
    assert ask(daemon, texts[:2]) == (want[:2], "miss")
    assert ask(daemon, texts) == (want, "partial")
    chances, header = ask(daemon, texts, method="predict_proba")
    assert header == "miss" and ask(daemon, texts, method="predict_proba") == (chances, "hit")
    assert chances == pytest.approx(model.predict_proba(texts))


def test_sizes(serve, folder):
    daemon = serve(folder / "scaler.pkl", "--prediction-cache", "1M", "--prediction-ttl", "3600")
    for start in range(0, 20000, 1000):
        ask(daemon, [[start + i, 0, 0] for i in range(1000)])
    hits, misses, entries = counts(daemon)
    assert (hits, misses) == (0, 20000) and 1000 < entries < 8000


def test_auto_rests_when_no_row_is_asked_twice(serve, tmp_path):
    """Rows that are always new cost a look-up and a place, and save nothing."""
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier

    X, y = make_classification(400, 6, random_state=0)
    forest = RandomForestClassifier(400, random_state=0).fit(X, y)
    (tmp_path / "forest.pkl").write_bytes(pickle.dumps(forest))
    daemon = serve(tmp_path / "forest.pkl", "--prediction-cache", "auto")

    def rows(first, n):
        return [[first + i + column / 8 for column in range(6)] for i in range(n)]

    for i in range(8):
        assert ask(daemon, rows(i, 1))[1] is None, "timed"
    said = daemon.json("GET", "/models/forest")[1]["prediction_cache"]
    assert said.startswith("on"), said
    for first in range(1000, 18000, 1000):
        assert ask(daemon, rows(first, 1000))[1] == "miss"
    said = daemon.json("GET", "/models/forest")[1]["prediction_cache"]
    assert said.startswith("off: known rows saved 0 us"), said
    assert ask(daemon, rows(1000, 5))[1] is None, "it rests"


def test_the_same_expensive_row_is_computed_once(serve, tmp_path):
    import numpy
    from sklearn.neighbors import KNeighborsRegressor

    generator = numpy.random.default_rng(0)
    rows = generator.random((300_000, 20))
    model = KNeighborsRegressor(algorithm="brute").fit(rows, rows[:, 0])
    (tmp_path / "knn.pkl").write_bytes(pickle.dumps(model))
    daemon = serve(tmp_path / "knn.pkl", "--prediction-cache", "4M", "--threads", "8")
    daemon.wait_ready()
    ask(daemon, rows[:1].tolist())  # from now on it is known how long a row takes
    n = 16
    for round_ in range(3):
        asked = generator.random((1, 20)).tolist()
        together = threading.Barrier(n)

        def one():
            together.wait()
            return ask(daemon, asked)

        with concurrent.futures.ThreadPoolExecutor(n) as pool:
            answers = [f.result() for f in [pool.submit(one) for _ in range(n)]]
        assert {tuple(a) for a, _ in answers} == {tuple(answers[0][0])}
        assert sorted(header for _, header in answers) == ["hit"] * (n - 1) + ["miss"]
        assert counts(daemon)[1] == round_ + 2


def test_sparse_rows_and_texts_are_known_too(serve, tmp_path):
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["good day", "bad night at sea", "", "good good night", "unheard"]
    model = TfidfVectorizer().fit(texts[:4])
    (tmp_path / "words.pkl").write_bytes(pickle.dumps(model))
    cached = serve(tmp_path / "words.pkl", "--prediction-cache", "4M")
    without = serve(tmp_path / "words.pkl", "--prediction-cache", "off")
    want, _ = ask(without, texts, method="transform")
    assert ask(cached, texts[1:3], method="transform") == (want[1:3], "miss")
    assert ask(cached, texts, method="transform") == (want, "partial")
    assert ask(cached, texts[::-1], method="transform") == (want[::-1], "hit")
    rows = model.transform(texts).toarray().tolist()
    words, _ = ask(without, rows, method="inverse_transform")
    assert ask(cached, rows[:2], method="inverse_transform") == (words[:2], "miss")
    assert ask(cached, rows, method="inverse_transform") == (words, "partial")
    assert ask(cached, rows[::-1], method="inverse_transform") == (words[::-1], "hit")


def test_a_share_of_the_cache(serve, folder, models, tmp_path_factory):
    shutil.copy(models / "twice.pkl", folder)
    config = tmp_path_factory.mktemp("config") / "modelcached.ini"
    config.write_text("[model twice]\nprediction_share = 5\n")
    daemon = serve(folder, "--default", "scaler", "--prediction-cache", "1M", "--config", config)
    assert ask(daemon, ROWS)[1] == "miss"
    for start in range(0, 10000, 1000):
        ask(daemon, [[start + i, 0, 0] for i in range(1000)], "/models/twice/predict")
    assert ask(daemon, ROWS)[1] == "hit", "rows of the other model are still there"
    _, _, text = daemon.request("GET", "/metrics")
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    dropped = int(values["modelcached_prediction_cache_share_evictions_total"])
    assert dropped == int(values["modelcached_prediction_cache_evictions_total"]) > 9000
    assert counts(daemon)[2] == len(ROWS) + 10000 - dropped
