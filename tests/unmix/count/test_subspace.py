import numpy as np
import pytest
import torch

from unmix.count.moments import Moments
from unmix.count.subspace import count_above_noise, signal_subspace


def test_subspace_finds_signals_in_noise_that_differs_between_bands(planted):
    clean = planted(5, sigma=0, n_pixels=3000)
    sigma = torch.linspace(0.04, 0.2, 40)
    generator = torch.Generator().manual_seed(1)
    found = signal_subspace(
        Moments.of(clean + sigma * torch.randn(clean.shape, generator=generator))
    )
    assert found.n_dimensions == 5
    assert ((found.noise / sigma - 1).abs() < 0.1).all()


def test_denoised_spectra_are_near_the_clean_ones(planted):
    clean, noisy = planted(3, sigma=0), planted(3, sigma=0.05)
    subspace = signal_subspace(Moments.of(noisy))
    left = (subspace.denoised(noisy) - clean).square().mean().sqrt()
    assert left < 0.05 * (4 / 40) ** 0.5
    again = subspace.denoised(subspace.denoised(noisy))
    torch.testing.assert_close(again, subspace.denoised(noisy))


def test_noise_exceeds_the_edge_rarely():
    """At most a few of 200 scenes of pure noise, where one in 1000 is expected."""
    rng = np.random.default_rng(0)
    counts = []
    for _ in range(200):
        values = np.linalg.svd(rng.standard_normal((400, 30)), compute_uv=False) ** 2 / 400
        counts.append(count_above_noise(torch.from_numpy(values), 400)[0])
    assert sum(count > 0 for count in counts) <= 4


@pytest.mark.parametrize(("beyond", "n"), [(0.98, 0), (1.15, 1), (1.5, 1)])
def test_a_signal_just_beyond_the_edge_counts_and_one_at_the_edge_does_not(beyond, n):
    """The edge of white noise of variance 1, which the largest of 30 eigenvalues keeps within."""
    values = np.linalg.svd(np.random.default_rng(2).standard_normal((400, 29)), compute_uv=False)
    edge = (1 + (30 / 400) ** 0.5) ** 2
    values = np.concatenate([[beyond * edge], np.minimum(values**2 / 400, 0.95 * edge)])
    found, level = count_above_noise(torch.from_numpy(values), 400)
    assert found == n
    assert level == pytest.approx(1, rel=0.05)


def test_level_of_the_noise_is_its_variance():
    generator = torch.Generator().manual_seed(0)
    values = (
        torch.linalg.svdvals(
            3 * torch.randn(4000, 60, dtype=torch.float64, generator=generator)
        ).square()
        / 4000
    )
    assert count_above_noise(values, 4000)[1] == pytest.approx(9, rel=0.03)
