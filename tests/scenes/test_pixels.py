from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.errors import SceneError
from scenes.pixels import Scaling, nodata_in


def scaled(raw, gain=1.0, offset=0.0, nodata=None):
    raw = np.array(raw)
    return Scaling.of_bands(raw.shape[1], gain, offset, nodata).apply(raw)


def test_scaling_masks_first_and_scales_second():
    raw = np.array([[-9999, 5000], [2000, -9999], [1000, 2000]], dtype=np.int16)
    spectra, valid = scaled(raw, gain=1e-4, nodata=-9999)
    assert valid.tolist() == [False, False, True]
    assert spectra[2].tolist() == np.float32([0.1, 0.2]).tolist()


def test_scaling_does_not_take_scaled_numbers_for_nodata():
    spectra, valid = scaled(np.array([[2, 4]], dtype=np.int16), gain=0.5, nodata=1)
    assert valid.all()
    assert spectra.tolist() == [[1, 2]]


def test_scaling_by_a_whole_divisor_is_the_division_itself():
    raw = np.arange(-32768, 32767, dtype=np.int16)[:, None]
    spectra, _ = scaled(raw, gain=1 / 10000)
    assert np.array_equal(spectra, raw.astype(np.float32) / np.float32(10000))


@given(st.sampled_from(["u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8", ">i2", ">f4"]), st.data())
def test_scaling_is_a_gain_and_an_offset_for_each_band(dtype, data):
    """Against the same in float64; int16 never overflows."""
    kind = np.dtype(dtype)
    least, most = (-3e4, 3e4) if kind.kind == "f" else (np.iinfo(kind).min, np.iinfo(kind).max)
    least, most = int(max(least, -(2**40))), int(min(most, 2**40))
    numbers = data.draw(st.lists(st.integers(least, most), min_size=6, max_size=6))
    gain = data.draw(st.lists(st.floats(-10, 10), min_size=3, max_size=3))
    offset = data.draw(st.lists(st.floats(-10, 10), min_size=3, max_size=3))
    raw = np.array(numbers, dtype=np.float64).reshape(2, 3).astype(kind)
    expected = raw.astype(np.float64) * gain + offset
    spectra, valid = scaled(raw.copy(), gain, offset)
    tolerance = 1e-6 * (np.abs(raw.astype(np.float64) * gain).max() + 10)
    assert valid.all()
    assert spectra.dtype == np.float32
    assert np.allclose(spectra, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pixels_with_a_number_that_is_not_finite_are_invalid(wrong, dtype):
    _, valid = scaled(np.array([[1.0, wrong], [1.0, 2.0]], dtype=dtype))
    assert valid.tolist() == [False, True]


def test_pixels_beyond_float32_are_invalid():
    _, valid = scaled(np.array([[1e300, 1.0], [1.0, 1.0]]))
    assert valid.tolist() == [False, True]


@pytest.mark.parametrize("nodata", [-9999.0, -0.9999, 0.1, 1e-30, -3.4028234663852886e38])
@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4"])
def test_nodata_is_found_as_the_data_type_rounds_it(nodata, dtype):
    """Pitfall 10."""
    raw = np.array([[nodata, 1.0], [2.0, 1.0]]).astype(dtype)
    assert scaled(raw, nodata=nodata)[1].tolist() == [False, True]


def test_nodata_written_with_fewer_digits_than_the_data_have_is_found():
    raw = np.array([[np.finfo(np.float32).min, 1], [-1e29, 1]], dtype=np.float32)
    assert scaled(raw, nodata=-3.40282e38)[1].tolist() == [False, True]
    assert scaled(-raw, nodata=3.40282e38)[1].tolist() == [False, True]


@pytest.mark.parametrize(
    ("dtype", "nodata", "expected"),
    [
        ("u2", -9999.0, None),
        ("u2", 65535.0, 65535),
        ("i2", 0.5, None),
        ("i2", 1e20, None),
        ("i2", np.nan, None),
        ("f4", np.nan, None),
        ("f4", -1.7e308, None),
        ("f4", None, None),
        (">i4", -9999.0, -9999),
    ],
)
def test_nodata_in_knows_what_a_type_can_hold(dtype, nodata, expected):
    assert nodata_in(np.dtype(dtype), nodata) == expected


def test_scaling_leaves_read_only_numbers_alone():
    raw = np.ones((2, 2), dtype=np.float32)
    raw.flags.writeable = False
    spectra, _ = Scaling.of_bands(2, 0.5, 0.0, None).apply(raw)
    assert raw.tolist() == [[1, 1], [1, 1]]
    assert spectra.tolist() == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize("gain", [1.0, 1e-4, 0.3, [0.5, 2.0, 1.0]], ids=str)
@pytest.mark.parametrize("offset", [0.0, [0.0, 1.0, 0.0]], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "int16", ">i2", "int64", "float32", ">f4", "float64"])
def test_scaling_writes_where_it_is_asked_to(dtype, gain, offset):
    raw = np.array([[1, 2, 3], [4, 9, 6], [7, 8, 5]]).astype(dtype)
    scaling = Scaling.of_bands(3, gain, offset, 9)
    spectra, valid = scaling.apply(raw.copy())
    place = np.full((5, 3), -1, np.float32)
    found, also_valid = scaling.apply(raw.copy(), place[1:4])
    assert found.base is place
    assert np.array_equal(place[1:4], spectra) and np.array_equal(also_valid, valid)
    assert (place[[0, 4]] == -1).all()


@pytest.mark.parametrize("gain", [5e-324, 1e-310, 1e-300, -5e-324])
def test_scaling_takes_any_finite_gain(gain):
    """Of which one divided by it may be infinite."""
    spectra, valid = Scaling.of_bands(2, gain, 0.0, None).apply(np.array([[0, 3]], np.int16))
    assert (spectra == 0).all() and valid.all()


@pytest.mark.parametrize("gain", [[1.0, 2.0], np.nan, [[1.0]]])
def test_scaling_refuses_gains_that_do_not_fit(gain):
    with pytest.raises(SceneError, match="`gain` must be one finite number, or one for each"):
        Scaling.of_bands(3, gain, 0.0, None)


@given(st.sampled_from(["i2", "f4"]), st.integers(0, 10**6))
def test_padding_is_a_pixel_that_holds_it_in_all_bands_that_are_not_missing(dtype, seed):
    """Against the law written out pixel by pixel."""
    raw = np.random.default_rng(seed).choice([0, 1, -9999], size=(40, 3)).astype(dtype)
    scaling = replace(Scaling.of_bands(3, 1.0, 0.0, -9999), padding=0)
    expected = [set(row) - {-9999} == {0} for row in raw.tolist()]
    assert scaling.is_padding(raw).tolist() == expected
    _, valid = scaling.apply(raw.copy())
    assert valid.tolist() == [-9999 not in row and any(row) for row in raw.tolist()]


def test_saturated_pixels_are_invalid_from_one_band_on():
    raw = np.array([[1, 2], [1, 32767], [32767, 32767], [32766, 0]], dtype=np.int16)
    scaling = replace(Scaling.of_bands(2, 1.0, 0.0, None), saturation=32767)
    assert scaling.apply(raw)[1].tolist() == [True, False, False, True]
    assert scaling.select(np.array([0])).apply(raw[:, :1])[1].tolist() == [True, True, False, True]


def test_missing_tells_single_numbers():
    raw = np.array([[1, -9999, np.nan], [np.inf, 2, 3]], dtype=np.float32)
    scaling = Scaling.of_bands(3, 1.0, 0.0, -9999)
    assert scaling.missing(raw).tolist() == [[False, True, True], [True, False, False]]
    assert not replace(scaling, nodata=None).missing(np.ones((2, 3), np.uint8)).any()
