"""SpectralLibrary: what is written comes back, bit for bit, and other programs can read it."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import spectral.io.envi
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from scenes import SceneError, SceneFileError, SceneWarning, SpectralLibrary
from scenes.envi_header import format_header, read_header

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    str.strip
)
WAVELENGTHS = st.floats(100, 20000)


@st.composite
def libraries(draw, names=NAMES):
    n_spectra, n_bands = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    width = draw(st.sampled_from([32, 64]))
    elements = st.floats(-(2.0**99), 2.0**99, width=width) | st.just(np.nan)  # none is a marker
    axis = st.none() | npst.arrays(np.float64, n_bands, elements=WAVELENGTHS)
    wavelengths_nm = draw(axis)
    return SpectralLibrary(
        names=tuple(draw(st.lists(names, min_size=n_spectra, max_size=n_spectra))),
        spectra=draw(npst.arrays(f"f{width // 8}", (n_spectra, n_bands), elements=elements)),
        wavelengths_nm=wavelengths_nm,
        fwhm_nm=None if wavelengths_nm is None else draw(axis),
    )


def clay():
    return SpectralLibrary(
        names=("Kaolinite, ordered {KGa-1}", 'Alunite "GDS84"', "Grünes Gras 草"),
        spectra=np.random.default_rng(0).random((3, 5), np.float32),
        wavelengths_nm=np.array([400.0, 550.5, 1400.123456789, 2200.0, 2480.0]),
        fwhm_nm=np.full(5, 1 / 3),
    )


def same_numbers(first, second):
    """Bit for bit, but that any NaN is as good as any other."""
    kind = f"u{first.dtype.itemsize}"
    known = ~np.isnan(first)
    return (
        first.dtype == second.dtype
        and np.array_equal(np.isnan(second), ~known)
        and np.array_equal(first[known].view(kind), second[known].view(kind))
    )


@given(libraries())
def test_library_in_csv_comes_back_exactly(tmp_path_factory, library):
    path = tmp_path_factory.mktemp("library") / "library.csv"
    library.write_csv(path)
    found = SpectralLibrary.read(path)
    assert found.names == library.names
    assert np.array_equal(found.wavelengths_nm, library.wavelengths_nm)
    assert same_numbers(found.spectra.astype(library.spectra.dtype), library.spectra)
    assert np.array_equal(found.spectra, library.spectra, equal_nan=True)
    assert found.fwhm_nm is None


@given(libraries(names=st.sampled_from(["soil", "dry grass", "é-ß_4", "7"])))
def test_library_in_sli_comes_back_exactly(tmp_path_factory, library):
    path = tmp_path_factory.mktemp("library") / "library.sli"
    library.write_sli(path)
    for name in ("library.sli", "library.hdr"):
        found = SpectralLibrary.read(path.with_name(name))
        assert found == library
        assert same_numbers(found.spectra, library.spectra)


def test_library_in_sli_takes_its_attributes_from_the_csv_beside_it(tmp_path):
    library = replace(clay(), attributes={"class": ("clay", "sulfate, hydrous", "plant")})
    library.write_sli(tmp_path / "a.sli")
    library.write_csv(tmp_path / "a.csv")
    found = SpectralLibrary.read(tmp_path / "a.sli")
    assert found.attributes == library.attributes
    assert np.array_equal(found.fwhm_nm, library.fwhm_nm)
    library.take([1, 0, 2]).write_csv(tmp_path / "a.csv")
    with pytest.warns(SceneWarning, match=r"a\.csv describes other spectra"):
        assert not SpectralLibrary.read(tmp_path / "a.sli").attributes


def test_library_names_in_csv_keep_commas_quotes_and_letters_of_the_world(tmp_path):
    clay().write_csv(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["name", *clay().names]
    assert [float(cell) for cell in rows[0][1:]] == clay().wavelengths_nm.tolist()


def test_library_names_in_sli_lose_their_commas_and_braces(tmp_path):
    clay().write_sli(tmp_path / "a.sli")
    found = SpectralLibrary.read(tmp_path / "a.sli")
    assert found.names == ("Kaolinite; ordered (KGa-1)", *clay().names[1:])


def test_library_in_sli_is_read_by_spectral_python(tmp_path):
    clay().write_sli(tmp_path / "a.sli")
    found = spectral.io.envi.open(f"{tmp_path}/a.hdr")
    assert isinstance(found, spectral.io.envi.SpectralLibrary)
    assert np.array_equal(found.spectra, clay().spectra)
    assert np.array_equal(found.bands.centers, clay().wavelengths_nm)
    assert np.array_equal(found.bands.bandwidths, clay().fwhm_nm)
    assert found.names[0] == "Kaolinite; ordered (KGa-1)"


def test_library_of_spectral_python_is_read(tmp_path):
    header = {
        "wavelength": [0.4, 0.5, 2.5],
        "wavelength units": "Micrometers",
        "spectra names": ["a", "b"],
    }
    spectra = np.random.default_rng(0).random((2, 3), np.float32)
    spectral.io.envi.SpectralLibrary(spectra, header).save(str(tmp_path / "lib"))
    found = SpectralLibrary.read(tmp_path / "lib.sli")
    assert np.array_equal(found.spectra, spectra)
    assert found.wavelengths_nm == pytest.approx([400, 500, 2500], rel=1e-15)


def test_library_header_has_short_lines(tmp_path):
    library = SpectralLibrary(
        tuple(f"spectrum {i}" for i in range(800)),
        np.zeros((800, 900)),
        np.linspace(400, 2500, 900) + np.pi,
    )
    library.write_sli(tmp_path / "a.sli")
    assert max(map(len, (tmp_path / "a.hdr").read_text().splitlines())) < 1000
    assert SpectralLibrary.read(tmp_path / "a.hdr") == library
    assert read_header(tmp_path / "a.hdr")["file type"] == "ENVI Spectral Library"


def test_library_csv_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeffClass,450,550\nsoil,0.1,0.25\n\n", encoding="utf-8")
    found = SpectralLibrary.read(tmp_path / "a.csv")
    expected = SpectralLibrary(
        ("soil",),
        np.array([[0.1, 0.25]]),
        np.array([450.0, 550.0]),
        attributes={"Class": ("soil",)},
    )
    assert found == expected


def write_sli(folder, raw, **changes):
    fields = {
        "samples": raw.shape[1],
        "lines": raw.shape[0],
        "bands": 1,
        "file type": "ENVI Spectral Library",
        "data type": 2,
        "interleave": "bsq",
        "byte order": 1,
        "wavelength units": "Micrometers",
        "wavelength": [0.5, 1.5, 2.5],
        "band names": ["Resampled"],
        "spectra names": ["soil", "grass"],
    }
    (folder / "a.hdr").write_text(format_header(fields | changes))
    (folder / "a.sli").write_bytes(raw.astype(">i2").tobytes())
    return folder / "a.sli"


RAW = np.array([[1000, 2000, -1], [3000, 4000, 10000]])
SCALE = {"reflectance scale factor": 10000, "data ignore value": -1}


def test_library_raw_numbers_are_masked_first_and_scaled_second(tmp_path):
    found = SpectralLibrary.read(write_sli(tmp_path, RAW, **SCALE))
    expected = [[0.1, 0.2, np.nan], [0.3, 0.4, 1.0]]
    assert np.allclose(found.spectra, expected, rtol=1e-15, equal_nan=True)
    assert found.wavelengths_nm.tolist() == [500, 1500, 2500]
    assert found.names == ("soil", "grass")


def test_library_names_that_do_not_fit_are_replaced_with_a_warning(tmp_path):
    path = write_sli(tmp_path, RAW, **{"spectra names": ["soil", "grass", "dry"]}, **SCALE)
    with pytest.warns(SceneWarning, match="3 entries for 2 spectra"):
        assert SpectralLibrary.read(path).names == ("spectrum 1", "spectrum 2")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file type": "ENVI Standard"}, "describes no spectral library"),
        ({"data type": 6}, "no type of real numbers"),
        ({"data type": 5}, "has 12 bytes, but its header a.hdr promises 48"),
        ({"lines": "two"}, "must be a whole number"),
        ({"samples": None}, "must be a whole number"),
    ],
)
def test_library_with_a_wrong_header_is_refused(tmp_path, changes, message):
    with pytest.raises(SceneError, match=message):
        SpectralLibrary.read(write_sli(tmp_path, RAW, **changes))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no spectral library"),
        (b"name 450 550\nsoil 0.1 0.2\n", "with commas between"),
        (b"name,450,550\nsoil,0.1\n", "row 2 has 2 cells, the first 3"),
        (b"name,450,550\nsoil,0.1,much\n", "row 2 has a cell that is no number"),
        (b"name,blue,green\nsoil,0.1,0.2\n", "its first row has no wavelength"),
        (b"name,450,-550\nsoil,0.1,0.2\n", "finite and positive"),
        (b"name,450,550\n,0.1,0.2\n", "empty name"),
        (b"\xff\xfe\x00", "is not a CSV file: it holds bytes that are no text"),
    ],
)
def test_library_with_a_wrong_csv_is_refused(tmp_path, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SceneError, match=message):
        SpectralLibrary.read(tmp_path / "a.csv")


def test_library_that_is_missing_or_has_no_header_is_refused(tmp_path):
    with pytest.raises(SceneFileError, match="there is no file"):
        SpectralLibrary.read(tmp_path / "a.sli")
    (tmp_path / "a.sli").write_bytes(b"1234")
    with pytest.raises(SceneFileError, match="has no ENVI header"):
        SpectralLibrary.read(tmp_path / "a.sli")
    fields = {"file type": "ENVI Spectral Library", "samples": 1, "lines": 1, "data type": 4}
    (tmp_path / "b.hdr").write_text(format_header(fields))
    with pytest.raises(SceneFileError, match="no data file beside it"):
        SpectralLibrary.read(tmp_path / "b.hdr")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("a",), np.zeros((2, 3))), "1 entry for 2 spectra"),
        ((("a",), np.zeros(3)), r"Got shape \(3,\)"),
        (((), np.zeros((0, 3))), r"Got shape \(0, 3\)"),
        (((" ",), np.zeros((1, 3))), "empty name"),
        ((("a",), np.zeros((1, 3)), [400.0, 500.0]), "`wavelengths_nm` has shape"),
        ((("a",), np.zeros((1, 2)), [4.0, 5.0], [5.0, 0.0]), "`fwhm_nm` must be finite"),
        ((("a",), np.zeros((1, 2)), None, [5.0, 5.0]), "`fwhm_nm` without `wavelengths_nm`"),
    ],
)
def test_library_contradictions_are_refused(arguments, message):
    with pytest.raises(SceneError, match=message):
        SpectralLibrary(*arguments)


def test_library_is_a_sequence_of_spectra_by_name_and_number():
    library = clay()
    assert len(library) == 3
    assert np.array_equal(library['Alunite "GDS84"'], library[1])
    assert np.array_equal(library[-1], library.spectra[2])
    assert np.array_equal(list(library), library.spectra)
    with pytest.raises(SceneError, match="no spectrum of 3 has the name 'gypsum'"):
        library["gypsum"]
    twice = SpectralLibrary(("a", "a"), np.zeros((2, 3)))
    with pytest.raises(SceneError, match="2 spectra of 2 has the name 'a'"):
        twice["a"]


def test_library_cannot_be_changed_and_keeps_its_own_numbers():
    spectra = np.zeros((1, 2), np.float32)
    library = SpectralLibrary(("a",), spectra)
    spectra[:] = 1
    assert library.spectra.tolist() == [[0, 0]]
    with pytest.raises(ValueError, match="read-only"):
        library.spectra[0, 0] = 1
    with pytest.raises(AttributeError):
        library.names = ("b",)


def test_library_repr_says_how_many_and_where():
    assert repr(clay()) == "SpectralLibrary(3 spectra, 5 bands, 400-2480 nm)"
    assert repr(SpectralLibrary(("a",), np.zeros((1, 3)))) == "SpectralLibrary(1 spectrum, 3 bands)"


def test_library_equality_looks_at_everything():
    library = clay()
    assert library == clay()
    for change in ({"names": ("a", "b", "c")}, {"spectra": 2 * library.spectra}, {"fwhm_nm": None}):
        assert library != replace(library, **change)


def test_library_spares_the_header_of_another_file(tmp_path):
    (tmp_path / "a.hdr").write_text("ENVI\n")
    with pytest.raises(SceneFileError, match="belongs to another file"):
        clay().write_sli(tmp_path / "a.sli")
    assert [path.name for path in tmp_path.iterdir()] == ["a.hdr"]


@pytest.mark.parametrize("write", [SpectralLibrary.write_csv, SpectralLibrary.write_sli])
def test_library_that_cannot_be_written_is_one_sentence(tmp_path, write):
    with pytest.raises(SceneFileError, match=r"the folder .* does not exist\.$"):
        write(clay(), tmp_path / "missing" / "a.csv")


def test_library_of_real_minerals_is_read_and_comes_back(shared_data, tmp_path):
    minerals = SpectralLibrary.read(shared_data / "libraries" / "usgs_minerals.hdr")
    assert (len(minerals), minerals.spectra.shape[1]) == (481, 50)
    assert 1990 < minerals.wavelengths_nm[0] < minerals.wavelengths_nm[-1] < 2480
    minerals.write_csv(tmp_path / "a.csv")
    minerals.write_sli(tmp_path / "a.sli")
    one_blank = tuple(" ".join(name.split()) for name in minerals.names)
    assert SpectralLibrary.read(tmp_path / "a.sli") == replace(minerals, names=one_blank)
    assert SpectralLibrary.read(tmp_path / "a.csv").names == minerals.names
    assert np.array_equal(SpectralLibrary.read(tmp_path / "a.csv").spectra, minerals.spectra)
