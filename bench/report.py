#!/usr/bin/env python3
"""Writes the README's benchmark tables from bench/results/latest.json.

report.py            writes them between <!-- bench:NAME --> and <!-- /bench:NAME -->
report.py --check    fails when the README holds anything else
"""

import json
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
LATEST = ROOT / "bench/results/latest.json"

NAMES = {
    "modelcached": "**modelcached**",
    "nginx": "nginx `return 200`, no model: the limit",
    "gunicorn": "gunicorn + Flask",
    "flask": "Flask development server",
}


def number(value):
    """Three significant digits or whole numbers: as many as the spread allows to believe."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def cell(measured, unit=""):
    if measured is None:
        return "void"
    low, high = number(measured["low"]), number(measured["high"])
    return f"{number(measured['median'])}{unit} ({low}–{high})"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def median(measured, unit=""):
    return "void" if measured is None else number(measured["median"]) + unit


def rates(results):
    """A row a server; for each model its rate, and what a request costs beside nginx's."""
    head = ["server, on one core"]
    rows = [[title] for title in NAMES.values()]
    for model in results["models"].values():
        head += [f"{model['title']}: requests/s", "of nginx", "CPU µs each"]
        for row, name in zip(rows, NAMES):
            server = model["servers"][name]
            row += [cell(server["rate"]), median(server["rate_to_nginx"], " ×")]
            row.append(median(server["cpu_us"]))
    return table(head, rows)


def starts(results):
    rows = [
        [NAMES[name], cell(server["first_answer_ms"], " ms"), cell(server["rss_mb"], " MB")]
        for name, server in results["starts"].items()
    ]
    return table(["server", "exec to first answer", "resident memory then"], rows)


def disturbance(results):
    """Says how much of the server's core went to processes that are not measured (median)."""
    shares = [
        server["others"]["median"]
        for model in results["models"].values()
        for server in model["servers"].values()
    ]
    return f"Other processes took {statistics.median(shares):.0%} of the server's core."


def conditions(results):
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return (
        f"Measured by `{results['command']}` at commit {results['commit']} on "
        f"{results['date']}: {results['cpu']}, {results['cores']} cores, one for the server, one for the load "
        f"generator with {results['connections']} keep-alive connections; another row each "
        f"time; {results['rounds']} interleaved rounds of {results['seconds']} s; median "
        f"(least–greatest). {disturbance(results)} {versions}."
    )


SECTIONS = {"rates": rates, "starts": starts, "conditions": conditions}


def filled(text, results):
    for name, make in SECTIONS.items():
        begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
        if len(pattern.findall(text)) != 1:
            raise SystemExit(f"README.md: expected one {begin} ... {end}")
        content = make(results)
        text = pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)
    return text


def main():
    text = README.read_text()
    wanted = filled(text, json.loads(LATEST.read_text()))
    if "--check" not in sys.argv[1:]:
        README.write_text(wanted)
        return 0
    if text != wanted:
        print("README.md: the tables differ from bench/results/latest.json; run bench/report.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
