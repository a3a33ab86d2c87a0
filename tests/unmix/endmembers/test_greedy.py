"""ATGP, SiVM and SMACC: one pixel after the other."""

import contextlib
import io

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.endmembers import atgp, sivm, smacc
from unmix.endmembers.atgp import atgp_score
from unmix.endmembers.greedy import pick_greedily
from unmix.endmembers.sivm import sivm_score
from unmix.endmembers.smacc import cone_residuals, smacc_score
from unmix.errors import UnmixError

LAWS = settings(max_examples=25, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31)
SCORES = {atgp: atgp_score, sivm: sivm_score, smacc: smacc_score}
METHODS = pytest.mark.parametrize("method", SCORES, ids=lambda method: method.__name__)


@pytest.mark.parametrize("method", [atgp, sivm])
@LAWS
@given(n=st.integers(2, 9), n_extra=st.integers(0, 30), seed=SEEDS)
def test_atgp_and_sivm_find_exactly_the_pure_pixels(planted, method, n, n_extra, seed):
    spectra = planted(seed, n, n + n_extra, 200).spectra
    order = torch.randperm(200, generator=torch.Generator().manual_seed(seed))
    assert sorted(order[method(spectra[order], n)].tolist()) == list(range(n))


@LAWS
@given(n=st.integers(2, 6), seed=SEEDS)
def test_atgp_takes_what_least_squares_explains_least(planted, n, seed):
    spectra = planted(seed, n, 12, 60, snr_db=15).spectra
    picks = atgp(spectra, n).tolist()
    assert picks[0] == int(spectra.norm(dim=1).argmax())
    for k in range(1, n):
        basis = spectra[picks[:k]].T
        left = spectra.T - basis @ torch.linalg.lstsq(basis, spectra.T).solution
        assert left.norm(dim=0)[picks[k]] >= left.norm(dim=0).max() * (1 - 1e-9)


@LAWS
@given(n=st.integers(2, 6), seed=SEEDS)
def test_sivm_makes_the_simplex_as_large_as_one_more_pixel_can(planted, n, seed):
    spectra = planted(seed, n, 12, 60, snr_db=15).spectra
    picks = sivm(spectra, n).tolist()

    def volume(corners):
        edges = spectra[corners[1:]] - spectra[corners[0]]
        return float(torch.linalg.det(edges @ edges.T))

    for k in range(1, n):
        best = max(volume([*picks[:k], pixel]) for pixel in range(60))
        assert volume(picks[: k + 1]) >= best * (1 - 1e-6)


def test_sivm_does_not_depend_on_the_origin_but_for_where_it_begins(planted):
    spectra = planted(3, 4, snr_db=30).spectra
    picks, moved = sivm(spectra, 4), sivm(spectra + 5 * spectra[sivm(spectra, 4)[0]], 4)
    assert picks.tolist() == moved.tolist()


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_smacc_begins_as_an_independent_program_does(planted, n, seed):
    """From the fourth on it lets a pixel without one endmember take nothing of any."""
    from spectral.algorithms.algorithms import smacc as of_spectral

    spectra = planted(seed, n + 2, 20, 150, snr_db=20).spectra
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = of_spectral(spectra.numpy(), n)[0]
    torch.testing.assert_close(spectra[smacc(spectra, n)], torch.from_numpy(theirs))


@LAWS
@given(n=st.integers(2, 5), seed=SEEDS)
def test_smacc_does_with_all_pixels_what_the_rule_does_with_each(planted, n, seed):
    spectra = planted(seed, n, 12, 40, snr_db=15).spectra
    left = [pixel.clone() for pixel in spectra]
    shares = [[] for _ in spectra]
    for pick in smacc(spectra, n).tolist():
        new, holds = left[pick].clone(), list(shares[pick])
        assert float(new.norm()) >= max(float(each.norm()) for each in left) * (1 - 1e-9)
        for i, residual in enumerate(left):
            most = [a / b for a, b in zip(shares[i], holds, strict=True) if b > 0]
            share = max(0.0, min([float(residual @ new / (new @ new)), *most]))
            left[i] = residual - share * new
            shares[i] = [a - share * b for a, b in zip(shares[i], holds, strict=True)] + [share]
            assert min(shares[i]) > -1e-9


@LAWS
@given(n=st.integers(2, 6), seed=SEEDS)
def test_smacc_takes_positive_shares_of_cones_away_wholly(n, seed):
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(n, 15, generator=generator, dtype=torch.float64)
    shares = torch.rand(40, n, generator=generator, dtype=torch.float64)
    left = cone_residuals(torch.cat([corners, shares[:, :1] * corners[:1]]), corners)
    assert left.norm(dim=1).max() < 1e-9
    mixed = shares @ corners
    assert (cone_residuals(mixed, corners).norm(dim=1) <= mixed.norm(dim=1) + 1e-12).all()


@METHODS
@pytest.mark.parametrize("size", [1, 7, 64])
def test_pixels_in_parts_are_chosen_as_at_once(planted, method, size):
    spectra = planted(5, 5, purity=0.9, snr_db=25).spectra[:300].float()
    found = pick_greedily(lambda: spectra.split(size), 5, SCORES[method])
    assert found.indices.tolist() == method(spectra, 5).tolist()
    assert torch.equal(found.spectra, spectra[found.indices])


@METHODS
def test_empty_parts_change_nothing(planted, method):
    spectra = planted(5, 5, purity=0.9, snr_db=25).spectra[:100]
    parts = [spectra[:0], spectra[:40], spectra[:0], spectra[40:]]
    found = pick_greedily(lambda: parts, 5, SCORES[method])
    assert found.indices.tolist() == method(spectra, 5).tolist()


@METHODS
def test_fewer_endmembers_are_the_first_of_more(planted, method):
    spectra = planted(4, 6, purity=0.8, snr_db=20).spectra
    assert method(spectra, 4).tolist() == method(spectra, 6).tolist()[:4]


@METHODS
@pytest.mark.parametrize("scale", [1e-6, 1e4])
def test_the_unit_does_not_matter(planted, method, scale):
    spectra = planted(6, 5, purity=0.8, snr_db=25).spectra
    assert method(scale * spectra, 5).tolist() == method(spectra, 5).tolist()


@METHODS
@pytest.mark.parametrize(
    ("spectra", "n", "message"),
    [
        (torch.rand(9, 5), 6, r"from 2 to 5 for 9 pixels of 5 bands\. Got 6"),
        (torch.full((9, 5), torch.nan), 2, "in 9 of 9 pixels"),
        (torch.ones(9, 5), 2, r"beyond the 1 chosen first\. Ask for at most 1"),
        (torch.zeros(9, 5), 2, "beyond the 0 chosen first"),
    ],
)
def test_what_cannot_be_found_is_refused(method, spectra, n, message):
    with pytest.raises(UnmixError, match=message):
        method(spectra, n)
