"""The wide run goes on where it was stopped, and its table hides nothing."""

import pytest

from . import native, report, suites, wide


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Wide runs whose parts cost nothing: (what to call, the parts that were checked)."""
    checked = []

    def check_part(version, part, names):
        if part in run.broken:
            raise KeyboardInterrupt
        checked.append(part)
        return [{"file": name, "status": "passed"} for name in names]

    run = lambda: wide.check_version("1.9.1")  # noqa: E731
    run.broken = set()
    library = tmp_path / "libmodelcache.so"
    library.write_bytes(b"one")
    monkeypatch.setattr(suites, "OUT", tmp_path)
    monkeypatch.setattr(native, "build_directory", lambda: tmp_path)
    monkeypatch.setattr(wide, "cases", lambda: ["case_%d" % i for i in range(3 * wide.N_IN_PART)])
    monkeypatch.setattr(wide, "_check_part", check_part)
    return run, checked, library


def test_a_stopped_run_goes_on_where_it_was(run):
    check, checked, _ = run
    check.broken.add(2)
    with pytest.raises(KeyboardInterrupt):
        check()
    check.broken.clear()
    assert len(check()) == 3 * wide.N_IN_PART
    assert checked == [0, 1, 2]
    check()
    assert checked == [0, 1, 2]


def test_another_library_is_asked_again(run):
    check, checked, library = run
    check()
    library.write_bytes(b"two")
    assert len(check()) == 3 * wide.N_IN_PART
    assert checked == [0, 1, 2] * 2


EXACT = {"n_values": 10, "n_equal": 10, "ulp": 0.0, "relative": 0.0, "n_batches": 7}


def _lines(**result):
    lines = report.defaultdict(report.Line)
    report._add_lines(lines, "1.9.1", dict({"estimator": "E", "problems": []}, **result))
    return lines


def test_a_line_is_the_worst_of_its_models():
    line = _lines(methods={"predict": EXACT})["E", "predict"]
    assert line.cells("E", "predict") == ["bit-equal", "", "", "", "7"]
    line.add("1.2.2", dict(EXACT, n_equal=9, ulp=3.0, relative=1e-15))
    assert line.cells("E", "predict") == ["3 ulp, 95.0 % equal", "1e-15", "1e-09", "", "14"]


def test_a_line_that_is_wrong_once_is_wrong():
    lines = _lines(methods={"transform": EXACT}, problems=["predict: in a batch of 2: not the bits"])
    assert lines["E", "predict"].cells("E", "predict")[0] == "**wrong**"
    lines["E", "predict"].add("1.2.2", EXACT)
    assert lines["E", "predict"].cells("E", "predict")[0] == "**wrong**"
    assert lines["E", "transform"].cells("E", "transform")[0] == "bit-equal"


def test_beyond_the_bound_needs_a_reason():
    lines = _lines(methods={"predict": dict(EXACT, n_equal=9, ulp=9e9, relative=1e-8)})
    assert report.beyond(lines) == [("E", "predict")]
    lines["GradientBoostingRegressor", "predict"] = lines.pop(("E", "predict"))
    assert report.beyond(lines) == []
    assert report.wider(lines) == [("GradientBoostingRegressor", "predict")]
