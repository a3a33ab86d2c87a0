"""The pieces of the loss against numbers computed by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.autoencoder.loss import negative_entropy, reconstruction_loss

LAWS = settings(max_examples=25, deadline=None, derandomize=True)


def test_reconstruction_loss_is_the_weighted_mean_length_of_the_residual():
    spectra = torch.tensor([[3.0, 4.0], [1.0, 1.0], [0.0, 2.0]])
    reconstruction = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, -10.0]])
    weights = torch.tensor([0.5, 0.3, 0.2])
    loss = reconstruction_loss(spectra, reconstruction, weights)
    assert loss.item() == pytest.approx(0.5 * 5 + 0.3 * 1 + 0.2 * 13, abs=1e-6)


def test_reconstruction_loss_grows_with_the_length_and_not_its_square():
    spectra, weights = torch.rand(6, 4), torch.full((6,), 1 / 6)
    direction = torch.rand(6, 4)
    losses = [reconstruction_loss(spectra, spectra + k * direction, weights) for k in (1, 2, 4)]
    torch.testing.assert_close(losses[1], 2 * losses[0])
    torch.testing.assert_close(losses[2], 4 * losses[0])


def test_reconstruction_loss_of_many_models_is_that_of_each():
    generator = torch.Generator().manual_seed(0)
    spectra = torch.rand(6, 4, generator=generator)
    reconstruction = torch.rand(3, 6, 4, generator=generator)
    weights = torch.rand(6, generator=generator)
    losses = reconstruction_loss(spectra, reconstruction, weights)
    assert losses.shape == (3,)
    for k in range(3):
        torch.testing.assert_close(
            losses[k], reconstruction_loss(spectra, reconstruction[k], weights)
        )


def test_reconstruction_loss_has_a_finite_gradient_where_the_fit_is_perfect():
    reconstruction = torch.ones(3, 4, requires_grad=True)
    loss = reconstruction_loss(torch.ones(3, 4), reconstruction, torch.full((3,), 1 / 3))
    loss.backward()
    assert loss.item() == pytest.approx(1e-4, rel=1e-3)  # the root of the smoothing
    assert torch.equal(reconstruction.grad, torch.zeros(3, 4))


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
def test_negative_entropy_of_a_mean_of_n_spectra_is_minus_log_n(n):
    weights = torch.zeros(1000)
    weights[:n] = 1 / n
    entropy = negative_entropy(weights[None])
    assert entropy.item() == pytest.approx(-math.log(n), abs=1e-5)


def test_negative_entropy_is_the_mean_over_endmembers():
    weights = torch.tensor([[[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]], [[0.25, 0.5, 0.25], [0, 0.5, 0.5]]])
    half, quarters = -math.log(2), -1.5 * math.log(2)
    expected = torch.tensor([half / 2, (quarters + half) / 2])
    torch.testing.assert_close(negative_entropy(weights), expected)


@LAWS
@given(st.integers(0, 2**31))
def test_negative_entropy_lies_between_that_of_all_and_of_one(seed):
    logits = 10 * torch.randn(4, 50, generator=torch.Generator().manual_seed(seed))
    logits.requires_grad_()
    entropy = negative_entropy(logits.softmax(dim=-1))
    assert -math.log(50) - 1e-5 <= entropy.item() <= 1e-5
    entropy.backward()
    assert logits.grad.isfinite().all()
