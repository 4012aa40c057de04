"""skops files that are hostile, broken or lie: as test_bad_models.py does it for pickles."""

import random
import secrets

import hostile_skops
from test_bad_models import N_CUTS, N_FLIPS, REFUSALS, assert_refused, suites, trained


def written(folder, name, data):
    path = folder / (name + ".skops")
    path.write_bytes(data)
    return path


def dumped(**options):
    import skops.io

    return skops.io.dumps(trained(), **options)


def test_files_that_lie(tmp_path):
    paths = [written(tmp_path, name, data) for name, (data, _) in hostile_skops.BAD.items()]
    assert_refused(hostile_skops.BAD, paths, [want for _, want in hostile_skops.BAD.values()])


def test_every_compression_is_read_or_named(tmp_path):
    import zipfile

    methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    paths = [written(tmp_path, str(i), dumped(compression=i)) for i in methods]
    outcomes = suites.open_files(paths)
    assert [outcome["status"] for outcome in outcomes] == ["ok", "ok", "ok", "unsupported"], outcomes
    assert "method 14" in outcomes[-1]["message"]


def test_truncated_anywhere(tmp_path):
    data = dumped()
    cuts = sorted({len(data) * i // N_CUTS for i in range(N_CUTS)} | {len(data) - 1})
    paths = [written(tmp_path, "cut-%d" % cut, data[:cut]) for cut in cuts]
    assert_refused(cuts, paths, ["."] * len(cuts))


def test_flipped_bits(tmp_path):
    """Every byte of a member is under a CRC; those of the archive itself may lie."""
    seed = secrets.randbits(32)
    print("bit flips: seed %d" % seed)
    draw, data, paths, places = random.Random(seed), dumped(), [], []
    for _ in range(N_FLIPS):
        flipped, places = bytearray(data), places + [draw.randrange(len(data) * 8)]
        flipped[places[-1] // 8] ^= 1 << places[-1] % 8
        paths.append(written(tmp_path, "flip-%d" % places[-1], bytes(flipped)))
    wrong = [
        (place, outcome)
        for place, outcome in zip(places, suites.open_files(paths))
        if outcome["status"] not in REFUSALS | {"ok"}
        or (outcome["status"] != "ok" and not outcome["message"])
    ]
    assert wrong == [], "seed %d" % seed
