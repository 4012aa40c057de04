"""python -m bench [--quick] [--rounds N] [--seconds S] [--dry]: see bench/README.md."""

import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

from bench import load, measure, models, report

OUT = report.ROOT / "bench/out"
DEFAULT_ROUNDS, QUICK_ROUNDS = 9, 3


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=report.ROOT)
    return (done.stdout + done.stderr).strip()


def cpu_name():
    found = re.search(r"^model name\s*: (.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return found.group(1) if found else platform.machine()


def versions():
    out = {name: importlib.metadata.version(name) for name in ("scikit-learn", "flask", "gunicorn")}
    out["nginx"] = output_of("nginx", "-v").rpartition("/")[2].split()[0]
    out["Python"] = platform.python_version()
    return out


def commit():
    changed = output_of("git", "status", "--porcelain", "--", "src", "include", "meson.build")
    return output_of("git", "rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def conditions(options):
    return {
        "command": "./dev bench" + (" --quick" if options.quick else ""),
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "connections": load.CONNECTIONS,
        "versions": versions(),
    }


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds of one second")
    parser.add_argument("--rounds", type=int, help=f"interleaved rounds (default {DEFAULT_ROUNDS})")
    parser.add_argument("--seconds", type=int, help="length of a run (default 3)")
    parser.add_argument("--dry", action="store_true", help="write no result and no README")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else DEFAULT_ROUNDS)
    options.seconds = options.seconds or (1 if options.quick else 3)
    return options


def main():
    options = parse(sys.argv[1:])
    if load.n_cores() < 2:
        sys.exit("bench: needs two cores: one for the server, one for the load generator")
    estimators = models.make(OUT)
    load.build(OUT)
    results = conditions(options)
    results["models"] = {
        name: measure.rates(name, estimators[name], OUT, options.rounds, options.seconds)
        for name in models.MODELS
    }
    results["starts"] = measure.starts("forest", OUT, options.rounds)
    text = json.dumps(results, indent=1) + "\n"
    print(report.rates(results), report.starts(results), report.conditions(results), sep="\n\n")
    if not options.dry:
        report.LATEST.write_text(text)
        report.main()


if __name__ == "__main__":
    main()
