"""Tables of spectra, whichever way round they lie."""

import numpy as np
import pytest

from scenes import SceneError, SceneWarning, SpectralLibrary

SPECTRA = np.array([[0.1, 0.2, 0.3], [0.5, 0.25, 0.125]])
AXIS = np.array([450.0, 550.0, 2200.0])


def read(folder, text, name="a.csv", **options):
    (folder / name).write_text(text, encoding="utf-8")
    return SpectralLibrary.read(folder / name, **options)


WIDE = [
    "name,450,550,2200\nsand,0.1,0.2,0.3\nwater,0.5,0.25,0.125\n",
    "450,550,2200,name\n0.1,0.2,0.3,sand\n0.5,0.25,0.125,water\n",
    "ID,450 nm,550 nm,2200 nm\nsand,0.1,0.2,0.3\nwater,0.5,0.25,0.125\n",
    "Spectrum,X450,X550,X2200\nsand,0.1,0.2,0.3\nwater,0.5,0.25,0.125\n",
    "Name;0.45um;0.55um;2.2um\nsand;0,1;0,2;0,3\nwater;0,5;0,25;0,125\n",
    "name\t450\t550\t2200\nsand\t0.1\t0.2\t0.3\nwater\t0.5\t0.25\t0.125\n",
    "wavelength,sand,water\n450,0.1,0.5\n550,0.2,0.25\n2200,0.3,0.125\n",
    "Wavelength (um),sand,water\n0.45,0.1,0.5\n0.55,0.2,0.25\n2.2,0.3,0.125\n",
    "wavelength_nm,sand,water\n450,0.1,0.5\n550,0.2,0.25\n2200,0.3,0.125\n",
    "name,wavelength,reflectance\nsand,450,0.1\nsand,550,0.2\nsand,2200,0.3\n"
    "water,450,0.5\nwater,550,0.25\nwater,2200,0.125\n",
]


@pytest.mark.parametrize("text", WIDE)
def test_tables_that_say_the_same_read_the_same(tmp_path, text):
    library = read(tmp_path, text)
    assert library.names == ("sand", "water")
    assert np.array_equal(library.spectra, SPECTRA)
    assert library.wavelengths_nm == pytest.approx(AXIS, rel=1e-12)


def test_class_columns_come_first_as_in_spectral_unmixing(tmp_path):
    library = read(tmp_path, "Class,Site,450,550\nsoil,A,0.1,0.2\nnpv,B,0.3,0.4\n")
    assert library.names == library.classes == ("soil", "npv")
    assert library.attributes["Site"] == ("A", "B")


def test_attributes_come_back(tmp_path):
    library = SpectralLibrary(("a", "b"), SPECTRA, AXIS, attributes={"class": ["x, y", ""]})
    library.write_csv(tmp_path / "a.csv")
    assert SpectralLibrary.read(tmp_path / "a.csv") == library


def test_wavelengths_below_100_are_micrometres_with_a_warning(tmp_path):
    with pytest.warns(SceneWarning, match="taken as micrometres"):
        library = read(tmp_path, "name,0.45,0.55,2.2\nsand,0.1,0.2,0.3\n")
    assert library.wavelengths_nm == pytest.approx(AXIS, rel=1e-12)


@pytest.mark.parametrize(("factor", "word"), [(100, "percent"), (10000, "1/10000")])
def test_numbers_too_large_for_reflectance_are_scaled_with_a_warning(tmp_path, factor, word):
    text = f"id,450,550\nsand,{0.1 * factor},{0.5 * factor}\n"
    with pytest.warns(SceneWarning, match=f"taken as {word}"):
        assert read(tmp_path, text).spectra[0] == pytest.approx([0.1, 0.5])
    assert read(tmp_path, text, scale=factor).spectra[0] == pytest.approx([0.1, 0.5])
    assert read(tmp_path, text, scale=1).spectra[0] == pytest.approx([0.1 * factor, 0.5 * factor])


@pytest.mark.parametrize("cell", ["", "NA", "nan", "-1.23e34", "-1.2300000e+34"])
def test_missing_and_deleted_values_are_nan(tmp_path, cell):
    library = read(tmp_path, f"name,450,550,2200\nsand,0.1,{cell},0.3\n")
    assert np.array_equal(library.spectra, [[0.1, np.nan, 0.3]], equal_nan=True)


def test_spectra_with_different_bands_share_all_wavelengths(tmp_path):
    text = (
        "name,wavelength,reflectance\nsand,450,0.1\nsand,2200,0.3\nwater,450,0.5\nwater,550,0.2\n"
    )
    library = read(tmp_path, text)
    assert np.array_equal(library.wavelengths_nm, AXIS)
    expected = [[0.1, np.nan, 0.3], [0.5, 0.2, np.nan]]
    assert np.array_equal(library.spectra, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,450,band 2\nsand,0.1,0.2\n", "wavelengths in some columns and bands in others"),
        ("name,450 nm,0.55 um\nsand,0.1,0.2\n", "several units"),
        ("name,wavelength,a,b\nsand,450,1,2\n", "must be called `reflectance`"),
        ("name,wavelength,y\nsand,450,1\nsand,450,2\n", "two values for one wavelength"),
        ("name,0,0.5\nsand,0.1,0.2\n", "must be positive"),
    ],
)
def test_tables_that_contradict_themselves_are_refused(tmp_path, text, message):
    with pytest.raises(SceneError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize("scale", [0, -1, float("nan")])
def test_a_scale_that_is_not_positive_is_refused(tmp_path, scale):
    with pytest.raises(SceneError, match="means reflectance 1"):
        read(tmp_path, WIDE[0], scale=scale)
