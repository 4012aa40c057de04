"""Warm-up and golden rows: what a model must answer before it is published."""

import json
import os
import pickle
import signal
import subprocess
import time

import pytest

from scenario import PROGRAM


def put(path, shift=0.0):
    import numpy
    from sklearn.linear_model import LinearRegression

    rows = numpy.array([[0.0, 1.0], [1.0, 3.0], [2.0, -1.0], [4.0, 0.5]])
    new = path.with_name(".new")
    new.write_bytes(pickle.dumps(LinearRegression().fit(rows, rows @ [2.0, 0.5] + 1 + shift)))
    os.rename(new, path)


def put_classifier(path):
    import numpy
    from sklearn.tree import DecisionTreeClassifier

    rows = numpy.array([[0.0, 1.0], [1.0, 3.0], [2.0, -1.0], [4.0, 0.5]])
    path.write_bytes(pickle.dumps(DecisionTreeClassifier().fit(rows, ["a", "b, c", "a", "d"])))


@pytest.fixture
def served(serve, tmp_path):
    """A function: a daemon that serves m.pkl with these keys in its section, read at the first use."""

    def start(keys, make=put):
        folder = tmp_path / "models"
        folder.mkdir()
        make(folder / "m.pkl")
        (tmp_path / "m.conf").write_text("[model m]\n" + keys)
        return serve(folder, "--config", tmp_path / "m.conf")

    return start


GOLDEN = """{"input": [1, 1], "prediction": [3.5]}

{"inputs": [[0, 0], [2, 2]], "prediction": [1, 6.0], "method": "predict"}
"""


def test_golden_rows_keep_the_old_model(served, tmp_path):
    (tmp_path / "rows.jsonl").write_text(GOLDEN)
    daemon = served("golden = rows.jsonl\n")
    assert daemon.predict([1, 1]) == pytest.approx([3.5])
    put(tmp_path / "models" / "m.pkl", shift=1e-3)
    status, answer = daemon.json("POST", "/models/m/refresh")
    assert (status, answer["error"]["code"]) == (422, "mismatch")
    assert "row 1: expected 3.5, found 3.50" in answer["error"]["message"]
    assert "line 1" in answer["error"]["where"] and "rows.jsonl" in answer["error"]["where"]
    assert daemon.predict([1, 1]) == pytest.approx([3.5], abs=1e-9)
    assert daemon.said("keeps serving"), daemon.log
    shown = daemon.json("GET", "/models/m")[1]
    assert (shown["state"], shown["generation"]) == ("ready", 1) and "expected 3.5" in shown["error"]
    put(tmp_path / "models" / "m.pkl", shift=1e-12)
    assert daemon.json("POST", "/models/m/refresh")[0] == 200


def test_the_tolerance_is_what_the_section_says(served, tmp_path):
    (tmp_path / "rows.jsonl").write_text(GOLDEN)
    daemon = served("golden = rows.jsonl\ngolden_tolerance = 0.01\n")
    put(tmp_path / "models" / "m.pkl", shift=1e-3)
    assert daemon.json("POST", "/models/m/load")[0] == 200
    (tmp_path / "m.conf").write_text("[model m]\ngolden = rows.jsonl\n")
    daemon.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 10
    while daemon.json("POST", "/models/m/refresh")[0] != 422:
        assert time.monotonic() < until


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "expected a request"),
        ("[1]", "expected a request"),
        ('{"input": [1, 1]}', 'expected "prediction" to be a list of 1'),
        ('{"input": [1, 1], "prediction": [3.5, 1]}', "to be a list of 1"),
        ('{"input": [1, 1], "prediction": [4]}', "row 1: expected 4, found 3.5"),
        ('{"input": [1, 1], "prediction": [[3.5]]}', "expected [3.5], found 3.5"),
        ('{"input": [1, 1], "prediction": ["3.5"]}', 'expected "3.5", found 3.5'),
        ('{"input": [1], "prediction": [3.5]}', "2"),
        ('{"inputs": [[1, 1], [1, 2]], "prediction": [3.5, 3.5]}', "row 2: expected 3.5, found 4"),
        ("", "it holds no row"),
    ],
)
def test_what_is_wrong_is_said(served, tmp_path, line, said):
    (tmp_path / "rows.jsonl").write_text(line + "\n")
    daemon = served("golden = rows.jsonl\n")
    status, answer = daemon.json("POST", "/models/m/predict", {"input": [1, 1]})
    assert (status, answer["error"]["code"]) == (422, "mismatch")
    assert said in answer["error"]["message"], answer


def test_labels_and_probabilities(served, tmp_path):
    def write(last):
        lines = [
            {"input": [0, 1], "prediction": ["a"]},
            {"inputs": [[1, 3], [4, 0.5]], "method": "predict_proba", "prediction": [[0, 1, 0], last]},
        ]
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    write([0, 0, 1])
    daemon = served("golden = rows.jsonl\nwarm_up = rows.jsonl\n", make=put_classifier)
    assert daemon.predict([0, 1]) == ["a"]
    write([0, 1, 0])
    answer = daemon.json("POST", "/models/m/refresh")[1]
    assert "row 3: expected 1, found 0" in answer["error"]["message"]
    assert "line 2" in answer["error"]["where"]


@pytest.mark.parametrize("header", ["", "x,y,prediction\n"])
def test_csv(served, tmp_path, header):
    (tmp_path / "rows.csv").write_text(header + '0,1,a\r\n1,3,"b, c"\n2,-1,a')
    daemon = served("golden = rows.csv\n", make=put_classifier)
    assert daemon.predict([0, 1]) == ["a"]
    (tmp_path / "rows.csv").write_text(header + "0,1,a\n1,3,b\n")
    answer = daemon.json("POST", "/models/m/refresh")[1]
    assert 'row 2: expected "b", found "b, c"' in answer["error"]["message"]


def test_warm_up_rows_need_no_answers(served, tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"input": [1, 1]}\n{"inputs": [[1, 2], [3, 4]]}\n')
    daemon = served("warm_up = rows.jsonl\n")
    assert daemon.predict([1, 1]) == pytest.approx([3.5])
    (tmp_path / "rows.jsonl").write_text('{"input": [1, 1, 1]}\n')
    status, answer = daemon.json("POST", "/models/m/refresh")
    assert (status, answer["error"]["code"]) == (422, "mismatch")
    assert "warm-up rows" in answer["error"]["where"]
    assert daemon.predict([1, 1]) == pytest.approx([3.5])
    # these rows are nobody's requests
    assert daemon.metric('modelcached_requests_total{model="m",version="",protocol="native",code="200"}') == 2


def test_a_bad_version_is_kept_out_by_its_golden_rows(serve, tmp_path):
    (tmp_path / "rows.jsonl").write_text(GOLDEN)
    for version in ("1", "2"):
        (tmp_path / "models" / "m" / version).mkdir(parents=True)
    put(tmp_path / "models" / "m" / "1" / "model.pkl")
    (tmp_path / "m.conf").write_text("[model m]\ngolden = rows.jsonl\n")
    daemon = serve(tmp_path / "models", "--config", tmp_path / "m.conf", "--watch")
    assert daemon.predict([1, 1]) == pytest.approx([3.5])
    put(tmp_path / "models" / "m" / "2" / "model.pkl", shift=1)
    until = time.monotonic() + 10
    while "found 4.5" not in daemon.log:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert daemon.predict([1, 1]) == pytest.approx([3.5])


@pytest.mark.parametrize("tolerance", ["little", "inf", "nan", "-1"])
def test_a_tolerance_that_is_no_number(tmp_path, tolerance):
    (tmp_path / "m.conf").write_text(f"[model m]\ngolden_tolerance = {tolerance}\n")
    done = subprocess.run([PROGRAM, "config", "check", "--config", tmp_path / "m.conf"], capture_output=True, text=True)
    assert done.returncode != 0 and "golden_tolerance: expected a number" in done.stderr + done.stdout


def classifier(labels):
    """A function that puts a tree which answers labels[0] for [0, 0], labels[1] for [9, 9]."""

    def make(path):
        from sklearn.tree import DecisionTreeClassifier

        path.write_bytes(pickle.dumps(DecisionTreeClassifier().fit([[0, 0], [9, 9]], labels)))

    return make


@pytest.mark.parametrize(
    "labels, found, other",
    [
        ([2000000000, 2000000001], "2000000000", "2000000001"),
        ([2**60, 2**60 + 1], str(2**60), str(2**60 + 1)),
        ([0.0, 1.0], "0", "1"),
        ([False, True], "false", "true"),
        (["x" * 300, "y"], '"%s"' % ("x" * 300), '"%s"' % ("z" * 300)),
    ],
)
def test_a_label_is_right_or_wrong_whatever_the_tolerance(served, tmp_path, labels, found, other):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"input": [0, 0], "prediction": [%s]}\n' % other)
    daemon = served("golden = rows.jsonl\ngolden_tolerance = 2\n", classifier(labels))
    status, answer = daemon.json("POST", "/models/m/load")
    assert (status, answer["error"]["code"]) == (422, "mismatch")
    assert answer["error"]["message"].isprintable()
    rows.write_text('{"input": [0, 0], "prediction": [%s]}\n' % found)
    assert daemon.json("POST", "/models/m/refresh")[0] == 200


@pytest.mark.parametrize(
    "labels, fields, wrong",
    [
        (["0", "1"], ["0", '"1"'], "1"),
        (["1e3", "007"], ["1e3", "007"], "1000"),
        (['say "no"', 'a,"b"\nc'], ['"say ""no"""', '"a,""b""\nc"'], 'say'),
        ([0, 1], ['"0"', "1"], "0.5"),
        ([False, True], ["False", "true"], "True"),
        (["", "x"], ["", "x"], "0"),
        ([10.0, 20.0], ["10.0", '"20"'], "1"),
    ],
)
def test_a_csv_field_has_the_type_of_the_answer(served, tmp_path, labels, fields, wrong):
    """Found as a fault: classes "0" and "1" and doubled quotes were refused though right."""
    rows = tmp_path / "rows.csv"
    rows.write_text(f"0,0,{wrong}\n9,9,{fields[1]}\n")
    daemon = served("golden = rows.csv\n", classifier(labels))
    assert daemon.json("POST", "/models/m/load")[0] == 422
    rows.write_text(f"0,0,{fields[0]}\n9,9,{fields[1]}\n")
    status, answer = daemon.json("POST", "/models/m/refresh")
    assert status == 200, answer


def test_csv_labels_that_begin_as_a_number_does(served, tmp_path):
    (tmp_path / "rows.csv").write_text("0,0,nancy\n9,9,12 o'clock\n")
    daemon = served("golden = rows.csv\n", classifier(["nancy", "12 o'clock"]))
    assert daemon.json("POST", "/models/m/load")[0] == 200
    (tmp_path / "rows.csv").write_text("0,0,infinite\n")
    assert "expected" in daemon.json("POST", "/models/m/refresh")[1]["error"]["message"]
