import dataclasses

import pytest
import torch

from unmix import UnmixError
from unmix.count import Counts, Step, choose_n_endmembers, count_endmembers
from unmix.errors import UnmixWarning
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


@pytest.mark.parametrize("unit", [1e-30, 4096, 1e20])
def test_count_ignores_the_unit_and_the_seed_repeats(planted, hasty, unit):
    spectra = planted(3, sigma=0.02)
    one, same, scaled = (
        count_endmembers(factor * spectra, settings=hasty, n_max=3) for factor in (1, 1, unit)
    )
    assert one == same
    assert dataclasses.replace(scaled, curve=()) == dataclasses.replace(one, curve=())
    for step, other in zip(one.curve, scaled.curve, strict=True):
        assert step == pytest.approx(other, rel=1e-3)


def test_count_finds_materials_where_there_is_no_noise(planted, hasty):
    found = count_endmembers(planted(3, sigma=0), settings=hasty, n_max=4)
    assert (found.hysime, found.signal_dimensions, found.recommended) == (3, 3, 3)


def test_no_more_endmembers_are_tried_than_a_quarter_of_the_pixels(planted, hasty):
    found = count_endmembers(planted(6, sigma=1e-4, n_pixels=14, n_bands=13), settings=hasty)
    assert found.signal_dimensions > 3
    assert [step.n_endmembers for step in found.curve] == [2, 3]


def test_fits_take_pixels_that_the_seed_draws_and_no_more_than_their_share(
    planted, hasty, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        "unmix.count.stability_curve",
        lambda spectra, *rest: asked.append((spectra, rest[-2])) or [],
    )
    monkeypatch.setattr("unmix.count.MAX_FITTED", 100)
    for seed in (0, 0, 1):
        count_endmembers(planted(3), settings=hasty, seed=seed)
    monkeypatch.setattr("unmix.count.MAX_FITTED", 10_000)
    count_endmembers(planted(3), settings=hasty)
    drawn = [spectra for spectra, _ in asked]
    assert [len(spectra) for spectra in drawn] == [100, 100, 100, 1500]
    assert [seed for _, seed in asked] == [0, 0, 1, 0]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_count_leaves_invalid_pixels_out(planted, hasty):
    spectra = planted(2)
    holes = spectra.clone()
    holes[:40] = torch.nan
    holes[40:60] = 0
    found = count_endmembers(holes, settings=hasty, n_max=2)
    assert found == count_endmembers(spectra[60:], settings=hasty, n_max=2)
    assert found.n_pixels == len(spectra) - 60


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_count_and_choice_are_those_without_the_dead_bands(planted, hasty, value):
    spectra = planted(3, n_pixels=600)
    dead = torch.cat([spectra[:, :5], torch.full((600, 2), value), spectra[:, 5:]], dim=1)
    wavelengths_nm = [400.0 + 10 * k for k in range(42)]
    how = {"settings": hasty, "wavelengths_nm": wavelengths_nm}
    named = r"2 of 42, number 6 \(450 nm\), 7 \(460 nm\)"
    with pytest.warns(UnmixWarning, match=named):
        found = count_endmembers(dead, n_max=3, **how)
    assert found == count_endmembers(spectra, settings=hasty, n_max=3)
    assert (found.n_bands, found.recommended) == (40, 3)
    with pytest.warns(UnmixWarning, match=named):
        assert choose_n_endmembers(dead, **how).n_endmembers == 3


def test_count_is_that_without_the_glaring_pixel(planted, hasty):
    spectra = planted(3, n_pixels=600)
    glaring = torch.cat([torch.full((1, 40), 1e30), spectra])
    with pytest.warns(UnmixWarning, match="1 of 601"):
        found = count_endmembers(glaring, settings=hasty, n_max=3)
    assert found == count_endmembers(spectra, settings=hasty, n_max=3)


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
    message = r"^Counting needs more pixels .*Got 39 .* Or say how many .*`n_endmembers`\.$"
    with pytest.raises(UnmixError, match=message):
        choose_n_endmembers(planted(2)[:39])


@pytest.mark.parametrize("n_max", [1, 2.5, True])
def test_count_refuses_a_senseless_maximum(planted, n_max):
    with pytest.raises(UnmixError, match="`n_max` must be an integer of at least 2"):
        count_endmembers(planted(2), n_max=n_max)


def test_count_refuses_too_few_pixels(planted):
    with pytest.raises(UnmixError, match="Got 39 valid pixels of 40 bands"):
        count_endmembers(planted(2)[:39])
