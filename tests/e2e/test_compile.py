"""`modelcached compile`: images that are served, and quantization within what its report says."""

import json
import pickle
import subprocess

import pytest

from scenario import PROGRAM

FORMS = ("f32", "f16", "bf16", "int8")


def run(*arguments):
    done = subprocess.run([PROGRAM, "compile", *arguments], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def fitted(name):
    import numpy
    from sklearn.decomposition import PCA, LatentDirichletAllocation
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.mixture import GaussianMixture
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, SVR

    random = numpy.random.RandomState(3)
    x = random.randn(900, 40) * numpy.linspace(0.1, 30, 40) + 5
    y = (x @ random.randn(40) > 0).astype(int) + (x[:, 0] > 5)
    few = x[:, :4]
    model = {
        "knn": lambda: KNeighborsClassifier(algorithm="brute").fit(x, y),
        "knn_manhattan": lambda: KNeighborsClassifier(algorithm="brute", metric="manhattan").fit(x, y),
        "kd_tree": lambda: KNeighborsRegressor(algorithm="kd_tree", weights="distance").fit(few, x[:, 5]),
        "ball_tree": lambda: KNeighborsClassifier(algorithm="ball_tree", leaf_size=5).fit(few, y),
        "svc": lambda: SVC(probability=True, gamma=1e-4).fit(x, y),
        "svr": lambda: SVR(kernel="poly", degree=2, gamma=1e-3).fit(x, x[:, 5]),
        "mlp": lambda: MLPClassifier((100, 60), max_iter=20, random_state=0).fit(StandardScaler().fit_transform(x), y),
        "logistic": lambda: LogisticRegression(max_iter=20).fit(x, y),
        "pca": lambda: PCA(10, whiten=True).fit(x),
        "forest": lambda: RandomForestClassifier(20, random_state=0).fit(x, y),
        "bayes": lambda: GaussianNB().fit(x, y),
        "qda": lambda: QuadraticDiscriminantAnalysis(reg_param=0.1).fit(x, y),
        "mixture": lambda: GaussianMixture(3, reg_covar=0.1, random_state=0).fit(x),
        "topics": lambda: LatentDirichletAllocation(4, max_iter=3, random_state=0).fit(abs(x).round()),
    }[name]()
    rows = abs(x[:200]).round() if name == "topics" else x[:200] + random.randn(200, 40) * 0.01
    return model, rows[:, : model.n_features_in_]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function: the folder, model and rows of a name, written once."""
    import numpy

    folder, known = tmp_path_factory.mktemp("compile"), {}

    def make(name):
        if name not in known:
            model, rows = fitted(name)
            (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))
            numpy.savetxt(folder / f"{name}.csv", rows, delimiter=",", fmt="%.17g")
            known[name] = (folder, model, rows)
        return known[name]

    return make


def compiled(made, name, form, *more):
    folder, model, rows = made(name)
    out = folder / f"{name}-{form}.mci"
    code, text, err = run(
        folder / f"{name}.pkl", "-o", out, "--quantize", form, "--calibration", folder / f"{name}.csv", "--json", *more
    )
    assert (code, err) == (0, ""), err
    return out, json.loads(text), model, rows


def answer_of(model, method, rows):
    import numpy

    out = getattr(model, method)(rows)
    return numpy.asarray(out, dtype=float)


# Answers of lists, of two parts, of nodes, or as large as a probability is small.
NOT_ONE_ARRAY = (
    "apply",
    "decision_path",
    "kneighbors",
    "kneighbors_graph",
    "predict_log_proba",
    "radius_neighbors",
    "radius_neighbors_graph",
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "name",
    ["knn", "knn_manhattan", "kd_tree", "ball_tree", "svc", "svr", "mlp", "logistic", "pca", "forest", "bayes", "qda", "mixture", "topics"],
)
def test_answers_are_as_far_as_the_report_says(serve, made, name, form):
    import numpy

    image, report, model, rows = compiled(made, name, form)
    assert report["rows"] == 200 and report["bytes_after"] <= report["bytes_before"]
    daemon = serve(image)
    checked = 0
    for found in report["methods"]:
        method = found["method"]
        if method in NOT_ONE_ARRAY or not hasattr(model, method):
            continue
        body = {"inputs": rows.tolist(), "method": method}
        status, answer = daemon.json("POST", "/predict", body)
        assert status == 200, answer
        got = numpy.asarray(answer["outputs"] if "outputs" in answer else answer["prediction"], dtype=float)
        want = answer_of(model, method, rows)
        apart = numpy.abs(got - want)
        if found["labels"]:
            assert (apart != 0).sum() == found["changed_labels"]
        else:
            bound = found["max_deviation"] + 1e-9 * numpy.abs(want).max()
            assert apart.max() <= bound
            assert numpy.abs(apart.mean() - found["mean_deviation"]) <= 1e-9 * max(1.0, numpy.abs(want).max())
        checked += 1
    assert checked
    assert daemon.json("GET", f"/models/{name}-{form}")[1]["quantized"] == form


@pytest.mark.parametrize("name, times", [("knn", {"f16": 3.5, "int8": 6}), ("mlp", {"f16": 3, "int8": 4.5})])
def test_it_is_smaller(made, name, times):
    for form, least in times.items():
        _, report, _, _ = compiled(made, name, form)
        assert report["bytes_before"] / report["bytes_after"] > least


def test_whole_numbers_of_a_byte_lose_nothing_in_int8(made, tmp_path):
    import numpy
    from sklearn.datasets import load_digits
    from sklearn.neighbors import KNeighborsClassifier

    x, y = load_digits(return_X_y=True)
    (tmp_path / "digits.pkl").write_bytes(pickle.dumps(KNeighborsClassifier().fit(x[:1500], y[:1500])))
    numpy.savetxt(tmp_path / "rows.csv", x[1500:], delimiter=",", fmt="%g")
    code, out, _ = run(
        tmp_path / "digits.pkl", "-o", tmp_path / "d.mci", "--quantize=int8", "--json",
        "--calibration", tmp_path / "rows.csv", "--max-deviation", "1e-6",
    )
    assert code == 0
    report = json.loads(out)
    assert report["bytes_before"] > 6 * report["bytes_after"]
    assert all(m["changed_labels"] == 0 for m in report["methods"] if m["method"] == "predict")


def test_a_row_answers_alike_in_every_batch(serve, made):
    image, _, _, rows = compiled(made, "mlp", "int8")
    daemon = serve(image)
    body = {"inputs": rows.tolist(), "method": "predict_proba"}
    together = daemon.json("POST", "/predict", body)[1]
    for i in (0, 7, 199):
        alone = daemon.json("POST", "/predict", body | {"inputs": rows[i : i + 1].tolist()})[1]
        key = "outputs" if "outputs" in together else "prediction"
        assert alone[key][0] == together[key][i]


def test_max_deviation_is_enforced(made):
    folder, _, _ = made("pca")
    out = folder / "refused.mci"
    arguments = [folder / "pca.pkl", "-o", out, "--quantize", "int8", "--calibration", folder / "pca.csv"]
    code, _, err = run(*arguments, "--max-deviation", "1e-9")
    assert code == 1 and "more than --max-deviation 1e-9: nothing is written" in err
    assert not out.exists()
    code, text, _ = run(*arguments, "--max-deviation", "1e9")
    assert code == 0 and out.exists()
    assert "times smaller" in text and "MAX DEVIATION" in text and "times as fast" in text


def test_max_deviation_needs_numbers(tmp_path):
    """Labels are counted, not bounded: a bound that nothing can pass would be no bound."""
    import numpy
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OutputCodeClassifier

    x = numpy.random.RandomState(0).randn(60, 4)
    model = OutputCodeClassifier(LogisticRegression(), random_state=0).fit(x, numpy.arange(60) % 3)
    (tmp_path / "code.pkl").write_bytes(pickle.dumps(model))
    numpy.savetxt(tmp_path / "rows.csv", x, delimiter=",", fmt="%.17g")
    arguments = [tmp_path / "code.pkl", "-o", tmp_path / "code.mci", "--calibration", tmp_path / "rows.csv"]
    code, _, err = run(*arguments, "--max-deviation", "1")
    assert code == 1 and "answers with none, but with labels" in err
    assert not (tmp_path / "code.mci").exists()
    code, text, _ = run(*arguments)
    assert code == 0 and "0 of 60" in text


def test_without_quantization_it_is_the_model(serve, made):
    folder, model, rows = made("logistic")
    out = folder / "plain.mci"
    code, text, _ = run(folder / "logistic.pkl", f"--output={out}")
    assert code == 0 and "not measured" in text
    daemon = serve(out)
    assert daemon.predict(rows[0].tolist()) == model.predict(rows[:1])[0]
    assert daemon.json("GET", "/models/plain")[1]["quantized"] == "never"
    code, _, err = run(out, "-o", folder / "again.mci", "--quantize", "f16")
    assert code == 0, err
    code, _, err = run(folder / "again.mci", "-o", folder / "twice.mci", "--quantize", "int8")
    assert code == 1 and "quantized already, to f16" in err


def test_quantize_of_a_model_in_the_configuration(serve, made, tmp_path):
    folder, _, rows = made("knn")
    image, _, _, _ = compiled(made, "knn", "bf16")
    config = tmp_path / "c.conf"
    text = f"[model half]\nsource = {folder}/knn.pkl\nquantize = f16\n[model all]\nsource = {folder}/knn.pkl\n"
    config.write_text(f"{text}[model brain]\nsource = {image}\nquantize = int8\n")
    daemon = serve("--config", config)
    for name in ("half", "all", "brain"):
        daemon.predict(rows[0].tolist(), f"/models/{name}/predict")
    half, wide, brain = (daemon.json("GET", f"/models/{name}")[1] for name in ("half", "all", "brain"))
    assert [m["quantized"] for m in (half, wide, brain)] == ["f16", "never", "bf16"]
    assert wide["bytes"] > 3 * half["bytes"]
    done = subprocess.run([PROGRAM, "config", "check", config], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "quantize" in done.stdout
    config.write_text(text.replace("f16", "int7"))
    done = subprocess.run([PROGRAM, "config", "check", config], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "never|f32|f16|bf16|int8" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "expected MODEL and -o FILE"),
        (["a.pkl"], "expected MODEL and -o FILE"),
        (["a.pkl", "b.pkl", "-o", "c"], "one MODEL at a time"),
        (["a.pkl", "-o", "c", "--quantise", "f16"], "did you mean --quantize?"),
        (["a.pkl", "-o", "c", "--quantize", "f12"], "--quantize: expected never|f32|f16|bf16|int8"),
        (["a.pkl", "-o", "c", "--max-deviation", "1"], "--max-deviation needs rows"),
        (["a.pkl", "-o", "c", "--max-deviation", "-1"], "expected a number from 0"),
        (["a.pkl", "-o"], "--output needs a value"),
    ],
)
def test_usage(arguments, message):
    code, _, err = run(*arguments)
    assert code == 2
    assert message in err


def test_what_is_missing_is_said(made, tmp_path):
    folder, _, _ = made("logistic")
    code, _, err = run(tmp_path / "none.pkl", "-o", tmp_path / "x.mci")
    assert code == 1 and "none.pkl" in err
    code, _, err = run(folder / "logistic.pkl", "-o", tmp_path / "x.mci", "--calibration", tmp_path / "none.csv")
    assert code == 1 and "none.csv" in err
    assert list(tmp_path.iterdir()) == []
