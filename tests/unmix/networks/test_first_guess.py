"""The first guess is what exact least squares says."""

import math

import pytest
import torch

from unmix.abundances import fcls, nnls
from unmix.networks.first_guess import FLOOR, FirstGuess


@pytest.mark.parametrize(("slack", "exact"), [(0.0, fcls), (math.inf, nnls)])
def test_the_guess_is_exact_but_for_its_floor(noisy_mixture, slack, exact):
    guess = FirstGuess(4, 50)
    guess.set_(noisy_mixture.endmembers, slack)
    codes = exact(noisy_mixture.spectra, noisy_mixture.endmembers)
    expected = (codes / codes.sum(dim=1, keepdim=True)).float()
    found = guess(noisy_mixture.spectra)
    assert torch.allclose(found, (expected + FLOOR) / (1 + 4 * FLOOR), atol=1e-4)


def test_the_guess_of_a_map_is_that_of_its_pixels(noisy_mixture):
    guess = FirstGuess(4, 50)
    guess.set_(noisy_mixture.endmembers, 2.0)
    rows = noisy_mixture.spectra[:60]
    maps = rows.T.reshape(1, 50, 5, 12)
    assert torch.allclose(guess(maps)[0].reshape(4, -1).T, guess(rows), atol=1e-6)
