"""Learning the decoder."""

import pytest
import torch

from unmix.autoencoder import ArchetypalDecoder, FitSettings, SparseCodingEncoder
from unmix.autoencoder.loss import negative_entropy, reconstruction_loss
from unmix.autoencoder.training import train

SETTINGS = FitSettings(n_steps=60)


@pytest.fixture
def points(mixture_of):
    mixture = mixture_of(0, n_endmembers=3, n_bands=8, n_pixels=80, n_pure=2)
    return torch.nn.functional.normalize(mixture.spectra, dim=1)


def a_decoder(points, n_starts=4, n_free=3, frozen=None, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n_starts, n_free, len(points), generator=generator)
    return ArchetypalDecoder(points, logits, frozen)


def evenly(points):
    return torch.full((len(points),), 1 / len(points))


def learn(points, decoder, settings=SETTINGS, *, spread=1e-3, tick=lambda: None):
    return train(
        points,
        evenly(points),
        decoder,
        settings,
        spread=spread,
        sparsity=0.0,
        learning_rate=0.3,
        tick=tick,
    )


def exact_loss(points, decoder, spread=1e-3):
    with torch.no_grad():
        codes = SparseCodingEncoder(500)(points, decoder.endmembers)
        fit = reconstruction_loss(points, decoder(codes), evenly(points))
        return fit + spread * negative_entropy(decoder.weights)


def test_the_loss_falls_for_every_start(points):
    decoder, history = a_decoder(points), []
    before = exact_loss(points, decoder)
    learn(points, decoder, tick=lambda: history.append(exact_loss(points, decoder)))
    assert len(history) == 60
    assert (history[-1] < 0.5 * before).all()
    thirds = torch.stack(history).reshape(3, 20, 4).mean(dim=1)
    assert (thirds.diff(dim=0) < 0).all()


def test_endmembers_and_weights_are_never_negative_after_any_step(points):
    decoder, lowest = a_decoder(points), []

    def look():
        lowest.append(
            float(torch.minimum(decoder.endmembers.min(), decoder.weights.min()).detach())
        )

    learn(points, decoder, tick=look)
    assert len(lowest) == 60
    assert min(lowest) >= 0


def test_the_best_start_is_kept(points):
    decoder = a_decoder(points, n_starts=6)
    learned = learn(points, decoder)
    assert learned.losses.shape == (6,)
    assert (learned.losses.diff() >= 0).all()
    assert learned.loss == learned.losses[0]
    kept = [torch.equal(learned.endmembers, start) for start in decoder.endmembers.detach()]
    fits = exact_loss(points, decoder, spread=0.0)
    assert sum(kept) == 1
    assert fits[kept.index(True)] < 1.2 * fits.min() < 0.5 * fits.max()
    assert torch.equal(learned.weights, decoder.weights[kept.index(True)].detach())


def test_the_loss_reported_is_without_the_penalty(points):
    """With so much spread the whole loss is negative: the penalty is minus log of the points."""
    decoder = a_decoder(points)
    learned = learn(points, decoder, spread=0.5)
    assert (exact_loss(points, decoder, spread=0.5) < 0).all()
    assert learned.loss > 0


def test_what_was_learned_is_made_of_the_points(points):
    learned = learn(points, a_decoder(points))
    torch.testing.assert_close(learned.weights @ points, learned.endmembers)
    torch.testing.assert_close(learned.weights.sum(dim=1), torch.ones(3))
    assert not learned.endmembers.requires_grad
    assert not learned.losses.requires_grad


def test_frozen_endmembers_stay_as_they_are(points):
    frozen = points[[5, 9]].clone()
    decoder = a_decoder(points, n_free=2, frozen=frozen)
    learned = learn(points, decoder)
    assert learned.endmembers.shape == (4, 8)
    assert learned.weights.shape == (2, len(points))
    assert torch.equal(learned.endmembers[2:], frozen)


def test_starts_learned_together_are_as_each_alone(points):
    decoder = a_decoder(points, n_starts=3)
    alone = [ArchetypalDecoder(points, decoder.logits[k : k + 1].detach()) for k in range(3)]
    settings = FitSettings(n_steps=5)
    learn(points, decoder, settings)
    for k in range(3):
        learn(points, alone[k], settings)
        torch.testing.assert_close(decoder.endmembers[k], alone[k].endmembers[0], atol=1e-4, rtol=0)


def test_training_twice_is_the_same_bit_for_bit(points):
    first, second = (learn(points, a_decoder(points)) for _ in range(2))
    assert torch.equal(first.endmembers, second.endmembers)
    assert torch.equal(first.losses, second.losses)


def test_the_spread_makes_endmembers_means_of_more_points(points):
    entropies = [
        float(negative_entropy(learn(points, a_decoder(points), spread=spread).weights))
        for spread in (0.0, 1e-2, 0.3)
    ]
    assert entropies[0] > entropies[1] > entropies[2]


def test_points_that_weigh_nothing_are_not_learned_from(points):
    weights = evenly(points)
    weights[40:] = 0
    weights = weights / weights.sum()
    odd = points.clone()
    odd[40:] = torch.nn.functional.normalize(torch.rand(40, 8), dim=1)
    losses = []
    for seen in (points, odd):
        decoder = ArchetypalDecoder(points, a_decoder(points).logits.detach())
        losses.append(
            train(
                seen, weights, decoder, SETTINGS, spread=1e-3, sparsity=0.0, learning_rate=0.3
            ).losses
        )
    torch.testing.assert_close(losses[0], losses[1])


def test_training_leaves_threads_and_randomness_as_they_were(points):
    state, n_threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        learn(points, a_decoder(points), FitSettings(n_steps=2))
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyboardInterrupt):
            learn(points, a_decoder(points), tick=_interrupt)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)
    assert torch.equal(torch.get_rng_state(), state)


def _interrupt():
    raise KeyboardInterrupt
