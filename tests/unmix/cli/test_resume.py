"""``unmix run --resume``: an interrupted run goes on where it stopped."""

import numpy as np
import pytest
import rasterio

from unmix import Unmixer

OPTIONS = ("-n", 3, "--refits", 0, "--memory", 1)


def count_blocks(patch, most=1000):
    """Let models solve so many blocks, and interrupt them then; the list counts them."""
    solve, solved = Unmixer.map_pixels, []

    def some(model, spectra):
        if len(solved) == most:
            raise KeyboardInterrupt
        solved.append(len(spectra))
        return solve(model, spectra)

    patch.setattr(Unmixer, "map_pixels", some)
    return solved


def rasters(folder):
    found = {}
    for path in sorted(folder.glob("*.tif")):
        with rasterio.open(path) as dataset:
            found[path.name] = dataset.read()
    return found


@pytest.fixture
def interrupted(small_scene, unmix_command, tmp_path, monkeypatch):
    """Arguments of a run that was stopped after 3 blocks."""
    arguments = ("run", small_scene, *OPTIONS, "--resume", "-o", tmp_path / "out")
    with monkeypatch.context() as patch:
        count_blocks(patch, 3)
        assert unmix_command(*arguments).exit_code != 0
    assert [path.name for path in tmp_path.iterdir()] == [".out.kept"]
    return arguments


def test_a_resumed_run_solves_what_is_left_and_is_as_if_undisturbed(
    interrupted, small_scene, unmix_command, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        needed = count_blocks(patch)
        assert unmix_command("run", small_scene, *OPTIONS, "-o", tmp_path / "whole").exit_code == 0
    with monkeypatch.context() as patch:
        patch.setattr(Unmixer, "fit", None)  # the model was kept
        solved = count_blocks(patch)
        ended = unmix_command(*interrupted)
    assert ended.exit_code == 0, ended.stderr
    assert len(solved) == len(needed) - 3 > 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]
    whole, resumed = rasters(tmp_path / "whole"), rasters(tmp_path / "out")
    assert whole.keys() == resumed.keys()
    for name, values in whole.items():
        assert np.array_equal(values, resumed[name]), name


def test_what_is_done_is_not_done_again(interrupted, unmix_command, tmp_path):
    record = tmp_path / "out" / "run.json"
    first = unmix_command(*interrupted)
    written = record.stat().st_mtime_ns
    assert unmix_command(*interrupted).stdout == first.stdout
    assert record.stat().st_mtime_ns == written
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_another_seed_is_another_run(interrupted, unmix_command, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        needed = count_blocks(patch)
        assert unmix_command(*interrupted).exit_code == 0
    with monkeypatch.context() as patch:
        solved = count_blocks(patch)
        written = (tmp_path / "out/run.json").read_bytes()
        refused = unmix_command(*interrupted, "--seed", 1)
        assert refused.exit_code == 1 and "replace it with `--overwrite`" in refused.stderr
        assert (tmp_path / "out/run.json").read_bytes() == written and not solved
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        assert unmix_command(*interrupted, "--seed", 1, "--overwrite").exit_code == 0
    assert len(solved) == len(needed) + 3


def test_results_put_in_place_just_before_a_kill_are_replaced(
    interrupted, unmix_command, tmp_path, monkeypatch
):
    def killed(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("unmix.resuming.write_request", lambda *_: killed(None))
        assert unmix_command(*interrupted).exit_code != 0
    assert (tmp_path / "out" / "run.json").exists()
    assert unmix_command(*interrupted).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
