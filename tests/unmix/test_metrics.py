"""Angles, errors and matching."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unmix.errors import UnmixError
from unmix.metrics import angles_between, match_endmembers, rmse, spectral_angle

LAWS = settings(max_examples=50, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
SPECTRA = arrays(np.float32, (6, 11), elements=st.floats(0.0625, 2.0, width=32)).map(
    torch.from_numpy
)


@LAWS
@given(SPECTRA)
def test_spectral_angle_of_a_spectrum_with_itself_is_exactly_zero(spectra):
    assert torch.equal(spectral_angle(spectra, spectra), torch.zeros(6))


@pytest.mark.parametrize("n_bands", [2, 50, 425])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_spectral_angle_of_a_thousand_spectra_with_themselves_is_exactly_zero(n_bands, dtype):
    spectra = torch.rand(1000, n_bands, generator=torch.Generator().manual_seed(0), dtype=dtype)
    assert spectral_angle(spectra, spectra.clone()).max() == 0


@LAWS
@given(SPECTRA, SPECTRA, st.floats(1e-4, 1e4))
def test_spectral_angle_ignores_scale(spectra, reference, scale):
    angle = spectral_angle(spectra, reference)
    torch.testing.assert_close(spectral_angle(scale * spectra, reference), angle, atol=1e-6, rtol=0)
    torch.testing.assert_close(spectral_angle(spectra, scale * reference), angle, atol=1e-6, rtol=0)


@LAWS
@given(SPECTRA, SPECTRA)
def test_spectral_angle_is_symmetric(spectra, reference):
    assert torch.equal(spectral_angle(spectra, reference), spectral_angle(reference, spectra))


@LAWS
@given(SPECTRA, SPECTRA)
def test_spectral_angle_of_nonnegative_spectra_lies_within_a_right_angle(spectra, reference):
    angle = spectral_angle(spectra, reference)
    assert (angle >= 0).all()
    assert (angle <= math.pi / 2 + 1e-6).all()


@LAWS
@given(SPECTRA, SPECTRA)
def test_spectral_angle_is_the_arccosine_of_the_normalised_product(spectra, reference):
    u, v = spectra.double().numpy(), reference.double().numpy()
    cosine = (u * v).sum(1) / np.sqrt((u * u).sum(1) * (v * v).sum(1))
    expected = np.arccos(np.clip(cosine, -1, 1))  # exact to the root of the rounding only
    np.testing.assert_allclose(spectral_angle(spectra, reference), expected, atol=1e-5)


@LAWS
@given(SPECTRA, SPECTRA, SPECTRA)
def test_spectral_angle_obeys_the_triangle_inequality(first, second, third):
    detour = spectral_angle(first, second) + spectral_angle(second, third)
    assert (spectral_angle(first, third) <= detour + 1e-5).all()


@pytest.mark.parametrize("angle", [1e-6, 1e-5, 1e-3, 0.1, 1.0, math.pi / 2, 3.0])
def test_spectral_angle_is_right_for_tiny_and_large_angles(angle):
    turned = torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64)
    found = spectral_angle(turned, torch.tensor([[5.0, 0.0]], dtype=torch.float64))
    assert found.item() == pytest.approx(angle, rel=1e-9)


def test_spectral_angle_with_a_black_spectrum_is_finite():
    angle = spectral_angle(torch.zeros(1, 3), torch.ones(1, 3))
    assert angle.item() == pytest.approx(math.pi / 2)


def test_spectral_angle_refuses_other_bands():
    with pytest.raises(UnmixError, match=r"`spectra` has 3 bands but `reference` has 4\. .*same"):
        spectral_angle(torch.ones(2, 3), torch.ones(2, 4))


@LAWS
@given(SPECTRA, SPECTRA)
def test_angles_between_holds_every_pair(spectra, references):
    table = angles_between(spectra[:4], references)
    assert table.shape == (4, 6)
    for i in range(4):
        for j in range(6):
            assert table[i, j] == spectral_angle(spectra[i], references[j])


@LAWS
@given(st.integers(1, 20), st.integers(0, 5), SEEDS)
def test_match_endmembers_undoes_any_permutation(n, n_others, seed):
    generator = torch.Generator().manual_seed(seed)
    reference = torch.rand(n, 30, generator=generator)
    others = torch.rand(n_others, 30, generator=generator)
    shuffle = torch.randperm(n + n_others, generator=generator)
    found = torch.cat([reference, others])[shuffle]
    bright = torch.rand(n + n_others, 1, generator=generator) + 0.5
    order = match_endmembers(bright * found, reference)
    assert torch.equal(found[order], reference)


@LAWS
@given(st.integers(2, 5), SEEDS)
def test_match_endmembers_has_the_least_total_angle_of_all_assignments(n, seed):
    from itertools import permutations

    generator = torch.Generator().manual_seed(seed)
    endmembers = torch.rand(n, 4, generator=generator)
    reference = torch.rand(n, 4, generator=generator)
    table = angles_between(endmembers, reference)
    totals = [sum(table[i, k] for k, i in enumerate(order)) for order in permutations(range(n))]
    order = match_endmembers(endmembers, reference)
    assert sorted(order.tolist()) == list(range(n))
    chosen = spectral_angle(endmembers[order], reference).sum()
    assert chosen.item() == pytest.approx(min(totals).item(), abs=1e-5)


def test_match_endmembers_refuses_fewer_endmembers_than_references():
    with pytest.raises(UnmixError, match=r"^2 endmembers cannot be matched .* 3 references\. Ask"):
        match_endmembers(torch.rand(2, 5), torch.rand(3, 5))


def test_rmse_is_the_number_its_name_promises():
    values, reference = torch.tensor([[1.0, 2.0], [3.0, 8.0]]), torch.zeros(2, 2)
    assert rmse(values, reference).item() == pytest.approx(math.sqrt(78 / 4))
    torch.testing.assert_close(rmse(values, reference, dim=0), torch.tensor([5.0, 34.0]).sqrt())
    torch.testing.assert_close(rmse(values, reference, dim=1), torch.tensor([2.5, 36.5]).sqrt())


@LAWS
@given(SPECTRA, SPECTRA, st.floats(0.01, 100))
def test_rmse_has_the_unit_of_its_input(values, reference, scale):
    error = rmse(values, reference)
    torch.testing.assert_close(rmse(scale * values, scale * reference), scale * error)
    torch.testing.assert_close(rmse(reference, values), error)
    torch.testing.assert_close(rmse(values, reference, dim=0).square().mean().sqrt(), error)
    assert rmse(values, values) == 0


def test_rmse_refuses_other_shapes_even_if_they_broadcast():
    with pytest.raises(UnmixError, match=r"`values` has shape \(2, 3\) but `reference` has \(3,\)"):
        rmse(torch.ones(2, 3), torch.ones(3))
