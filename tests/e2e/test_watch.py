"""--watch: files that are replaced, written slowly, linked, moved and deleted under a serving daemon."""

import os
import pickle
import shutil
import subprocess
import threading
import time

import pytest

from scenario import PROGRAM


def model(number):
    """The bytes of a model whose every answer is `number`; about 200 KB."""
    from sklearn.dummy import DummyRegressor

    fitted = DummyRegressor(strategy="constant", constant=float(number)).fit([[0.0]], [float(number)])
    fitted.padding = "x" * 200_000  # an attribute that nobody looks at
    return pickle.dumps(fitted)


def replace(path, number):
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name("." + path.name + ".new")
    new.write_bytes(model(number))
    os.rename(new, path)


def until(condition, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def answers(daemon, name="m"):
    return daemon.predict([0], f"/models/{name}/predict")[0]


def failures(daemon):
    return [line for line in daemon.lines if "keeps serving" in line or "not loaded" in line]


@pytest.fixture
def folder(tmp_path):
    replace(tmp_path / "models" / "m.pkl", 1)
    return tmp_path / "models"


@pytest.fixture
def watched(serve, folder):
    daemon = serve(folder, "--watch")
    assert answers(daemon) == 1
    return daemon


def test_a_rename_is_noticed(watched, folder):
    replace(folder / "m.pkl", 2)
    until(lambda: answers(watched) == 2)
    assert not failures(watched)


def test_nothing_is_noticed_without_it(serve, folder):
    daemon = serve(folder)
    assert answers(daemon) == 1
    replace(folder / "m.pkl", 2)
    time.sleep(1)
    assert answers(daemon) == 1


def test_a_slow_writer_is_waited_for(watched, folder):
    """Pauses that are longer than any settling time: half a file is never read."""
    data = model(3)
    with open(folder / "m.pkl", "wb", buffering=0) as to:
        for at in range(0, len(data), len(data) // 4 + 1):
            to.write(data[at : at + len(data) // 4 + 1])
            time.sleep(0.7)
            assert answers(watched) == 1
    until(lambda: answers(watched) == 3)
    assert not failures(watched)


def test_a_broken_file_replaces_nothing_and_a_good_one_mends_it(watched, folder):
    (folder / "m.pkl").write_bytes(model(4)[:1000])
    until(lambda: failures(watched))
    assert answers(watched) == 1
    time.sleep(1)
    assert len(failures(watched)) == 1  # it is not read again until it changes
    replace(folder / "m.pkl", 5)
    until(lambda: answers(watched) == 5)


def test_a_folder_that_is_replaced(watched, folder):
    other = folder.with_name("other")
    replace(other / "m.pkl", 6)
    replace(other / "n.pkl", 7)
    os.rename(folder, folder.with_name("old"))
    time.sleep(0.5)
    assert answers(watched) == 1
    os.rename(other, folder)
    until(lambda: answers(watched) == 6)
    assert answers(watched, "n") == 7
    replace(folder / "m.pkl", 8)  # the new folder is the one that is watched
    until(lambda: answers(watched) == 8)


def test_a_link_that_is_turned(serve, tmp_path):
    """As Kubernetes mounts a ConfigMap: m.pkl -> ..data/m.pkl, ..data -> ..2026_1, flipped by a rename."""
    folder = tmp_path / "mounted"
    replace(folder / "..2026_1" / "m.pkl", 1)
    os.symlink("..2026_1", folder / "..data")
    os.symlink("..data/m.pkl", folder / "m.pkl")
    daemon = serve(folder, "--watch")
    assert answers(daemon) == 1
    for number in (2, 3):
        replace(folder / f"..2026_{number}" / "m.pkl", number)
        os.symlink(f"..2026_{number}", folder / "..data_tmp")
        os.rename(folder / "..data_tmp", folder / "..data")
        shutil.rmtree(folder / f"..2026_{number - 1}")
        until(lambda: answers(daemon) == number)
    assert not failures(daemon)


def test_a_named_file_behind_a_link(serve, tmp_path):
    replace(tmp_path / "store" / "1" / "m.pkl", 1)
    replace(tmp_path / "store" / "2" / "m.pkl", 2)
    os.symlink("store/1", tmp_path / "current")
    daemon = serve(tmp_path / "current" / "m.pkl", "--watch")
    daemon.wait_ready()
    assert daemon.predict([0]) == [1]
    replace(tmp_path / "store" / "1" / "m.pkl", 9)  # written where it really is
    until(lambda: daemon.predict([0]) == [9])


def test_models_come_and_go(watched, folder):
    replace(folder / "late.pkl", 7)
    until(lambda: watched.request("GET", "/models/late")[0] == 200)
    assert answers(watched, "late") == 7
    (folder / "late.pkl").unlink()
    until(lambda: "late.pkl is gone" in watched.log)
    assert answers(watched, "late") == 7  # from memory
    assert watched.request("POST", "/models/late/unload")[0] == 200
    replace(folder / "other.pkl", 8)  # anything: it makes the daemon look
    until(lambda: watched.request("GET", "/models/late")[0] == 404)
    assert answers(watched) == 1


def test_new_versions_take_over_and_old_ones_go(serve, tmp_path):
    replace(tmp_path / "models" / "m" / "1" / "model.pkl", 1)
    daemon = serve(tmp_path / "models", "--watch")
    assert answers(daemon) == 1
    for number in (2, 3, 10):
        replace(tmp_path / "models" / "m" / str(number) / "model.pkl", number)
        until(lambda: answers(daemon) == number)
    until(lambda: len(daemon.json("GET", "/models")[1]["models"]) == 1)
    (tmp_path / "models" / "m" / "11").mkdir()
    (tmp_path / "models" / "m" / "11" / "model.pkl").write_bytes(b"\x80\x04not a pickle")
    until(lambda: failures(daemon))
    assert answers(daemon) == 10
    replace(tmp_path / "models" / "m" / "11" / "model.pkl", 11)
    until(lambda: answers(daemon) == 11)
    shutil.rmtree(tmp_path / "models" / "m" / "11")
    until(lambda: answers(daemon) == 10)


def test_a_clash_that_is_mended(serve, folder):
    (folder / "m.joblib").write_bytes((folder / "m.pkl").read_bytes())
    daemon = serve(folder, "--watch")
    assert daemon.json("POST", "/models/m/predict", {"input": [0]})[0] == 422
    (folder / "m.joblib").unlink()
    until(lambda: daemon.json("POST", "/models/m/predict", {"input": [0]})[0] == 200)
    assert [m["state"] for m in daemon.json("GET", "/models")[1]["models"]] == ["ready"]


def test_polling_finds_the_same(serve, folder):
    daemon = serve(folder, "--watch", "--watch-poll", "300ms")
    assert answers(daemon) == 1
    replace(folder / "m.pkl", 2)
    replace(folder / "n.pkl", 3)
    until(lambda: answers(daemon) == 2)
    assert answers(daemon, "n") == 3


def test_events_that_were_dropped_are_looked_for(watched, folder):
    """The kernel's queue holds 16,384 events; a stopped daemon reads none of them."""
    limit = int(open("/proc/sys/fs/inotify/max_queued_events").read())
    if limit > 100_000:
        pytest.skip("the queue is too long to fill")
    os.kill(watched.process.pid, 19)  # SIGSTOP
    try:
        for i in range(limit // 2 + 100):
            (folder / f"x{i % 2}").touch()
            (folder / f"x{i % 2}").unlink()
        replace(folder / "m.pkl", 2)
    finally:
        os.kill(watched.process.pid, 18)
    until(lambda: answers(watched) == 2)
    assert "too much happened at once" in watched.log


def test_where_the_limits_do_not_suffice_it_polls(serve, folder, tmp_path):
    """In a user namespace of its own the daemon may watch one folder."""
    small = tmp_path / "small"
    small.write_text(
        "#!/bin/sh\nexec unshare -Ur sh -c 'echo 1 > /proc/sys/user/max_inotify_watches; exec \"$@\"' - "
        f'{PROGRAM} "$@"\n'
    )
    small.chmod(0o755)
    if subprocess.run(["unshare", "-Ur", "sh", "-c", "echo 1 > /proc/sys/user/max_inotify_watches"]).returncode != 0:
        pytest.skip("no user namespaces here")
    daemon = serve(folder, "--watch", program=str(small))
    assert answers(daemon) == 1
    until(lambda: "max_user_watches" in daemon.log)
    replace(folder / "m.pkl", 2)
    until(lambda: answers(daemon) == 2)


def test_no_request_fails_while_files_are_replaced(watched, folder):
    stop, seen, wrong = threading.Event(), set(), []

    def ask():
        while not stop.is_set():
            status, answer = watched.json("POST", "/models/m/predict", {"input": [0]})
            if status == 200:
                seen.add(answer["prediction"][0])
            else:
                wrong.append(answer)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2, 8):
        replace(folder / "m.pkl", number)
        time.sleep(0.5)
    until(lambda: 7 in seen)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong and seen <= {1, 2, 3, 4, 5, 6, 7}
