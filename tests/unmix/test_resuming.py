"""What an interrupted run keeps, and what the next one makes of it."""

import numpy as np
import pytest
import torch
from rasterio.windows import Window

from scenes import open_scene
from unmix import Unmixer
from unmix.errors import OutputError
from unmix.mapping import BLOCKS_HELD, limited_memory, unmixed_blocks
from unmix.pipeline import unmix_scene
from unmix.resuming import Kept, read_request, request_of, write_request

REQUEST = {"parameters": {"n": 3}}


@pytest.fixture
def kept(tmp_path):
    return Kept.beside(tmp_path / "out", REQUEST)


class Stopped(Exception):
    """A run that ends in the middle."""


def solved_until(model, n_blocks, monkeypatch):
    """Let a model solve so many blocks and no more; the list fills with those it solved."""
    solve, done = model.map_pixels, []

    def solve_some(spectra):
        if len(done) == n_blocks:
            raise Stopped
        done.append(len(spectra))
        return solve(spectra)

    monkeypatch.setattr(model, "map_pixels", solve_some)
    return done


def small_blocks():
    return limited_memory(BLOCKS_HELD * 20_000)


def test_blocks_that_were_solved_are_not_solved_again(flight_lines, line_model, kept, monkeypatch):
    scene = open_scene(flight_lines[0])
    with small_blocks():
        whole = list(unmixed_blocks(scene, line_model))
        assert len(whole) > 4
        with monkeypatch.context() as patch:
            solved_until(line_model, 3, patch)
            with pytest.raises(Stopped):
                list(unmixed_blocks(scene, line_model, kept))
        done = solved_until(line_model, len(whole), monkeypatch)
        again = list(unmixed_blocks(scene, line_model, kept))
    assert len(done) == len(whole) - 3
    for first, second in zip(whole, again, strict=True):
        for name in ("abundances", "uncertainty", "quality"):
            assert np.array_equal(getattr(first, name), getattr(second, name), equal_nan=True)


def test_the_model_is_learned_once_and_is_the_same(flight_lines, quick, kept):
    scene = open_scene(flight_lines[0])
    model = Unmixer(3, settings=quick, n_refits=1, random_state=4)
    first = unmix_scene(scene, model, kept=kept)
    untouched = Unmixer(3, settings=quick, n_refits=1, random_state=4)
    second = unmix_scene(scene, untouched, kept=kept)
    assert not hasattr(untouched, "endmembers_")
    assert second.notes == first.notes
    for maps in ("abundances", "uncertainty", "quality"):
        assert np.array_equal(getattr(first, maps)(), getattr(second, maps)(), equal_nan=True)


def test_another_request_begins_anew(kept, tmp_path):
    (kept.folder / "blocks" / "0_0_1_1.safetensors").write_bytes(b"old")
    assert list(Kept.beside(tmp_path / "out", REQUEST).folder.glob("blocks/*"))
    assert not list(Kept.beside(tmp_path / "out", {"n": 4}).folder.glob("blocks/*"))


@pytest.mark.parametrize("content", [b"", b"\0" * 100])
def test_files_without_their_content_are_made_again(kept, line_model, content):
    spectra = torch.as_tensor(line_model.endmembers_)
    window = Window(0, 0, len(spectra), 1)
    first = kept.maps(window, lambda: line_model.map_pixels(spectra))
    (file,) = kept.folder.glob("blocks/*")
    whole = file.read_bytes()
    file.write_bytes(content)
    again = kept.maps(window, lambda: line_model.map_pixels(spectra))
    assert torch.equal(first.fractions, again.fractions)
    assert file.read_bytes() == whole
    line_model.save(kept.folder / "model")
    (kept.folder / "model" / "model.json").write_bytes(content)
    assert kept.model(lambda: line_model) is line_model
    assert Unmixer.load(kept.folder / "model").n_endmembers_ == line_model.n_endmembers_


def test_nothing_stays_when_it_is_removed(kept, tmp_path):
    kept.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        Kept.beside(tmp_path / "file" / "out", REQUEST)


def test_a_request_knows_files_by_their_content(tmp_path):
    file = tmp_path / "spectra.csv"
    file.write_text("one")
    first = request_of([file, tmp_path / "none"], n=3, where=tmp_path)
    assert list(first["files"]) == [str(file)]
    assert request_of([file], n=3, where=tmp_path) == first
    assert request_of([file], n=4, where=tmp_path) != first
    file.write_text("two")
    assert request_of([file], n=3, where=tmp_path) != first
    write_request(tmp_path, first)
    assert read_request(tmp_path) == first


def test_an_unreadable_request_is_none(tmp_path):
    assert read_request(tmp_path) is None
    (tmp_path / "request.json").write_text("{")
    assert read_request(tmp_path) is None
