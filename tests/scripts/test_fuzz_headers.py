"""Damaged files: a scene or a refusal, and nothing else."""

import json
import os
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("memory is held down by what Linux tells of it", allow_module_level=True)

import fuzz_headers
from fuzzing.plain_reading import plain_reading
from fuzzing.products import make_broken_product

from scenes import SceneError


def test_damaged_files_are_scenes_or_refused(capsys, tmp_path):
    """A short run of the script; the seeds are its own, so it is the same every time."""
    assert fuzz_headers.main(["--count", "400", "--seed", "11"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["cases"], found["finds"]) == (400, 0)
    assert sum(found["outcomes"].values()) == 400
    kinds = {
        f"{kind}: {outcome}" for kind in fuzz_headers.MAKERS for outcome in ("scene", "refused")
    }
    others = {outcome for outcome in found["outcomes"] if "libhdf5 crashed" not in outcome} - kinds
    assert kinds <= set(found["outcomes"])
    assert others == {"ENVI: scene, as numpy reads it"}


def test_a_crash_is_counted_and_the_run_goes_on(capsys, monkeypatch):
    monkeypatch.setattr(fuzz_headers, "MAKERS", {"HDF5 bytes": make_broken_product})
    monkeypatch.setattr(fuzz_headers, "open_scene", lambda path: os.abort())
    assert fuzz_headers.main(["--count", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcomes"] == {"HDF5 bytes: libhdf5 crashed (SIGABRT)": 2}


def test_a_find_in_a_process_of_its_own_is_a_find(capsys, monkeypatch):
    def fail(path):
        raise ZeroDivisionError("no")

    monkeypatch.setattr(fuzz_headers, "MAKERS", {"HDF5 bytes": make_broken_product})
    monkeypatch.setattr(fuzz_headers, "open_scene", fail)
    assert fuzz_headers.main(["--count", "1"]) == 1
    assert "ZeroDivisionError: no" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ZeroDivisionError("no"), "ZeroDivisionError: no"),
        (SceneError("a sentence without an end"), "AssertionError: a sentence without an end"),
        (SceneError("long " * 300 + "."), "AssertionError: a message of 1501 characters"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_what_is_no_clear_refusal_is_a_find(capsys, monkeypatch, error, text):
    """The script can fail: it tells the case, and opens it again by its number."""

    def fail(path):
        raise error

    monkeypatch.setattr(fuzz_headers, "open_scene", fail)
    assert fuzz_headers.main(["--first", "7", "--count", "1"]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("case 7:\n")
    assert text in printed
    assert json.loads(printed.splitlines()[-1])["finds"] == 1


def test_a_case_that_does_not_end_is_a_find(capsys, monkeypatch):
    def hang(path):
        while True:
            pass

    monkeypatch.setattr(fuzz_headers, "open_scene", hang)
    monkeypatch.setattr(fuzz_headers, "SECONDS_PER_CASE", 0.05)
    assert fuzz_headers.main(["--count", "1"]) == 1
    assert "TooSlow: more than 0.05 s" in capsys.readouterr().out


def test_other_numbers_than_numpy_reads_are_a_find(capsys, monkeypatch):
    def reading(path):
        cube = plain_reading(path)
        return None if cube is None else cube + 1

    monkeypatch.setattr(fuzz_headers, "plain_reading", reading)
    assert fuzz_headers.main(["--count", "60"]) == 1
    assert "assert np.array_equal(raw, expected" in capsys.readouterr().out


def test_a_scene_larger_than_its_file_is_a_find(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(fuzz_headers, "MOST_PER_BYTE", 0)
    monkeypatch.setattr(fuzz_headers, "BLOCK_BYTES", 0)
    assert fuzz_headers.main(["--count", "20"]) == 1
    assert "AssertionError: Scene(" in capsys.readouterr().out
