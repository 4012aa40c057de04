"""Models that joblib up to 0.9 wrote, to several files or compressed, answer as they did.

The files are in git, with the answers and the script that made them: old/joblib/make.py.
"""

import json
import os
import shutil
import struct

import numpy as np
import pytest

from . import environments, native

HERE = environments.ROOT / "tests" / "conformance" / "old" / "joblib"
MODELS = sorted(HERE.glob("*/*.pkl"))
DIVIDED = HERE / "joblib0.9.4-sklearn1.2.2-py3.11"
BOUND = 1e-9


def test_there_are_files():
    assert len({path.parent for path in MODELS}) == 5
    assert len(MODELS) > 50


@pytest.fixture(scope="module")
def library():
    return native.Library(native.build_directory())


def _values(output):
    values = np.hstack([part.values for part in output.parts])
    return values[:, 0] if len(output.parts) == 1 and output.parts[0].scalar else values


def _rows(rows):
    return native.values(rows) if isinstance(rows[0], str) else native.dense(np.array(rows))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: "%s-%s" % (path.parent.name, path.stem))
def test_answers_as_it_did(library, path):
    name = path.stem.split("_")[0]
    expected = json.loads((path.parent / "answers.json").read_text())[name]
    with library.open(str(path)) as model:
        assert set(expected["answers"]) <= set(model.methods)
        for method, want in expected["answers"].items():
            got = _values(model.predict(method, _rows(expected["rows"]))).tolist()
            if method == "predict":
                assert got == want
            else:
                np.testing.assert_allclose(got, want, rtol=BOUND, atol=BOUND)


# ----------------------------------------------------------------------------- what is refused


@pytest.fixture
def copied(tmp_path):
    """forest_files.pkl and forest_zfiles.pkl, to be broken."""
    for path in DIVIDED.glob("forest_*files.pkl*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def _refusal(library, path):
    with pytest.raises(native.NativeError) as caught, library.open(str(path)):
        pass
    return str(caught.value)


def test_a_missing_file_is_named(library, copied):
    for name in ("forest_files.pkl_02.npy", "forest_zfiles.pkl_02.npy.z"):
        (copied / name).unlink()
        message = _refusal(library, copied / name.split("_02")[0])
        assert "cannot be opened: No such file" in message
        assert 'in file "%s"' % name in message


def test_a_file_that_ends_too_early_is_named(library, copied):
    for name in ("forest_files.pkl_02.npy", "forest_zfiles.pkl_02.npy.z"):
        path = copied / name
        whole = path.read_bytes()
        for size in range(len(whole)):
            path.write_bytes(whole[:size])
            message = _refusal(library, copied / name.split("_02")[0])
            assert message.startswith(("truncated", "malformed"))
            assert 'in file "%s"' % name in message


def _renamed(content, name, other):
    """The pickle (protocol 4, one frame) with another short text in place of `name`."""
    changed = content.replace(bytes([len(name)]) + name, bytes([len(other)]) + other)
    assert changed != content
    return changed[:3] + struct.pack("<Q", len(changed) - 11) + changed[11:]


def test_a_name_that_leaves_the_folder_is_refused(library, copied):
    path, name = copied / "forest_files.pkl", b"forest_files.pkl_02.npy"
    content = path.read_bytes()
    path.write_bytes(_renamed(content, name, b"forest_files.pkl_99.npy"))
    (copied / "forest_files.pkl_02.npy").rename(copied / "forest_files.pkl_99.npy")
    with library.open(str(path)):
        pass
    for other in (b"/etc/passwd", b"../" + name, b"..", b".", b"a/" + name, b"a\0b", b""):
        path.write_bytes(_renamed(content, name, other))
        assert "is not the plain name of a file" in _refusal(library, path)


def test_a_link_is_not_followed(library, copied):
    path = copied / "forest_files.pkl_02.npy"
    path.rename(copied / "elsewhere")
    path.symlink_to(copied / "elsewhere")
    assert "cannot be opened: Too many levels" in _refusal(library, copied / "forest_files.pkl")


def test_a_pipe_is_not_waited_for(library, copied):
    path = copied / "forest_files.pkl_02.npy"
    path.unlink()
    os.mkfifo(path)
    assert "not a regular file" in _refusal(library, copied / "forest_files.pkl")
