#!/usr/bin/env python3
"""Prints a request to paste, once the daemon of ./dev run listens.

hint.py URL PID      asks URL which models there are; ends when process PID does
"""

import json
import os
import shlex
import sys
import time
import urllib.request

PATIENCE_S = 60


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def await_models(url, pid):
    """The models, once the daemon listens; none if it ends or takes too long."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s and os.path.exists(f"/proc/{pid}"):
        try:
            return get(f"{url}/models")["models"]
        except OSError:
            time.sleep(0.1)
    return []


def example_row(columns):
    """A row of the right width and names: numbers for numbers, and null for what may be anything."""
    values = [1.0 if column["kind"] == "number" else None for column in columns]
    names = [column["name"] for column in columns]
    return dict(zip(names, values)) if all(names) else values


def main():
    url, pid = sys.argv[1], sys.argv[2]
    for model in await_models(url, pid):
        path = f"{url}/models/{model['name']}"
        schema = get(path).get("schema")
        if schema:
            body = json.dumps({"input": example_row(schema["inputs"])})
            print(
                f"\n  To paste:\n\n    curl {path}/predict -d {shlex.quote(body)}\n",
                file=sys.stderr,
            )
            return
    print(f"\n  To paste:\n\n    curl {url}/models\n", file=sys.stderr)


if __name__ == "__main__":
    main()
