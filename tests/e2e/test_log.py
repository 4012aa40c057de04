"""Log lines: what a program finds in them, and how many there are under load."""

import json
import re

import pytest

ROW = [1.0, 10.0, 100.0]


def test_events_carry_their_facts(serve, models):
    daemon = serve(models / "scaler.pkl", "--log-format", "json", "--log-level", "debug")
    daemon.wait_ready()
    daemon.predict(ROW)
    daemon.json("POST", "/models/scaler/refresh")
    daemon.json("POST", "/models/scaler/unload")
    daemon.stop()
    events = {}
    for line in daemon.lines:
        event = json.loads(line)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["ts"])
        events.setdefault(event["event"], []).append(event)
    assert {"listening", "loaded", "hit", "answered", "unloaded"} <= set(events)
    first, second = events["loaded"]
    assert (first["model"], first["generation"], second["generation"]) == ("scaler", 1, 2)
    assert first["bytes"] == events["unloaded"][0]["bytes"] > 0
    assert first["ms"] > 0 and events["answered"][0]["ms"] > 0
    assert "generation" not in events["hit"][0]
    assert {e["level"] for e in events["hit"]} == {"debug"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_lines_under_load_are_few_and_the_rest_is_counted(serve, models, form):
    daemon = serve(
        models / "scaler.pkl", "--log-level", "debug", "--log-rate", "5", "--log-format", form, "--threads", "1"
    )
    daemon.wait_ready()
    count = 2000
    with daemon.connect() as link:
        body = json.dumps({"input": ROW}).encode()
        request = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        for _ in range(count):
            link.sendall(request)
            assert link.recv(4096).startswith(b"HTTP/1.1 200")
    daemon.stop()
    hits = sum("cache hit: scaler" in line for line in daemon.lines)
    left_out = sum(int(n) for n in re.findall(r"suppressed (\d+) lines of hit", daemon.log))
    assert hits + left_out == count
    assert left_out > count / 2
    assert any("listening on" in line for line in daemon.lines)
