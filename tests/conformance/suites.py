"""Suites of fixtures on disk, and the results of checking them."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import environments, native
from .check import load

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
FIXED = ("default", "wide")  # every other suite is drawn: its name seeds it
N_WORKERS = 2
KEPT_SECONDS = 24 * 3600
WORKER_TIMEOUT = 900  # seconds, for all the files that a worker is given


def generator_hash():
    """Changes when a fixture could: with the generator and with the pinned versions."""
    digest = hashlib.sha256()
    for path in sorted((HERE / "fixtures").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def generate(version, suite, options=(), part=""):
    """The folder of a suite, made when it is missing. The options are the generator's, `part` says
    which share of the suite they ask for."""
    wanted = hashlib.sha256(environments.requirements(version).read_bytes()).hexdigest()[:6]
    folder = OUT / ("%s-%s%s-%s%s" % (version, suite, part, generator_hash(), wanted))
    if (folder / "_index.json").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    OUT.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=OUT))
    environments.generate(
        "fixtures of %s %s" % (version, suite),
        environments.interpreter(version),
        "tests.conformance.fixtures",
        making,
        *("--suite", suite, "--jobs", str(N_WORKERS), *options),
    )
    making.rename(folder)  # whole or not at all: two runs may want the same suite
    return folder


def _forget_old_suites():
    """Drawn suites, and those of other generators, are of no use after a day."""
    for folder in OUT.glob("*-*"):
        if folder.is_dir() and time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def generate_all(pairs):
    """{(version, suite): folder}; a pair may be named twice."""
    pairs = list(dict.fromkeys(pairs))
    _forget_old_suites()
    for version in sorted({version for version, _ in pairs}):
        environments.interpreter(version)
    return {pair: generate(*pair) for pair in pairs}


def files(folder, only=""):
    """[(description name, place of the file in it, its path)] of a suite."""
    found = []
    for path in sorted(folder.glob("[!_]*.json")) + sorted(folder.glob("[!_]*.json.xz")):
        if not re.search(only, path.stem):
            continue
        for place, file in enumerate(load(folder, path.name)["files"]):
            found.append((path.name, place, file["path"]))
    return found


def _index(folder):
    return json.loads((folder / "_index.json").read_text(encoding="utf-8"))


def lost(folders):
    """["1.9.1 drawn-12ab: name: why"] of {(version, suite): folder}: the cases that a suite lacks.

    Of a drawn suite the generator lets some fail; one that it skipped, but not in the default suite
    of the same version, is lost no less.
    """
    lines = []
    for (version, suite), folder in folders.items():
        index = _index(folder)
        cases = dict(index["failed"])
        if (version, "default") in folders and suite != "default":
            known = _index(folders[version, "default"])["skipped"]
            cases.update((k, why) for k, why in index["skipped"].items() if k not in known)
        lines += ["%s %s: %s: %s" % (version, suite, *case) for case in sorted(cases.items())]
    return lines


def sanitizer():
    """{LD_PRELOAD: ...} where the library is built with AddressSanitizer."""
    library = native.build_directory() / "libmodelcache.so"
    needed = subprocess.run(["ldd", str(library)], capture_output=True, text=True).stdout
    found = re.search(r"libasan\S* => (\S+)", needed)
    if not found:
        return {}
    options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # Python's own
    return {"LD_PRELOAD": found.group(1), "ASAN_OPTIONS": options.lstrip(":")}


def _check_jobs(jobs):
    """The results of some jobs, from one worker."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(jobs, file)
        file.flush()
        worker = subprocess.run(
            [sys.executable, "-m", "tests.conformance.worker", file.name],
            cwd=environments.ROOT,
            env=dict(environments.environment(), **sanitizer()),
            capture_output=True,
            text=True,
            timeout=WORKER_TIMEOUT,
        )
    if worker.returncode != 0:
        raise RuntimeError("worker: exit %d\n%s" % (worker.returncode, worker.stderr[-4000:]))
    return [json.loads(line) for line in worker.stdout.splitlines()]


def open_files(paths):
    """[{"status", "message", "ms"}]: what becomes of model files that may be hostile."""
    opener = subprocess.run(
        [sys.executable, "-m", "tests.conformance.opener"],
        input="\n".join(map(str, paths)),
        cwd=environments.ROOT,
        env=dict(environments.environment(), **sanitizer()),
        stdout=subprocess.PIPE,
        text=True,
        timeout=WORKER_TIMEOUT,
        check=True,
    )
    return [json.loads(line) for line in opener.stdout.splitlines()]


def check(folder, only=""):
    """{file path: result} of a suite."""
    jobs = [(str(folder), name, place) for name, place, _ in files(folder, only)]
    shares = [jobs[i::N_WORKERS] for i in range(N_WORKERS)]
    with ThreadPoolExecutor(N_WORKERS) as pool:
        results = [result for share in pool.map(_check_jobs, shares) for result in share]
    return {result["file"]: result for result in results}


def counts(results):
    """(passed, failed, refused)."""
    statuses = [result["status"] for result in results]
    return tuple(statuses.count(status) for status in ("passed", "failed", "refused"))


def results_path(version, suite):
    return OUT / ("results-%s-%s.json" % (version, suite))


def save(version, suite, results, **made_by):
    """Writes the results of a suite; those of an earlier drawn suite go."""
    for old in OUT.glob("results-%s-*.json" % version):
        if suite not in FIXED and not old.stem.endswith(FIXED):
            old.unlink()
    data = {"sklearn": version, "suite": suite, **made_by, "results": results}
    path = results_path(version, suite)
    whole = path.with_suffix(".new")  # a run that is stopped here leaves the former
    whole.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    whole.rename(path)
    return path
