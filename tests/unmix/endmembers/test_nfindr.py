"""N-FINDR: the largest simplex of pixels."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.endmembers import nfindr, vca
from unmix.endmembers.nfindr import _exchange
from unmix.endmembers.signal import affine_projection
from unmix.errors import UnmixError

LAWS = settings(max_examples=30, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31)


def volume(points, picks):
    """Of the simplex, from the Gram matrix of its edges: not the way of the code."""
    edges = points[picks[1:]] - points[picks[0]]
    return float(torch.linalg.det(edges @ edges.T).clamp(min=0).sqrt())


def seen(spectra, n):
    """The coordinates in which volume is meant: principal components about the mean."""
    return affine_projection(spectra, n).points[:, :-1]


@LAWS
@given(n=st.integers(2, 10), n_extra=st.integers(0, 30), seed=SEEDS)
def test_nfindr_finds_exactly_the_pure_pixels(planted, n, n_extra, seed):
    found = nfindr(planted(seed, n, n + n_extra, 200).spectra, n, seed)
    assert sorted(found.tolist()) == list(range(n))


@LAWS
@given(n=st.integers(2, 7), snr_db=st.sampled_from([0, 10, 30]), seed=SEEDS)
def test_nfindr_volume_is_never_below_that_of_vca(planted, n, snr_db, seed):
    spectra = planted(seed, n, 20, 150, snr_db=snr_db).spectra
    points = seen(spectra, n)
    ours, theirs = (volume(points, each(spectra, n, seed)) for each in (nfindr, vca))
    assert ours >= theirs * (1 - 1e-6)


@LAWS
@given(n=st.integers(2, 5), seed=SEEDS)
def test_nfindr_leaves_no_exchange_that_enlarges_the_volume(planted, n, seed):
    spectra = planted(seed, n, 12, 40, snr_db=15).spectra
    points, picks = seen(spectra, n), nfindr(spectra, n, seed).tolist()
    largest = volume(points, picks)
    for corner, pixel in itertools.product(range(n), range(40)):
        other = [*picks[:corner], pixel, *picks[corner + 1 :]]
        assert volume(points, other) <= largest * (1 + 1e-6)


@LAWS
@given(seed=SEEDS)
def test_nfindr_in_a_plane_comes_near_the_largest_of_all_triangles(planted, seed):
    spectra = planted(seed, 3, 12, 14, snr_db=20).spectra
    points = seen(spectra, 3)
    best = max(volume(points, list(each)) for each in itertools.combinations(range(14), 3))
    assert volume(points, nfindr(spectra, 3, seed)) >= 0.9 * best


@LAWS
@given(n=st.integers(2, 8), seed=SEEDS)
def test_exchange_gives_the_fractions_of_the_new_simplex(n, seed):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(20, n, generator=generator, dtype=torch.float64)
    points[:, -1] = 1
    fractions = torch.linalg.solve(points[:n], points, left=False)
    pixel = n + int(fractions[n:, 0].abs().argmax())
    _exchange(fractions, pixel, 0)
    corners = torch.cat([points[pixel][None], points[1:n]])
    torch.testing.assert_close(fractions @ corners, points, rtol=0, atol=1e-6)


def test_nfindr_finds_the_same_pixels_in_any_order(planted):
    spectra = planted(3, 5, purity=0.9, snr_db=40).spectra
    order = torch.randperm(len(spectra), generator=torch.Generator().manual_seed(0))
    shuffled = order[nfindr(spectra[order], 5, 1)]
    assert sorted(shuffled.tolist()) == sorted(nfindr(spectra, 5, 1).tolist())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nfindr_with_the_same_seed_is_the_same(planted, dtype):
    spectra = planted(2, 6, purity=0.7, snr_db=20).spectra.to(dtype)
    before = torch.get_rng_state()
    first = nfindr(spectra, 6, 3)
    assert first.dtype == torch.int64
    assert torch.equal(first, nfindr(spectra, 6, 3))
    assert torch.equal(first, nfindr(spectra, 6, torch.Generator().manual_seed(3)))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("spectra", "n", "message"),
    [
        (
            torch.rand(9, 5),
            6,
            r"`n_endmembers` must be from 2 to 5 for 9 pixels of 5 bands\. Got 6",
        ),
        (torch.rand(9, 5), 1, "from 2 to 5"),
        (torch.rand(5), 2, r"`spectra` has shape \(5,\)"),
        (torch.full((9, 5), torch.nan), 2, "in 9 of 9 pixels"),
        (torch.ones(9, 5), 2, "span only 0 dimensions about their mean, but 2 endmembers need 1"),
        (torch.rand(9, 2) @ torch.rand(2, 5), 4, r"only 2 dimensions .* Ask for at most 3"),
    ],
)
def test_nfindr_refuses_what_cannot_be_found(spectra, n, message):
    with pytest.raises(UnmixError, match=message):
        nfindr(spectra, n)
