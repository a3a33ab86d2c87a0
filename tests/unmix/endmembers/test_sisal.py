"""SISAL: the smallest simplex that holds nearly all pixels."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.abundances import ucls
from unmix.endmembers import project_on_signal, sisal, vca
from unmix.endmembers.signal import white_noise
from unmix.endmembers.sisal import SHARES, STRUCTURED, USUAL_SHARE, _hinge, _line_search
from unmix.errors import UnmixError

LAWS = settings(max_examples=12, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31)


@LAWS
@given(n=st.integers(3, 8), seed=SEEDS)
def test_sisal_finds_a_simplex_without_pure_pixels(planted, n, seed):
    scene = planted(seed, n, purity=0.75, snr_db=60)
    picks = project_on_signal(scene.spectra, n)[vca(scene.spectra, n, seed)]
    found = scene.angle(sisal(scene.spectra, n, seed))
    assert found < 0.01
    assert found < 0.2 * scene.angle(picks), "no better than pixels"


@LAWS
@given(seed=SEEDS)
def test_sisal_finds_it_under_any_illumination(planted, seed):
    scene = planted(seed, 4, purity=0.8, snr_db=60)
    generator = torch.Generator().manual_seed(seed)
    light = 0.2 + torch.rand(len(scene.spectra), 1, generator=generator, dtype=torch.float64)
    assert scene.angle(sisal(light * scene.spectra, 4)) < 0.01


def test_sisal_keeps_the_unit_of_the_spectra(planted):
    scene = planted(0, 4, purity=0.8, snr_db=60)
    found = sisal(scene.spectra, 4)
    torch.testing.assert_close(sisal(1e4 * scene.spectra, 4), 1e4 * found, rtol=1e-6, atol=1e-3)
    assert float(found.norm() / scene.endmembers.norm()) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("outside", [0.01, 0.03, 0.1])
@pytest.mark.parametrize("snr_db", [15, 30])
def test_share_of_pixels_beyond_each_face_is_the_one_asked_for(planted, outside, snr_db):
    scene = planted(1, 4, n_pixels=3000, purity=0.9, snr_db=snr_db)
    found = sisal(scene.spectra, 4, outside=outside)
    beyond = (ucls(scene.spectra, found) < 0).double().mean(dim=0)
    assert beyond.mean().item() == pytest.approx(outside, rel=0.4)


@pytest.mark.parametrize("snr_db", [20, 30, 45])
@pytest.mark.parametrize("purity", [0.7, 1.0])
def test_share_that_noise_will_have_is_as_good_as_the_best_of_fixed_ones(planted, purity, snr_db):
    scene = planted(3, 4, purity=purity, snr_db=snr_db)
    fixed = [scene.angle(sisal(scene.spectra, 4, outside=s)) for s in (0.005, 0.02, 0.1, 0.3)]
    assert scene.angle(sisal(scene.spectra, 4)) < 1.3 * min(fixed) + 1e-3


def test_spectra_that_vary_get_the_usual_share(planted):
    """One pixel in three lies off the simplex in a few shapes of its own, as no noise would."""
    scene = planted(4, 4, purity=0.9, snr_db=60)
    generator = torch.Generator().manual_seed(0)
    shapes = torch.randn(2, 30, generator=generator, dtype=torch.float64)
    amounts = torch.randn(len(scene.spectra), 2, generator=generator, dtype=torch.float64)
    varied = scene.spectra + 0.05 * amounts.pow(3) @ shapes
    assert white_noise(varied, 4)[1] > STRUCTURED
    assert torch.equal(sisal(varied, 4), sisal(varied, 4, outside=USUAL_SHARE))


def test_noise_free_mixtures_get_the_smallest_share(planted):
    scene = planted(4, 4, purity=0.8)
    smallest = sisal(scene.spectra, 4, outside=SHARES[0])
    assert scene._replace(endmembers=smallest).angle(sisal(scene.spectra, 4)) < 1e-3


def test_outliers_do_not_carry_the_simplex_with_them(planted):
    scene = planted(5, 4, purity=0.8, snr_db=50)
    stray = scene.spectra.clone()
    stray[::200] = torch.rand(6, 30, generator=torch.Generator().manual_seed(0)).double()
    assert scene.angle(sisal(stray, 4)) < 0.03
    assert scene.angle(stray[vca(stray, 4, 0)]) > 0.2, "they carry the extremes"


def test_a_fill_value_changes_nothing(planted):
    spectra = planted(6, 4, n_pixels=300, purity=0.8, snr_db=50).spectra
    filled = torch.cat([torch.full((2, 30), 1e30).double(), spectra])
    assert torch.equal(sisal(filled, 4), sisal(spectra, 4))


def test_black_pixels_change_nothing(planted):
    scene = planted(6, 4, purity=0.8, snr_db=50)
    faint = 1e-6 * torch.randn(30, 30, generator=torch.Generator().manual_seed(0)).double()
    dark = torch.cat([faint, scene.spectra, torch.zeros(5, 30)])
    assert torch.equal(sisal(dark, 4), sisal(scene.spectra, 4))


def test_sisal_comes_to_the_same_simplex_in_any_order_of_pixels_and_from_any_start(planted):
    scene = planted(7, 5, purity=0.8, snr_db=40)
    order = torch.randperm(len(scene.spectra), generator=torch.Generator().manual_seed(0))
    first = sisal(scene.spectra, 5, 0)
    for found in (sisal(scene.spectra[order], 5, 0), sisal(scene.spectra, 5, 1)):
        assert scene._replace(endmembers=first).angle(found) < 2e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sisal_with_the_same_seed_is_the_same(planted, dtype):
    spectra = planted(2, 4, purity=0.8, snr_db=30).spectra.to(dtype)
    before = torch.get_rng_state()
    first = sisal(spectra, 4, 3)
    assert first.shape == (4, 30)
    assert first.dtype == dtype
    assert torch.equal(first, sisal(spectra, 4, 3))
    assert torch.equal(first, sisal(spectra, 4, torch.Generator().manual_seed(3)))
    assert torch.equal(torch.get_rng_state(), before)


@given(seed=SEEDS)
def test_line_search_never_makes_it_worse(seed):
    generator = torch.Generator().manual_seed(seed)
    fractions = torch.randn(50, 3, generator=generator, dtype=torch.float64)
    turn = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    taken, saved = _line_search(fractions, turn, 0.1)
    now = -torch.linalg.slogdet(taken).logabsdet + 0.1 * _hinge(fractions @ taken)
    assert float(0.1 * _hinge(fractions) - now) == pytest.approx(saved)
    assert saved >= 0


@pytest.mark.parametrize(
    ("spectra", "n", "outside", "message"),
    [
        (torch.rand(9, 5), 6, 0.02, r"`n_endmembers` must be from 2 to 5 for 9 pixels of 5 bands"),
        (torch.rand(9, 5), 3, 0.0, r"`outside` is a share .* Got 0\.0"),
        (torch.rand(9, 5), 3, 1.0, r"`outside` is a share"),
        (torch.full((9, 5), torch.inf), 2, 0.02, "NaN or infinite values in 9 of 9 pixels"),
        (torch.zeros(9, 5), 2, 0.02, r"^0 x 5 numbers .* too few"),
        (torch.ones(9, 5), 2, 0.02, "span only 0 dimensions"),
    ],
)
def test_sisal_refuses_what_cannot_be_found(spectra, n, outside, message):
    with pytest.raises(UnmixError, match=message):
        sisal(spectra, n, outside=outside)
