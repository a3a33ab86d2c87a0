import numpy as np
import pytest

from scenes.bad_bands import (
    Wanted,
    bad_bands,
    constant_bands,
    detectors_of,
    empty_bands,
    opaque_bands,
    overlapping_bands,
    signal_to_noise,
    without_empty_bands,
)
from scenes.bands import Bands
from scenes.look import Look, look_at


def axis(wavelengths_nm, good=None):
    known = np.asarray(wavelengths_nm, dtype=float)
    return Bands(known, None, np.ones(known.size, bool) if good is None else good, None)


def in_water(air_nm):
    return ((air_nm >= 1340) & (air_nm <= 1450)) | ((air_nm >= 1790) & (air_nm <= 1960))


def with_opaque_air(ground, air_nm):
    """Where water vapour absorbs, nothing but noise is left."""
    cube = ground.copy()
    noise = np.random.default_rng(1).normal(0.02, 0.03, cube.shape)
    cube[in_water(air_nm)] = noise[in_water(air_nm)]
    return cube


def found(scene, **wanted):
    reasons = bad_bands(scene, look_at(scene), Wanted(**wanted))
    return {reason: numbers.tolist() for reason, numbers in reasons.items()}


def test_clean_bands_are_all_kept_whatever_is_looked_for(ground, open_ground):
    assert found(open_ground(ground), noisy=True, overlap=True) == {}


def test_water_vapour_is_left_out_where_the_pixels_show_it(ground, air_nm, open_ground):
    scene = open_ground(with_opaque_air(ground, air_nm))
    assert found(scene) == {"water vapour": np.flatnonzero(in_water(air_nm)).tolist()}


def test_water_vapour_is_the_file_s_own_business_where_it_has_a_band_list(
    ground, air_nm, open_ground
):
    listed = "{" + ", ".join(["1"] * air_nm.size) + "}"
    scene = open_ground(with_opaque_air(ground, air_nm), {"bbl": listed})
    assert scene.bands.listed
    assert found(scene) == {}


@pytest.mark.filterwarnings("ignore::scenes.SceneWarning")
def test_a_band_list_of_another_length_is_none(ground, air_nm, open_ground):
    scene = open_ground(with_opaque_air(ground, air_nm), {"bbl": "{1, 1, 0}"})
    assert not scene.bands.listed
    assert "water vapour" in found(scene)


def test_edges_of_a_window_that_was_cut_out_before_stay(ground, air_nm):
    """Bands 1340-1360 of a file without 1361-1440 say nothing about water vapour."""
    left = (air_nm <= 1350) | (air_nm >= 1440)
    snr = np.full(left.sum(), 100.0)
    bands = axis(air_nm[left])
    snr[np.abs(bands.wavelengths_nm - 1340) < 1] = 1.0
    assert not opaque_bands(bands, snr).any()


def test_one_window_can_be_opaque_without_the_other(air_nm):
    snr = np.full(air_nm.size, 100.0)
    snr[(air_nm > 1790) & (air_nm < 1960)] = 2.0
    flagged = air_nm[opaque_bands(axis(air_nm), snr)]
    assert (flagged.min(), flagged.max()) == (1800, 1960)


def test_empty_and_constant_bands_are_found_apart(ground, open_ground):
    cube = ground.copy()
    cube[7] = -0.9999
    cube[30] = 0.5
    scene = open_ground(cube, {"data ignore value": -9999})
    assert found(scene) == {"empty": [7], "constant": [30]}


def test_a_band_is_empty_if_most_pixels_that_have_others_lack_it(ground, open_ground):
    cube = ground.copy()
    cube[7, 12:] = -0.9999
    cube[9, 11:] = -0.9999
    cube[:, :, 20:] = -0.9999  # outside of the image
    scene = open_ground(cube, {"data ignore value": -9999})
    assert found(scene) == {"empty": [9]}
    opened = without_empty_bands(scene)
    assert np.flatnonzero(~opened.bands.good).tolist() == [9]
    assert not opened.bands.listed


@pytest.mark.parametrize("value", [0.3, -0.9999])
def test_opening_leaves_a_scene_alone_where_no_band_or_every_band_is_empty(
    ground, open_ground, value
):
    scene = open_ground(np.full_like(ground, value), {"data ignore value": -9999})
    assert without_empty_bands(scene) is scene


def test_bands_found_empty_at_opening_do_not_stop_the_search_for_water_vapour(
    ground, air_nm, open_ground
):
    cube = with_opaque_air(ground, air_nm)
    cube[7] = -0.9999
    opened = without_empty_bands(open_ground(cube, {"data ignore value": -9999}))
    assert found(opened) == {"water vapour": np.flatnonzero(in_water(air_nm)).tolist()}


def test_noisy_bands_are_left_out_only_when_asked_for(ground, open_ground):
    cube = ground.copy()
    cube[50] += np.random.default_rng(0).normal(0, 0.2, cube.shape[1:])
    scene = open_ground(cube)
    assert found(scene) == {}
    assert found(scene, noisy=True) == {"noisy": [50]}


def test_bands_with_more_noise_than_signal_are_left_out(ground, open_ground):
    cube = ground.copy()
    cube[[0, 104]] = np.random.default_rng(0).normal(0.005, 0.05, (2, 24, 30))
    assert found(open_ground(cube)) == {"no signal": [0, 104]}


def test_dark_bands_are_no_bands_without_signal(ground, open_ground):
    """The infrared over water: hardly any signal, and the noise of all bands."""
    cube = ground.copy()
    cube[80:] = np.random.default_rng(0).normal(0.0005, 0.002, (25, 24, 30))
    assert found(open_ground(cube)) == {}


def test_bands_that_are_not_in_use_are_not_judged(ground, open_ground):
    cube = ground.copy()
    cube[7] = -0.9999
    scene = open_ground(cube, {"data ignore value": -9999})
    assert found(scene.with_bands(np.arange(10, 100))) == {}


def test_signal_to_noise_is_that_of_planted_noise():
    """White noise of known size on a smooth signal; the neighbours' own noise adds to it."""
    rng = np.random.default_rng(0)
    shape, noise = np.linspace(0.3, 0.5, 40), np.linspace(0.001, 0.01, 40)
    spectra = rng.uniform(0.5, 1, (4000, 1)) * shape + rng.normal(0, noise, (4000, 40))
    look = Look(spectra, np.ones(spectra.shape, bool), spectra.astype(np.float32))
    snr = signal_to_noise(axis(np.arange(400, 440)), look)
    ratio = snr / (0.75 * shape / noise)
    assert (ratio > 0.7).all() and (ratio < 1.05).all()


def test_signal_to_noise_does_not_depend_on_the_order_of_the_bands(ground, air_nm):
    spectra = ground.reshape(105, -1).T
    shuffled = np.random.default_rng(0).permutation(105)
    present = np.ones(spectra.shape, bool)
    straight = signal_to_noise(axis(air_nm), Look(spectra, present, spectra))
    turned = Look(spectra[:, shuffled], present, spectra[:, shuffled])
    assert np.allclose(signal_to_noise(axis(air_nm[shuffled]), turned), straight[shuffled])


def test_few_pixels_say_nothing(ground, air_nm):
    spectra = ground.reshape(105, -1).T[:20]
    look = Look(spectra, np.ones(spectra.shape, bool), spectra)
    snr = signal_to_noise(axis(air_nm), look)
    assert np.isnan(snr).all()
    assert not constant_bands(look).any()
    assert not opaque_bands(axis(air_nm), snr).any()
    nothing = Look(spectra[:0], np.ones((0, 105), bool), spectra[:0])
    assert not empty_bands(nothing).any()


@pytest.mark.parametrize("turn", [1, -1])
def test_overlap_leaves_one_detector_for_every_wavelength(turn):
    """Visible 400-1000 and infrared 900-2500 nm, in either direction."""
    known = np.concatenate([np.arange(400, 1001, 10), np.arange(900, 2501, 15)])[::turn]
    bands = axis(known)
    assert len(detectors_of(bands)) == 2
    kept = known[~overlapping_bands(bands)][::turn]
    assert (np.diff(kept) > 0).all()
    assert np.diff(kept).max() <= 25
    assert {400, 940, 950, 2490} <= set(kept.tolist())
    assert 970 not in kept.tolist()


def test_overlap_needs_detectors_that_overlap():
    assert not overlapping_bands(axis([400, 500, 600, 700])).any()
    assert not overlapping_bands(axis([900, 1000, 1100, 400, 500, 600])).any()
    assert not overlapping_bands(Bands(None, None, np.ones(5, bool), None)).any()
