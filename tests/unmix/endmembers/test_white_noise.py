"""The eigenvalues of white noise."""

import numpy as np
import pytest

from unmix.endmembers.white_noise import median_of_noise, noise_edges


@pytest.fixture(scope="module", params=[0.02, 0.3, 1.0])
def noise(request):
    """A ratio, and the eigenvalues of the second moments of a large random matrix."""
    rng = np.random.default_rng(0)
    n_bands = round(1200 * request.param)
    values = np.linalg.svd(rng.standard_normal((1200, n_bands)), compute_uv=False) ** 2 / 1200
    return n_bands / 1200, values


def test_median_of_noise_is_that_of_a_random_matrix(noise):
    ratio, values = noise
    assert median_of_noise(ratio) == pytest.approx(np.median(values), rel=0.02)


def test_edges_of_noise_are_those_of_a_random_matrix(noise):
    ratio, values = noise
    low, high = noise_edges(ratio)
    assert values.min() == pytest.approx(low, rel=0.05, abs=1e-4)
    assert values.max() == pytest.approx(high, rel=0.05)
    assert low < median_of_noise(ratio) < high
