"""Files of scikit-learn 0.18 to 1.1 answer as the version that wrote them did."""

from pathlib import Path

import pytest

from .. import suites
from . import conftest, versions

FILES = Path(__file__).resolve().parent / "files"
NOT_HERE = "its Python is not on this machine"
SMALL = sorted(folder.name for folder in FILES.iterdir() if folder.is_dir())


def _failures(results):
    return ["%s: %s" % (r["file"], r["problems"]) for r in results if r["status"] == "failed"]


@pytest.mark.parametrize("name", SMALL)
def test_small_set(name):
    results = suites.check(FILES / name).values()
    assert results and not _failures(results)
    assert not [result["refused"] for result in results if result["status"] == "refused"]


def test_small_set_is_small():
    assert sum(path.stat().st_size for path in FILES.rglob("*.xz")) <= 3 << 20
    assert len(SMALL) == len(versions.NAMES)


@pytest.mark.parametrize("name", versions.NAMES)
def test_full_set(name, request):
    """In a full set are models too that must be refused (listed.py): that is no failure."""
    if not request.config.getoption("--full"):
        pytest.skip("with --full")
    folder = versions.full_set(name)
    if folder is None:
        conftest.tell(request.config, name, "SKIPPED, NOT CHECKED: " + NOT_HERE)
        pytest.skip(NOT_HERE)
    results = suites.check(folder).values()
    numbers = suites.counts(results)
    conftest.tell(request.config, name, "%d passed, %d failed, %d refused" % numbers)
    assert results and not _failures(results)
