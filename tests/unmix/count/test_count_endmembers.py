import dataclasses

import pytest
import torch

from unmix import UnmixError
from unmix.count import Counts, Step, choose_n_endmembers, count_endmembers
from unmix.simulation import Sensor, Simulation


def counts(curve, signal_dimensions, hysime=0, n_max=12) -> Counts:
    return Counts(
        n_pixels=1000,
        n_bands=50,
        hysime=hysime,
        hfc={},
        nwhfc={},
        likelihood=0,
        signal_dimensions=signal_dimensions,
        curve=tuple(curve),
        n_max=n_max,
    )


def step(n, distinct=True, unexplained=100.0) -> Step:
    return Step(n, 5.0 if distinct else 1.0, 0.1, 0.01, unexplained, 0.5)


VARIED = [step(2), step(3), step(4, False)]
GAP = [step(2), step(3, False), step(4)]
DISTINCT = "as many as are distinct"
HIDDEN = "as many as there are signals above noise: what fewer leave"
QUIET = [step(2), step(3, unexplained=0.4), step(4, False, 0.3)]


@pytest.mark.parametrize(
    ("curve", "signals", "hysime", "n_max", "expected", "why"),
    [
        (VARIED, 78, 76, 12, 3, DISTINCT),  # more signals than can be materials
        (VARIED, 9, 7, 12, 3, DISTINCT),  # they fade into the noise: the materials vary
        (VARIED, 9, 9, 12, 9, "as there are 9 signals, all"),  # they end abruptly: materials
        (VARIED, 9, 9, 8, 3, DISTINCT),
        (QUIET, 5, 3, 12, 5, HIDDEN),  # the rest is hidden by noise
        (QUIET, 5, 3, 4, 3, DISTINCT),
        (GAP, 40, 30, 12, 4, DISTINCT),  # the last, whatever came before
        ([step(2, False), step(3, False)], 9, 7, 12, 2, "the fewest"),
        ([step(2, False)], 2, 1, 12, 2, "the fewest"),
        ([], 1, 1, 12, 1, "no second signal"),
        ([], 3, 2, 12, 3, HIDDEN),  # too few pixels for fits
    ],
)
def test_recommended_follows_from_signals_and_distinct_endmembers(
    curve, signals, hysime, n_max, expected, why
):
    found = counts(curve, signals, hysime, n_max)
    assert found.recommended == expected
    assert why in found.reason


@pytest.mark.parametrize(("n", "sigma"), [(2, 0.001), (3, 0.02), (4, 0.005)])
def test_count_finds_planted_materials(planted, hasty, n, sigma):
    found = count_endmembers(planted(n, sigma=sigma), settings=hasty, n_max=5)
    assert (found.signal_dimensions, found.recommended) == (n, n)


def test_count_is_near_the_truth_of_a_simulated_scene(hasty):
    materials = ("green vegetation", "sand", "kaolinite", "water")
    bands = Sensor.evenly_spaced(60)
    scene = Simulation(40, 40, materials, sensor=bands, snr_db=30, seed=2)
    cube = torch.from_numpy(scene.block().cube)
    found = count_endmembers(cube.reshape(len(cube), -1).T, settings=hasty)
    assert abs(found.recommended - 4) <= 1


def test_count_is_not_fooled_by_materials_that_vary(varied, hasty):
    found = count_endmembers(varied, settings=hasty, n_max=6)
    assert found.signal_dimensions > 6
    assert found.recommended == 3


def test_count_ignores_the_unit_and_the_seed_repeats(planted, hasty):
    spectra = planted(3, sigma=0.02)
    one, same, scaled = (
        count_endmembers(factor * spectra, settings=hasty, n_max=3) for factor in (1, 1, 4096)
    )
    assert one == same
    assert dataclasses.replace(scaled, curve=()) == dataclasses.replace(one, curve=())
    for step, other in zip(one.curve, scaled.curve, strict=True):
        assert step == pytest.approx(other, rel=1e-3)


def test_count_finds_materials_where_there_is_no_noise(planted, hasty):
    found = count_endmembers(planted(3, sigma=0), settings=hasty, n_max=4)
    assert (found.hysime, found.signal_dimensions, found.recommended) == (3, 3, 3)


def test_count_leaves_invalid_pixels_out(planted, hasty):
    spectra = planted(2)
    holes = spectra.clone()
    holes[:40] = torch.nan
    holes[40:60] = 0
    found = count_endmembers(holes, settings=hasty, n_max=2)
    assert found == count_endmembers(spectra[60:], settings=hasty, n_max=2)
    assert found.n_pixels == len(spectra) - 60


def test_count_of_noise_recommends_one_and_fits_still_get_two(hasty):
    noise = 1 + 0.1 * torch.randn(800, 12, generator=torch.Generator().manual_seed(0))
    assert count_endmembers(noise, settings=hasty).recommended == 1
    reason = "the fewest that can be mixed, as no second signal exceeds the noise"
    assert choose_n_endmembers(noise, settings=hasty) == (2, reason)


def test_choose_is_what_count_recommends(planted, hasty):
    spectra = planted(3, sigma=0.02, n_pixels=600)
    found = count_endmembers(spectra, settings=hasty, seed=4)
    assert found.recommended == 3
    chosen = choose_n_endmembers(spectra, settings=hasty, seed=4)
    assert chosen == (found.recommended, found.reason)


def test_choose_refuses_what_count_refuses_and_asks_for_a_number(planted):
    message = r"^Counting needs more pixels .*Got 39 .* Or say how many .*`n_endmembers`, or -n"
    with pytest.raises(UnmixError, match=message):
        choose_n_endmembers(planted(2)[:39])


@pytest.mark.parametrize("n_max", [1, 2.5, True])
def test_count_refuses_a_senseless_maximum(planted, n_max):
    with pytest.raises(UnmixError, match="`n_max` must be an integer of at least 2"):
        count_endmembers(planted(2), n_max=n_max)


def test_count_refuses_too_few_pixels(planted):
    with pytest.raises(UnmixError, match="Got 39 valid pixels of 40 bands"):
        count_endmembers(planted(2)[:39])
