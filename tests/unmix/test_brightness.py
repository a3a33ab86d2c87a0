"""How far brightness varies: recovered where it is planted, and worth knowing where it is read."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unmix.brightness
from unmix.abundances import fcls, nnls, read_abundances
from unmix.brightness import ANY_BRIGHTNESS, BrightnessPrior, learn_brightness
from unmix.products import products
from unmix.simulation import Simulation, Target

LAWS = settings(max_examples=10, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
NOISE = 0.01


def lit_mixture(light, n=4, seed=0, n_bands=40, n_pixels=1500, concentration=0.5, noise=NOISE):
    """Spectra, endmembers and fractions under light drawn by a function of (rng, size)."""
    rng = np.random.default_rng(seed)
    endmembers = 0.3 + 0.2 * np.cumsum(rng.standard_normal((n, n_bands)), axis=1) / n_bands**0.5
    endmembers = np.clip(endmembers, 0.02, None)
    fractions = rng.dirichlet([concentration] * n, n_pixels)
    spectra = light(rng, (n_pixels, 1)) * (fractions @ endmembers)
    spectra += noise * rng.standard_normal(spectra.shape)
    return tuple(torch.from_numpy(array) for array in (spectra, endmembers, fractions))


def normal_light(spread):
    return lambda rng, size: (1 + spread * rng.standard_normal(size)).clip(0.05)


def uniform_light(rng, size):
    return rng.uniform(0.7, 1.3, size)


def shadows(rng, size):
    return np.where(rng.random(size) < 0.1, 0.2, 1.0)


def sun_on_slopes(rng, size):
    return np.cos(0.5 + 0.4 * rng.standard_normal(size)).clip(0.05) / np.cos(0.5)


LIGHTS = {
    **{f"spread {spread}": normal_light(spread) for spread in (0.0, 0.02, 0.05, 0.1, 0.3)},
    "uniform": uniform_light,
    "shadows": shadows,
    "slopes": sun_on_slopes,
}


def error(fractions, truth):
    return float((fractions - truth).square().mean().sqrt())


# What is learned


@pytest.mark.parametrize("n", [2, 5, 12])
@pytest.mark.parametrize("spread", [0.02, 0.05, 0.1, 0.3])
def test_a_planted_spread_is_recovered(spread, n):
    spectra, endmembers, _ = lit_mixture(normal_light(spread), n, seed=n)
    prior = learn_brightness(products(spectra, endmembers))
    assert prior.spread == pytest.approx(spread, rel=0.15)
    assert prior.noise == pytest.approx(NOISE, rel=0.05)


@pytest.mark.parametrize("n", [2, 5, 12])
def test_constant_light_is_recognised(n):
    spectra, endmembers, _ = lit_mixture(normal_light(0), n, seed=n)
    assert learn_brightness(products(spectra, endmembers)).spread < 0.005


def test_the_spread_of_one_material_has_maximum_likelihood():
    spectra, endmembers, _ = lit_mixture(normal_light(0.03), n=1, n_bands=8, n_pixels=200)
    prior = learn_brightness(products(spectra, endmembers))
    energy = endmembers.square().sum()
    sums = (spectra @ endmembers[0] / energy).numpy()
    rest = spectra - torch.from_numpy(sums)[:, None] * endmembers
    assert prior.noise == pytest.approx(float(rest.square().sum() / (200 * 7)) ** 0.5)
    grid = np.linspace(0.001, 0.1, 1000)
    variance = grid[:, None] ** 2 + prior.noise**2 / float(energy)
    likelihood = -0.5 * (np.log(variance) + (sums - 1) ** 2 / variance).sum(axis=1)
    assert prior.spread == pytest.approx(grid[likelihood.argmax()], abs=2e-4)


def test_the_prior_follows_the_unit_and_not_the_order():
    spectra, endmembers, _ = lit_mixture(normal_light(0.1))
    plain = learn_brightness(products(spectra, endmembers))
    raw = learn_brightness(products(10_000 * spectra, 10_000 * endmembers))
    turned = learn_brightness(products(spectra.flip(0), endmembers[[2, 0, 3, 1]]))
    assert raw == pytest.approx((plain.spread, 10_000 * plain.noise), rel=1e-6)
    assert turned == pytest.approx(tuple(plain), rel=1e-6)


def test_a_sample_of_the_pixels_says_the_same(monkeypatch):
    found = products(*lit_mixture(normal_light(0.1), n_pixels=4000)[:2])
    every = learn_brightness(found)
    monkeypatch.setattr(unmix.brightness, "SAMPLE", 1000)
    some = learn_brightness(found)
    assert some != every
    assert some == pytest.approx(tuple(every), rel=0.1)
    assert some == learn_brightness(found)


@pytest.mark.parametrize("n_pixels", [0, 5])
def test_where_nothing_is_explained_nothing_is_learned(n_pixels):
    prior = learn_brightness(products(-torch.ones(n_pixels, 6), torch.rand(3, 6)))
    assert prior == ANY_BRIGHTNESS
    assert prior.slack == math.inf


@LAWS
@given(n=st.integers(1, 20), n_bands=st.integers(1, 30), seed=SEEDS)
def test_something_finite_is_learned_from_any_pixels(n, n_bands, seed, problem):
    kinds = ("random", "similar", "duplicate", "black", "collinear", "more endmembers than bands")
    for kind in kinds:
        prior = learn_brightness(products(*problem(kind, n, n_bands, seed)))
        assert 0 <= prior.spread < math.inf
        assert 0 <= prior.noise < math.inf


# What it is worth


def errors_of_readings(light, noise, seed):
    spectra, endmembers, truth = lit_mixture(light, seed=seed, noise=noise)
    return {
        reading: error(read_abundances(spectra, endmembers, reading).fractions, truth)
        for reading in ("reflectance", "nnls", "fcls")
    }


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("noise", [0.003, 0.01, 0.04])
def test_the_learned_reading_is_as_good_as_the_better_of_both(light, noise):
    for seed in (0, 1):
        errors = errors_of_readings(LIGHTS[light], noise, seed)
        assert errors["reflectance"] < 1.05 * min(errors["nnls"], errors["fcls"]), errors


def test_a_little_freedom_is_better_than_all_and_none():
    for seed in (0, 1, 2):
        errors = errors_of_readings(normal_light(0.02), 0.01, seed)
        assert errors["reflectance"] < 0.98 * min(errors["nnls"], errors["fcls"])


@pytest.fixture(scope="module", params=[0.0, 0.3], ids=["flat", "hilly"])
def panels(request):
    """Panels of a dark and two bright materials on brighter and darker ground."""
    targets = (Target(m, area) for m in ("water", "snow", "kaolinite") for area in (25, 4, 2, 1))
    ground = ("green vegetation", "dry soil", "dry vegetation")
    return Simulation(
        60, 60, ground, sensor="enmap", terrain=request.param, targets=tuple(targets), seed=1
    )


def test_fractions_mean_area(panels):
    good = panels.sensor_bands.good
    spectra = torch.from_numpy(panels.block().cube[good]).reshape(int(good.sum()), -1).T
    endmembers = torch.from_numpy(panels.endmembers[:, good])
    fractions = read_abundances(spectra, endmembers).fractions.T.reshape(-1, 60, 60)
    for target in panels.placed_targets:
        covered = torch.from_numpy(target.cover(np.arange(60), np.arange(60))) > 0
        area = float(fractions[panels.names.index(target.name)][covered].sum())
        assert area == pytest.approx(target.area_px, rel=0.05 if target.area_px > 1 else 0.15)


# What a prior does


def test_the_spread_leads_from_fcls_to_nnls(problem):
    spectra, endmembers = problem("random", 5, 30, seed=3)
    codes = nnls(spectra, endmembers)
    seen = codes.sum(dim=1) > 0
    constrained = fcls(spectra, endmembers)
    for spread in (0.0, 1e-7):
        read = read_abundances(spectra, endmembers, "reflectance", BrightnessPrior(spread, 1.0))
        torch.testing.assert_close(read.fractions[seen], constrained[seen], atol=1e-9, rtol=0)
        torch.testing.assert_close(read.brightness, seen.double(), atol=1e-9, rtol=0)
    free = codes / codes.sum(dim=1, keepdim=True)
    for prior in (BrightnessPrior(1e9, 1.0), ANY_BRIGHTNESS):
        read = read_abundances(spectra, endmembers, "reflectance", prior)
        torch.testing.assert_close(read.fractions, free, atol=1e-6, rtol=0, equal_nan=True)
    between = read_abundances(spectra, endmembers, "reflectance", BrightnessPrior(0.3, 1.0))
    assert (between.fractions[seen] - constrained[seen]).abs().max() > 0.01
    assert (between.fractions[seen] - free[seen]).abs().max() > 0.01


@LAWS
@given(power=st.integers(-12, 12), spread=st.floats(0, 2), noise=st.floats(1e-3, 1), seed=SEEDS)
def test_the_unit_does_not_change_fractions(power, spread, noise, seed, problem):
    spectra, endmembers = problem("random", 4, 30, seed)
    unit = 2.0**power
    plain = read_abundances(spectra, endmembers, prior=BrightnessPrior(spread, noise))
    scaled = read_abundances(
        unit * spectra, unit * endmembers, prior=BrightnessPrior(spread, unit * noise)
    )
    for ours, theirs in zip(scaled, plain, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9, equal_nan=True)


def test_blocks_are_read_as_the_whole_with_one_prior():
    spectra, endmembers, _ = lit_mixture(normal_light(0.1), n_pixels=300)
    prior = learn_brightness(products(spectra, endmembers))
    whole = read_abundances(spectra, endmembers)
    blocks = [read_abundances(part, endmembers, prior=prior) for part in spectra.split(70)]
    for ours, theirs in zip(zip(*blocks, strict=True), whole, strict=True):
        torch.testing.assert_close(torch.cat(ours), theirs, atol=1e-12, rtol=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cpu_and_gpu_learn_the_same_brightness():
    spectra, endmembers, _ = lit_mixture(normal_light(0.1), n=12, n_pixels=5000)
    expected = learn_brightness(products(spectra, endmembers))
    found = learn_brightness(products(spectra.cuda(), endmembers.cuda()))
    assert found == pytest.approx(tuple(expected), rel=1e-6)
