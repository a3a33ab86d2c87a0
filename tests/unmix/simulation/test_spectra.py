"""Material spectra: smooth, physical, and with their absorptions where the literature has them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from unmix.errors import UnmixError
from unmix.simulation import MATERIALS, Material, find_material
from unmix.simulation.spectra import monotone_cubic

NM = np.arange(350.0, 2501.0)

# (material, window in nm, published position in nm, tolerance in nm): positions as in Hunt
# (1977), Clark et al. (1990), Morris et al. (1985), Curran (1989); not taken from the package.
PUBLISHED_BANDS = [
    ("kaolinite", (2185, 2235), 2206, 3),
    ("kaolinite", (2125, 2180), 2162, 5),
    ("kaolinite", (1360, 1450), 1413, 3),
    ("alunite", (2080, 2260), 2165, 10),
    ("alunite", (2260, 2390), 2320, 6),
    ("alunite", (1720, 1810), 1760, 5),
    ("alunite", (1455, 1530), 1480, 5),
    ("muscovite", (2150, 2270), 2200, 5),
    ("muscovite", (2300, 2400), 2348, 5),
    ("montmorillonite", (2150, 2280), 2205, 5),
    ("montmorillonite", (1850, 2000), 1910, 5),
    ("montmorillonite", (1370, 1440), 1412, 5),
    ("calcite", (2220, 2420), 2338, 6),
    ("dolomite", (2200, 2400), 2320, 6),
    ("chlorite", (2290, 2430), 2345, 10),
    ("chlorite", (2225, 2290), 2256, 8),
    ("goethite", (770, 1250), 930, 15),
    ("goethite", (430, 540), 480, 15),
    ("goethite", (610, 730), 665, 15),
    ("hematite", (740, 1150), 860, 15),
    ("hematite", (500, 580), 535, 10),
    ("jarosite", (400, 470), 434, 6),
    ("jarosite", (2200, 2350), 2264, 6),
    ("gypsum", (1400, 1475), 1449, 4),
    ("gypsum", (1700, 1800), 1750, 5),
    ("gypsum", (1850, 2080), 1945, 6),
    ("gypsum", (2180, 2250), 2215, 6),
    ("green vegetation", (560, 740), 673, 6),
    ("green vegetation", (920, 1040), 970, 8),
    ("green vegetation", (1100, 1290), 1190, 12),
    ("green vegetation", (1300, 1650), 1450, 15),
    ("green vegetation", (1800, 2220), 1940, 15),
    ("dry vegetation", (2010, 2210), 2100, 15),
    ("snow", (950, 1120), 1030, 12),
    ("dry soil", (2150, 2260), 2206, 4),
    ("blue tarp", (1690, 1750), 1730, 5),
]


def continuum_removed(material: Material, low_nm: float, high_nm: float) -> np.ndarray:
    """Reflectance over the upper convex hull of its own points in a window (Clark 1999)."""
    nm = NM[(low_nm <= NM) & (high_nm >= NM)]
    reflectance = material.reflectance(nm)
    hull = [0]
    for i in range(1, len(nm)):
        while (
            len(hull) > 1
            and np.cross(
                [
                    *(nm[[hull[-1]]] - nm[hull[-2]]),
                    reflectance[hull[-1]] - reflectance[hull[-2]],
                    0,
                ],
                [nm[i] - nm[hull[-2]], reflectance[i] - reflectance[hull[-2]], 0],
            )[2]
            >= 0
        ):
            hull.pop()
        hull.append(i)
    return reflectance / np.interp(nm, nm[hull], reflectance[hull])


@pytest.mark.parametrize(("name", "window", "published_nm", "tolerance_nm"), PUBLISHED_BANDS)
def test_absorption_lies_where_it_was_published(name, window, published_nm, tolerance_nm):
    removed = continuum_removed(MATERIALS[name], *window)
    deepest = int(np.argmin(removed))
    assert 0 < deepest < len(removed) - 1
    assert removed[deepest] < 0.99
    assert window[0] + deepest == pytest.approx(published_nm, abs=tolerance_nm)


@pytest.mark.parametrize("name", MATERIALS)
def test_every_material_reflects_between_0_and_1_and_changes_smoothly(name):
    reflectance = MATERIALS[name].reflectance(NM)
    assert reflectance.min() > 0
    assert reflectance.max() < 1
    assert np.abs(np.diff(reflectance)).max() < 0.025  # per nm: no steps
    assert MATERIALS[name].source


def test_brightness_is_that_of_the_real_thing():
    visible = (NM > 450) & (NM < 680)
    near_infrared = (NM > 780) & (NM < 1100)

    def mean(name, where):
        return MATERIALS[name].reflectance(NM)[where].mean()

    assert 0.01 < mean("water", visible) < 0.06
    assert mean("water", near_infrared) < 0.01
    assert 0.05 < mean("asphalt", visible) < 0.13
    assert 0.3 < mean("sand", visible) < 0.6
    assert mean("snow", visible) > 0.9
    assert mean("green vegetation", near_infrared) > 5 * mean("green vegetation", visible)
    assert mean("wet soil", near_infrared) < 0.6 * mean("dry soil", near_infrared)


def test_iron_oxides_are_told_apart_by_their_infrared_band():
    goethite = 770 + np.argmin(continuum_removed(MATERIALS["goethite"], 770, 1250))
    hematite = 740 + np.argmin(continuum_removed(MATERIALS["hematite"], 740, 1150))
    assert 40 < goethite - hematite < 90


def test_the_red_edge_of_vegetation_is_steepest_near_720_nm():
    slope = np.gradient(MATERIALS["green vegetation"].reflectance(NM))
    assert 695 < NM[np.argmax(slope)] < 740


def test_all_materials_have_different_shapes():
    spectra = np.stack([m.reflectance(NM) for m in MATERIALS.values()])
    spectra /= np.linalg.norm(spectra, axis=1, keepdims=True)
    cosines = spectra @ spectra.T - 2 * np.eye(len(spectra))
    assert np.degrees(np.arccos(cosines.max())) > 1.5


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_monotone_cubic_agrees_with_scipy_inside_and_never_overshoots(values, seed):
    values = [value / 1000 for value in values]
    rng = np.random.default_rng(seed)
    knots = np.cumsum(rng.uniform(1, 200, len(values)))
    at = np.linspace(knots[0], knots[-1], 200)
    ours = monotone_cubic(knots, np.array(values), at)
    assert ours.min() >= min(values) - 1e-12
    assert ours.max() <= max(values) + 1e-12
    inner = (at >= knots[min(1, len(knots) - 1)]) & (at <= knots[-2])
    if inner.any() and len(values) > 3:  # scipy chooses other slopes at the two ends
        reference = PchipInterpolator(knots, values)(at)
        np.testing.assert_allclose(ours[inner], reference[inner], atol=1e-9)


def test_wavelengths_in_micrometres_are_refused():
    with pytest.raises(UnmixError, match="outside 300 to 2600 nm"):
        MATERIALS["water"].reflectance([0.55, 0.66])


@pytest.mark.parametrize(
    ("continuum", "bands", "message"),
    [
        (((400, 0.1),), (), "2 or more points"),
        ((), (), "2 or more points"),
        (((500, 0.1), (400, 0.2)), (), "ascending"),
        (((400, 0.1), (500, 1.2)), (), "0 to 1"),
        (((400, 0.1), (500, 0.2)), ((450, 0, 0.5),), "Widths must be positive"),
        (((400, 0.1), (500, 0.2)), ((450, 10, 1.5),), "depths lie between"),
    ],
)
def test_an_impossible_material_is_refused(continuum, bands, message):
    with pytest.raises(UnmixError, match=message):
        Material("odd", continuum, bands, "nobody")


def test_find_material_lists_what_there_is():
    with pytest.raises(UnmixError, match=r"no material 'unobtainium'.*kaolinite.*Material"):
        find_material("unobtainium")


def test_find_material_returns_a_material_as_it_is():
    mine = Material("mine", ((400, 0.1), (2500, 0.2)), (), "measured")
    assert find_material(mine) is mine


def spectral_angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("kaolinite", "Kaolinite KGa-1"),
        ("alunite", "Alunite GDS84"),
        ("muscovite", "Muscovite GDS113"),
        ("montmorillonite", "Montmorillonite SWy-1"),
        ("calcite", "Calcite WS272"),
        ("dolomite", "Dolomite COD2005"),
        ("goethite", "Goethite WS222"),
        ("hematite", "Hematite FE2602"),
        ("jarosite", "Jarosite GDS98"),
        ("gypsum", "Gypsum SU2202"),
    ],
)
def test_minerals_are_nearest_to_themselves_in_a_measured_library(name, measured, shared_data):
    with np.load(shared_data / "libraries" / "usgs1995.npz") as library:
        names = [str(each) for each in library["names"]]
        index = next(i for i, each in enumerate(names) if measured in each)
        spectrum = library["spectra"][index].astype(float)
        nm = library["wavelengths"].astype(float)
    use = np.isfinite(spectrum) & (spectrum > 0) & (nm > 420) & (nm < 2450)
    angles = {
        other: spectral_angle_deg(spectrum[use], MATERIALS[other].reflectance(nm[use]))
        for other in MATERIALS
    }
    assert angles[name] < 8
    assert min(angles, key=angles.__getitem__) == name
