"""CogWriter: maps that open in place, named, with nodata, overviews and provenance."""

from datetime import datetime

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rio_cogeo.cogeo import cog_validate

from scenes import Bands, Grid, SceneError, SceneFileError
from scenes.export import CogWriter

UTM = CRS.from_epsg(32611)
NORTH_UP = Affine(30, 0, 500000, 0, -20, 4100000)
NAMES = ["alunite", "kaolinite, ordered", 'Buddingtonite "NH4" <é>']
GRIDS = {
    "rotated": (UTM, Affine(26, 15, 500000, 15, -26, 4100000)),
    "sheared": (UTM, Affine(30, 3, 500000.25, 1, -20, 4100000)),
    "upwards": (CRS.from_epsg(4326), Affine(0.1, 0, 10, 0, 0.1, 20)),
    "without CRS": (None, NORTH_UP),
    "without transform": (UTM, Affine.identity()),
    "without both": (None, Affine.identity()),
    "of a local CRS": (
        CRS.from_wkt('LOCAL_CS["mine",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]'),
        NORTH_UP,
    ),
}
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def maps(height, width, n_bands=3, seed=0):
    return np.random.default_rng(seed).random((n_bands, height, width), np.float32)


def write(path, values, grid=None, block_rows=37, **options):
    grid = Grid(UTM, NORTH_UP, *values.shape[1:]) if grid is None else grid
    names = options.pop("band_names", [f"m{i}" for i in range(len(values))])
    with CogWriter(path, grid, names, **options) as writer:
        for row in range(0, grid.height, block_rows):
            writer.write(row, 0, values[:, row : row + block_rows])


def assert_valid(path):
    assert cog_validate(path, strict=True) == (True, [], [])


@pytest.mark.parametrize("shape", [(1, 1), (12, 9), (512, 512), (513, 20), (700, 1300)])
def test_cog_writer_file_has_the_values_and_is_a_valid_cog(tmp_path, shape):
    path = tmp_path / "maps.tif"
    values = maps(*shape)
    values[:, 0, 0] = np.nan
    write(path, values)
    assert_valid(path)
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), np.where(np.isnan(values), -9999, values))
        assert dataset.nodatavals == (-9999.0,) * 3
        assert bool(dataset.overviews(1)) == (max(shape) > 512)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert "PREDICTOR" not in dataset.tags(ns="IMAGE_STRUCTURE")
    assert [file.name for file in tmp_path.iterdir()] == ["maps.tif"]


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("shape", [(12, 9), (600, 40)])
def test_cog_writer_keeps_the_grid(tmp_path, name, shape):
    path = tmp_path / "maps.tif"
    grid = Grid(*GRIDS[name], *shape)
    write(path, maps(*shape), grid)
    assert_valid(path)
    with rasterio.open(path) as dataset:
        assert dataset.transform == grid.transform
        assert dataset.crs == grid.crs
        assert dataset.shape == grid.shape


@pytest.mark.filterwarnings("error")
def test_cog_writer_without_georeference_warns_of_nothing(tmp_path):
    write(tmp_path / "maps.tif", maps(12, 9), Grid(None, Affine.identity(), 12, 9))


def test_cog_writer_labels_bands_and_origin(tmp_path):
    path = tmp_path / "maps.tif"
    tags = {"version": "0.1", "run": '{"a": ["<b>", "é & ü"]}', "Long_key_2": "x" * 5000}
    options = {"band_names": NAMES, "units": ["fraction", "1", "%"], "tags": tags}
    write(path, maps(600, 20), software="unmix 0.1.0", namespace="RUN", **options)
    assert_valid(path)
    with rasterio.open(path) as dataset:
        assert dataset.descriptions == tuple(NAMES)
        assert dataset.units == ("fraction", "1", "%")
        assert dataset.tags(ns="RUN") == tags
        own = dataset.tags()
        assert set(own) == {"AREA_OR_POINT", "TIFFTAG_SOFTWARE", "TIFFTAG_DATETIME"}
        assert own["AREA_OR_POINT"] == "Area"
        assert own["TIFFTAG_SOFTWARE"] == "unmix 0.1.0"
        datetime.strptime(own["TIFFTAG_DATETIME"], "%Y:%m:%d %H:%M:%S")


def test_cog_writer_bands_have_their_statistics(tmp_path):
    path = tmp_path / "maps.tif"
    values = maps(600, 20)
    values[1, :300] = np.nan
    values[2] = np.nan
    write(path, values)
    with rasterio.open(path) as dataset:
        for band in (1, 2):
            known = values[band - 1][np.isfinite(values[band - 1])].astype(float)
            tags = dataset.tags(band)
            expected = [known.min(), known.max(), known.mean(), known.std()]
            names = ["MINIMUM", "MAXIMUM", "MEAN", "STDDEV"]
            found = [float(tags[f"STATISTICS_{name}"]) for name in names]
            assert found == pytest.approx(expected, rel=1e-9)
        assert dataset.tags(3) == {"STATISTICS_VALID_PERCENT": "0"}


def test_cog_writer_wavelengths_stand_in_both_domains(tmp_path):
    path = tmp_path / "maps.tif"
    bands = Bands(np.array([381.0056, 2500.0]), np.array([5.59, 1 / 3]), np.array([True, False]))
    write(path, maps(600, 20, 2), wavelengths=bands, units="reflectance")
    assert_valid(path)
    with rasterio.open(path) as dataset:
        for band in range(2):
            own, imagery = dataset.tags(band + 1), dataset.tags(band + 1, ns="IMAGERY")
            assert float(own["wavelength"]) == bands.wavelengths_nm[band]
            assert float(own["fwhm"]) == bands.fwhm_nm[band]
            assert (own["wavelength_units"], own["bbl"]) == ("Nanometers", str(1 - band))
            um = [float(imagery["CENTRAL_WAVELENGTH_UM"]), float(imagery["FWHM_UM"])]
            nm = [bands.wavelengths_nm[band], bands.fwhm_nm[band]]
            assert np.multiply(um, 1000) == pytest.approx(nm, rel=1e-14)
            assert "STATISTICS_MEAN" in own
        assert dataset.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "3"  # spectra are smooth


def test_cog_writer_pixels_never_written_are_nodata(tmp_path):
    path = tmp_path / "maps.tif"
    grid = Grid(UTM, NORTH_UP, 700, 1300)
    expected = np.full((2, 700, 1300), -9999, np.float32)
    with CogWriter(path, grid, ["a", "b"]) as writer:
        for row, column in ((0, 0), (30, 500), (690, 1250)):
            block = maps(10, 50, 2, seed=row)
            writer.write(row, column, block)
            expected[:, row : row + 10, column : column + 50] = block
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), expected)


def test_cog_writer_of_nothing_is_all_nodata(tmp_path):
    path = tmp_path / "maps.tif"
    with CogWriter(path, Grid(UTM, NORTH_UP, 600, 20), ["a"]):
        pass
    assert_valid(path)
    with rasterio.open(path) as dataset:
        assert (dataset.read() == -9999).all()
        assert (dataset.read(out_shape=(1, 300, 10)) == -9999).all()


def test_cog_writer_nan_in_one_band_hides_no_other_band(tmp_path):
    path = tmp_path / "maps.tif"
    values = maps(12, 9)
    values[1, 3, 4] = np.nan
    write(path, values)
    with rasterio.open(path) as dataset:
        assert dataset.read(masked=True).mask.sum(axis=(1, 2)).tolist() == [0, 1, 0]


@settings(max_examples=10, deadline=None)
@given(st.integers(15, 90), st.integers(100, 600), st.randoms())
def test_cog_writer_blocks_in_any_order_make_the_same_pixels(
    tmp_path_factory, n_rows, n_columns, random
):
    path = tmp_path_factory.mktemp("blocks") / "maps.tif"
    values = maps(90, 600, 2)
    corners = [(r, c) for r in range(0, 90, n_rows) for c in range(0, 600, n_columns)]
    random.shuffle(corners)
    with CogWriter(path, Grid(UTM, NORTH_UP, 90, 600), ["a", "b"]) as writer:
        for row, column in corners:
            writer.write(row, column, values[:, row : row + n_rows, column : column + n_columns])
        writer.write(0, 0, values)  # over what is there
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), values)


def test_cog_writer_average_overviews_ignore_nodata(tmp_path):
    path = tmp_path / "maps.tif"
    values = np.full((1, 600, 600), 0.5, np.float32)
    values[:, ::2] = np.nan
    write(path, values)
    with rasterio.open(path, overview_level=0) as overview:
        assert (overview.read() == 0.5).all()


@pytest.mark.parametrize("overviews", ["mode", "nearest"])
def test_cog_writer_class_map_keeps_classes_and_colours(tmp_path, overviews):
    path = tmp_path / "dominant.tif"
    classes = np.random.default_rng(0).choice([0, 1, 4, 255], (1, 600, 700)).astype(np.uint8)
    colours = {0: (255, 0, 0), 1: (0, 200, 0, 255), 4: (1, 2, 3)}
    write(path, classes, dtype="uint8", nodata=255, colormap=colours, overviews=overviews, units="")
    assert_valid(path)
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), classes)
        assert dataset.colorinterp == (ColorInterp.palette,)
        found = dataset.colormap(1)
        assert [found[i][:3] for i in (0, 1, 4)] == [(255, 0, 0), (0, 200, 0), (1, 2, 3)]
        assert dataset.nodata == 255
    with rasterio.open(path, overview_level=0) as overview:
        assert set(np.unique(overview.read())) <= {0, 1, 4, 255}


@pytest.mark.parametrize("n_bands", [3, 4])
def test_cog_writer_bands_of_uint8_are_no_picture_and_no_alpha(tmp_path, n_bands):
    path = tmp_path / "maps.tif"
    values = np.random.default_rng(0).integers(0, 255, (n_bands, 600, 20), np.uint8)
    write(path, values, dtype="uint8", nodata=255)
    assert_valid(path)
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), values)
        assert set(dataset.colorinterp) <= {ColorInterp.gray, ColorInterp.undefined}


def test_cog_writer_same_values_give_the_same_pixels(tmp_path):
    for name, block_rows in (("a.tif", 7), ("b.tif", 600)):
        write(tmp_path / name, maps(600, 700), block_rows=block_rows)
    for level in ({}, {"overview_level": 0}):
        with (
            rasterio.open(tmp_path / "a.tif", **level) as first,
            rasterio.open(tmp_path / "b.tif", **level) as second,
        ):
            assert np.array_equal(first.read(), second.read())
            assert first.tags(1) == second.tags(1)


def test_cog_writer_leaves_the_settings_of_gdal_as_they_were(tmp_path):
    with rasterio.Env() as env:
        before = env.options, rasterio.env.get_gdal_config("GDAL_CACHEMAX")
        write(tmp_path / "maps.tif", maps(600, 20))
        assert (env.options, rasterio.env.get_gdal_config("GDAL_CACHEMAX")) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_cog_writer_broken_off_leaves_nothing_new_and_the_old_file(tmp_path, error):
    path = tmp_path / "maps.tif"
    for _ in range(2):
        before = [(file.name, file.read_bytes()) for file in tmp_path.iterdir()]
        with (
            pytest.raises(error),
            CogWriter(path, Grid(UTM, NORTH_UP, 600, 20), ["a"]) as writer,
        ):
            writer.write(0, 0, np.ones((1, 600, 20)))
            raise error
        assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == before
        write(path, maps(600, 20))


def test_cog_writer_interrupted_while_it_finishes_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("scenes.export.cog.rasterio.shutil.copy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "maps.tif", maps(600, 20))
    assert list(tmp_path.iterdir()) == []


def test_cog_writer_notices_a_value_that_gdal_lost(tmp_path, monkeypatch):
    real = rasterio.shutil.copy

    def lossy(source, *arguments, **options):
        source.write(np.zeros((1, 1, 1), np.float32), [1], window=((5, 6), (5, 6)))
        real(source, *arguments, **options)

    monkeypatch.setattr("scenes.export.cog.rasterio.shutil.copy", lossy)
    with pytest.raises(SceneFileError, match="does not hold what was written"):
        write(tmp_path / "maps.tif", maps(600, 20))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": ["fraction"]}, "1 entry for 2 bands"),
        ({"nodata": None}, "needs `nodata`"),
        ({"dtype": "uint8"}, r"`nodata` -9999.0 cannot be held by uint8"),
        ({"dtype": "float16"}, "cannot hold float16"),
        ({"overviews": "cubic"}, "average, mode or nearest"),
        ({"band_names": []}, "empty"),
        ({"band_names": "alunite"}, "a list of names"),
        ({"tags": {"a b": "1"}}, "letters, digits and _"),
        ({"namespace": "IMAGERY"}, "not free"),
        ({"wavelengths": Bands(None, None, np.ones(3, bool))}, "describes 3 bands"),
        ({"colormap": {0: (1, 2, 3)}}, "1 band of uint8"),
        (
            {"colormap": {}, "dtype": "uint8", "nodata": 255, "band_names": ["class"]},
            "no average",
        ),
    ],
)
def test_cog_writer_refuses_contradictions_before_writing(tmp_path, change, message):
    grid = Grid(UTM, NORTH_UP, 12, 9)
    arguments = {"path": tmp_path / "a.tif", "grid": grid, "band_names": ["a", "b"]}
    with pytest.raises(SceneError, match=message):
        CogWriter(**(arguments | change))
    assert list(tmp_path.iterdir()) == []


def test_cog_writer_writes_only_inside_its_with_statement(tmp_path):
    writer = CogWriter(tmp_path / "a.tif", Grid(UTM, NORTH_UP, 12, 9), ["a"])
    with pytest.raises(SceneError, match="`with` statement"):
        writer.write(0, 0, np.zeros((1, 1, 1)))
    with writer:
        writer.write(0, 0, np.zeros((1, 1, 1)))
    with pytest.raises(SceneError, match="`with` statement"):
        writer.write(0, 0, np.zeros((1, 1, 1)))


@pytest.mark.parametrize(("n_bands", "side"), [(3, 512), (40, 256), (285, 128)])
def test_cog_writer_tiles_stay_small_however_many_bands(tmp_path, n_bands, side):
    path = tmp_path / "maps.tif"
    values = maps(20, 530, n_bands)
    write(path, values)
    assert_valid(path)
    with rasterio.open(path) as dataset:
        assert dataset.block_shapes[0] == (side, side)
        assert np.array_equal(dataset.read(), values)
        assert dataset.overviews(1)
