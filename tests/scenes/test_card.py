from xml.etree import ElementTree

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from scenes import Bands, Grid, Lookup, Scene, SpectralLibrary
from scenes.array_pixels import ArrayPixels
from scenes.card import scene_card


def scene_of(**options):
    cube = np.arange(24.0).reshape(3, 2, 4) - 1
    bands = Bands(np.array([450.0, 550, 650]), None, np.array([True, True, False]))
    settings = {"name": "field", "nodata": -1, **options}
    grid = Grid(None, Affine.identity(), 2, 4)
    return Scene(reader=ArrayPixels(cube), grid=grid, bands=bands, **settings)


def test_card_names_grid_bands_unit_and_mask():
    card = scene_of(unit="radiance")._repr_html_()
    for text in ("field", "2 x 4 px", "2 of 3 bands, 450-550 nm", "radiance", "without nodata -1"):
        assert text in card


def test_card_counts_valid_pixels_only_if_they_were_read():
    scene = scene_of()
    assert "7 px" not in scene._repr_html_()
    scene.valid_mask()
    assert "7 px, without nodata -1" in scene._repr_html_()


def test_card_escapes_what_comes_from_the_file():
    card = scene_of(name="<script>a & b</script>", unit="<b>")._repr_html_()
    assert "<script>" not in card and "&lt;script&gt;a &amp; b" in card and "&lt;b&gt;" in card


def test_card_names_the_map_of_a_scene_in_sensor_geometry():
    table = ArrayPixels(np.zeros((2, 5, 6), dtype=int))
    lookup = Lookup(table, Grid(CRS.from_epsg(32633), Affine.scale(30, -30), 5, 6), (2, 4))
    assert "onto 5 x 6 px, EPSG:32633" in scene_card(scene_of(lookup=lookup))


def test_card_of_a_library_draws_its_spectra_within_their_frame():
    spectra = np.random.default_rng(0).random((3, 20))
    spectra[1, 5:8] = np.nan
    spectra[2] = np.nan
    names = ["sand <b>", "water & ice", "nothing"]
    library = SpectralLibrary(names, spectra, attributes={"class": ["<soil>", "water", ""]})
    table = ElementTree.fromstring(library._repr_html_())
    heads = ["".join(head.itertext()) for head in table.iter("th")]
    assert heads == ["sand <b> <soil>", "water & ice water", "nothing "]
    assert [len(cell.findall("svg/polyline")) for cell in table.iter("td")] == [1, 2, 0]
    for svg in table.iter("svg"):
        points = [pair.split(",") for line in svg for pair in line.get("points").split()]
        x, y = np.array(points, dtype=float).T
        assert 0 <= x.min() < x.max() <= float(svg.get("width"))
        assert np.isclose([y.min(), y.max()], [1, float(svg.get("height")) - 1]).all()


def test_card_of_a_long_library_says_how_many_more_there_are():
    library = SpectralLibrary([f"a{k}" for k in range(40)], np.ones((40, 3)))
    card = library._repr_html_()
    assert card.count("<svg") == 12
    assert "and 28 more" in card
    assert "a12" not in card
