"""Every real library reads with its units, or is refused for the reason that is true."""

import warnings

import numpy as np
import pytest

from scenes import SceneError, SceneWarning, SpectralLibrary

WHAT = "name, n_spectra, n_bands, first and last nm, largest value, first name, warnings"
LIBRARIES = [
    (
        "libraries/usgs_minerals",
        481,
        50,
        1991,
        2479,
        0.989,
        "a-alunit.spc Ammonioalunite NMNH145596",
        (),
    ),
    (
        "libraries/usgs_minerals.hdr",
        481,
        50,
        1991,
        2479,
        0.989,
        "a-alunit.spc Ammonioalunite NMNH145596",
        (),
    ),
    ("libraries/usgs1995.npz", 498, 224, 383, 2508, 1.018, "Acmite NMNH133746", ()),
    (
        "libraries/roberts2017_urban.sli",
        3725,
        224,
        366,
        2496,
        0.9996,
        "DTR_26_X3641_Y130",
        ("taken as micrometres", "names no scale"),
    ),
    (
        "libraries/basic_endmember_library.csv",
        5,
        224,
        366,
        2495,
        0.5433,
        "SOIL",
        ("names no scale",),
    ),
    ("scenes/berlin/library_berlin.sli", 75, 177, 460, 2409, 0.6786, "red clay tile 1", ()),
    (
        "wild/qps/speclib.sli",
        7,
        177,
        460,
        2409,
        0.25,
        "enmap.tif 383831.0110798964 5818355.065301555 EPSG:32633",
        ("names no scale",),
    ),
    (
        "libraries/aster_examples/Example_Spectra_ASD.csv",
        14,
        2151,
        350,
        2500,
        0.8271,
        "JPL057",
        ("taken as percent", "taken as micrometres"),
    ),
    (
        "libraries/aster_examples/Example_Spectra_Nicolet.csv",
        14,
        1737,
        2501,
        15387,
        0.092,
        "JPL057",
        ("taken as percent", "taken as micrometres"),
    ),
    ("libraries/aster_examples", 6, 8150, 400, 25044, 0.8342, "Alkalic Granite", ()),
    (
        "libraries/ecostress",
        44,
        9377,
        300,
        15000,
        1.1603,
        "Construction  Concrete",
        ("fractions", "fractions"),
    ),
]
REFUSED = [
    ("libraries/roberts2017_urban.csv", r"spectra of roberts2017_urban\.sli: read that"),
    ("scenes/berlin/library_berlin.csv", r"spectra of library_berlin\.sli: read that"),
    ("wild/qps/speclib.csv", r"spectra of speclib\.sli: read that"),
    ("libraries/aster_examples/Example_Ancillary.csv", "its first row has no wavelength"),
    ("libraries/aster_examples/Example_Metadata.csv", "its first row has no wavelength"),
]


def read(path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        library = SpectralLibrary.read(path)
    assert {warning.category for warning in caught} <= {SceneWarning}
    return library, [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("name", "n_spectra", "n_bands", "first_nm", "last_nm", "largest", "first", "warned"), LIBRARIES
)
def test_a_real_library_reads_with_its_units(
    shared_data, name, n_spectra, n_bands, first_nm, last_nm, largest, first, warned
):
    library, messages = read(shared_data / name)
    assert library.spectra.shape == (n_spectra, n_bands), WHAT
    assert library.wavelengths_nm.min() == pytest.approx(first_nm, abs=0.6)
    assert library.wavelengths_nm.max() == pytest.approx(last_nm, abs=0.6)
    assert np.nanmax(library.spectra) == pytest.approx(largest, abs=6e-4)
    assert library.names[0] == first
    assert len(messages) == len(warned)
    assert all(any(word in message for message in messages) for word in warned)


@pytest.mark.parametrize(("name", "reason"), REFUSED)
def test_a_file_that_is_no_library_is_refused_for_its_reason(shared_data, name, reason):
    with pytest.raises(SceneError, match=reason):
        SpectralLibrary.read(shared_data / name)


def test_every_sli_of_the_data_is_in_the_list(shared_data):
    listed = {shared_data / entry[0] for entry in LIBRARIES}
    assert set(shared_data.rglob("*.sli")) <= listed


def test_every_text_file_of_the_data_is_a_spectrum_or_says_why_not(shared_data):
    for path in sorted((shared_data / "libraries").rglob("*.txt")):
        if path.name.endswith(".ancillary.txt"):
            with pytest.raises(SceneError, match="describes a sample"):
                SpectralLibrary.read(path)
            continue
        library, _ = read(path)
        assert len(library) == 1, path.name
        assert 0.02 < np.nanmax(library.spectra) < 1.2, path.name
        assert (np.diff(library.wavelengths_nm) > 0).all(), path.name
        assert 290 < library.wavelengths_nm[0] < 2100, path.name
        assert library.classes[0], path.name


def test_a_spectrum_measured_twice_agrees(shared_data):
    """The same kaolinite by two spectrometers, one of them from the long end."""
    folder = shared_data / "libraries" / "ecostress"
    stem = "mineral.silicate.phyllosilicate.fine.vswir.ps-1a.jpl"
    both = [
        SpectralLibrary.read(folder / f"{stem}.{who}.spectrum.txt").resampled(
            np.arange(500.0, 2400, 10), np.full(190, 10.0)
        )
        for who in ("beckman", "perkin")
    ]
    one, other = (library.spectra[0] / np.linalg.norm(library.spectra[0]) for library in both)
    assert one @ other > 0.995


def test_bands_marked_bad_are_gaps(shared_data):
    library, _ = read(shared_data / "libraries" / "roberts2017_urban.sli")
    assert np.isnan(library.spectra).all(axis=0).sum() == 46
    assert library.select(classes="pervious").classes.count("pervious") > 1000
