"""What is learned of the errors of abundances."""

import pytest
import torch
from torch import Tensor

from unmix.error_sources import extrapolation_of, learn_residuals, shifts_of

N_BANDS = 60


def _endmembers(n: int = 3, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, N_BANDS, generator=generator).double() * 0.8 + 0.1


def test_shifts_end_half_way_to_the_next_endmember() -> None:
    endmembers = _endmembers()
    near = endmembers + 1e-3
    lost = near.clone()
    lost[0] = endmembers[1]
    shifts = shifts_of(endmembers, torch.stack([near, lost]))
    torch.testing.assert_close(shifts[0], endmembers @ (near - endmembers).T)
    torch.testing.assert_close(shifts[1, :, 1:], shifts[0, :, 1:])
    whole = endmembers @ (endmembers[1] - endmembers[0])
    part = shifts[1, :, 0] / whole
    torch.testing.assert_close(part, part[:1].expand(3))
    assert 0 < float(part[0]) < 0.6


def test_residuals_count_the_dimensions_that_materials_vary_in() -> None:
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(4, N_BANDS, generator=generator)
    rest = torch.randn(800, 4, generator=generator) @ torch.linalg.qr(directions.T).Q.T
    structured = learn_residuals(rest, _endmembers().float(), torch.zeros(800, 3))
    assert structured.n_dimensions == pytest.approx(4, abs=0.3)
    assert structured.level == pytest.approx(4, rel=0.1)


def test_residuals_of_exact_mixtures_are_nothing() -> None:
    endmembers = _endmembers()
    codes = torch.rand(50, 3, generator=torch.Generator().manual_seed(0)).double()
    found = learn_residuals(codes @ endmembers, endmembers, codes)
    assert found.level < 1e-20
    assert 1 <= found.n_dimensions <= N_BANDS


def test_extrapolation_is_a_part_of_the_way_of_those_outside_the_data() -> None:
    endmembers = _endmembers()
    means = torch.tensor([0.5, 0.3, 0.2]).double()
    found = extrapolation_of(endmembers, torch.tensor([0, 12, 0]), means)
    assert bool((found[:, 1] == 0).all())
    for k in (0, 2):
        moved = 0.1 * (endmembers[k] - means @ endmembers)
        torch.testing.assert_close(found[:, k], endmembers @ moved)


@pytest.mark.parametrize("n_pixels", [1, 2, 30])
def test_residuals_of_one_direction_have_one_dimension(n_pixels: int) -> None:
    rest = torch.ones(n_pixels, N_BANDS) * torch.linspace(1, 2, n_pixels)[:, None]
    found = learn_residuals(rest, _endmembers().float(), torch.zeros(n_pixels, 3))
    assert 1 <= found.n_dimensions <= N_BANDS
    if n_pixels > 1:
        assert found.n_dimensions == pytest.approx(1, abs=1e-6)
