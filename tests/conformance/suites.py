"""Suites of fixtures on disk, and the results of checking them."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import environments, native

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
N_WORKERS = 2
WORKER_TIMEOUT = 900  # seconds, for all the files that a worker is given


def generator_hash():
    """Changes when a fixture could: with the generator and with the pinned versions."""
    digest = hashlib.sha256()
    for path in sorted((HERE / "fixtures").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def generate(version, suite):
    """The folder of a suite, made when it is missing."""
    wanted = hashlib.sha256(environments.requirements(version).read_bytes()).hexdigest()[:6]
    folder = OUT / ("%s-%s-%s%s" % (version, suite, generator_hash(), wanted))
    if (folder / "_index.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    command = [environments.interpreter(version), "-m", "tests.conformance.fixtures", str(folder)]
    done = subprocess.run(
        command + ["--suite", suite],
        cwd=environments.ROOT,
        env=environments.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        (folder / "_index.json").unlink(missing_ok=True)
        raise RuntimeError("fixtures of %s %s:\n%s" % (version, suite, done.stdout[-4000:]))
    return folder


def generate_all(pairs):
    """{(version, suite): folder}, two generators at a time."""
    for version in sorted({version for version, _ in pairs}):
        environments.interpreter(version)
    with ThreadPoolExecutor(N_WORKERS) as pool:
        return dict(zip(pairs, pool.map(lambda pair: generate(*pair), pairs)))


def files(folder, only=""):
    """[(description name, place of the file in it, its path)] of a suite, skops files left out."""
    found = []
    for path in sorted(folder.glob("[!_]*.json")):
        if not re.search(only, path.stem):
            continue
        for place, file in enumerate(json.loads(path.read_text(encoding="utf-8"))["files"]):
            if file["format"] != "skops":
                found.append((path.name, place, file["path"]))
    return found


def _sanitizer():
    """{LD_PRELOAD: ...} where the library is built with AddressSanitizer."""
    library = native.build_directory() / "libmodelcache.so"
    needed = subprocess.run(["ldd", str(library)], capture_output=True, text=True).stdout
    found = re.search(r"libasan\S* => (\S+)", needed)
    if not found:
        return {}
    options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # Python's own
    return {"LD_PRELOAD": found.group(1), "ASAN_OPTIONS": options.lstrip(":")}


def _run_worker(jobs):
    """(results, place of the job that did not end or None, the end of stderr)."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(jobs, file)
        file.flush()
        worker = subprocess.run(
            [sys.executable, "-m", "tests.conformance.worker", file.name],
            cwd=environments.ROOT,
            env=dict(environments.environment(), **_sanitizer()),
            capture_output=True,
            text=True,
            timeout=WORKER_TIMEOUT,
        )
    results, begun = [], None
    for line in worker.stdout.splitlines():
        record = json.loads(line)
        if "begin" in record:
            begun = record["begin"]
        else:
            results.append(record)
            begun = None
    if worker.returncode != 0 and begun is None:
        raise RuntimeError("worker: exit %d\n%s" % (worker.returncode, worker.stderr[-4000:]))
    return results, begun, "exit %d: %s" % (worker.returncode, worker.stderr[-2000:])


def _crashed(folder, name, place, why):
    description = json.loads((Path(folder) / name).read_text(encoding="utf-8"))
    return {
        "case": description["case"],
        "file": description["files"][place]["path"],
        "estimator": description["estimator"].rsplit(".", 1)[1],
        "inside": description["inside"],
        "listed": True,
        "status": "failed",
        "methods": {},
        "absent": [],
        "problems": ["the process ended: " + why],
    }


def _check_jobs(jobs):
    """Results of all jobs, in order; a job that crashes the process fails, the rest go on."""
    results = []
    while jobs:
        done, crashed, why = _run_worker(jobs)
        results += done
        if crashed is None:
            return results
        results.append(_crashed(*jobs[crashed], why))
        jobs = jobs[crashed + 1 :]
    return results


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


def save(version, suite, results):
    path = OUT / ("results-%s-%s.json" % (version, suite))
    data = {"sklearn": version, "suite": suite, "results": results}
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
