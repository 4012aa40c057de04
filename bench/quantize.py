"""What quantization saves, changes and costs: `modelcached compile` on kNN, SVM, MLP and others.

    python -m bench.quantize PROGRAM [FOLDER]

Needs scikit-learn. Prints a table as Markdown: sizes of files, largest deviation, changed labels, and
the speed of one row and of 1,000 rows, both models asked in turn (src/cli/compare.c).
"""

import json
import pathlib
import pickle
import subprocess
import sys
import tempfile

FORMS = ("f32", "f16", "bf16", "int8")


def models():
    import numpy
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF
    from sklearn.impute import KNNImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.manifold import Isomap
    from sklearn.neighbors import KernelDensity, KNeighborsClassifier, KNeighborsRegressor
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    random = numpy.random.RandomState(0)
    centres = random.randn(10, 64) * 1.2
    labels = random.randint(0, 10, 40000)
    x = centres[labels] + random.randn(40000, 64)
    rows = centres[random.randint(0, 10, 1000)] + random.randn(1000, 64)
    target = x[:, 0] * x[:, 1] + x[:, 2]
    yield "knn", KNeighborsClassifier(5, algorithm="brute").fit(x, labels), rows
    yield "knn_tree", KNeighborsRegressor(5, algorithm="kd_tree").fit(x[:, :4], target), rows[:, :4]
    noisy = x[:6000] + random.randn(6000, 64) * 2
    yield "svc", SVC(gamma=0.02).fit(noisy, (labels[:6000] + random.randint(0, 2, 6000)) % 2), rows
    wide = MLPClassifier((1024, 1024), max_iter=2, random_state=0)
    yield "mlp", wide.fit(x[:4000], labels[:4000]), rows
    fifty, halves = x[:1500, :50], labels[:1500] % 2
    yield "svc_small", SVC().fit(fifty + random.randn(1500, 50) * 2, halves), rows[:, :50]
    small = MLPClassifier((100, 100), max_iter=20, random_state=0)
    yield "mlp_small", small.fit(x[:4000, :50], labels[:4000]), rows[:, :50]
    yield "density", KernelDensity(bandwidth=2.0).fit(x[:4000, :16]), rows[:, :16]
    yield "imputer", KNNImputer().fit(x[:4000, :32]), rows[:, :32]
    yield "isomap", Isomap(n_neighbors=15).fit(x[:1200]), rows
    process = GaussianProcessRegressor(RBF(8.0), alpha=0.1, optimizer=None)
    yield "process", process.fit(x[:1500], x[:1500, 0]), rows
    yield "logistic", LogisticRegression(max_iter=50).fit(x[:4000], labels[:4000]), rows
    yield "pca", PCA(32).fit(x), rows
    yield "forest", RandomForestRegressor(30, n_jobs=2, random_state=0).fit(x[:8000], target[:8000]), rows


def largest(report):
    free = ("predict_log_proba", "kneighbors_graph", "radius_neighbors_graph")  # src/cli/compare.c
    bounded = [m for m in report["methods"] if m["method"] not in free]
    return max(
        (float("inf") if m["max_deviation"] is None else m["max_deviation"] for m in bounded),
        default=0.0,
    )


def line(name, form, report, sizes):
    before, after, pickled = sizes
    changed = sum(m["changed_labels"] for m in report["methods"] if m["method"] == "predict")
    speeds = [s["before_s"] / s["after_s"] for s in report["speed"]]
    times = [s["before_s"] * 1e6 for s in report["speed"]]
    return (
        f"| {name} | {form} | {pickled} | {before} | {after} | {pickled / after:.2f} | {before / after:.2f} | "
        f"{largest(report):.2g} | {changed} | {speeds[0]:.2f} ({times[0]:.1f}) | "
        f"{speeds[1]:.2f} ({times[1]:.0f}) |"
    )


def main(program, folder):
    import numpy

    folder = pathlib.Path(folder)
    print("| model | form | bytes of the pickle | of the image | quantized | smaller than the pickle | ", end="")
    print("than the image | largest deviation | changed labels | ", end="")
    print("1 row, times as fast (µs before) | 1,000 rows |")
    print("| --- " * 11 + "|")
    for name, model, rows in models():
        source, table = folder / f"{name}.pkl", folder / f"{name}.csv"
        source.write_bytes(pickle.dumps(model))
        numpy.savetxt(table, rows, delimiter=",", fmt="%.17g")
        wide = folder / f"{name}.mci"
        subprocess.run([program, "compile", source, "-o", wide], capture_output=True, check=True)
        for form in FORMS:
            narrow = folder / f"{name}.{form}.mci"
            command = [program, "compile", source, "-o", narrow]
            command += ["--quantize", form, "--calibration", table, "--json"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            sizes = [path.stat().st_size for path in (wide, narrow, source)]
            print(line(name, form, json.loads(done.stdout), sizes), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        main(sys.argv[1], sys.argv[2])
    else:
        with tempfile.TemporaryDirectory() as made:
            main(sys.argv[1], made)
