"""Where the restarts begin."""

import pytest
import torch

from unmix.autoencoder.starts import start_logits, whitened_chart


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def points():
    return torch.nn.functional.normalize(torch.rand(60, 6, generator=seeded()) + 0.2, dim=1)


@pytest.fixture
def weights():
    weights = torch.rand(60, generator=seeded(1)) + 0.1
    return weights / weights.sum()


@pytest.mark.parametrize("n_starts", [1, 2, 3, 16])
@pytest.mark.parametrize("n", [2, 4, 6])
def test_every_start_has_a_peak_for_each_endmember(points, weights, n, n_starts):
    logits = start_logits(points, weights, n, n_starts, seeded())
    assert logits.shape == (n_starts, n, 60)
    assert logits.isfinite().all()
    picks = logits.argmax(dim=2)
    assert (logits.amax(dim=2).abs() < 1e-4).all(), "a pick lies at no distance from itself"
    for start in picks.tolist():
        assert len(set(start)) == n


def test_logits_fall_with_the_distance_from_the_pick(points, weights):
    for start in start_logits(points, weights, 3, 8, seeded()):
        for row in start:
            distance = (points - points[row.argmax()]).square().sum(dim=1)
            ordered = row[distance.argsort()]
            assert (ordered.diff() <= 1e-5).all()


def test_half_of_the_corner_starts_are_tight(points, weights):
    """Wide ones average over many points around a pick, tight ones over few."""
    logits = start_logits(points, weights, 3, 8, seeded())
    steepness = -logits.mean(dim=2)
    expected = torch.tensor([3.0, 3, 3, 3, 30, 3, 30, 3])[:, None].expand(8, 3)
    torch.testing.assert_close(steepness, expected, rtol=1e-3, atol=0)


def test_starts_are_reproducible_and_differ(points, weights):
    first, again, other = (start_logits(points, weights, 3, 16, seeded(s)) for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    picks = {tuple(sorted(start)) for start in first.argmax(dim=2).tolist()}
    assert len(picks) > 8


def test_half_of_the_starts_are_at_the_corners(mixture_of):
    """Corner starts of a simplex with pure points pick those in their half; the others wander."""
    mixture = mixture_of(0, n_pure=60)
    points = torch.nn.functional.normalize(mixture.spectra, dim=1)
    weights = torch.full((len(points),), 1 / len(points))
    picks = start_logits(points, weights, 4, 16, seeded()).argmax(dim=2)
    purity = mixture.abundances[picks].max(dim=2).values.min(dim=1).values
    assert (purity[8:] > 0.999).all()
    assert (purity[:8] < 0.999).any()
    for start in picks[8:]:
        assert len(set(mixture.abundances[start].argmax(dim=1).tolist())) == 4


def test_the_chart_is_centred_and_white(points, weights):
    chart = whitened_chart(points, weights, 4)
    assert chart.shape == (60, 5)
    spread = chart[:, :4]
    torch.testing.assert_close(weights @ spread, torch.zeros(4), atol=1e-4, rtol=0)
    covariance = (spread * weights[:, None]).T @ spread
    torch.testing.assert_close(covariance, torch.eye(4), atol=1e-3, rtol=0)
    radius = spread.square().sum(dim=1).mean().sqrt()
    torch.testing.assert_close(chart[:, 4], radius.expand(60))
