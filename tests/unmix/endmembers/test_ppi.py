"""Pixel purity index."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.endmembers import ppi
from unmix.endmembers.ppi import pick_purest, pixel_purity
from unmix.errors import UnmixError

LAWS = settings(max_examples=20, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31)


@LAWS
@given(n=st.integers(2, 6), n_extra=st.integers(0, 20), seed=SEEDS)
def test_ppi_finds_exactly_the_pure_pixels(planted, n, n_extra, seed):
    spectra = planted(seed, n, n + n_extra, 150).spectra
    assert sorted(ppi(spectra, n, seed, n_skewers=600).tolist()) == list(range(n))


@LAWS
@given(n_skewers=st.integers(1, 700), seed=SEEDS)
def test_every_skewer_has_two_ends(planted, n_skewers, seed):
    spectra = planted(seed, 4, 10, 80, snr_db=20).spectra
    found = pixel_purity(lambda: [spectra], 3, seed, n_skewers)
    assert int(found.counts.sum()) == 2 * n_skewers
    assert torch.equal(found.picks.indices, found.picks.indices.unique())
    assert torch.equal(found.picks.spectra, spectra[found.picks.indices])


def test_in_one_dimension_the_two_ends_take_it_all(planted):
    spectra = planted(1, 3, 10, 80, snr_db=20).spectra
    centred = spectra - spectra.mean(dim=0)
    along = centred @ torch.linalg.svd(centred, full_matrices=False).Vh[0]
    found = pixel_purity(lambda: [spectra], 1, 0, 50)
    assert found.picks.indices.tolist() == sorted([int(along.argmin()), int(along.argmax())])
    assert found.counts.tolist() == [50, 50]


@pytest.mark.parametrize("size", [1, 9, 100])
def test_pixels_in_parts_are_counted_as_at_once(planted, size):
    spectra = planted(5, 4, purity=0.9, snr_db=25).spectra[:200].float()
    found = pick_purest(lambda: spectra.split(size), 4, 3, 400)
    assert found.indices.tolist() == ppi(spectra, 4, 3, n_skewers=400).tolist()
    assert torch.equal(found.spectra, spectra[found.indices])


def test_empty_parts_change_nothing(planted):
    spectra = planted(5, 4, purity=0.9, snr_db=25).spectra[:100]
    parts = [spectra[:0], spectra[:40], spectra[:0], spectra[40:]]
    assert pick_purest(lambda: parts, 4).indices.tolist() == ppi(spectra, 4).tolist()


def test_the_seed_decides_and_nothing_else(planted):
    spectra = planted(2, 5, purity=0.7, snr_db=15).spectra
    before = torch.get_rng_state()
    first = ppi(spectra, 5, 3, n_skewers=100)
    assert torch.equal(first, ppi(spectra, 5, torch.Generator().manual_seed(3), n_skewers=100))
    others = {tuple(ppi(spectra, 5, seed, n_skewers=100).tolist()) for seed in range(5)}
    assert len(others) > 1, "the seed changes nothing"
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("scale", [1e-6, 1e4])
def test_the_unit_does_not_matter(planted, scale):
    spectra = planted(6, 4, purity=0.8, snr_db=25).spectra
    assert ppi(scale * spectra, 4).tolist() == ppi(spectra, 4).tolist()


@pytest.mark.parametrize(
    ("spectra", "n", "n_skewers", "message"),
    [
        (torch.rand(9, 5), 6, 10, r"from 2 to 5 for 9 pixels of 5 bands\. Got 6"),
        (torch.rand(9, 5), 2, 0, "`n_skewers` must be at least 1"),
        (torch.rand(9, 5), 4, 1, "extreme along 1 directions: only 2 pixels"),
    ],
)
def test_ppi_refuses_what_cannot_be_found(spectra, n, n_skewers, message):
    with pytest.raises(UnmixError, match=message):
        ppi(spectra, n, n_skewers=n_skewers)


def test_no_pixel_at_all_is_said():
    with pytest.raises(UnmixError, match="no pixel to extract"):
        pixel_purity(lambda: [torch.zeros(0, 4)], 2)
