import pytest
import torch

from unmix.count.moments import Moments
from unmix.count.stability import PATIENCE, Step, stability_curve
from unmix.count.subspace import signal_subspace


@pytest.fixture(scope="module")
def curve_of(planted, hasty):
    def curve(n_signals, n_max, **how):
        spectra = planted(n_signals, **how)
        subspace = signal_subspace(Moments.of(spectra))
        return stability_curve(spectra, subspace, n_max, hasty, seed=1)

    return curve


def step(**changed) -> Step:
    good = {"separation": 5.0, "disagreement": 0.1, "gain": 0.5}
    return Step(n_endmembers=3, residual=0.01, unexplained=1.0, **{**good, **changed})


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
