"""Readings of abundances: what each of them means."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.abundances import fcls, nnls, read_abundances
from unmix.errors import UnmixError
from unmix.readings import READINGS

LAWS = settings(max_examples=20, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("reading", READINGS)
def test_no_pixels_can_be_read(reading):
    read = read_abundances(torch.zeros(0, 7), torch.ones(3, 7), reading)
    assert read.fractions.shape == (0, 3)
    assert read.brightness.shape == (0,)


def test_an_unknown_reading_is_named_with_the_known_ones():
    message = r"`reading` must be one of reflectance, nnls, fcls, peak, l2\. Got 'sum'\."
    with pytest.raises(UnmixError, match=message):
        read_abundances(torch.ones(1, 2), torch.ones(2, 2), "sum")


@LAWS
@given(n=st.integers(2, 8), seed=SEEDS)
def test_each_reading_is_what_its_definition_says(n, seed, problem):
    spectra, endmembers = problem("random", n, 30, seed)
    endmembers = endmembers * torch.linspace(0.2, 3, n).double()[:, None]
    scaled = {
        "nnls": endmembers,
        "peak": endmembers / endmembers.max(dim=1, keepdim=True).values,
        "l2": endmembers / endmembers.square().sum(dim=1, keepdim=True).sqrt(),
    }
    for reading, spectra_of_one in scaled.items():
        codes = nnls(spectra, spectra_of_one)
        read = read_abundances(spectra, endmembers, reading)
        torch.testing.assert_close(read.brightness, codes.sum(dim=1))
        seen = codes.sum(dim=1) > 0
        torch.testing.assert_close(
            read.fractions[seen] * read.brightness[seen, None], codes[seen], atol=1e-12, rtol=1e-9
        )
    constrained = read_abundances(spectra, endmembers, "fcls")
    torch.testing.assert_close(constrained.fractions, fcls(spectra, endmembers))
    torch.testing.assert_close(constrained.brightness, torch.ones(len(spectra)).double())


def test_readings_differ_by_the_scale_of_the_endmembers():
    endmembers = torch.tensor([[0.1, 0.1], [0.0, 0.8]]).double()
    spectra = 0.5 * endmembers[:1] + 0.5 * endmembers[1:]
    fractions = {
        r: read_abundances(spectra, endmembers, r).fractions[0, 0].item() for r in READINGS
    }
    assert fractions == pytest.approx(
        {
            "reflectance": 0.5,
            "nnls": 0.5,
            "fcls": 0.5,
            "peak": 0.05 / (0.05 + 0.4),
            "l2": 0.05 * math.sqrt(2) / (0.05 * math.sqrt(2) + 0.4),
        }
    )


@pytest.mark.parametrize("reading", READINGS)
@LAWS
@given(n=st.integers(2, 10), seed=SEEDS)
def test_fractions_lie_on_the_simplex_or_are_nan(reading, n, seed, problem):
    spectra, endmembers = problem("random", n, 30, seed)
    fractions, brightness = read_abundances(spectra, endmembers, reading)
    seen = brightness > 0
    assert (fractions[seen] >= 0).all()
    torch.testing.assert_close(fractions[seen].sum(1), torch.ones(int(seen.sum())).double())
    assert fractions[~seen].isnan().all()
    assert (brightness >= 0).all()


@pytest.mark.parametrize("reading", ["reflectance", "nnls", "peak", "l2"])
def test_a_pixel_that_nothing_explains_has_no_fractions(reading):
    spectra = torch.tensor([[0.0, 0.0], [-1.0, -0.5], [0.2, 0.1]])
    read = read_abundances(spectra, torch.rand(3, 2) + 0.1, reading)
    assert read.fractions[:2].isnan().all()
    assert (read.brightness[:2] == 0).all()
    assert read.fractions[2].isfinite().all()


@pytest.mark.parametrize("reading", READINGS)
def test_a_black_endmember_gets_no_abundance(reading):
    endmembers = torch.tensor([[0.2, 0.4, 0.1], [0.0, 0.0, 0.0], [0.5, 0.1, 0.1]])
    read = read_abundances(endmembers[[0, 2]], endmembers, reading)
    torch.testing.assert_close(read.fractions, torch.eye(3)[[0, 2]].double(), atol=1e-6, rtol=0)


def test_solving_changes_neither_spectra_nor_endmembers(problem):
    spectra, endmembers = problem("random", 4, 20, seed=0)
    before = spectra.clone(), endmembers.clone()
    for reading in READINGS:
        read_abundances(spectra, endmembers, reading)
    assert torch.equal(spectra, before[0])
    assert torch.equal(endmembers, before[1])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("reading", READINGS)
def test_cpu_and_gpu_read_the_same_abundances(reading, problem):
    for n in (2, 6, 15, 70):
        spectra, endmembers = problem("random", n, 100, seed=n)
        expected = read_abundances(spectra, endmembers, reading)
        found = read_abundances(spectra.cuda(), endmembers.cuda(), reading)
        assert found.fractions.is_cuda
        torch.testing.assert_close(
            found.fractions.cpu(), expected.fractions, atol=1e-9, rtol=0, equal_nan=True
        )
        torch.testing.assert_close(found.brightness.cpu(), expected.brightness, rtol=1e-9, atol=0)
