"""Selecting from spectral libraries, and putting them together."""

from dataclasses import replace

import numpy as np
import pytest

from scenes import SceneError, SpectralLibrary


def clay():
    return SpectralLibrary(
        names=("Kaolinite, ordered {KGa-1}", 'Alunite "GDS84"', "Grünes Gras 草"),
        spectra=np.random.default_rng(0).random((3, 5), np.float32),
        wavelengths_nm=np.array([400.0, 550.5, 1400.123456789, 2200.0, 2480.0]),
        fwhm_nm=np.full(5, 1 / 3),
    )


def labelled():
    return SpectralLibrary(
        ("Alunite 1", "Alunite 2", "Calcite"),
        np.arange(6.0).reshape(3, 2),
        [450.0, 550.0],
        attributes={"Class": ["sulfate", "sulfate", "carbonate"]},
    )


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"names": "alunite*"}, ("Alunite 1", "Alunite 2")),
        ({"names": ["*2", "calcite"]}, ("Alunite 2", "Calcite")),
        ({"classes": "CARBONATE"}, ("Calcite",)),
        ({"names": "*1", "classes": "sul*"}, ("Alunite 1",)),
        ({}, ("Alunite 1", "Alunite 2", "Calcite")),
    ],
)
def test_library_selects_by_name_and_class(wanted, names):
    library = labelled()
    found = library.select(**wanted)
    assert found.names == names
    for name, spectrum, label in zip(names, found, found.classes, strict=True):
        assert np.array_equal(spectrum, library[name])
        assert label == library.classes[library.names.index(name)]


def test_library_selection_of_nothing_is_refused():
    with pytest.raises(SceneError, match="of 3 spectra none has a name like 'gypsum'"):
        labelled().select("gypsum")
    with pytest.raises(SceneError, match="names no classes"):
        clay().select(classes="soil")
    with pytest.raises(SceneError, match="are numbered from 0 to 2"):
        labelled().take([3])


def test_library_parts_merge_to_the_whole():
    library = labelled()
    assert SpectralLibrary.merge([library.take([0]), library.take([1, 2])]) == library


def test_library_merge_leaves_unknown_attributes_empty():
    plain = replace(labelled().take([2]), attributes={"site": ["A"]})
    merged = SpectralLibrary.merge([labelled(), plain])
    assert merged.attributes["Class"][-1] == ""
    assert merged.attributes["site"] == ("", "", "", "A")


def test_library_merge_of_different_bands_is_refused():
    with pytest.raises(SceneError, match="have different bands"):
        SpectralLibrary.merge([labelled(), clay()])
    with pytest.raises(SceneError, match="no library to merge"):
        SpectralLibrary.merge([])


def test_library_attributes_of_another_length_are_refused():
    with pytest.raises(SceneError, match="'class' has 1 entry for 3 spectra"):
        replace(clay(), attributes={"class": ["a"]})
