"""Extraction from scenes: which pixels, where, and in whatever blocks."""

import numpy as np
import pytest
import torch
from affine import Affine

from scenes import Bands, Grid, Scene
from scenes.array_pixels import ArrayPixels
from unmix.bundle import extraction
from unmix.bundle.extraction import METHODS, extract
from unmix.endmembers import atgp, nfindr, ppi, sivm, smacc, vca
from unmix.errors import UnmixError
from unmix.mapping import limited_memory

SHAPE, N_BANDS, N = (12, 15), 14, 3
PLACES = [(0, 0), (5, 14), (11, 7)]
IN_MEMORY = {
    "atgp": lambda y: atgp(y, N),
    "sivm": lambda y: sivm(y, N),
    "smacc": lambda y: smacc(y, N),
    "ppi": lambda y: ppi(y, N, 0),
    "vca": lambda y: vca(y, N, 0),
    "nfindr": lambda y: nfindr(y, N, 0),
}


def scene_of(cube, nodata=-1):
    bands = Bands(np.linspace(400, 2400, len(cube)), None, np.ones(len(cube), np.bool_))
    grid = Grid(None, Affine.identity(), *cube.shape[1:])
    return Scene(reader=ArrayPixels(cube), grid=grid, bands=bands, name="a", nodata=nodata)


@pytest.fixture
def cube():
    """Mixtures, with pure pixels at known places; one row has no data."""
    rng = np.random.default_rng(0)
    materials = rng.uniform(0.05, 0.9, (N, N_BANDS))
    fractions = rng.dirichlet(np.ones(N), SHAPE)
    for k, place in enumerate(PLACES):
        fractions[place] = np.eye(N)[k]
    found = np.moveaxis(fractions @ materials, -1, 0).astype(np.float32)
    found[:, 3] = -1
    return found


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("smacc", "edaa")])
def test_pure_pixels_are_found_and_their_places_told(cube, method):
    found = extract(scene_of(cube), method, N)
    assert sorted(zip(found.rows.tolist(), found.columns.tolist(), strict=True)) == PLACES
    np.testing.assert_array_equal(found.spectra.numpy(), cube[:, found.rows, found.columns].T)
    assert (found.n_pixels, found.of_all) == (11 * 15, True)


def test_archetypes_lie_near_the_pixels_that_weigh_most(cube):
    found = extract(scene_of(cube), "edaa", N)
    pixels = torch.from_numpy(cube[:, found.rows, found.columns].T)
    assert len({*zip(found.rows.tolist(), found.columns.tolist(), strict=True)}) == N
    assert torch.nn.functional.cosine_similarity(found.spectra, pixels).min() > 0.98


@pytest.mark.parametrize("method", ["atgp", "sivm", "smacc", "ppi"])
@pytest.mark.parametrize("held", [0, 2**28])
def test_blocks_give_what_the_whole_scene_gives(cube, method, held, monkeypatch):
    monkeypatch.setattr(extraction, "HELD_BYTES", held)
    monkeypatch.setattr(extraction, "SAMPLE", 20)
    scene = scene_of(cube + np.random.default_rng(1).normal(0, 0.01, cube.shape).astype("f4"), None)
    whole = scene.spectra()
    said = []
    with limited_memory(3 * 4000):
        assert len(list(scene.blocks(4000))) > 3
        found = extract(scene, method, N, progress=lambda stage, share: said.append(share))
    picks = IN_MEMORY[method](whole)
    assert torch.equal(found.spectra, whole[picks])
    assert (found.rows * SHAPE[1] + found.columns).tolist() == picks.tolist()
    assert found.of_all and found.n_pixels == len(whole)
    assert said == sorted(said) and said[-1] == pytest.approx(1)


@pytest.mark.parametrize("method", ["vca", "nfindr"])
def test_samples_are_said_to_be_samples(cube, method, monkeypatch):
    monkeypatch.setattr(extraction, "SAMPLE", 50)
    found = extract(scene_of(cube), method, N)
    assert (found.n_pixels, found.of_all) == (50, False)
    np.testing.assert_array_equal(found.spectra.numpy(), cube[:, found.rows, found.columns].T)


@pytest.mark.parametrize("method", METHODS)
def test_black_and_glaring_pixels_take_no_part(cube, method):
    cube[:, 7, 7], cube[:, 8, 8] = 0, 1e6 * cube[:, 8, 8]
    found = extract(scene_of(cube), method, N)
    places = {*zip(found.rows.tolist(), found.columns.tolist(), strict=True)}
    assert places.isdisjoint({(7, 7), (8, 8)})
    assert found.n_pixels == 11 * 15 - 2


def test_the_number_can_be_chosen(cube):
    found = extract(scene_of(cube), "sivm", "auto")
    assert found.reason and len(found.spectra) >= 2


def test_what_cannot_be_extracted_is_refused(cube):
    with pytest.raises(UnmixError, match="`method` must be one of vca, nfindr"):
        extract(scene_of(cube), "guess", N)
    with pytest.raises(UnmixError, match="from 2 to 14 for 165 pixels of 14 bands"):
        extract(scene_of(cube), "ppi", 15)
    with pytest.raises(UnmixError, match="of 180 valid pixels of a none is lit"):
        extract(scene_of(0 * cube, None), "ppi", 2)
    with pytest.raises(UnmixError, match="of 0 valid pixels of a none is lit"):
        extract(scene_of(0 * cube - 1), "ppi", 2)
