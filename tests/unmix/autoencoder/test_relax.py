"""Whether the endmembers leave the data's hull."""

import math

import numpy as np
import pytest
import torch

from unmix import FitSettings
from unmix.autoencoder.fit import fit_endmembers
from unmix.autoencoder.refine import Refined
from unmix.autoencoder.relax import BRIGHTEST, _as_bright_as, relax
from unmix.metrics import match_endmembers, spectral_angle

LIMIT = FitSettings().leave_hull
INSIDE = FitSettings(n_points=400, n_starts=8, n_steps=150, leave_hull=math.inf)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def capped(mixture_of, seed, purity, n_pixels=2500):
    """A mixture at 40 dB in which no pixel is purer than `purity`."""
    endmembers = mixture_of(seed).endmembers
    rng = np.random.default_rng(seed)
    fractions = rng.dirichlet([0.7] * 4, 20 * n_pixels)
    fractions = torch.tensor(fractions[fractions.max(axis=1) <= purity][:n_pixels]).float()
    spectra = fractions @ endmembers
    noise = 0.01 * spectra.square().mean().sqrt() * torch.randn(spectra.shape, generator=seeded())
    return spectra + noise, endmembers


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("snr_db", [25, 40])
def test_scenes_with_pure_pixels_lose_nothing(mixture_of, half, seed, snr_db):
    """They keep their hull, or leave it for something no worse."""
    mixture = mixture_of(seed, n_pixels=1500, n_pure=30, snr_db=snr_db)
    angles = []
    for settings in (half, INSIDE):
        found = fit_endmembers(mixture.spectra, 4, settings, seeded())
        order = match_endmembers(found.spectra, mixture.endmembers)
        angles.append(float(spectral_angle(found.spectra[order], mixture.endmembers).mean()))
    assert angles[0] < angles[1] + 0.005


@pytest.mark.parametrize("purity", [0.6, 0.8])
def test_scenes_without_pure_pixels_gain(mixture_of, half, purity):
    spectra, endmembers = capped(mixture_of, 0, purity)
    inside = fit_endmembers(spectra, 4, INSIDE, seeded())
    outside = fit_endmembers(spectra, 4, half, seeded())
    assert (inside.n_members > 0).all()
    assert (outside.n_members == 0).all()
    angles = []
    for found in (inside.spectra, outside.spectra):
        order = match_endmembers(found, endmembers)
        angles.append(float(spectral_angle(found[order], endmembers).mean()))
        norms = found[order].norm(dim=1) / endmembers.norm(dim=1)
    assert angles[1] < 0.3 * angles[0]
    torch.testing.assert_close(norms, torch.ones(4), atol=0.1, rtol=0)


def test_a_scarce_material_stays_where_it_was_found(mixture_of):
    """Twenty pixels of a fifth material, pure; the other four are nowhere pure."""
    spectra, endmembers = capped(mixture_of, 0, 0.7)
    fifth = mixture_of(9).endmembers[0]
    spectra = torch.cat([spectra, fifth.repeat(20, 1)])
    start = torch.cat([0.8 * endmembers + 0.2 * endmembers.mean(dim=0), fifth[None]])
    members = torch.tensor([9, 9, 9, 9, 20])
    mixed = spectra[torch.randperm(len(spectra), generator=seeded())].double()
    moved = relax(mixed, Refined(start, members), False, LIMIT)
    assert torch.equal(moved.endmembers[4], fifth)
    assert moved.n_members.tolist() == [0, 0, 0, 0, 20]
    assert spectral_angle(moved.endmembers[:4], endmembers).mean() < 0.03


def test_pixels_in_other_units_give_the_same_shapes(mixture_of, half):
    spectra, _ = capped(mixture_of, 1, 0.7)
    reflectance, counts = (
        fit_endmembers(unit * spectra, 4, half, seeded()).spectra for unit in (1, 4096)
    )
    torch.testing.assert_close(counts, 4096 * reflectance, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("case", ["few pixels", "few bands"])
def test_too_little_to_see_a_simplex_keeps_the_hull(mixture_of, case):
    few = {"few pixels": {"n_pixels": 60}, "few bands": {"n_bands": 5}}[case]
    mixture = mixture_of(0, snr_db=40, n_pure=0, **few)
    given = Refined(mixture.endmembers * 0.9 + 0.02, torch.full((4,), 3))
    for even in (False, True):
        assert relax(mixture.spectra.double(), given, even, LIMIT) is given


@pytest.mark.parametrize("seed", range(3))
def test_even_light_shows_how_bright_the_endmembers_are(mixture_of, half, seed):
    """No pixel shows the brightness of a material that is nowhere pure, but all of them do."""
    spectra, endmembers = capped(mixture_of, seed, 0.7)
    found = fit_endmembers(spectra, 4, half, seeded())
    assert (found.n_members == 0).all()
    order = match_endmembers(found.spectra, endmembers)
    norms = found.spectra[order].norm(dim=1) / endmembers.norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(4), atol=0.05, rtol=0)


def test_shade_is_no_material(mixture_of, half):
    """Varying light is one dimension more, in which a fifth endmember finds black."""
    spectra, _ = capped(mixture_of, 0, 0.7)
    light = 0.3 + 0.7 * torch.rand(len(spectra), 1, generator=seeded())
    found = fit_endmembers(light * spectra, 5, half, seeded())
    assert found.spectra.norm(dim=1).min() > 0.05 * spectra.norm(dim=1).median()


def test_no_endmember_is_made_absurdly_bright(mixture_of):
    """A material of which every pixel has next to nothing has no brightness that shows."""
    endmembers = mixture_of(0).endmembers.double()
    fractions = torch.full((400, 4), 0.33, dtype=torch.float64)
    fractions[:, 3] = 1e-4 * torch.rand(400, generator=seeded()).double()
    spectra = fractions @ endmembers
    scaled = _as_bright_as(spectra, endmembers)
    brighter = scaled.norm(dim=1) / endmembers.norm(dim=1)
    usual = brighter.sort().values[2]  # of 4, as the median of the weights is the lower one
    assert 2 * usual < brighter.max() <= BRIGHTEST * usual * (1 + 1e-9)


@pytest.mark.parametrize("n_endmembers", [5, 9])
def test_many_materials_of_low_contrast_keep_their_pure_pixels(half, n_endmembers):
    """Narrow features on one bright background, as of clays and carbonates, at 35 dB."""
    rng = np.random.default_rng(n_endmembers)
    axis = np.linspace(0, 1, 60)
    at = np.linspace(0.05, 0.95, n_endmembers)[:, None]
    endmembers = 0.5 - 0.2 * np.exp(-(((axis - at) / 0.05) ** 2))
    fractions = np.zeros((3000, n_endmembers))
    for row in fractions:
        row[rng.choice(n_endmembers, 3, replace=False)] = rng.dirichlet([0.5] * 3)
    clean = rng.uniform(0.6, 1.1, (3000, 1)) * (fractions @ endmembers)
    noisy = clean + 10 ** (-35 / 20) * np.sqrt((clean**2).mean()) * rng.standard_normal(clean.shape)
    found = fit_endmembers(torch.from_numpy(noisy).float(), n_endmembers, half, seeded())
    assert (found.n_members > 0).all()
    truth = torch.from_numpy(endmembers).float()
    order = match_endmembers(found.spectra, truth)
    assert spectral_angle(found.spectra[order], truth).mean() < 0.015
