import json

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform_geom

from scenes import Bands, Grid, Lookup, Scene, SceneError, SceneFileError
from scenes.array_pixels import ArrayPixels
from scenes.export import CogWriter, EnviWriter
from scenes.labels import read_labels

UTM = CRS.from_epsg(32611)
SHAPE = (24, 30)
GRID = Grid(UTM, Affine.translation(5e5, 4e6) @ Affine.rotation(33) @ Affine.scale(30, -20), *SHAPE)
BANDS = Bands(np.array([500.0, 600.0]), None, np.ones(2, np.bool_))


def scene_on(grid, lookup=None):
    """Every pixel holds its own row and column."""
    rows, columns = np.indices(grid.shape)
    reader = ArrayPixels(np.stack([rows, columns]).astype(np.float32))
    return Scene(reader=reader, grid=grid, bands=BANDS, name="a", nodata=-1, lookup=lookup)


@pytest.fixture
def scene():
    return scene_on(GRID)


def on_map(points, grid=GRID):
    return [list(grid.transform @ tuple(point)) for point in points]


def square(column, row, side, **attributes):
    """A square of whole pixels."""
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]) * side + (column, row)
    geometry = {"type": "Polygon", "coordinates": [on_map(corners)]}
    return {"type": "Feature", "geometry": geometry, "properties": attributes}


def point(column, row, **attributes):
    (place,) = on_map([(column + 0.5, row + 0.5)])
    geometry = {"type": "Point", "coordinates": place}
    return {"type": "Feature", "geometry": geometry, "properties": attributes}


def written(path, *features, crs="EPSG:32611"):
    named = {"type": "name", "properties": {"name": crs}}
    document = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(json.dumps(document | ({"crs": named} if crs else {})), encoding="utf-8")
    return path


def drawn(labels, shape=SHAPE):
    """Classes as an image, -1 where there is none."""
    image = np.full(shape, -1)
    image[labels.rows, labels.columns] = labels.classes
    return image


def test_points_and_polygons_label_the_pixels_that_they_cover(tmp_path, scene):
    path = written(
        tmp_path / "a.geojson",
        square(2, 3, 4, kind="water"),
        square(20, 10, 5, kind="sand"),
        point(15, 1, kind="sand"),
    )
    labels = read_labels(path, scene)
    expected = np.full(SHAPE, -1)
    expected[3:7, 2:6] = 1
    expected[10:15, 20:25] = expected[1, 15] = 0
    assert labels.names == ("sand", "water")
    assert np.array_equal(drawn(labels), expected)
    assert labels.counts == {"sand": 26, "water": 16}
    groups = {int(g) for g in labels.groups[labels.classes == 0]}
    assert len(groups) == 2 and groups.isdisjoint(labels.groups[labels.classes == 1])


def test_spectra_are_those_of_the_labelled_pixels_in_their_order(tmp_path, scene, monkeypatch):
    path = written(tmp_path / "a.geojson", square(2, 3, 4, kind="a"), square(20, 10, 9, kind="b"))
    labels = read_labels(path, scene)
    for numbers in (2**22, 100):
        monkeypatch.setattr("scenes.labels._BLOCK_NUMBERS", numbers)
        spectra, found = labels.spectra(scene)
        assert np.array_equal(spectra.numpy(), np.stack([found.rows, found.columns], axis=1))
        assert np.array_equal(drawn(found), drawn(labels))


def test_invalid_pixels_have_no_spectra(tmp_path, scene):
    cube = np.ones((2, *SHAPE), np.float32)
    cube[:, :, 3] = -1
    holed = Scene(reader=ArrayPixels(cube), grid=GRID, bands=BANDS, name="holed", nodata=-1)
    labels = read_labels(written(tmp_path / "a.geojson", square(2, 3, 4, kind="a")), holed)
    spectra, found = labels.spectra(holed)
    assert len(labels) == 16 and len(spectra) == len(found) == 12
    assert 3 not in found.columns
    only = labels.chosen(labels.columns == 3)
    with pytest.raises(SceneError, match="of 4 labelled pixels of holed none is valid"):
        only.spectra(holed)


def test_pixels_of_two_classes_have_none(tmp_path, scene):
    path = written(
        tmp_path / "a.geojson",
        square(2, 2, 4, kind="a"),
        square(4, 4, 4, kind="b"),
        square(2, 2, 3, kind="a"),
    )
    labels = read_labels(path, scene)
    assert labels.n_contradicting == 4
    assert (drawn(labels)[4:6, 4:6] == -1).all()
    assert labels.counts == {"a": 12, "b": 12}


def test_all_touched_labels_the_rim_too(tmp_path, scene):
    feature = square(2.6, 3.6, 3, kind="a")
    path = written(tmp_path / "a.geojson", feature)
    inside = drawn(read_labels(path, scene)) >= 0
    touched = drawn(read_labels(path, scene, all_touched=True)) >= 0
    assert (touched | ~inside).all()
    assert (inside.sum(), touched.sum()) == (9, 16)


def test_labels_in_degrees_are_brought_to_the_scene(tmp_path, scene):
    metres = square(3, 3, 8, kind="a")
    geometry = transform_geom(UTM, "OGC:CRS84", metres["geometry"])
    degrees = written(tmp_path / "b.geojson", metres | {"geometry": geometry}, crs=None)
    expected = drawn(read_labels(written(tmp_path / "a.geojson", metres), scene))
    assert np.array_equal(drawn(read_labels(degrees, scene)), expected)


def test_pieces_give_the_same_labels_as_the_whole(tmp_path, scene, monkeypatch):
    path = written(tmp_path / "a.geojson", square(2, 3, 18, kind="a"), point(29, 23, kind="b"))
    whole = read_labels(path, scene)
    monkeypatch.setattr("scenes.label_marks._PIECE_SHAPE", (5, 7))
    pieces = read_labels(path, scene)
    assert np.array_equal(drawn(pieces), drawn(whole))
    assert len(pieces) == len(whole)


def test_numbers_are_classes_in_their_order(tmp_path, scene):
    path = written(tmp_path / "a.geojson", *(point(k, 2, n=n, x=1) for k, n in enumerate((10, 9))))
    assert read_labels(path, scene, field="n").names == ("9", "10")
    with pytest.raises(SceneError, match=r"Name one \(`field`, or --class\); it has: n, x"):
        read_labels(path, scene)


def test_labels_of_a_scene_in_sensor_geometry_lie_on_its_map(tmp_path):
    rows, columns = np.indices(SHAPE)
    table = np.stack([SHAPE[1] - columns, rows + 1])  # the scene is the map's mirror image
    table[:, :, :3] = 0
    lookup = Lookup(ArrayPixels(table.astype(np.int32)), GRID, SHAPE)
    scene = scene_on(Grid(None, Affine.identity(), *SHAPE), lookup)
    path = written(tmp_path / "a.geojson", square(2, 3, 4, kind="a"))
    expected = np.full(SHAPE, -1)
    expected[3:7, 24:27] = 0  # the first column of the square has no pixel
    assert np.array_equal(drawn(read_labels(path, scene)), expected)


def write_raster(path, image, **options):
    with CogWriter(path, GRID, ["class"], dtype="uint8", nodata=255, overviews="mode",
                   **options) as writer:  # fmt: skip
        writer.write(0, 0, image[None])
    return path


def test_a_raster_of_numbers_labels_its_pixels(tmp_path, scene):
    image = np.zeros(SHAPE)
    image[2:5, 2:5], image[10:12, 10:12], image[10:12, 20:22], image[20, 20] = 7, 3, 3, 255
    path = write_raster(tmp_path / "a.tif", image, colormap={3: (1, 2, 3)}, class_names={3: "sand"})
    labels = read_labels(path, scene)
    assert labels.names == ("sand", "class 7")
    assert np.array_equal(drawn(labels), np.select([image == 3, image == 7], [0, 1], -1))
    assert len(np.unique(labels.groups)) == 3


def test_an_envi_header_names_the_classes(tmp_path, scene):
    image = np.zeros((1, *SHAPE))
    image[0, 2:5, 2:5], image[0, 10:12, 10:12] = 2, 1
    names = {"file type": "ENVI Classification", "class names": ["none", "sand", "water"]}
    with EnviWriter(tmp_path / "a.img", GRID, None, 1, dtype="uint8", metadata=names) as writer:
        writer.write(0, 0, image)
    for name in ("a.img", "a.hdr"):
        assert read_labels(tmp_path / name, scene).counts == {"sand": 4, "water": 9}


def test_a_raster_with_odd_numbers_is_refused(tmp_path, scene):
    profile = {"driver": "GTiff", "count": 1, "height": 24, "width": 30, "dtype": "float32"}
    with rasterio.open(tmp_path / "a.tif", "w", crs=UTM, transform=GRID.transform,
                       **profile) as dataset:  # fmt: skip
        dataset.write(np.full(SHAPE, 1.5, np.float32), 1)
    with pytest.raises(SceneError, match=r"holds 1\.5, which is no number of a class"):
        read_labels(tmp_path / "a.tif", scene)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([], "holds no features"),
        ([square(2, 2, 2, kind=None)], "is empty, so there are no classes"),
        ([square(100, 100, 2, kind="a")], "no label of a.geojson lies on the scene"),
        ([point(k % 30, k // 30, kind=k) for k in range(255)], "has 255 classes"),
    ],
)
def test_labels_that_say_nothing_are_refused(tmp_path, scene, features, message):
    with pytest.raises(SceneError, match=message):
        read_labels(written(tmp_path / "a.geojson", *features), scene)


def test_labels_that_are_not_there_are_said(tmp_path, scene):
    with pytest.raises(SceneFileError, match="do not exist"):
        read_labels(tmp_path / "none.tif", scene)
    write_raster(tmp_path / "a.tif", np.ones(SHAPE))
    with pytest.raises(SceneError, match=r"the label raster a\.tif has 24 x 30 px, but the scene"):
        read_labels(tmp_path / "a.tif", scene_on(Grid(UTM, GRID.transform, 5, 5)))
