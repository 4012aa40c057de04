"""python -m tests.conformance.old.versions OUT [NAME...]: the full sets of the old versions.

Makes one environment a version where its Python is on this machine, and runs the generator in it.
"""

import filecmp
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .. import environments, suites

REQUIREMENTS = environments.ROOT / "tools" / "requirements" / "old"
NAMES = tuple(sorted(path.stem for path in REQUIREMENTS.glob("*-py*.txt")))


def _folders_of_pyenv():
    root = os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"
    return sorted(Path(root).glob("versions/*/bin"), reverse=True)


def python_of(name):
    """Path of the Python that `name` ("0.19.2-py3.6") needs, or None."""
    wanted = "python" + name.rsplit("-py", 1)[1]
    for folder in _folders_of_pyenv():
        if (folder / wanted).exists():
            return str(folder / wanted)
    return shutil.which(wanted)


def _make(folder, python, wanted, is_python2):
    shutil.rmtree(folder, ignore_errors=True)
    if is_python2:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        pip = [python, "-m", "pip", "install", "--quiet", "--user", "virtualenv"]
        subprocess.run(pip, check=True, **quiet)
        subprocess.run([python, "-m", "virtualenv", "-q", str(folder)], check=True, **quiet)
    else:
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    install += ["--only-binary=:all:", "-r", str(wanted)]
    subprocess.run(install, check=True, stdout=sys.stderr)
    shutil.copyfile(wanted, folder / "installed.txt")


def interpreter(name):
    """Path of the Python that has this scikit-learn, or None. Makes the environment if need be."""
    folder, wanted = environments.ROOT / ".venvs" / ("old-" + name), REQUIREMENTS / (name + ".txt")
    installed = folder / "installed.txt"
    if not (installed.exists() and filecmp.cmp(wanted, installed, shallow=False)):
        python = python_of(name)
        if python is None:
            return None
        _make(folder, python, wanted, name.endswith("-py2.7"))
    return str(folder / "bin" / "python")


PYTHON2 = Path(__file__).resolve().parent / "python2.py"


def generate(name, folder):
    """Writes the full set of a version into `folder`. False if its Python is not here."""
    python = interpreter(name)
    if python is None:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    command = [python, "-m", "tests.conformance.fixtures", str(folder), "--no-skops"]
    if name.endswith("-py2.7"):
        command = [python, "-W", "ignore", str(PYTHON2), str(folder)]
    subprocess.run(command, cwd=environments.ROOT, env=environments.environment(), check=True)
    return True


def full_set(name):
    """The folder of a version's full set, or None if its Python is not here. It is kept as those
    of suites.py are: a run that was stopped makes only what it had not made."""
    is_python2 = name.endswith("-py2.7")
    digest = hashlib.sha256(b"" if is_python2 else suites.generator_hash().encode())
    for path in sorted(PYTHON2.parent.glob("python2*.py")) if is_python2 else ():
        digest.update(path.read_bytes())
    digest.update((REQUIREMENTS / (name + ".txt")).read_bytes())
    folder = suites.OUT / ("old-%s-%s" % (name, digest.hexdigest()[:12]))
    if not folder.exists():
        suites.OUT.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix="making-", dir=suites.OUT))
        if not generate(name, making):
            making.rmdir()
            return None
        making.rename(folder)
    return folder


if __name__ == "__main__":
    for _name in sys.argv[2:] or NAMES:
        if not generate(_name, Path(sys.argv[1]) / _name):
            print("%s: skipped, its Python is not here" % _name)
