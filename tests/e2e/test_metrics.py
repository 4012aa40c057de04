"""What is counted: each number is compared with what this test sent, and promtool reads the text."""

import os
import re
import shutil
import subprocess
import threading

import pytest

ROW = [1.0, 10.0, 100.0]
PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")


def samples(daemon):
    """{name{labels}: value} without the prefix."""
    found = {}
    for line in daemon.request("GET", "/metrics")[2].splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            assert name not in found, name
            found[name.removeprefix("modelcached_")] = float(value)
    return found


def total(found, name, **labels):
    """The sum of a family's samples that have these labels."""
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(v for k, v in found.items() if re.split(r"[{ ]", k)[0] == name and all(w in k for w in wanted))


@pytest.fixture
def folder(models, tmp_path):
    for name in ("one", "two", "three"):
        shutil.copy(models / "scaler.pkl", tmp_path / f"{name}.pkl")
    shutil.copy(models / "broken.pkl", tmp_path / "broken.pkl")
    return tmp_path


def test_numbers_are_those_of_what_was_sent(serve, folder):
    daemon = serve(folder, "--threads", "2")
    sent, lock = {}, threading.Lock()

    def send(path, body, count):
        for _ in range(count):
            status, _ = daemon.json("POST", path, body)
            with lock:
                sent[path, status] = sent.get((path, status), 0) + 1

    jobs = [
        ("/models/one/predict", {"input": ROW}, 40),
        ("/models/two/predict", {"input": ROW}, 25),
        ("/models/two/predict", {"input": [1]}, 10),
        ("/models/two/predict", {"nothing": 1}, 5),
        ("/models/broken/predict", {"input": ROW}, 7),
        ("/models/stranger/predict", {"input": ROW}, 9),
        ("/predict", {"input": ROW}, 3),
    ]
    threads = [threading.Thread(target=send, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    daemon.json("POST", "/models/three/load")  # counts in neither
    found = samples(daemon)

    def of(name, status=None):
        return sum(n for (path, s), n in sent.items() if f"/{name}/" in path and status in (None, s))

    for name in ("one", "two", "broken"):
        for status in (200, 400, 422):
            assert total(found, "requests_total", model=name, code=status) == of(name, status), (name, status)
        assert total(found, "requests_total", model=name) == of(name)
        hits, misses = (found[f'model_{kind}_total{{model="{name}"}}'] for kind in ("hits", "misses"))
        assert hits + misses == of(name)
        assert found[f'model_request_duration_seconds_count{{model="{name}"}}'] == of(name)
        assert found[f'model_request_duration_seconds_bucket{{model="{name}",le="+Inf"}}'] == of(name)
        assert found[f'model_in_flight{{model="{name}"}}'] == 0
        assert found[f'model_waiting{{model="{name}"}}'] == 0
    assert total(found, "requests_total") == sum(sent.values()) == found["request_duration_seconds_count"]
    assert total(found, "requests_total", code=404) == 9 + 3
    registered = sum(of(name) for name in ("one", "two", "broken"))
    assert found["model_cache_hits_total"] + found["model_cache_misses_total"] == registered
    assert found['model_hits_total{model="three"}'] == found['model_misses_total{model="three"}'] == 0
    assert found['model_load_results_total{model="three",result="ok"}'] == 1
    assert found['model_load_results_total{model="broken",result="failed"}'] >= 1
    assert found['model_generation{model="one"}'] == 1
    assert found['model_age_seconds{model="one"}'] > 0
    assert found["models"] == 4 and found["models_ready"] == 3
    for family in ("memory_bytes", "load_results_total", "hits_total", "misses_total"):
        assert total(found, "model_" + family) > 0
    assert total(found, "model_memory_bytes") == found["memory_used_bytes"]
    assert total(found, "model_load_results_total", result="ok") == found['model_loads_total{result="ok"}']
    assert total(found, "model_load_results_total", result="failed") == found['model_loads_total{result="failed"}']


def test_evictions_are_told_by_model(serve, folder):
    daemon = serve(folder, "--memory-budget", "20K")
    for _ in range(3):
        for name in ("one", "two", "three"):
            assert daemon.json("POST", f"/models/{name}/predict", {"input": ROW})[0] == 200
    found = samples(daemon)
    evicted = total(found, "model_evictions_total", reason="budget")
    assert evicted == total(found, "model_cache_evictions_total", reason="budget") > 0
    assert total(found, "model_load_results_total", result="ok") - evicted == found["models_ready"]
    assert found["memory_used_bytes"] <= found["memory_limit_bytes"] == 20 << 10


def test_many_models_have_few_series(serve, models, tmp_path):
    count = 1100
    for i in range(count):
        os.link(models / "scaler.pkl", tmp_path / f"m{i:04}.pkl")
    daemon = serve(tmp_path)
    idle = samples(daemon)
    assert idle["models"] == count
    assert not any("m0000" in name for name in idle)  # nobody asked for one
    link = __import__("http.client").client.HTTPConnection(daemon.host, daemon.port)
    for half in (range(count // 2), range(count)):
        for i in half:
            assert daemon.json("POST", f"/models/m{i:04}/predict", {"input": ROW}, connection=link)[0] == 200
        before = samples(daemon)
    names = {m for k in before for m in re.findall(r'^model_hits_total\{model="([^"]+)"\}', k)}
    assert len(names) == 1025 and "other" in names
    assert total(before, "model_hits_total") + total(before, "model_misses_total") == count + count // 2
    assert total(before, "requests_total") == count + count // 2
    assert total(before, "model_request_duration_seconds_count") == count + count // 2
    for i in reversed(range(count)):
        daemon.json("POST", f"/models/m{i:04}/predict", {"input": ROW}, connection=link)
    after = samples(daemon)
    for name, value in before.items():
        if "_total" in name or "_count" in name or "_bucket" in name:
            assert after[name] >= value, name  # who has a series keeps it


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here; ./dev test brings it")
def test_promtool_finds_nothing_to_say(serve, folder):
    daemon = serve(folder)
    for name in ("one", "two", "broken", "stranger"):
        daemon.json("POST", f"/models/{name}/predict", {"input": ROW})
    text = daemon.request("GET", "/metrics")[2]
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
