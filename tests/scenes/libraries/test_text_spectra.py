"""ECOSTRESS and USGS splib07: one spectrum in a file, a library in a folder."""

import numpy as np
import pytest

from scenes import SceneError, SceneWarning, SpectralLibrary

HEAD = """Name: Calcite CaCO3
Type: Mineral
Class: Carbonate
Particle Size: Fine
Description: {words}
X Units: {x}
Y Units: {y}
Number of X Values: {n}
Additional Information: none

"""


def write_ecostress(path, points=((0.4, 60.0), (0.5, 70.0), (0.7, 80.0)), **changes):
    said = {"words": "pure", "x": "Wavelength (micrometers)", "y": "Reflectance (percent)"}
    said |= {"n": len(points)} | changes
    rows = "".join(f"{x}\t{y}\n" for x, y in points)
    path.write_text(HEAD.format(**said) + rows, encoding="latin-1")
    return path


def test_percent_over_micrometres_becomes_a_fraction_over_nanometres(tmp_path):
    library = SpectralLibrary.read(write_ecostress(tmp_path / "a.txt"))
    assert library.names == ("Calcite CaCO3",)
    assert library.classes == ("Carbonate",)
    assert library.wavelengths_nm == pytest.approx([400, 500, 700])
    assert library.spectra[0] == pytest.approx([0.6, 0.7, 0.8])


def test_descending_wavelengths_are_turned_round(tmp_path):
    points = ((0.7, 80.0), (0.5, 70.0), (0.4, 60.0))
    turned = SpectralLibrary.read(write_ecostress(tmp_path / "a.txt", points))
    assert turned == SpectralLibrary.read(write_ecostress(tmp_path / "b.txt"))


def test_a_wrapped_description_is_no_data(tmp_path):
    words = "from\n0.5 1.5\nmetres of rock: 12 °C"
    library = SpectralLibrary.read(write_ecostress(tmp_path / "a.txt", words=words))
    assert library.spectra.shape == (1, 3)


def test_fractions_that_are_called_percent_are_seen(tmp_path):
    path = write_ecostress(tmp_path / "a.txt", ((0.4, 0.2), (0.5, 0.5)))
    with pytest.warns(SceneWarning, match="taken as fractions"):
        assert SpectralLibrary.read(path).spectra[0] == pytest.approx([0.2, 0.5])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 4}, "has 3 values, but says it has 4"),
        ({"x": "Wavenumber (cm-1)"}, "only wavelengths"),
        ({"y": "Transmittance (percent)"}, "no reflectance"),
        ({"points": ()}, "no columns of wavelength and reflectance"),
    ],
)
def test_other_texts_are_refused(tmp_path, changes, message):
    with pytest.raises(SceneError, match=message):
        SpectralLibrary.read(write_ecostress(tmp_path / "a.txt", **changes))


def test_a_folder_is_a_library_and_says_what_it_leaves_out(tmp_path):
    write_ecostress(tmp_path / "a.spectrum.txt")
    write_ecostress(tmp_path / "b.spectrum.txt", y="Emissivity")
    (tmp_path / "a.ancillary.txt").write_text("Name: Calcite\n")
    (tmp_path / "notes.txt").write_text("nothing\n")
    with pytest.warns(SceneWarning, match=r"1 file of .* left out.*Emissivity"):
        assert len(SpectralLibrary.read(tmp_path)) == 1


def test_a_folder_without_spectra_is_refused(tmp_path):
    with pytest.raises(SceneError, match="holds no spectra"):
        SpectralLibrary.read(tmp_path)


def write_splib07(folder):
    chapter = folder / "ChapterM_Minerals"
    chapter.mkdir()
    axes = {"BECK_Beckman_0.2-3.0_microns": [0.2, 1.0, 3.0], "ASD_0.35-2.5_microns_4_ch":
            [0.35, 1, 2, 2.5]}  # fmt: skip
    for name, values in axes.items():
        write_column(folder / f"splib07a_Wavelengths_{name}.txt", "Wavelengths", values)
    write_column(folder / "splib07a_Bandpass_(FWHM)_BECK_Beckman_in_microns.txt", "Bandpass",
                 [0.01, 0.02, 0.03])  # fmt: skip
    alunite = chapter / "splib07a_Alunite_GDS84_BECKb_AREF.txt"
    write_column(alunite, "Alunite GDS84 Na03          BECKb AREF", [0.25, -1.23e34, 0.75])
    write_column(chapter / "splib07a_Talc_ASDFRa_AREF.txt", "Talc GDS23    ASDFRa AREF",
                 [0.1, 0.2, 0.3, 0.4])  # fmt: skip
    return alunite


def write_column(path, title, values):
    lines = "".join(f" {value:.7e}\n" for value in values)
    path.write_text(f" splib07a Record=12: {title}\n{lines}")


def test_splib07_finds_its_wavelengths_and_widths_above(tmp_path):
    library = SpectralLibrary.read(write_splib07(tmp_path))
    assert library.names == ("Alunite GDS84 Na03",)
    assert library.classes == ("Minerals",)
    assert library.wavelengths_nm == pytest.approx([200, 1000, 3000])
    assert library.fwhm_nm == pytest.approx([10, 20, 30])
    assert np.array_equal(library.spectra, [[0.25, np.nan, 0.75]], equal_nan=True)


def test_splib07_folder_puts_its_spectrometers_side_by_side(tmp_path):
    write_splib07(tmp_path)
    library = SpectralLibrary.read(tmp_path)
    assert library.names == ("Alunite GDS84 Na03", "Talc GDS23")
    assert library.attributes["Spectrometer"] == ("BECK", "ASDFR")
    assert library.wavelengths_nm == pytest.approx([200, 350, 1000, 2000, 2500, 3000])
    assert np.isfinite(library.spectra).sum(axis=1).tolist() == [2, 4]


def test_splib07_without_its_wavelengths_is_refused(tmp_path):
    alone = write_splib07(tmp_path)
    for path in tmp_path.glob("*Wavelengths_BECK*"):
        path.unlink()
    with pytest.raises(SceneError, match="3 values measured by BECK, but no"):
        SpectralLibrary.read(alone)


def test_splib07_transmittance_and_axes_are_refused(tmp_path):
    write_splib07(tmp_path)
    write_column(tmp_path / "splib07a_Glass_BECKa_TRAN.txt", "Glass A1  BECKa TRAN", [1, 1, 1])
    with pytest.raises(SceneError, match="transmittance"):
        SpectralLibrary.read(tmp_path / "splib07a_Glass_BECKa_TRAN.txt")
    with pytest.raises(SceneError, match="holds an axis"):
        SpectralLibrary.read(next(tmp_path.glob("*Bandpass*")))
