"""Files that are hostile, broken or lie: a clear error that names the thing, and nothing else.

Each is opened in a process of its own with little memory (tests/conformance/opener.py), so a
signal, an endless loop or a huge allocation fails the test. Nothing is ever run: a file that
os.system would have made must not be there. The daemon keeps serving the old model.
"""

import json
import pathlib
import random
import re
import secrets
import shutil
import sys
import urllib.error
import urllib.request

import joblib
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
import hostile  # noqa: E402
import tampered  # noqa: E402
from tests.conformance import suites  # noqa: E402
from tools.daemon import Daemon  # noqa: E402

REFUSALS = {"unsupported", "malformed", "truncated", "limit"}
FAST_MS = 50
SLOW_MS = 5000  # far more than any of these files needs
N_CUTS, N_FLIPS = 200, 300


def problems(names, paths, expected):
    """Lines to read, one for each file that did not end in the error expected of it."""
    for name, outcome, pattern in zip(names, suites.open_files(paths), expected):
        status, message = outcome["status"], outcome["message"]
        if status not in REFUSALS or not re.search(pattern, message):
            yield "%s: %s: %s (want %s)" % (name, status, message, pattern)
        elif outcome["ms"] > SLOW_MS:
            yield "%s: took %.0f ms" % (name, outcome["ms"])


def assert_refused(names, paths, expected):
    found = list(problems(names, paths, expected))
    assert not found, "\n".join(found)


def written(folder, name, data):
    path = folder / (name + ".pkl")
    path.write_bytes(data)
    return path


def trained():
    """A pipeline with trees in it: arrays, nested objects, strings."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    forest = RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0)
    labels = [("a", "b", "c")[y] for y in tampered.Y]
    return Pipeline([("s", StandardScaler()), ("m", forest)]).fit(tampered.X, labels)


def test_no_call_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [written(tmp_path, name, data) for name, (data, _) in hostile.CALLS.items()]
    expected = [re.escape(text) for _, text in hostile.CALLS.values()]
    assert_refused(hostile.CALLS, paths, expected)
    assert not list(pathlib.Path(ROOT).glob("PWNED")) and not list(tmp_path.glob("PWNED"))


def test_calls_are_refused_by_name_with_their_offset(tmp_path):
    path = written(tmp_path, "system", b"\x80\x02N0cposix\nsystem\n.")
    (outcome,) = suites.open_files([path])
    assert outcome["status"] == "unsupported"
    assert re.search(r"posix\.system.*\(at 4\)", outcome["message"])


def test_broken_bytes(tmp_path):
    paths = [written(tmp_path, name, data) for name, data in hostile.BROKEN.items()]
    assert_refused(hostile.BROKEN, paths, ["."] * len(paths))


@pytest.mark.parametrize("kind", [list, tuple, dict])
def test_memo_bombs_are_small(tmp_path, kind):
    """As a model, and as an attribute that no one asks for."""
    model = trained()
    model.bomb_ = hostile.doubled(kind)
    alone = written(tmp_path, "alone", hostile.dumps(hostile.doubled(kind)))
    carried = written(tmp_path, "carried", hostile.dumps(model))
    outcomes = suites.open_files([alone, carried])
    assert [outcome["status"] for outcome in outcomes] == ["unsupported", "ok"], outcomes
    assert max(outcome["ms"] for outcome in outcomes) < FAST_MS, outcomes


def test_zip_bomb(tmp_path):
    path = written(tmp_path, "bomb", hostile.zip_bomb(64 << 20))
    (outcome,) = suites.open_files([path])
    assert outcome["status"] in REFUSALS, outcome


def test_models_that_lie(tmp_path):
    saved = tampered.save(tmp_path)
    names, paths, expected = zip(*saved)
    assert_refused(names, paths, expected)


@pytest.mark.parametrize("packing", ["pickle", "joblib", "zlib", "lz4", "xz"])
def test_truncated_anywhere(tmp_path, packing):
    whole = tmp_path / "whole"
    if packing == "pickle":
        whole.write_bytes(hostile.dumps(trained()))
    else:
        joblib.dump(trained(), whole, compress=0 if packing == "joblib" else (packing, 3))
    data = whole.read_bytes()
    cuts = sorted({len(data) * i // N_CUTS for i in range(N_CUTS)} | {len(data) - 1})
    paths = [written(tmp_path, "cut-%d" % cut, data[:cut]) for cut in cuts]
    assert_refused(cuts, paths, ["."] * len(cuts))


def test_flipped_bits(tmp_path):
    """A flip may do no harm; what opens must still predict, and what does not must say why."""
    seed = secrets.randbits(32)
    print("bit flips: seed %d" % seed)
    draw, data, paths, places = random.Random(seed), hostile.dumps(trained()), [], []
    for _ in range(N_FLIPS):
        flipped, places = bytearray(data), places + [draw.randrange(len(data) * 8)]
        flipped[places[-1] // 8] ^= 1 << places[-1] % 8
        paths.append(written(tmp_path, "flip-%d" % places[-1], bytes(flipped)))
    wrong = [
        (place, outcome)
        for place, outcome in zip(places, suites.open_files(paths))
        if outcome["status"] not in REFUSALS | {"ok"}
        or (outcome["status"] != "ok" and not outcome["message"])
    ]
    assert wrong == [], "seed %d" % seed


def ask(url, path, body=b""):
    request = urllib.request.Request(url + path, data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_daemon_keeps_the_old_model(tmp_path):
    """Refreshed with each bad file in turn, it answers 422, names the thing and predicts on."""
    good, model = tmp_path / "good", tmp_path / "model.pkl"
    good.write_bytes(hostile.dumps(trained()))
    shutil.copy(good, model)
    bad = {name: data for name, (data, _) in hostile.CALLS.items()}
    bad.update(hostile.BROKEN)
    row = json.dumps({"input": [5.1, 3.5, 1.4, 0.2]}).encode()
    with Daemon(model) as daemon:
        before = ask(daemon.url, "/predict", row)
        assert before == (200, {"prediction": ["a"]})
        for name, data in bad.items():
            model.write_bytes(data)
            status, answer = ask(daemon.url, "/refresh")
            assert status == 422 and answer["error"]["message"], (name, status, answer)
            assert ask(daemon.url, "/predict", row) == before, name
        shutil.copy(good, model)
        assert ask(daemon.url, "/refresh")[0] == 200
        assert ask(daemon.url, "/predict", row) == before
    assert daemon.exit_code == 0
