import numpy as np
import pytest

from scenes.errors import SceneWarning
from scenes.formats.spectral_axis import AxisText, bands_from_text, wavelengths_in_names


def bands(n=2, **text):
    return bands_from_text(AxisText(**text), n, "x.hdr")


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("Nanometers", 1), ("nm", 1), ("NANOMETRES", 1), ("Micrometers", 1000), (" um ", 1000),
     ("Microns", 1000), ("µm", 1000), ("μm", 1000)],
)  # fmt: skip
def test_wavelength_units_in_any_spelling_become_nanometres(unit, factor):
    """Pitfall 3."""
    texts = ["400.9387", "2480.25"] if factor == 1 else ["0.4009387", "2.48025"]
    found = bands(wavelengths=texts, unit=unit, fwhm=texts)
    assert found.wavelengths_nm.tolist() == [float(text) * factor for text in texts]
    assert found.fwhm_nm.tolist() == found.wavelengths_nm.tolist()


@pytest.mark.parametrize("unit", ["", "Unknown", "Index", "none"])
def test_missing_units_are_guessed_with_a_warning(unit):
    """Pitfall 3."""
    with pytest.warns(SceneWarning, match=r"x\.hdr: .*2\.48 they are taken as micrometres"):
        found = bands(wavelengths=["0.4", "2.48"], unit=unit, fwhm=["0.01", "0.01"])
    assert found.wavelengths_nm.tolist() == [400, 2480]
    assert found.fwhm_nm.tolist() == [10, 10]
    with pytest.warns(SceneWarning, match="2480 they are taken as nanometres"):
        assert bands(wavelengths=["400", "2480"], unit=unit).wavelengths_nm.tolist() == [400, 2480]


@pytest.mark.parametrize(
    ("texts", "unit", "expected"),
    [(["0.46", "2.41"], "nm", [460, 2410]), (["460", "2410"], "Micrometers", [460, 2410])],
)
def test_units_that_cannot_be_true_are_mended_with_a_warning(texts, unit, expected):
    with pytest.warns(SceneWarning, match=f"cannot be in '{unit}'"):
        assert bands(wavelengths=texts, unit=unit).wavelengths_nm.tolist() == expected


def test_units_that_are_no_length_leave_the_wavelengths_out():
    with pytest.warns(SceneWarning, match="in 'Wavenumber' are not understood"):
        assert bands(wavelengths=["400", "500"], unit="Wavenumber").wavelengths_nm is None


def test_wavelengths_keep_the_digits_of_the_header():
    """Pitfall 4: GDAL rounds to three decimals of a micrometre."""
    found = bands(wavelengths=["381.0055927", "388.4092083"], unit="nm", fwhm=["8.415", "5.59"])
    assert found.wavelengths_nm.tolist() == [381.0055927, 388.4092083]
    assert found.fwhm_nm.tolist() == [8.415, 5.59]


def test_bbl_one_is_good_also_as_a_float():
    """Pitfall 6."""
    assert bands(3, bbl=["1", "0", "1.0"]).good.tolist() == [True, False, True]
    assert bands(2, bbl=["0.0", "1"]).good.tolist() == [False, True]
    assert bands(2).good.all()


def test_bbl_without_any_good_band_is_ignored_with_a_warning():
    with pytest.warns(SceneWarning, match="marks all 2 bands as bad"):
        assert bands(bbl=["0", "0"]).good.all()


@pytest.mark.parametrize("what", ["wavelengths", "fwhm", "bbl", "names"])
def test_lists_of_the_wrong_length_are_ignored_with_a_warning(what):
    text = {"wavelengths": ["400", "500"], "unit": "nm", what: ["1"]}
    with pytest.warns(SceneWarning, match=f"{what}.* has 1 entry for 2 bands"):
        found = bands(**text)
    assert found.good.all()
    assert found.names is None
    assert found.fwhm_nm is None
    assert (found.wavelengths_nm is None) is (what == "wavelengths")


@pytest.mark.parametrize("what", ["wavelengths", "fwhm"])
@pytest.mark.parametrize("wrong", ["x", "0", "-1", "nan"])
def test_lists_that_are_no_lengths_are_ignored_with_a_warning(what, wrong):
    text = {"wavelengths": ["400", "500"], "unit": "nm", what: [wrong, "500"]}
    with pytest.warns(SceneWarning, match=f"list of {what}"):
        assert getattr(bands(**text), f"{what}_nm") is None


def test_wavelengths_in_the_names_of_the_bands_are_used():
    names = ["band 1 (0.424000 Micrometers)", "band 2 (0.429000 Micrometers)"]
    found = bands(names=names)
    assert found.wavelengths_nm == pytest.approx([424, 429], abs=1e-9)
    assert found.names == tuple(names)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["band 12 (470.3 Nanometers)"], ([470.3], "nanometers")),
        (["R 470.3nm", "B 4.7e2 nm"], ([470.3, 470], "nm")),
        (["Resize (Band 1:x_2013317) (426.82)"], None),
        (["1 nm", "band 2"], None),
        (["0.4 um", "400 nm"], None),
        (["b2470 nm"], None),
        ([], None),
    ],
)
def test_wavelengths_in_names_need_a_number_and_a_unit_in_every_name(names, expected):
    values, unit = wavelengths_in_names(names)
    if expected is None:
        assert values is None
    else:
        assert (values.tolist(), unit.lower()) == expected


def test_bands_without_any_text_are_all_good_and_nameless():
    found = bands(3)
    assert len(found) == 3
    assert found.wavelengths_nm is None
    assert found.names is None
    assert np.array_equal(found.good, [True] * 3)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("unit", ["Index", "Unknown", ""])
def test_band_numbers_are_no_wavelengths(first, unit):
    """`wavelength units = Index`: 224 bands would lie at 1 to 224 nm."""
    numbers = [str(first + i) for i in range(224)]
    with pytest.warns(SceneWarning, match="are the numbers of the bands; they are left out"):
        assert bands_from_text(AxisText(numbers, unit), 224, "x.hdr").wavelengths_nm is None
