import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneError, SceneFileError
from scenes.grid import Grid
from scenes.masks import open_mask

UTM = CRS.from_epsg(32611)
TURNED = Grid(
    UTM, Affine.translation(5e5, 4e6) @ Affine.rotation(33) @ Affine.scale(30, -20), 24, 30
)


def write_mask(path, numbers, grid=TURNED, **options):
    described = {"crs": grid.crs, "transform": grid.transform, "dtype": numbers.dtype, **options}
    sizes = {"height": numbers.shape[0], "width": numbers.shape[1], "count": 1}
    with rasterio.open(path, "w", driver="GTiff", **sizes, **described) as dataset:
        dataset.write(numbers, 1)
    return path


@pytest.fixture
def half():
    """Marked: the left half, with a hole."""
    numbers = np.zeros((24, 30), dtype=np.uint8)
    numbers[:, :15] = 3
    numbers[5, 5] = 0
    return numbers


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_a_mask_keeps_what_is_not_zero_and_its_inverse_the_rest(tmp_path, half, dtype):
    path = write_mask(tmp_path / "mask.tif", half.astype(dtype))
    kept = open_mask(path, TURNED).read_mask(0, 0, 24, 30).reshape(24, 30)
    left = open_mask(path, TURNED, keep=False).read_mask(0, 0, 24, 30).reshape(24, 30)
    assert np.array_equal(kept, half != 0)
    assert np.array_equal(left, half == 0)


def test_a_window_of_a_mask_is_a_part_of_the_whole(tmp_path, half):
    mask = open_mask(write_mask(tmp_path / "mask.tif", half), TURNED)
    assert np.array_equal(mask.read_mask(3, 2, 5, 20).reshape(5, 20), half[3:8, 2:22] != 0)


def test_nodata_of_a_mask_is_on_neither_side(tmp_path, half):
    numbers = half.astype(np.float32)
    numbers[0, 0], numbers[1, 1] = -1, np.nan
    path = write_mask(tmp_path / "mask.tif", numbers, nodata=-1)
    for keep in (True, False):
        valid = open_mask(path, TURNED, keep=keep).read_mask(0, 0, 24, 30).reshape(24, 30)
        assert not valid[0, 0] and not valid[1, 1]
        assert valid[2, 2] == keep


def test_nodata_zero_means_outside(tmp_path, half):
    path = write_mask(tmp_path / "mask.tif", half, nodata=0)
    assert open_mask(path, TURNED, keep=False).read_mask(0, 0, 1, 30).sum() == 15


def test_an_envi_mask_is_found_from_its_header_or_its_data(tmp_path, half, write_envi):
    grid = Grid(UTM, Affine(30, 0, 5e5, 0, -30, 4.1e6), 24, 30)
    place = {"map info": "{UTM, 1, 1, 500000, 4100000, 30, 30, 11, North, WGS-84}"}
    place["file type"] = "ENVI Classification"
    data = write_envi(tmp_path, half[None], place, dtype="u1")
    for path in (data, data.with_suffix(".hdr")):
        assert np.array_equal(open_mask(path, grid).read_mask(0, 0, 24, 30), half.ravel() != 0)
    with pytest.raises(SceneError, match="corners lie up to"):
        open_mask(data, grid.part(rasterio.windows.Window(1, 0, 30, 24)))


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (Grid(UTM, TURNED.transform, 24, 31), "has 24 x 31 px, but the scene has 24 x 30"),
        (Grid(UTM, TURNED.transform @ Affine.translation(0.5, 0), 24, 30), r"up to 0\.5 px"),
        (Grid(UTM, TURNED.transform @ Affine.scale(1, -1), 24, 30), "up to 48 px"),
        (Grid(CRS.from_epsg(32612), TURNED.transform, 24, 30), "is in EPSG:32612, but"),
    ],
)
def test_a_mask_on_another_grid_is_refused(tmp_path, grid, message):
    path = write_mask(tmp_path / "mask.tif", np.ones(grid.shape, np.uint8), grid)
    with pytest.raises(SceneError, match=message):
        open_mask(path, TURNED)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_mask_without_a_place_needs_only_the_size(tmp_path, half):
    bare = Grid(None, Affine.identity(), 24, 30)
    path = write_mask(tmp_path / "mask.tif", half, bare)
    assert open_mask(path, TURNED).read_mask(0, 0, 24, 30).sum() == (half != 0).sum()


def test_a_mask_that_is_none_is_refused(tmp_path):
    with pytest.raises(SceneFileError, match="does not exist"):
        open_mask(tmp_path / "no.tif", TURNED)
    (tmp_path / "text.tif").write_text("not a raster")
    with pytest.raises(SceneFileError, match="cannot be opened"):
        open_mask(tmp_path / "text.tif", TURNED)


def test_masks_of_a_scene_compose(tmp_path, ground, open_ground, half):
    scene = open_ground(ground)
    mask = open_mask(write_mask(tmp_path / "mask.tif", half, scene.grid), scene.grid)

    class Rows:
        def read_mask(self, row, column, height, width):
            return np.repeat(np.arange(row, row + height) % 2 == 0, width)

    both = scene.with_source(scene.source.with_mask(mask).with_mask(Rows()))
    expected = (half != 0) & (np.arange(24) % 2 == 0)[:, None]
    assert np.array_equal(both.valid_mask(), expected)
    part = both.part(rasterio.windows.Window(3, 5, 20, 10))
    assert np.array_equal(part.valid_mask(), expected[5:15, 3:23])
    assert scene.valid_mask().all()
