"""Endmembers named after a library, and left unnamed where nothing fits."""

import numpy as np
import pytest

from scenes import SpectralLibrary
from unmix import UnmixError
from unmix.naming import Match, labels, material_of, name_endmembers
from unmix.naming.matching import LARGEST_ANGLE_RAD
from unmix.simulation import MATERIALS, SENSORS

USGS = (
    "alunite", "buddingtonite", "calcite", "chlorite", "dolomite", "gypsum", "jarosite",
    "kaolinite", "montmorillonite", "muscovite", "pyrophyllite", "talc",
)  # fmt: skip


def simulated(step_nm=2.0):
    """The project's own materials, in the laboratory."""
    axis = np.arange(350.0, 2551.0, step_nm)
    spectra = np.stack([material.reflectance(axis) for material in MATERIALS.values()])
    return SpectralLibrary(tuple(MATERIALS), spectra, axis)


def seen(spectra, snr_db, seed=0):
    """Spectra in uneven light with white noise."""
    rng = np.random.default_rng(seed)
    brightness = rng.uniform(0.4, 1.1, (len(spectra), 1))
    sigma = np.sqrt(np.nanmean(spectra**2)) * 10 ** (-snr_db / 20)
    return brightness * spectra + sigma * rng.standard_normal(spectra.shape)


def bands_of(sensor):
    good = SENSORS[sensor].good
    return SENSORS[sensor].wavelengths_nm[good], SENSORS[sensor].fwhm_nm[good]


@pytest.mark.parametrize("sensor", ["emit", "aviris", "enmap"])
@pytest.mark.parametrize("seed", [0, 1])
def test_simulated_materials_find_their_names(sensor, seed):
    library, bands = simulated(), bands_of(sensor)
    spectra = seen(library.resampled(*bands).spectra, 35, seed)
    matches = name_endmembers(spectra, *bands, library)
    right = [m.candidates[0].name == name for m, name in zip(matches, library.names, strict=True)]
    named = [m.name in (None, name) for m, name in zip(matches, library.names, strict=True)]
    assert sum(right) >= len(right) - 1
    assert sum(named) >= len(named) - 1
    assert sum(m.is_good for m in matches) >= 0.8 * len(matches)


def usgs(shared_data, seed):
    """The library, and one spectrum of each of twelve minerals."""
    library = SpectralLibrary.read(shared_data / "libraries" / "usgs_minerals")
    materials = np.array([material_of(name) for name in library.names])
    rng = np.random.default_rng(seed)
    return library, materials, [rng.choice(np.flatnonzero(materials == m)) for m in USGS]


@pytest.mark.parametrize("sensor", ["emit", "aviris"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_eleven_of_twelve_minerals_find_their_names_at_35_db(shared_data, sensor, seed):
    library, _, numbers = usgs(shared_data, seed)
    bands = bands_of(sensor)
    spectra = seen(library.resampled(*bands).spectra[numbers], 35, seed)
    matches = name_endmembers(spectra, *bands, library)
    first = [m.candidates[0].material == mineral for m, mineral in zip(matches, USGS, strict=True)]
    assert sum(first) >= 11
    named = [(m.name, mineral) for m, mineral in zip(matches, USGS, strict=True) if m.is_good]
    assert len(named) >= 10
    assert all(material_of(name) == mineral for name, mineral in named)


@pytest.mark.parametrize("sensor", ["emit", "aviris"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_minerals_that_the_library_lacks_get_no_name(shared_data, sensor, seed):
    library, materials, numbers = usgs(shared_data, seed)
    bands = bands_of(sensor)
    spectra = seen(library.resampled(*bands).spectra[numbers], 35, seed)
    matches = name_endmembers(spectra, *bands, library.take(~np.isin(materials, USGS)))
    assert sum(m.is_good for m in matches) <= 2


def test_roofs_are_no_minerals_but_dry_grass_is_dry_grass(shared_data):
    """Against a library of minerals that has some plants too."""
    minerals = SpectralLibrary.read(shared_data / "libraries" / "usgs1995.npz")
    city = SpectralLibrary.read(shared_data / "scenes" / "berlin" / "library_berlin.sli")
    fwhm_nm = np.full(city.wavelengths_nm.size, 10.0)
    matches = name_endmembers(city.spectra, city.wavelengths_nm, fwhm_nm, minerals)
    named = {name: m.name for name, m in zip(city.names, matches, strict=True) if m.is_good}
    assert "Cheatgrass" in named.pop("grass (dry) 1")
    assert "Cheatgrass" in named.pop("grass (dry) 2")
    assert len(named) <= 2


def three():
    axis = np.arange(2000.0, 2450.0, 8.0)
    spectra = [0.6 - 0.2 * np.exp(-0.5 * ((axis - c) / 20) ** 2) for c in (2100, 2200, 2300)]
    return SpectralLibrary(("clay 1", "mica A1", "calcite"), np.stack(spectra), axis)


WIDTHS = np.full(57, 8.0)


def match(library, spectrum, **options):
    return name_endmembers(spectrum, library.wavelengths_nm, WIDTHS, library, **options)[0]


def test_a_match_says_how_far_each_candidate_is():
    found = match(three(), 0.4 * three().spectra[1])
    assert found.name == "mica A1"
    assert found.is_good
    assert found.candidates[0].index == 1
    assert found.candidates[0].angle_rad < 1e-6
    scores = [c.score for c in found.candidates]
    assert scores == sorted(scores)
    assert found.n_bands == 57
    assert "mica A1 fits far better than" in found.reason


def test_the_middle_of_two_materials_has_no_name():
    spectra = three().spectra
    found = match(three(), spectra[0] + spectra[1])
    assert found.name is None
    assert "fits hardly better than" in found.reason


def test_samples_of_one_material_do_not_rival_each_other():
    library = SpectralLibrary.merge([three(), three()])
    assert match(library, library.spectra[1]).name == "mica A1"
    assert match(library, library.spectra[1], materials=list("abcdef")).name is None


def test_bands_that_are_nan_are_not_compared():
    library = three()
    spectrum = library.spectra[1].copy()
    spectrum[:20] = np.nan
    found = match(library, spectrum)
    assert (found.name, found.n_bands) == ("mica A1", 37)
    wrong = library.spectra[1].copy()
    wrong[:20] = 5.0
    assert not match(library, wrong).is_good


def test_spectra_of_another_range_are_left_out():
    library = three()
    spectra = library.spectra.copy()
    spectra[0, 10:] = np.nan
    found = match(SpectralLibrary(library.names, spectra, library.wavelengths_nm), spectra[1])
    assert [c.name for c in found.candidates] == ["mica A1", "calcite"]
    assert found.n_bands == 57


def test_an_endmember_far_from_everything_says_how_far():
    found = match(three(), np.linspace(0.1, 0.9, 57))
    assert found.name is None
    assert f"lie within {LARGEST_ANGLE_RAD} rad" in found.reason


def test_black_has_no_name():
    assert match(three(), np.zeros(57)).reason == "the endmember is 0 in all bands."


def test_one_material_alone_is_named_if_it_is_near():
    library = three().take([1])
    assert match(library, library.spectra[0]).name == "mica A1"
    assert match(library, np.linspace(0.1, 0.9, 57)).name is None


def test_the_order_of_bands_does_not_matter():
    library = three()
    order = np.random.default_rng(0).permutation(57)
    one = name_endmembers(library.spectra, library.wavelengths_nm, WIDTHS, library)
    other = name_endmembers(
        library.spectra[:, order], library.wavelengths_nm[order], WIDTHS, library
    )
    assert [m.name for m in one] == [m.name for m in other]
    for a, b in zip(one, other, strict=True):
        assert a.candidates[1].score == pytest.approx(b.candidates[1].score, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (np.ones((1, 5)), np.ones(4), None, three()),
            r"shape \(1, 5\) and `wavelengths_nm` \(4,\)",
        ),
        ((np.ones((1, 57)), three().wavelengths_nm, WIDTHS, three(), ["a"]), "has 1 entry for 3"),
        (
            (np.where(np.arange(57) < 5, 1, np.nan), three().wavelengths_nm, WIDTHS, three()),
            "shares 5 bands with",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, message):
    with pytest.raises(UnmixError, match=message):
        name_endmembers(*arguments)


def test_labels_are_all_different():
    library = SpectralLibrary.merge([three(), three()])
    matches = name_endmembers(library.spectra, library.wavelengths_nm, WIDTHS, library)
    matches.insert(1, Match(None, "", (), 57))
    assert labels(matches) == [
        "clay 1", "endmember 2", "mica 1", "calcite 1", "clay 2", "mica 2", "calcite 2",
    ]  # fmt: skip
    assert labels(matches[:3]) == ["clay", "endmember 2", "mica"]
