"""Files of scikit-learn 0.18 to 1.1 answer as the version that wrote them did."""

from pathlib import Path

import pytest

from .. import suites
from . import versions

FILES = Path(__file__).resolve().parent / "files"
SMALL = sorted(folder.name for folder in FILES.iterdir() if folder.is_dir())


def _failures(folder, may_refuse=False):
    """In a full set are models too that must be refused (listed.py): that is no failure."""
    results = suites.check(folder)
    assert results, "no files in %s" % folder.name
    good = ("passed", "refused") if may_refuse else ("passed",)
    bad = [result for result in results.values() if result["status"] not in good]
    return ["%s: %s" % (r["file"], r["problems"] or r["refused"]) for r in bad]


@pytest.mark.parametrize("name", SMALL)
def test_small_set(name):
    assert not _failures(FILES / name)


def test_small_set_is_small():
    assert sum(path.stat().st_size for path in FILES.rglob("*.xz")) <= 3 << 20
    assert len(SMALL) == len(versions.NAMES)


@pytest.mark.parametrize("name", versions.NAMES)
def test_full_set(name, request, tmp_path):
    if not request.config.getoption("--full"):
        pytest.skip("with --full")
    if not versions.generate(name, tmp_path / name):
        pytest.skip("its Python is not on this machine")
    assert not _failures(tmp_path / name, may_refuse=True)
