import pytest
import torch

from unmix.autoencoder import fit_endmembers
from unmix.count import stability
from unmix.count.moments import Moments
from unmix.count.stability import PATIENCE, Step, _gain, _look_at, stability_curve
from unmix.count.subspace import Subspace, signal_subspace


@pytest.fixture(scope="module")
def curve_of(planted, hasty):
    def curve(n_signals, n_max, **how):
        spectra = planted(n_signals, **how)
        subspace = signal_subspace(Moments.of(spectra))
        return stability_curve(spectra, subspace, n_max, hasty, seed=1)

    return curve


def step(**changed) -> Step:
    good = {"separation": 5.0, "disagreement": 0.1, "gain": 0.5, "unexplained": 1.0}
    return Step(n_endmembers=3, residual=0.01, **{**good, **changed})


@pytest.mark.parametrize(
    ("changed", "distinct"),
    [
        ({}, True),
        ({"separation": 1.9}, False),
        ({"disagreement": 0.6}, False),
        ({"gain": 0.2}, False),
    ],
)
def test_step_is_distinct_only_if_all_three_hold(changed, distinct):
    assert step(**changed).is_distinct is distinct


def test_curve_leaves_less_unexplained_with_every_material_found(curve_of):
    steps = curve_of(4, 4)
    left = [step.unexplained for step in steps]
    assert [step.n_endmembers for step in steps] == [2, 3, 4]
    assert left == sorted(left, reverse=True)
    assert all(
        step.gain == pytest.approx(1 - after / before)
        for step, before, after in zip(steps[1:], left, left[1:], strict=False)
    )


def test_nothing_can_be_gained_where_nothing_was_left_unexplained():
    assert _gain(0.2, None) == 1
    assert _gain(0.2, step(unexplained=0.8)) == pytest.approx(0.75)
    assert _gain(-0.2, step(unexplained=0.0)) == _gain(-0.2, step(unexplained=-0.1)) == 0


def test_the_halves_share_no_pixel_and_leave_none_out(planted, hasty, monkeypatch):
    spectra, halves = planted(2), []

    def noted(half, *rest):
        halves.append(half)
        return fit_endmembers(half, *rest)

    monkeypatch.setattr(stability, "fit_endmembers", noted)
    stability_curve(spectra, signal_subspace(Moments.of(spectra)), 2, hasty)
    one, other = halves
    assert len(one) == len(other) == len(spectra) // 2
    found = torch.cat(halves)
    assert torch.equal(found[found[:, 0].argsort()], spectra[spectra[:, 0].argsort()])


@pytest.fixture
def plain():
    """Four materials in bands of their own, each half's pixels, and the whole space."""
    generator = torch.Generator().manual_seed(0)
    materials = torch.eye(4, dtype=torch.float64).repeat_interleave(3, dim=1)
    pixels = torch.rand(2, 50, 2, generator=generator, dtype=torch.float64)
    halves = pixels[0] @ materials[:2], pixels[1] @ materials[2:]
    space = Subspace(12, torch.ones(12).double(), torch.eye(12).double())
    return materials, halves, space


def test_endmembers_are_judged_by_the_half_that_they_were_not_found_in(plain):
    materials, halves, space = plain
    found = [materials[:2], materials[2:]]  # each explains its own half, and nothing of the other
    assert _look_at(halves, found, space, None).residual == pytest.approx(1)
    assert _look_at(halves, found[::-1], space, None).residual == pytest.approx(0)


def test_nothing_is_left_beyond_noise_once_all_materials_are_found(plain):
    """Where every pixel has all four: the noise of the other eight dimensions, and no more."""
    materials, _, space = plain
    generator = torch.Generator().manual_seed(1)
    pixels = (1 + torch.rand(2, 500, 4, generator=generator).double()) @ materials
    noise = torch.randn(pixels.shape, generator=generator, dtype=torch.float64)
    quiet = Subspace(12, 0.02 * space.noise, space.directions)
    all_four = _look_at(pixels + 0.02 * noise, [materials] * 2, quiet, None)
    assert all_four.unexplained == pytest.approx(0, abs=0.06)
    assert _look_at(pixels + 0.02 * noise, [materials[:3]] * 2, quiet, None).unexplained > 100


def test_residual_is_relative_to_each_pixel_s_length(plain):
    materials, halves, space = plain
    found = [materials[[0, 2]], materials[[0, 2]]]
    light = torch.linspace(0.1, 9, 50).double()[:, None]
    dim, lit = (
        _look_at(each, found, space, None) for each in (halves, [light * h for h in halves])
    )
    assert dim.residual > 0.1
    assert lit.residual == pytest.approx(dim.residual)
    assert lit.separation == pytest.approx(dim.separation)


@pytest.mark.parametrize("order", [1, -1])
def test_separation_is_of_the_half_whose_endmembers_are_less_distinct(plain, order):
    materials, halves, space = plain
    close = torch.stack([materials[0], materials[0] + 0.1 * materials[1]])
    apart = materials[:2]
    mixed = [halves[0] + halves[1]] * 2
    looked = _look_at(mixed, [close, apart][::order], space, None)
    angle = torch.tensor(0.1).atan()
    assert looked.separation * looked.residual == pytest.approx(float(angle.sin()), rel=1e-6)


def test_curve_knows_the_last_material(curve_of):
    *_, true, one_more = curve_of(3, 4, sigma=0.02)
    assert true.is_distinct
    assert not one_more.is_distinct
    assert one_more.separation < 0.5 * true.separation


def test_curve_goes_on_to_the_end_where_all_signals_can_be_materials(curve_of):
    assert [step.n_endmembers for step in curve_of(2, 6)] == [2, 3, 4, 5, 6]


def test_curve_ends_soon_where_materials_vary(varied, hasty):
    subspace = signal_subspace(Moments.of(varied))
    steps = stability_curve(varied, subspace, 9, hasty)
    assert [step.n_endmembers for step in steps] == list(range(2, 4 + PATIENCE))
    assert [step.is_distinct for step in steps[1:]] == [True] + PATIENCE * [False]


def test_curve_repeats_with_the_same_seed(curve_of):
    assert curve_of(3, 3) == curve_of(3, 3)


def test_curve_reports_progress_to_the_end(planted, hasty):
    spectra, shares = planted(3), []
    subspace = signal_subspace(Moments.of(spectra))
    stability_curve(spectra, subspace, 3, hasty, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert torch.isfinite(torch.tensor(shares)).all()
