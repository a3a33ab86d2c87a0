"""Entropic descent archetypal analysis."""

import importlib
import itertools

import pytest
import torch
from torch.nn.functional import normalize

from unmix.abundances import fcls
from unmix.endmembers import edaa
from unmix.endmembers.edaa import _Start, archetype_spectra, entropic_archetypes
from unmix.errors import UnmixError


@pytest.mark.parametrize("seed", range(3))
def test_edaa_comes_near_the_pure_pixels(planted, seed):
    """As near as archetypes of unit length can: mixtures bulge beyond the chords between them."""
    scene = planted(seed, 3, n_pixels=400)
    assert scene.angle(edaa(scene.spectra, 3, seed, n_starts=15)) < 0.1


def test_edaa_does_not_see_the_illumination(planted):
    scene = planted(1, 3, n_pixels=400)
    light = 0.2 + torch.rand(400, 1, generator=torch.Generator().manual_seed(0)).double()
    plain, lit = (edaa(light**power * scene.spectra, 3, n_starts=2) for power in (0, 1))
    torch.testing.assert_close(normalize(lit, dim=1), normalize(plain, dim=1))


def test_edaa_endmembers_lie_in_the_hull_of_the_pixels(planted):
    spectra = planted(2, 4, n_bands=12, n_pixels=150, purity=0.8, snr_db=30).spectra
    found = edaa(spectra, 4, n_starts=2)
    residual = found - fcls(found, spectra) @ spectra
    assert residual.norm(dim=1).max() < 1e-6


def test_both_factors_stay_on_their_simplices_and_the_fit_improves_with_rounds(planted):
    unit = normalize(planted(3, 4, n_pixels=300).spectra, dim=1)

    def loss(n_rounds):
        found = entropic_archetypes(unit, 4, 0, n_starts=1, n_rounds=n_rounds)
        for part in found:
            assert part.min() >= 0
            torch.testing.assert_close(part.sum(dim=1), torch.ones(len(part)).double())
        return float((unit - found.abundances @ (found.weights @ unit)).square().sum())

    losses = [loss(n_rounds) for n_rounds in (1, 10, 100)]
    assert losses == sorted(losses, reverse=True)


def test_descent_is_that_of_the_paper_written_out(planted):
    """The slow second way: multiplied by ``exp(-step * gradient)`` on all bands, then to one."""
    unit = normalize(planted(5, 3, n_pixels=40).spectra, dim=1)
    generator = torch.Generator().manual_seed(3)
    factor = 2.0 ** (int(torch.randint(7, (1,), generator=generator)) - 3)
    b = (0.1 * torch.rand(3, 40, generator=generator).double()).softmax(dim=1)
    a = torch.full((40, 3), 1 / 3).double()
    step_a = factor / torch.linalg.svdvals(b @ unit)[0] ** 2
    step_b = step_a * (3 / 40) ** 0.5
    for _ in range(3):
        for _ in range(2):
            a = a * (-step_a * (a @ b @ unit - unit) @ (b @ unit).T).exp()
            a = a / a.sum(dim=1, keepdim=True)
        for _ in range(2):
            b = b * (-step_b * a.T @ (a @ b @ unit - unit) @ unit.T).exp()
            b = b / b.sum(dim=1, keepdim=True)
    found = entropic_archetypes(unit, 3, 3, n_starts=1, n_rounds=3, n_steps=2)
    assert factor != 1, "a step that is drawn shows that it is drawn"
    torch.testing.assert_close(found.weights, b, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(found.abundances, a, rtol=1e-5, atol=1e-7)


def test_the_start_chosen_correlates_least_among_those_that_fit_nearly_best(planted):
    unit = normalize(planted(12, 3, n_pixels=100, purity=0.8, snr_db=10).spectra, dim=1)

    def judged(found):
        archetypes = found.weights @ unit
        correlation = torch.corrcoef(archetypes)
        residual = (unit - found.abundances @ archetypes).abs().mean()
        return float(residual), float(correlation.fill_diagonal_(-1).max())

    generator, n_rounds = torch.Generator().manual_seed(5), 40
    each = [
        judged(entropic_archetypes(unit, 3, generator, n_starts=1, n_rounds=n_rounds))
        for _ in range(12)
    ]
    chosen = judged(entropic_archetypes(unit, 3, 5, n_starts=12, n_rounds=n_rounds))
    least = min(residual for residual, _ in each)
    near = [start for start in each if start[0] * 0.95 <= least]
    assert chosen == pytest.approx(min(near, key=lambda start: start[1]))
    assert chosen != pytest.approx(min(each)), "the best fit would do"


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_starts_that_fit_worse_are_not_chosen_for_their_correlation(monkeypatch, order):
    residuals, likenesses = (1.0, 1.03, 1.04, 1.2), (0.9, 0.6, 0.5, 0.1)
    starts = iter([_Start(residuals[k], likenesses[k], k) for k in order])
    module = importlib.import_module("unmix.endmembers.edaa")  # the function has its name
    monkeypatch.setattr(module, "_judged", lambda *_: next(starts))
    assert entropic_archetypes(torch.rand(9, 5), 2, 0, n_starts=4, n_rounds=1) == 2


def test_edaa_of_shuffled_pixels_is_as_good(planted):
    scene = planted(6, 3, n_pixels=300, snr_db=30)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    one, other = (edaa(each, 3, 0, n_starts=6) for each in (scene.spectra, scene.spectra[order]))
    assert scene._replace(endmembers=one).angle(other) < 0.02


def test_archetype_spectra_point_where_the_archetypes_of_unit_pixels_point(planted):
    spectra = planted(7, 3).spectra
    weights = torch.rand(2, len(spectra), generator=torch.Generator().manual_seed(0)).double()
    weights /= weights.sum(dim=1, keepdim=True)
    archetype = weights @ normalize(spectra, dim=1)
    found = archetype_spectra(weights, spectra)
    torch.testing.assert_close(normalize(found, dim=1), normalize(archetype, dim=1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_edaa_with_the_same_seed_is_the_same(planted, dtype):
    spectra = planted(8, 3, n_pixels=200, snr_db=30).spectra.to(dtype)
    spectra[:3] = 0  # black pixels take no part
    before = torch.get_rng_state()
    first, again = (edaa(spectra, 3, 3, n_starts=2, n_rounds=20) for _ in range(2))
    assert first.shape == (3, 30)
    assert first.dtype == dtype
    assert torch.equal(first, again)
    assert torch.equal(first, edaa(spectra[3:], 3, 3, n_starts=2, n_rounds=20))
    assert not torch.equal(first, edaa(spectra, 3, 4, n_starts=2, n_rounds=20))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("spectra", "n", "keywords", "message"),
    [
        (torch.rand(9, 5), 6, {}, r"`n_endmembers` must be from 2 to 5 for 9 pixels of 5 bands"),
        (torch.zeros(9, 5), 2, {}, r"^0 x 5 numbers .* too few"),
        (torch.full((9, 5), torch.nan), 2, {}, "in 9 of 9 pixels"),
        (torch.rand(9, 5), 2, {"n_starts": 0}, "must be at least 1. Got 0, 100 and 5"),
    ],
)
def test_edaa_refuses_what_cannot_be_done(spectra, n, keywords, message):
    with pytest.raises(UnmixError, match=message):
        edaa(spectra, n, **keywords)
