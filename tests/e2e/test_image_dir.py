"""The image directory: what is kept, what is believed, and what nobody can do to a running daemon."""

import os
import pickle
import re
import shutil
import threading
import time

import pytest

ROW = [0.1, 0.9, 0.3, 0.7, 0.5, 0.2, 0.8, 0.4]
TRUSTED, VERIFIED = "mapped, as it was verified before", "mapped, verified in full"


def neighbors(seed):
    import numpy
    from sklearn.neighbors import KNeighborsRegressor

    rng = numpy.random.default_rng(seed)
    model = KNeighborsRegressor(n_neighbors=3, algorithm="brute")
    return model.fit(rng.random((40000, 8)), rng.random(40000))


@pytest.fixture(scope="module")
def pickles(tmp_path_factory):
    """near.pkl and other.pkl: 2.5 MB in memory, and a row's answer reads all of it."""
    folder = tmp_path_factory.mktemp("near")
    answers = {}
    for seed, name in enumerate(("near", "other")):
        model = neighbors(seed)
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))
        answers[name] = model.predict([ROW])[0]
    assert answers["near"] != answers["other"]
    return folder, answers


class Kept:
    """A copy of near.pkl with an image directory beside it, and daemons that use both."""

    def __init__(self, folder, pickles, serve):
        source, self.answers = pickles
        self.folder, self.images, self._serve = folder, folder / "images", serve
        self.model = folder / "near.pkl"
        shutil.copy(source / "near.pkl", self.model)
        self.other = source / "other.pkl"
        old = time.time() - 60  # as old as a model file is, but for its ctime
        os.utime(self.model, (old, old))
        time.sleep(0.1)

    def start(self, *arguments):
        return self._serve(
            self.model, "--image-dir", self.images, "--log-level", "debug", *arguments
        )

    def answers_right(self, daemon, name="near"):
        assert daemon.predict(ROW) == [pytest.approx(self.answers[name], rel=1e-12)]

    def image(self):
        (found,) = self.images.glob("*.mci")
        return found

    def stopped_once(self):
        """As a daemon leaves it."""
        daemon = self.start()
        self.answers_right(daemon)
        assert daemon.stop() == 0
        return self


@pytest.fixture
def kept(tmp_path, pickles, serve):
    return Kept(tmp_path, pickles, serve)


def test_a_second_start_maps_what_the_first_one_kept(kept):
    kept.stopped_once()
    daemon = kept.start()
    kept.answers_right(daemon)
    assert daemon.said(TRUSTED)


def test_a_copy_of_the_source_finds_the_image_by_its_content(kept):
    kept.stopped_once()
    fresh = kept.folder / "copy.pkl"
    shutil.copy(kept.model, fresh)
    os.replace(fresh, kept.model)
    daemon = kept.start()
    kept.answers_right(daemon)
    assert daemon.said(VERIFIED)
    assert daemon.stop() == 0
    assert kept.start().said(TRUSTED)


def test_a_changed_source_is_another_model(kept):
    kept.stopped_once()
    daemon = kept.start()
    shutil.copyfile(kept.other, kept.model)  # the same inode
    assert daemon.json("POST", "/models/near/refresh")[0] == 200
    kept.answers_right(daemon, "other")
    assert len(list(kept.images.glob("*.mci"))) == 2


def test_unloaded_models_come_back_by_mapping(kept):
    daemon = kept.start()
    for _ in range(3):
        kept.answers_right(daemon)
        assert daemon.json("POST", "/models/near/unload")[0] == 200
    kept.answers_right(daemon)
    assert daemon.stop() == 0
    assert daemon.log.count("its image is kept") == 1
    assert daemon.log.count(TRUSTED) == 3


# ------------------------------------------------------------------- while it serves


def truncate(image):
    os.truncate(image, 0)


def rewrite(image):
    os.chmod(image, 0o600)
    with open(image, "r+b") as file:
        file.write(os.urandom(os.path.getsize(image)))


def delete(image):
    image.unlink()


def delete_all(image):
    shutil.rmtree(image.parent)


@pytest.mark.parametrize("harm", [truncate, rewrite, delete, delete_all])
def test_harm_to_a_mapped_image_changes_no_answer(kept, harm):
    kept.stopped_once()
    daemon = kept.start()
    kept.answers_right(daemon)
    assert daemon.said(TRUSTED)
    done = threading.Event()

    def work():
        harm(kept.image())
        done.set()

    threading.Thread(target=work, daemon=True).start()
    until = time.monotonic() + 20
    asked_after = 0
    while asked_after < 20 and time.monotonic() < until:
        asked_after += done.is_set()
        kept.answers_right(daemon)
    assert asked_after == 20, "whoever wants to write waited for more than 20 s"
    if harm in (truncate, rewrite):
        assert daemon.said("somebody writes to an image that is mapped"), daemon.log
        assert daemon.metric("modelcached_image_files_rescued_total") == 1
        assert daemon.metric("modelcached_image_files_lost") == 0
    assert daemon.json("POST", "/models/near/refresh")[0] == 200
    kept.answers_right(daemon)


@pytest.mark.parametrize("harm", [truncate, rewrite, delete])
def test_harm_to_the_source_changes_no_answer(kept, harm):
    daemon = kept.start()
    kept.answers_right(daemon)
    harm(kept.model)
    for _ in range(5):
        kept.answers_right(daemon)
    assert daemon.json("POST", "/models/near/refresh")[0] == 422
    kept.answers_right(daemon)


# ------------------------------------------------------------------- what is not believed


def flip_a_byte(image):
    os.chmod(image, 0o600)
    times = os.stat(image)
    with open(image, "r+b") as file:
        file.seek(1 << 20)
        byte = file.read(1)
        file.seek(1 << 20)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))


def other_format(image):
    os.chmod(image, 0o600)
    with open(image, "r+b") as file:
        file.seek(8)
        file.write(b"\x63\0\0\0")


def cut_short(image):
    os.truncate(image, 1 << 20)


def writable_by_others(image):
    os.chmod(image, 0o666)


def replaced_by_a_link(image):
    image.rename(image.with_suffix(".elsewhere"))
    image.symlink_to(image.with_suffix(".elsewhere"))


@pytest.mark.parametrize(
    "harm", [flip_a_byte, other_format, cut_short, writable_by_others, replaced_by_a_link]
)
def test_what_cannot_be_believed_is_made_again(kept, harm):
    kept.stopped_once()
    harm(kept.image())
    daemon = kept.start()
    kept.answers_right(daemon)
    assert daemon.said("its image is kept")
    assert re.search(r"warn .*image directory: [0-9a-f]{16}\.\.\. is not", daemon.log)
    assert daemon.stop() == 0
    daemon = kept.start()
    kept.answers_right(daemon)
    assert daemon.said(TRUSTED)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_an_image_of_another_user_is_not_used(kept):
    kept.stopped_once()
    os.chown(kept.image(), 65534, 65534)
    daemon = kept.start()
    kept.answers_right(daemon)
    assert daemon.said("is not ours alone")


@pytest.mark.parametrize("at", [0, 8, 60, 130, 199, 230])
def test_a_forged_entry_is_not_believed(kept, at):
    kept.stopped_once()
    (entry,) = kept.images.glob("*.idx")
    content = bytearray(entry.read_bytes())
    content[at] ^= 1
    entry.unlink()
    entry.write_bytes(content)
    daemon = kept.start()
    kept.answers_right(daemon)
    assert daemon.said(VERIFIED)


def test_entries_of_another_key_are_not_believed(kept):
    kept.stopped_once()
    (kept.images / "key").unlink()
    daemon = kept.start()
    kept.answers_right(daemon)
    assert daemon.said(VERIFIED)


def test_a_directory_where_others_may_write_is_refused(kept):
    kept.images.mkdir(mode=0o777)
    kept.images.chmod(0o777)
    daemon = kept._serve(kept.model, "--image-dir", kept.images, wait=False)
    assert daemon.process.wait(20) == 1
    assert daemon.said("others may write there")


def test_the_default_goes_on_without(kept, tmp_path):
    (tmp_path / "file").write_text("no directory")
    daemon = kept._serve(kept.model, environment={"XDG_CACHE_HOME": str(tmp_path / "file")})
    kept.answers_right(daemon)
    assert daemon.said("no images are kept")


def test_the_directory_stays_below_its_limit(kept):
    kept.stopped_once()
    first = kept.image().name
    time.sleep(0.01)
    daemon = kept._serve(
        kept.other, "--image-dir", kept.images, "--image-dir-limit", "3M", "--log-level", "debug"
    )
    kept.answers_right(daemon, "other")
    assert kept.image().name != first
    assert daemon.said("image directory over its limit")


# ------------------------------------------------------------------- one copy


def shared_bytes(pid):
    """(Pss of mapped images, their size) of a process."""
    pss = size = 0
    ours = False
    for line in open(f"/proc/{pid}/smaps"):
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            ours = line.rstrip().endswith(".mci")
        elif ours and line.startswith("Pss:"):
            pss += int(line.split()[1]) * 1024
        elif ours and line.startswith("Size:"):
            size += int(line.split()[1]) * 1024
    return pss, size


def test_eight_processes_hold_one_copy(kept):
    kept.stopped_once()
    daemons = [kept.start("--threads", "1") for _ in range(8)]
    for daemon in daemons:
        kept.answers_right(daemon)
    found = [shared_bytes(daemon.process.pid) for daemon in daemons]
    size = kept.image().stat().st_size
    assert all(mapped >= size for _, mapped in found)
    assert sum(pss for pss, _ in found) < 1.1 * size
