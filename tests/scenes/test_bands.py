import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.bands import Bands, range_text
from scenes.errors import SceneError


def bands(wavelengths=None, fwhm=None, good=None, names=None, n=3):
    n = n if wavelengths is None else len(wavelengths)
    return Bands(
        None if wavelengths is None else np.array(wavelengths, dtype=float),
        None if fwhm is None else np.array(fwhm, dtype=float),
        np.ones(n, dtype=bool) if good is None else np.array(good, dtype=bool),
        names,
    )


def test_bands_keep_the_order_of_the_file():
    overlapping = [655.0, 665.0, 655.5, 665.3]
    assert bands(overlapping).wavelengths_nm.tolist() == overlapping


def test_bands_do_not_change_when_the_callers_array_does():
    mine = np.array([400.0, 500.0])
    kept = Bands(mine, None, np.ones(2, dtype=bool), None)
    mine[0] = 1.0
    assert kept.wavelengths_nm[0] == 400.0
    with pytest.raises(ValueError, match="read-only"):
        kept.good[0] = False


def test_bands_select_by_mask_is_select_by_numbers():
    full = bands([400, 500, 600], [10, 11, 12], [True, False, True], ("a", "b", "c"))
    assert full.select([True, False, True]) == full.select([0, 2])
    assert full.select([2, 1]).names == ("c", "b")
    assert full.select([2, 1]).fwhm_nm.tolist() == [12, 11]
    assert full.select([0, 1, 2]) == full


def test_bands_equal_only_when_everything_is():
    one = bands([400, 500])
    assert one == pickle.loads(pickle.dumps(one))
    assert one != bands([400, 501])
    assert one != bands([400, 500], fwhm=[1, 1])
    assert one != bands([400, 500], good=[True, False])
    assert one != bands([400, 500], names=("a", "b"))
    assert bands(n=2) != one
    assert one != "bands"


@pytest.mark.parametrize("index", [[3], [-1], [], [[0]], [0.5], [True, False]])
def test_bands_select_refuses_what_is_not_there(index):
    with pytest.raises(SceneError, match=r"0 to 2|3 bands"):
        bands().select(index)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0.0, -400.0])
@pytest.mark.parametrize("field", ["wavelengths", "fwhm"])
def test_bands_refuse_lengths_that_cannot_be(field, wrong):
    with pytest.raises(SceneError, match=r"Band 2 has .*1 of 3"):
        bands(**{field: [400, wrong, 600]})


def test_bands_refuse_lists_of_different_lengths():
    with pytest.raises(SceneError, match=r"`wavelengths_nm` has shape \(2,\) for 3 bands"):
        Bands(np.array([1.0, 2.0]), None, np.ones(3, dtype=bool), None)
    with pytest.raises(SceneError, match="`names` has 1 entry for 3 bands"):
        bands(names=("a",))
    with pytest.raises(SceneError, match="one truth value for each band"):
        Bands(None, None, np.ones((2, 2), dtype=bool), None)


def test_bands_repr_counts_the_good_ones():
    assert repr(bands([400.4, 500, 2480], good=[1, 1, 0])) == "2 of 3 bands, 400-500 nm"
    assert repr(bands(n=3)) == "3 bands"
    assert repr(bands([500.0])) == "1 band, 500 nm"
    assert range_text(np.array([])) == ""


@given(st.lists(st.floats(300, 3000), min_size=1, max_size=40, unique=True))
def test_nearest_finds_every_band_by_its_own_wavelength(wavelengths):
    found = bands(wavelengths).nearest(wavelengths, tolerance_nm=0)
    assert found.tolist() == list(range(len(wavelengths)))


@given(
    st.lists(st.floats(400, 2500), min_size=1, max_size=20),
    st.lists(st.floats(400, 2500), min_size=1, max_size=20),
)
def test_nearest_is_the_nearest_one_by_one(wavelengths, wanted):
    found = bands(wavelengths).nearest(wanted, tolerance_nm=1e9)
    distances = np.abs(np.subtract.outer(np.array(wanted), np.array(wavelengths)))
    assert np.array_equal(distances[range(len(wanted)), found], distances.min(axis=1))


def test_nearest_gives_two_bands_of_one_wavelength_their_turns():
    doubled = bands([900.0, 910.0, 900.0, 910.0])
    assert doubled.nearest([910.0, 900.0, 910.0, 900.0]).tolist() == [1, 0, 3, 2]


def test_nearest_never_finds_a_bad_band():
    marked = bands([400, 410, 420], good=[True, False, True])
    with pytest.raises(SceneError, match=r"410 nm.*1 band, 410 nm. Good here: 2 bands, 400-420 nm"):
        marked.nearest([410.0])


def test_nearest_reaches_half_of_the_fwhm():
    wide = bands([400, 410], fwhm=[6, 2])
    assert wide.nearest([402.9]).tolist() == [0]
    with pytest.raises(SceneError, match=r"403\.5"):
        wide.nearest([403.5])
    with pytest.raises(SceneError, match=r"408\.5"):
        wide.nearest([408.5])


def test_nearest_reaches_half_of_the_spacing_without_fwhm():
    spaced = bands([400, 410, 430])
    assert spaced.nearest([404.9, 439.9]).tolist() == [0, 2]
    with pytest.raises(SceneError, match=r"half of a band's width of 394\.9 nm"):
        spaced.nearest([394.9])


def test_nearest_reach_does_not_shrink_where_detectors_overlap():
    overlap = bands([640, 650, 660, 658.5, 668.5, 678.5])
    assert overlap.nearest([655.0]).tolist() == [3]
    assert overlap.nearest([663.2]).tolist() == [2]


def test_nearest_says_what_it_needs():
    with pytest.raises(SceneError, match="3 bands without wavelengths"):
        bands().nearest([500.0])
    with pytest.raises(SceneError, match="of 2 bands none is good"):
        bands([400, 500], good=[False, False]).nearest([400.0])
    with pytest.raises(SceneError, match="and 3 more nm"):
        bands([400, 500]).nearest(np.arange(1000, 1008))
    assert bands([400.0]).nearest([900.0]).tolist() == [0]
