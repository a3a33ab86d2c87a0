"""Pixels and patches from rows, cubes and scenes."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unmix.errors import UnmixError
from unmix.networks.coordinates import find_coordinates
from unmix.networks.gathering import gather, maps_of, patches_of


@pytest.fixture
def cube():
    cube = np.random.default_rng(0).random((6, 9, 11)).astype(np.float32)
    cube[:, 2, 3] = np.nan
    return cube


def blocks_of(cube, side=None):
    """A scene of two blocks."""

    class Scene:
        name, unit, n_bands, wavelengths_nm, fwhm_nm = "s", "reflectance", len(cube), None, None

        def sample(self, n_pixels, random_state):
            rows = torch.from_numpy(cube.reshape(len(cube), -1).T)
            return rows[rows.isfinite().all(dim=1)]

        def blocks(self):
            for row, height in ((0, 4), (4, 5)):
                part = cube[:, row : row + height]
                valid = np.isfinite(part).all(axis=0)
                spectra = torch.from_numpy(part[:, valid].T.copy())
                window = SimpleNamespace(row_off=row, col_off=0)
                yield SimpleNamespace(window=window, spectra=spectra, valid=valid)

    return Scene()


def test_side_information_stays_with_its_pixel(cube):
    side = cube[:2].copy()
    for source in (cube, blocks_of(cube)):
        rows = gather(source, side, 10_000, seed=0)
        assert len(rows.spectra) == 98
        assert torch.equal(rows.side, rows.spectra[:, :2])
        thinned = gather(source, side, 20, seed=0)
        assert thinned.spectra.shape == (20, 6)
        assert torch.equal(thinned.side, thinned.spectra[:, :2])
        assert torch.equal(thinned.spectra, gather(source, side, 20, seed=0).spectra)


def test_side_information_of_another_size_is_refused(cube):
    with pytest.raises(UnmixError, match="`side` has 5 pixels but the spectra have 99"):
        gather(cube.reshape(6, -1).T, np.zeros((5, 1)), 100, 0)
    with pytest.raises(UnmixError, match="ends before the scene does"):
        gather(blocks_of(cube), np.zeros((1, 6, 11)), 100, 0)


def test_patches_of_a_scene_hold_its_pixels_in_place(cube):
    rows = torch.from_numpy(cube.reshape(6, -1).T)
    coordinates = find_coordinates(rows[rows.isfinite().all(dim=1)], 6)
    whole = maps_of(cube, cube[:1], coordinates, pad=4)
    assert int(whole.valid.sum()) == 98
    assert (whole.coordinates[0, :, ~whole.valid[0]] == 0).all()
    for source in (cube, blocks_of(cube)):
        generator = torch.Generator().manual_seed(0)
        patches = patches_of(source, cube[:1], coordinates, (3, 1), generator)
        assert patches.coordinates.shape[1:] == (6, 5, 5)
        assert patches.valid[:, 1:4, 1:4].flatten(1).any(dim=1).all()
        known = {tuple(p) for p in whole.coordinates[0].flatten(1).T.round(decimals=3).tolist()}
        seen = patches.coordinates.movedim(1, -1)[patches.valid].round(decimals=3)
        assert all(tuple(p) in known for p in seen.tolist())
