import json

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneFileError
from scenes.export import CogWriter
from scenes.export.outlines import outlines_of, write_outlines
from scenes.grid import Grid
from scenes.vector_features import points_of, read_features

UTM = CRS.from_epsg(32611)
TURNED = Affine.translation(5e5, 4e6) @ Affine.rotation(33) @ Affine.scale(30, -20)
INSIDE = np.zeros((12, 14))
INSIDE[2:5, 3:6], INSIDE[3, 4] = 1, 0  # a ring
INSIDE[8, 8] = INSIDE[9, 9] = 1  # touching at a corner
INSIDE[11, 0] = 255
VALUES = np.arange(12 * 14.0).reshape(12, 14)


def rasters(folder, crs=UTM, transform=TURNED):
    grid = Grid(crs, transform, 12, 14)
    paths = [folder / "mask.tif", folder / "values.tif"]
    with CogWriter(paths[0], grid, ["m"], dtype="uint8", nodata=255, overviews="mode") as writer:
        writer.write(0, 0, INSIDE[None])
    with CogWriter(paths[1], grid, ["v"]) as writer:
        writer.write(0, 0, VALUES[None])
    return paths


def test_outlines_lie_around_the_pixels_and_know_their_values(tmp_path):
    ring, pair = sorted(outlines_of(*rasters(tmp_path)), key=lambda each: -each.n_pixels)
    assert (ring.n_pixels, pair.n_pixels) == (8, 2)
    assert ring.area_m2 == pytest.approx(8 * 600)
    assert ring.highest == VALUES[4, 5]
    assert ring.mean == pytest.approx(VALUES[2:5, 3:6][INSIDE[2:5, 3:6] == 1].mean())
    assert pair.highest == VALUES[9, 9]
    assert len(ring.geometry["coordinates"]) == 2, "its hole"
    corners = {tuple(np.round(TURNED @ (c, r), 6)) for c, r in ((3, 2), (6, 2), (6, 5), (3, 5))}
    found = {tuple(np.round(point, 6)) for point in ring.geometry["coordinates"][0]}
    assert corners <= found


def test_areas_in_degrees_are_measured_on_the_ground(tmp_path):
    degrees = Affine(1e-3, 0, 12.0, 0, -1e-3, 60.0)
    ring, _ = sorted(
        outlines_of(*rasters(tmp_path, CRS.from_epsg(4326), degrees)), key=lambda e: -e.n_pixels
    )
    a_degree = 111_320.0
    assert ring.area_m2 == pytest.approx(8 * (1e-3 * a_degree) ** 2 * 0.5, rel=0.01)


def test_without_a_place_there_is_no_area(tmp_path):
    found = list(outlines_of(*rasters(tmp_path, None, Affine.identity())))
    assert [each.area_m2 for each in found] == [None, None]
    written = write_outlines(tmp_path / "a.geojson", found, None)
    document = json.loads(written.read_text())
    assert "crs" not in document
    assert document["features"][0]["properties"]["area_m2"] is None


@pytest.mark.parametrize("suffix", ["geojson", "gpkg"])
def test_written_outlines_are_read_again(tmp_path, suffix):
    if suffix == "gpkg":
        pytest.importorskip("pyogrio")
    outlines = list(outlines_of(*rasters(tmp_path)))
    file = read_features(write_outlines(tmp_path / f"a.{suffix}", outlines, UTM))
    assert file.crs == UTM
    assert file.values("n_pixels") == [each.n_pixels for each in outlines]
    assert file.values("max_score") == [each.highest for each in outlines]
    for feature, outline in zip(file.features, outlines, strict=True):
        assert np.allclose(points_of(feature.geometry), points_of(outline.geometry))
    empty = read_features(write_outlines(tmp_path / f"b.{suffix}", [], UTM))
    assert empty.features == ()


def test_a_geopackage_says_what_it_needs(tmp_path, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.partition(".")[0] == "pyogrio":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SceneFileError, match=r"pip install 'unmix\[vector\]'"):
        write_outlines(tmp_path / "a.gpkg", [], UTM)
    assert list(tmp_path.iterdir()) == []
