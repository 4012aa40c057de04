"""One Python environment a version of scikit-learn, made when it is first needed.

    python -m tests.conformance.environments 1.2.2      prints the path of its interpreter

The versions of everything are pinned in tools/requirements/; `./dev` makes the same environments.
"""

import fcntl
import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("1.2.2", "1.9.1")
VERSIONS_FULL = ("1.2.2", "1.3.2", "1.4.2", "1.5.2", "1.6.1", "1.7.2", "1.8.0", "1.9.1")


def requirements(version):
    return ROOT / "tools" / "requirements" / ("sklearn-%s.txt" % version)


def _base_python():
    """An interpreter that has wheels of every version: 3.11."""
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which("python3.11")
    if found is None:
        raise RuntimeError("python3.11 is needed for scikit-learn 1.2: none on the PATH")
    return found


def _make(folder, wanted):
    print("making %s" % folder, file=sys.stderr, flush=True)
    if Path(sys.prefix) != folder:  # what this process runs in is brought up to date in place
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([_base_python(), "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "pip"), "--quiet", "--disable-pip-version-check"]
    install = pip + ["install", "--no-compile", "-r", str(wanted)]
    subprocess.run(install, check=True, stdout=sys.stderr)
    shutil.copyfile(wanted, folder / "installed.txt")


def interpreter(version):
    """Path of the Python that has this scikit-learn. Makes the environment if it is missing."""
    return interpreter_of("sklearn-%s" % version)


def interpreter_of(name):
    """The same, of tools/requirements/<name>.txt."""
    folder, wanted = ROOT / ".venvs" / name, ROOT / "tools" / "requirements" / (name + ".txt")
    installed = folder / "installed.txt"
    folder.parent.mkdir(exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ./dev may be making it now
        if not (installed.exists() and filecmp.cmp(wanted, installed, shallow=False)):
            _make(folder, wanted)
    return str(folder / "bin" / "python")


def environment():
    """Variables for a generator: one thread, and an order of sets that does not change."""
    variables = dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        variables[name] = "1"
    return variables


def generate(what, python, module, *arguments):
    """What a generator of fixtures prints; raises it, with `what` it was to make, when it fails."""
    done = subprocess.run(
        [python, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError("%s:\n%s" % (what, done.stdout.strip()[-4000:]))
    return done.stdout


if __name__ == "__main__":
    for _version in sys.argv[1:] or VERSIONS:
        print(interpreter(_version))
