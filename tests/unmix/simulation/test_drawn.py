"""Scenes that a network draws: as likely as it says, and the same in any block."""

from dataclasses import replace

import numpy as np
import pytest

from scenes.formats import open_scene
from unmix import FitSettings, Unmixer
from unmix.errors import UnmixError
from unmix.networks import MEMBERS, NetworkUnmixer, Training, sample_spectra
from unmix.simulation.drawn import drawn_contents
from unmix.simulation.truth import read_truth
from unmix.simulation.write import write_simulated_scene


@pytest.fixture(scope="module")
def networks():
    """Networks of members with and without a prior, from rows without wavelengths."""
    rng = np.random.default_rng(0)
    spectra = rng.dirichlet([0.4] * 3, 400) @ rng.uniform(0.05, 0.6, (3, 40))
    spectra += 0.01 * rng.standard_normal(spectra.shape)
    quick = FitSettings(n_points=100, n_starts=2, n_steps=40)
    default = Unmixer(3, settings=quick, n_refits=0).fit(spectra)
    found = {}
    for member in ("variational", "adversarial", "sparse"):
        settings = replace(MEMBERS[member], training=Training(n_steps=30))
        network = NetworkUnmixer(3, member=member, settings=settings, unmixer=default)
        found[member] = network.fit(spectra)
    return found


def drawn(model, height, width, seed=0, parts=None):
    """Cube and fractions, asked for in parts."""
    contents = drawn_contents(model, height, width, seed)
    blocks = [b for row, n in parts or [(0, height)] for b in contents.blocks(row, n)]
    cubes, fractions = ([b[k] for b in blocks] for k in (1, 2))
    return np.concatenate(cubes, axis=1), np.concatenate(fractions, axis=1)


@pytest.mark.parametrize("member", ["variational", "adversarial"])
def test_fractions_are_distributed_as_the_network_says(networks, member):
    _, fractions = drawn(networks[member], 60, 50, seed=3)
    fractions = fractions.reshape(3, -1).T
    _, expected = sample_spectra(networks[member], 3000, seed=4)
    spread = expected.std(axis=0) * np.sqrt(2 / 3000)
    assert (np.abs(fractions.mean(axis=0) - expected.mean(axis=0)) < 5 * spread).all()
    assert np.allclose(fractions.std(axis=0), expected.std(axis=0), rtol=0.15)
    assert len(np.unique(fractions, axis=0)) == 3000  # no row is drawn twice


def test_rows_are_the_same_in_any_block(networks):
    whole = drawn(networks["variational"], 9, 7, seed=2)
    parts = drawn(networks["variational"], 9, 7, seed=2, parts=[(0, 4), (4, 1), (5, 4)])
    taller = drawn(networks["variational"], 30, 7, seed=2)
    for one, same, more in zip(whole, parts, taller, strict=True):
        np.testing.assert_array_equal(one, same)
        np.testing.assert_array_equal(one, more[:, :9])
    other = drawn(networks["variational"], 9, 7, seed=3)
    assert not np.isin(other[1], whole[1]).any()


@pytest.mark.parametrize("name", ["bare.hdr", "bare.tif"])
def test_a_network_without_wavelengths_draws_a_scene_without(networks, tmp_path, name):
    model = networks["variational"]
    files = write_simulated_scene(drawn_contents(model, 5, 6), tmp_path / name)
    scene = open_scene(files.scene)
    assert scene.bands.wavelengths_nm is None and scene.grid.crs is None
    truth = read_truth(files.scene)
    np.testing.assert_array_equal(truth.endmembers, model.endmembers_)
    np.testing.assert_array_equal(truth.abundances, drawn(model, 5, 6)[1])


def test_what_cannot_be_drawn_is_refused(networks, monkeypatch):
    model = networks["variational"]
    with pytest.raises(UnmixError, match="no prior"):
        drawn_contents(networks["sparse"], 9, 9)
    with pytest.raises(UnmixError, match="at least 4 x 4 pixels"):
        drawn_contents(model, 3, 9)
    with pytest.raises(UnmixError, match="`seed` must lie between 0"):
        drawn_contents(model, 9, 9, seed=-1)
    with pytest.raises(UnmixError, match="rows 8 to 9 were asked for"):
        next(drawn_contents(model, 9, 9).blocks(8, 2))
    monkeypatch.setattr(model, "unit_", "radiance in W/m2/sr/um")
    with pytest.raises(UnmixError, match="fitted on radiance in W/m2/sr/um, but"):
        drawn_contents(model, 9, 9)
