"""What each member is for, measured."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from unmix import Unmixer
from unmix.metrics import rmse
from unmix.networks import MEMBERS, NetworkSettings, NetworkUnmixer, Penalties, Training
from unmix.networks.sampling import sample_spectra
from unmix.simulation import Simulation


@pytest.mark.parametrize(("rate", "weight"), [(0.05, 1.0), (0.1, 3.0)])
def test_units_are_as_active_as_was_asked(rows_of_patchy, rate, weight):
    settings = NetworkSettings(
        code="sigmoid",
        reconstruction="angular",
        penalties=Penalties(kl=weight, activation_rate=rate),
        training=Training(n_steps=600),
    )
    model = NetworkUnmixer(16, settings=settings).fit(rows_of_patchy)
    means = model.transform(rows_of_patchy).mean(dim=0)
    assert (means - rate).abs().max() < 0.1 * rate


@pytest.mark.parametrize("n_active", [1, 4])
def test_pixels_have_as_many_active_units_as_was_asked(rows_of_patchy, few_steps, n_active):
    for code in ("topk", "batch_topk"):
        settings = NetworkSettings(code=code, n_active=n_active, training=few_steps)
        codes = NetworkUnmixer(12, settings=settings).fit(rows_of_patchy).transform(rows_of_patchy)
        counts = (codes > 0).sum(dim=1).float()
        assert float(counts.mean()) == pytest.approx(n_active, rel=0.01)
        assert code == "batch_topk" or (counts == n_active).all()


def coded(rows, **penalties):
    settings = NetworkSettings(
        code="relu",
        decoder="nonnegative",
        reconstruction="robust",
        penalties=Penalties(**penalties),
        training=Training(n_steps=300),
    )
    return NetworkUnmixer(12, settings=settings).fit(rows).transform(rows)


def test_square_roots_make_codes_sparse(rows_of_patchy):
    free, few = (coded(rows_of_patchy, l_half=weight) for weight in (0.0, 0.1))
    counts = [float((codes > 1e-3).sum(dim=1).float().mean()) for codes in (free, few)]
    assert counts[1] < 0.6 * counts[0]


def test_norms_shrink_what_they_weigh(rows_of_patchy):
    free = coded(rows_of_patchy)
    assert coded(rows_of_patchy, l1=2.0).sum() < 0.9 * free.sum()
    assert coded(rows_of_patchy, l2=2.0).square().sum() < 0.9 * free.square().sum()


def test_weight_decay_shrinks_the_encoder(rows_of_patchy, few_steps):
    def size(decay):
        settings = NetworkSettings(penalties=Penalties(weight_decay=decay), training=few_steps)
        network = NetworkUnmixer(4, settings=settings).fit(rows_of_patchy).network_
        weights = [p.detach() for p in network.encoder.parameters() if p.ndim > 1]
        return float(sum(each.square().sum() for each in weights))

    assert size(5.0) < 0.5 * size(0.0)


def test_denoising_gains_more_than_projecting_does(patchy):
    """At 20 dB; the projection onto the signal's directions is the best linear one."""
    cube, _, clean = patchy
    model = NetworkUnmixer(8, member="denoising").fit(cube)
    rows, truth = (c.reshape(100, -1).T.astype(np.float64) for c in (cube, clean))
    basis = model.network_.basis.numpy()
    found = model.reconstruct(cube).reshape(100, -1).T
    error = {
        "input": rows - truth,
        "projected": rows @ basis @ basis.T - truth,
        "denoised": found - truth,
    }
    decibels = {name: -10 * np.log10(np.mean(each**2)) for name, each in error.items()}
    assert decibels["denoised"] > decibels["input"] + 6
    assert decibels["denoised"] > decibels["projected"]


def test_neighbours_make_fractions_better(patchy, default, fitted_network):
    cube, truth, _ = patchy
    model = fitted_network("convolutional", 400)
    reference = torch.as_tensor(truth).reshape(3, -1).T
    order = [int(k) for k in _matched(default.endmembers_, cube, truth)]
    alone = torch.as_tensor(default.transform(cube.reshape(100, -1).T))[:, order]
    together = torch.as_tensor(model.transform(cube)).reshape(3, -1).T[:, order]
    assert rmse(together, reference) < 0.9 * rmse(alone, reference)
    assert np.allclose(model.endmembers_, default.endmembers_, rtol=1e-5)


def test_intervals_of_two_deviations_cover_the_truth(patchy, default, fitted_network):
    cube, truth, _ = patchy
    found = fitted_network("variational", 800).read(cube)
    order = _matched(default.endmembers_, cube, truth)
    apart = (found.codes[:, order] - torch.as_tensor(truth).reshape(3, -1).T).abs()
    covered = float((apart <= 2 * found.deviation[:, order]).float().mean())
    assert 0.90 <= covered <= 0.98


def test_adversarial_codes_pass_for_draws_of_the_prior():
    """Where those that noise has spoiled do not."""
    materials = ("green vegetation", "dry soil", "sand", "asphalt")
    simulation = Simulation(8, 8, materials, "enmap")
    endmembers = simulation.endmembers[:, simulation.sensor_bands.good]
    rng = np.random.default_rng(1)
    clean = rng.dirichlet([0.5] * 4, 4000) @ endmembers
    sigma = np.sqrt((clean**2).mean() / 10**1.5)
    spectra = torch.as_tensor(clean + sigma * rng.standard_normal(clean.shape)).float()
    settings = replace(MEMBERS["adversarial"], concentration=0.5, training=Training(n_steps=1000))
    default = Unmixer(4, n_refits=0).fit(spectra)
    model = NetworkUnmixer(4, settings=settings, unmixer=default).fit(spectra)
    prior = torch.as_tensor(np.random.default_rng(5).dirichlet([0.5] * 4, 500))
    assert _energy_p(model.transform(spectra)[:500].double(), prior) > 0.05
    assert _energy_p(default.transform(spectra)[:500].double(), prior) < 0.05


def test_side_information_makes_fractions_better(mixture_of):
    mixture = mixture_of(3, n_endmembers=3, n_pixels=2000, snr_db=30)
    generator = torch.Generator().manual_seed(0)
    side = 2 * torch.rand(2000, 1, generator=generator) - 1
    tilt = 0.3 * torch.linspace(-1, 1, 50)
    spectra = mixture.spectra * (side * tilt).exp()
    settings = replace(MEMBERS["conditional"], training=Training(n_steps=600))
    errors = []
    for known in (None, side):
        model = NetworkUnmixer(3, settings=settings).fit(spectra, side=known)
        order = _order(model.endmembers_, mixture.endmembers)
        errors.append(float(rmse(model.transform(spectra, known)[:, order], mixture.abundances)))
    assert errors[1] < 0.7 * errors[0]


def test_sampled_spectra_are_mixtures_by_the_seed(fitted_network):
    model = fitted_network("variational")
    spectra, fractions = sample_spectra(model, 50, seed=3)
    assert spectra.shape == (50, 100)
    assert np.allclose(fractions.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(spectra, model.inverse_transform(fractions), atol=1e-6)
    again, noisy = sample_spectra(model, 50, seed=3), sample_spectra(model, 50, seed=3, noise=True)
    assert np.array_equal(spectra, again[0])
    sigma = model.network_.noise * model.network_.size
    assert np.std(noisy[0] - spectra) == pytest.approx(sigma, rel=0.1)


def test_a_network_without_a_prior_samples_nothing(fitted_network):
    with pytest.raises(ValueError, match="has no prior"):
        sample_spectra(fitted_network("sparse"), 3)
    with pytest.raises(ValueError, match="`n` must be at least 1"):
        sample_spectra(fitted_network("variational"), 0)


def _order(endmembers, truth):
    from unmix.metrics import match_endmembers

    return match_endmembers(torch.as_tensor(endmembers).double(), torch.as_tensor(truth).double())


def _matched(endmembers, cube, truth):
    """Order of the endmembers by what least squares says of the true fractions' spectra."""
    rows = torch.as_tensor(truth).reshape(3, -1).T.double()
    spectra = torch.as_tensor(cube).reshape(len(cube), -1).T.double()
    return _order(endmembers, torch.linalg.lstsq(rows, spectra).solution)


def _energy_p(ours, theirs, n=200):
    """Permutation test of the energy distance (Szekely and Rizzo, 2004)."""

    def distance(a, b):
        within = sum(torch.cdist(x, x).sum() / (len(x) * (len(x) - 1)) for x in (a, b))
        return float(2 * torch.cdist(a, b).mean() - within)

    observed, pooled = distance(ours, theirs), torch.cat([ours, theirs])
    generator = torch.Generator().manual_seed(0)
    above = 0
    for _ in range(n):
        order = torch.randperm(len(pooled), generator=generator)
        above += distance(pooled[order[: len(ours)]], pooled[order[len(ours) :]]) >= observed
    return (above + 1) / (n + 1)
