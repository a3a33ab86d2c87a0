"""Spectra of a library by their classes, on the bands of a scene."""

import numpy as np
import pytest

from scenes import SpectralLibrary
from unmix.errors import UnmixError, UnmixWarning
from unmix.mesma import bundles_of

AXIS = np.arange(400.0, 1000.0, 10.0)
BANDS = np.arange(420.0, 900.0, 20.0)
WIDTHS = np.full(BANDS.size, 20.0)


def library(labels, spectra=None, **more):
    rng = np.random.default_rng(0)
    values = rng.random((len(labels), AXIS.size)) if spectra is None else spectra
    names = [f"sample {k}" for k in range(len(labels))]
    return SpectralLibrary(names, values, AXIS, attributes={"Level_1": labels, **more})


def test_bundles_hold_what_a_sensor_would_see_of_each_class():
    known = library(["soil", "tree", " soil", "tree"])
    found = bundles_of(known, "level_1", BANDS, WIDTHS)
    assert found.classes == ("soil", "tree")
    assert found.class_of == (0, 1, 0, 1)
    assert found.sizes == {"soil": 2, "tree": 2}
    assert found.numbers == (0, 1, 2, 3)
    assert found.bands.all()
    assert found.shade is None
    assert np.array_equal(found.spectra, known.resampled(BANDS, WIDTHS).spectra)


def test_fields_that_differ_in_case_are_told_apart():
    known = library(["soil", "soil"], level_1=["a", "b"])
    assert bundles_of(known, "level_1", BANDS, WIDTHS).classes == ("a", "b")
    assert bundles_of(known, "Level_1", BANDS, WIDTHS).classes == ("soil",)


def test_shade_belongs_to_no_class():
    known = library(["soil", "dark", "tree"])
    found = bundles_of(known, "Level_1", BANDS, WIDTHS, shade="sample 1")
    assert found.classes == ("soil", "tree")
    assert found.numbers == (0, 2)
    assert np.array_equal(found.shade, known.resampled(BANDS, WIDTHS).spectra[1])


def test_bands_beyond_the_library_are_left_out_and_said():
    wide = np.concatenate([BANDS, [1500.0, 2200.0]])
    with pytest.warns(UnmixWarning, match="covers 24 of the scene's 26 bands"):
        found = bundles_of(library(["soil", "tree"]), "Level_1", wide, np.full(26, 20.0))
    assert np.flatnonzero(~found.bands).tolist() == [24, 25]
    assert found.spectra.shape == (2, 24)


def test_a_spectrum_that_covers_little_costs_no_bands():
    values = np.random.default_rng(0).random((3, AXIS.size))
    values[1, 20:] = np.nan
    with pytest.warns(
        UnmixWarning, match=r"1 of 3 spectra .* left out, for covering less than 90%"
    ):
        found = bundles_of(library(["soil", "soil", "tree"], values), "Level_1", BANDS, WIDTHS)
    assert found.numbers == (0, 2)
    assert found.bands.all()


def test_spectra_without_a_class_are_left_out_and_said():
    with pytest.warns(UnmixWarning, match=r"1 of 3 spectra .* left out, for lack of a class"):
        found = bundles_of(library(["soil", " ", "tree"]), "Level_1", BANDS, WIDTHS)
    assert found.numbers == (0, 2)


def test_an_unknown_field_is_refused_with_those_there_are():
    with pytest.raises(UnmixError, match=r"no field 'kind' .* Its fields are: Level_1\."):
        bundles_of(library(["soil", "tree"]), "kind", BANDS, WIDTHS)
    bare = SpectralLibrary(["a"], np.ones((1, AXIS.size)), AXIS)
    with pytest.raises(UnmixError, match="Its fields are: none"):
        bundles_of(bare, "class", BANDS, WIDTHS)


def test_an_unknown_shade_is_refused():
    with pytest.raises(UnmixError, match="0 are called 'black'; the first names are: sample 0"):
        bundles_of(library(["soil", "tree"]), "Level_1", BANDS, WIDTHS, shade="black")


def test_a_library_without_classes_or_common_bands_is_refused():
    with pytest.raises(UnmixError, match="no spectrum of the library has a class"):
        bundles_of(library(["", ""]), "Level_1", BANDS, WIDTHS)
    bands = np.arange(440.0, 920.0, 40.0)
    values = np.random.default_rng(0).random((bands.size, AXIS.size))
    values[np.abs(AXIS - bands[:, None]) < 16] = np.nan  # each lacks another band
    with pytest.raises(UnmixError, match=r"is covered by all spectra of the library \(12\)"):
        bundles_of(library(["soil"] * 12, values), "Level_1", bands, np.full(bands.size, 10.0))
