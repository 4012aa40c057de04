"""XGBoost, LightGBM and imbalanced-learn: their models answer as the packages do.

    pytest tests/conformance/test_third_party.py --third-party new

Without the option there is nothing to test: each set of packages has an environment of its own.
"""

import hashlib

import pytest

from . import environments, native
from .third_party import check

HERE = environments.ROOT / "tests" / "conformance"


def _generator_hash(name):
    digest = hashlib.sha256(
        (environments.ROOT / "tools/requirements" / (name + ".txt")).read_bytes()
    )
    for path in sorted((HERE / "third_party").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _generate(name):
    """The folder of the models, made when it is missing."""
    folder = HERE / "out" / ("%s-%s" % (name, _generator_hash(name)))
    if (folder / "_index").exists():
        return folder
    environments.generate(
        "models of " + name,
        environments.interpreter_of(name),
        "tests.conformance.third_party",
        folder,
    )
    return folder


def pytest_generate_tests(metafunc):
    paths = []
    for name in metafunc.config.getoption("--third-party") or []:
        for path in check.files(_generate("third-party-" + name)):
            paths.append(pytest.param(path, id="%s-%s" % (name, path.name)))
    metafunc.parametrize("path", paths)


@pytest.fixture(scope="module")
def library():
    return native.Library(native.build_directory())


def test_answers_as_its_package(library, path):
    assert not check.problems(library, path)
