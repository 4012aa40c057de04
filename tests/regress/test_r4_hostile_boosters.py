"""A CatBoost file may name one entry of its info many times; each was read as JSON, so that a file
could take the square of its size in time and memory."""

import struct
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.conformance import native  # noqa: E402


def _renamed(data, old, new):
    """The file with another text in the place of a longer one."""
    at = data.index(struct.pack("<I", len(old)) + old)
    text = struct.pack("<I", len(new)) + new
    return data[:at] + text + b"\0" * (len(old) + 4 - len(text)) + data[at + 4 + len(old) :]


@pytest.mark.parametrize("name", [b"params"])
def test_an_entry_that_is_there_twice_is_refused(tmp_path, name):
    data = (ROOT / "fuzz/corpus/booster/catboost.cbm").read_bytes()
    path = tmp_path / "model.cbm"
    path.write_bytes(data)
    native.Library().open(path).close()
    path.write_bytes(_renamed(data, b"train_finish_time", name))
    with pytest.raises(native.NativeError, match='expected one "params", found two'):
        native.Library().open(path)
