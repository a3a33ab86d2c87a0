"""Band sets: as many bands as the instrument has, in the order of its detectors."""

import numpy as np
import pytest

from unmix.errors import UnmixError
from unmix.simulation import MATERIALS, SENSORS, Material, Sensor, find_sensor


@pytest.mark.parametrize(
    ("name", "n_bands", "low", "high", "n_detectors"),
    [("aviris", 224, 366, 2497, 4), ("emit", 285, 381, 2493, 1), ("enmap", 224, 418, 2446, 2)],
)
def test_sensor_has_the_bands_of_the_instrument(name, n_bands, low, high, n_detectors):
    sensor = SENSORS[name]
    steps = np.diff(sensor.wavelengths_nm)
    assert sensor.n_bands == n_bands
    assert sensor.wavelengths_nm.min() == pytest.approx(low, abs=1)
    assert sensor.wavelengths_nm.max() == pytest.approx(high, abs=1)
    assert (steps < 0).sum() == n_detectors - 1  # ascending within each detector
    assert steps[steps > 0].min() > 4
    assert steps.max() < 13
    assert 6 < sensor.fwhm_nm.min() <= sensor.fwhm_nm.max() < 13


def test_enmap_steps_back_where_its_detectors_overlap():
    nm = SENSORS["enmap"].wavelengths_nm
    (step,) = np.flatnonzero(np.diff(nm) < 0)
    assert 900 < nm[step + 1] < nm[step] < 1000


@pytest.mark.parametrize("name", SENSORS)
def test_bands_inside_water_vapour_are_bad_and_the_windows_between_are_good(name):
    sensor = SENSORS[name]
    nm = sensor.wavelengths_nm
    assert not sensor.good[((nm > 1345) & (nm < 1445)) | ((nm > 1800) & (nm < 1955))].any()
    assert sensor.good[((nm > 420) & (nm < 1330)) | ((nm > 1460) & (nm < 1780))].all()
    assert sensor.good[(nm > 1965) & (nm < 2440)].all()


def test_a_band_sees_a_flat_spectrum_as_it_is():
    grey = Material("grey", ((400, 0.3), (2500, 0.3)), (), "made up")
    np.testing.assert_allclose(SENSORS["aviris"].observe([grey]), 0.3, rtol=1e-12)


def test_a_band_sees_the_average_of_a_slow_numerical_integral():
    sensor = SENSORS["emit"]
    band = int(np.argmin(np.abs(sensor.wavelengths_nm - 2206)))
    sigma = sensor.fwhm_nm[band] / 2.354820045
    nm = np.linspace(2206 - 60, 2206 + 60, 24_001)
    response = np.exp(-0.5 * ((nm - sensor.wavelengths_nm[band]) / sigma) ** 2)
    expected = np.average(MATERIALS["kaolinite"].reflectance(nm), weights=response)
    found = sensor.observe([MATERIALS["kaolinite"]])[0, band]
    assert found == pytest.approx(expected, rel=2e-4)


def test_a_wide_band_sees_a_shallower_absorption():
    narrow = Sensor("n", np.array([2206.0]), np.array([5.0]), np.array([True]))
    wide = Sensor("w", np.array([2206.0]), np.array([60.0]), np.array([True]))
    kaolinite = [MATERIALS["kaolinite"]]
    assert wide.observe(kaolinite)[0, 0] > narrow.observe(kaolinite)[0, 0] + 0.05


@pytest.mark.parametrize(
    ("wavelengths", "fwhm", "good", "message"),
    [
        ([400.0, 500.0], [10.0], [True, True], "same length"),
        ([400.0, -1.0], [10.0, 10.0], [True, True], "positive finite"),
        ([400.0, np.nan], [10.0, 10.0], [True, True], "positive finite"),
        ([400.0, 500.0], [10.0, 10.0], [False, False], "at least one good band"),
    ],
)
def test_an_impossible_sensor_is_refused(wavelengths, fwhm, good, message):
    with pytest.raises(UnmixError, match=message):
        Sensor("odd", np.array(wavelengths), np.array(fwhm), np.array(good))


def test_evenly_spaced_bands_need_two_and_a_range():
    with pytest.raises(UnmixError, match=r"1 band\(s\) from 400 to 2450 nm"):
        Sensor.evenly_spaced(1)
    with pytest.raises(UnmixError, match="`stop_nm` beyond `start_nm`"):
        Sensor.evenly_spaced(10, 900.0, 400.0)


def test_find_sensor_lists_what_there_is():
    assert find_sensor(" AVIRIS ") is SENSORS["aviris"]
    assert find_sensor(SENSORS["emit"]) is SENSORS["emit"]
    with pytest.raises(UnmixError, match=r"no sensor 'hyperion'.*aviris, emit, enmap"):
        find_sensor("hyperion")


def test_a_few_wide_bands_can_be_observed():
    assert np.isfinite(Sensor.evenly_spaced(8).observe(list(MATERIALS.values()))).all()


def test_bands_in_micrometres_are_refused():
    sensor = Sensor("um", np.array([0.55, 0.66]), np.array([0.01, 0.01]), np.array([True, True]))
    with pytest.raises(UnmixError, match=r"2 band\(s\) outside 300 to 2600 nm"):
        sensor.observe([MATERIALS["water"]])
