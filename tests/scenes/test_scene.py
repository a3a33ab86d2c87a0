import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np
import pytest
import torch
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.windows import Window

from scenes import open_scene
from scenes.bands import Bands
from scenes.errors import SceneError
from scenes.grid import Grid
from scenes.lookup import Lookup
from scenes.scene import Scene
from scenes.subset import columns_of


@dataclass
class CubeReader:
    """Reads from a cube in memory and keeps count."""

    cube: np.ndarray
    block_shape: tuple[int, int] = (1, 10**6)
    windows: list = field(default_factory=list)
    cheap_rows: bool = False

    @property
    def dtype(self):
        return self.cube.dtype

    @property
    def n_bands(self):
        return self.cube.shape[0]

    @property
    def height(self):
        return self.cube.shape[1]

    @property
    def width(self):
        return self.cube.shape[2]

    @property
    def n_read(self):
        return sum(height * width for height, width in self.windows)

    def read(self, row, column, height, width, bands):
        self.windows.append((height, width))
        part = self.cube[bands, row : row + height, column : column + width]
        return np.ascontiguousarray(part.reshape(len(bands), -1).T)


class Chess:
    def read_mask(self, row, column, height, width):
        rows, columns = np.indices((height, width))
        return ((rows + row + columns + column) % 2 == 0).ravel()


def make_scene(cube, block_shape=None, good=None, **arguments):
    reader = CubeReader(np.asarray(cube), block_shape or (1, cube.shape[2]))
    n_bands, height, width = cube.shape
    good = np.ones(n_bands, dtype=bool) if good is None else np.array(good, dtype=bool)
    arguments.setdefault("bands", Bands(np.linspace(400, 2480, n_bands), None, good, None))
    grid = Grid(CRS.from_epsg(32611), Affine(30, 0, 5e5, 0, -30, 4e6), height, width)
    scene = Scene(reader=reader, grid=grid, name="made", **arguments)
    return scene, reader


def places(height, width, dtype=np.float32):
    """Cube of 3 bands: row, column and a constant."""
    row, column = np.indices((height, width))
    return np.stack([row, column, np.full((height, width), 7)]).astype(dtype)


CUBES = st.tuples(
    st.integers(1, 12), st.integers(1, 12), st.integers(1, 12), st.integers(1, 12),
    st.randoms(use_true_random=False),
)  # fmt: skip


def random_scene(drawn):
    """Scene of random numbers with some nodata, in tiles of random shape."""
    height, width, rows, columns, random = drawn
    rng = np.random.default_rng(random.randrange(10**6))
    cube = rng.normal(size=(3, height, width)).astype(np.float32)
    cube[rng.random(cube.shape) < 0.1] = -9999
    cube[rng.random(cube.shape) < 0.05] = np.nan
    return make_scene(cube, (rows, columns), good=[1, 0, 1], nodata=-9999)[0], cube[[0, 2]]


@given(CUBES)
def test_scene_to_map_of_spectra_is_the_cube(drawn):
    scene, cube = random_scene(drawn)
    valid = (np.isfinite(cube) & (cube != -9999)).all(axis=0)
    expected = np.where(valid, cube, np.nan)
    assert np.array_equal(scene.valid_mask(), valid)
    assert np.array_equal(scene.read(), expected, equal_nan=True)
    spectra = scene.spectra()
    assert spectra.dtype == torch.float32
    assert np.array_equal(spectra.numpy(), cube[:, valid].T)
    assert np.array_equal(scene.to_map(spectra), expected, equal_nan=True)


@given(CUBES, st.integers(1, 600))
def test_scene_block_by_block_is_the_whole(drawn, max_bytes):
    scene, cube = random_scene(drawn)
    whole = np.full(cube.shape, 99, dtype=np.float32)
    for block in scene.blocks(max_bytes):
        assert block.spectra.shape == (block.valid.sum(), 2)
        rows, columns = block.window.toslices()
        whole[:, rows, columns] = block.to_map(block.spectra)
    assert np.array_equal(whole, scene.read(), equal_nan=True)


@given(CUBES, st.integers(1, 200))
def test_scene_sample_draws_valid_pixels_once(drawn, n_pixels):
    scene, _ = random_scene(drawn)
    everything = scene.spectra().numpy()
    drawn_pixels = scene.sample(n_pixels).numpy()
    assert len(drawn_pixels) == min(n_pixels, len(everything))
    everything = {tuple(row) for row in everything.tolist()}
    found = [tuple(row) for row in drawn_pixels.tolist()]
    assert len(set(found)) == len(found)
    assert set(found) <= everything


def test_scene_read_of_a_window_is_a_part_of_the_whole():
    scene, _ = make_scene(places(6, 9))
    assert np.array_equal(scene.read(Window(2, 1, 5, 3)), scene.read()[:, 1:4, 2:7])
    with pytest.raises(SceneError, match="not inside the scene of 6 x 9 px"):
        scene.read(Window(5, 5, 5, 5))


def test_scene_leaves_bad_bands_out_before_it_looks_for_nodata():
    cube = places(4, 5)
    cube[1] = -9999
    scene, _ = make_scene(cube, good=[1, 0, 1], nodata=-9999)
    assert scene.n_bands == 2
    assert len(scene.bands) == 3
    assert scene.wavelengths_nm.tolist() == [400, 2480]
    assert scene.valid_mask().all()


def test_scene_with_bands_uses_exactly_these_in_this_order():
    scene, _ = make_scene(places(4, 5), good=[1, 0, 1], gain=[1, 2, 3], offset=[0, 0, 1])
    chosen = scene.with_bands([2, 1])
    assert chosen.read()[:, 1, 3].tolist() == [22, 6]
    assert chosen.wavelengths_nm.tolist() == [2480, 1440]
    assert chosen.bands_used.tolist() == [2, 1]
    assert scene.n_bands == 2
    with pytest.raises(SceneError, match="0 to 2"):
        scene.with_bands([3])


def test_scene_with_bands_forgets_the_mask_of_other_bands():
    cube = places(2, 2)
    cube[0, 0, 0] = np.nan
    scene, _ = make_scene(cube)
    assert scene.valid_mask().sum() == 3
    assert scene.with_bands([1, 2]).valid_mask().sum() == 4


def test_scene_respects_a_mask_beside_the_bands():
    scene, _ = make_scene(places(4, 5), mask=Chess())
    assert scene.valid_mask()[:2].tolist() == [[1, 0, 1, 0, 1], [0, 1, 0, 1, 0]]
    assert len(scene.spectra()) == 10


def test_scene_without_valid_pixels_is_no_error():
    scene, _ = make_scene(np.full((2, 3, 3), np.nan, dtype=np.float32))
    assert scene.spectra().shape == (0, 2)
    assert scene.sample(4).shape == (0, 2)
    assert scene.to_map(np.zeros((0, 2))).shape == (2, 3, 3)
    assert [block.spectra.shape for block in scene.blocks()] == [(0, 2)]


def test_scene_survives_a_pickle():
    scene, _ = make_scene(places(4, 5), metadata={"sensor": "made"})
    again = pickle.loads(pickle.dumps(scene))
    assert repr(again) == repr(scene)
    assert again.metadata == {"sensor": "made"}
    assert torch.equal(again.spectra(), scene.spectra())


def test_scene_repr_names_bands_size_and_crs():
    scene, _ = make_scene(np.zeros((224, 2, 3)), good=np.arange(224) >= 36)
    assert repr(scene) == "Scene(188 bands 736-2480 nm, 2 x 3 px, EPSG:32611)"
    bare, _ = make_scene(np.zeros((2, 2, 3)), bands=Bands(None, None, np.ones(2, bool), None))
    assert repr(bare) == "Scene(2 bands, 2 x 3 px, EPSG:32611)"
    assert bare.wavelengths_nm is None
    assert bare.fwhm_nm is None


def test_scene_refuses_parts_that_do_not_fit_together():
    with pytest.raises(SceneError, match="but `bands` has 4, the grid 2 x 3"):
        make_scene(np.zeros((3, 2, 3)), bands=Bands(None, None, np.ones(4, bool), None))
    with pytest.raises(SceneError, match="of 3 bands none is good"):
        make_scene(np.zeros((3, 2, 3)), good=[0, 0, 0])
    with pytest.raises(SceneError, match="`offset` must be one finite number"):
        make_scene(np.zeros((3, 2, 3)), offset=[1, 2])
    with pytest.raises(SceneError, match=r"`n_pixels` must be at least 1. Got 0"):
        make_scene(np.zeros((3, 2, 3)))[0].sample(0)


@pytest.mark.parametrize("block_shape", [(1, 400), (64, 400), (64, 64)])
def test_sample_reads_a_small_part_of_a_large_scene(block_shape):
    scene, reader = make_scene(places(2000, 400), block_shape)
    assert len(scene.sample(2000)) == 2000
    assert reader.n_read < 0.1 * 2000 * 400


@pytest.mark.parametrize("block_shape", [(1, 400), (64, 400), (64, 64), (2000, 400), (1000, 200)])
def test_sample_lies_evenly_over_the_scene(block_shape):
    scene, _ = make_scene(places(2000, 400), block_shape)
    rows, columns, _ = scene.sample(4000).T.numpy()
    by_row = np.histogram(rows, bins=4, range=(0, 2000))[0] / 1000
    by_column = np.histogram(columns, bins=4, range=(0, 400))[0] / 1000
    assert 0.7 < by_row.min() and by_row.max() < 1.3
    assert 0.7 < by_column.min() and by_column.max() < 1.3


def test_sample_goes_on_until_it_has_enough_when_most_is_nodata():
    cube = places(1000, 50)
    cube[:, :900] = -9999
    scene, _ = make_scene(cube, nodata=-9999)
    for n_pixels, n_expected in ((3000, 3000), (6000, 5000)):
        drawn = scene.sample(n_pixels)
        assert len(drawn) == n_expected
        assert len(np.unique(drawn.numpy(), axis=0)) == n_expected


def test_sample_is_the_same_for_the_same_seed_and_another_for_another():
    scene, _ = make_scene(places(300, 40), (16, 16))
    assert torch.equal(scene.sample(500, random_state=3), scene.sample(500, random_state=3))
    assert not torch.equal(scene.sample(500, random_state=3), scene.sample(500, random_state=4))
    assert not torch.equal(scene.sample(500, random_state=None), scene.sample(500, None))
    assert torch.equal(scene.sample(9, random_state=np.int64(0)), scene.sample(9))


def test_sample_of_more_pixels_than_there_are_is_all_of_them():
    scene, _ = make_scene(places(7, 5))
    assert torch.equal(scene.sample(35), scene.spectra())


def test_spectra_reads_the_scene_once():
    scene, reader = make_scene(places(50, 20))
    scene.spectra()
    scene.valid_mask()
    scene.to_map(np.zeros((1000, 1)))
    assert reader.n_read == 1000


@given(CUBES, st.integers(0, 11), st.integers(0, 11), st.integers(1, 12), st.integers(1, 12))
def test_scene_part_is_a_part_of_the_whole(drawn, column, row, width, height):
    scene, _ = random_scene(drawn)
    column, row = column % scene.width, row % scene.height
    window = Window(column, row, min(width, scene.width - column), min(height, scene.height - row))
    part = scene.part(window)
    place = (slice(None), *window.toslices())
    assert np.array_equal(part.read(), scene.read()[place], equal_nan=True)
    assert np.array_equal(part.valid_mask(), scene.valid_mask()[window.toslices()])
    assert torch.equal(part.sample(500), part.spectra())
    for block in part.blocks(50):
        inside = (slice(None), *block.window.toslices())
        assert np.array_equal(block.to_map(block.spectra), part.read()[inside], equal_nan=True)


def test_scene_part_of_a_part_and_its_grid_stay_in_place():
    scene, _ = make_scene(places(9, 8))
    turned = Affine.translation(5e5, 4e6) @ Affine.rotation(20) @ Affine.scale(30, -20)
    grid = Grid(CRS.from_epsg(32611), turned, 9, 8)
    scene = Scene(reader=scene.source.reader, grid=grid, bands=scene.bands, name="turned")
    twice = scene.part(Window(1, 2, 6, 6)).part(Window(2, 1, 3, 4))
    assert np.array_equal(twice.read(), scene.read()[:, 3:7, 3:6])
    assert twice.grid.transform.almost_equals(turned @ Affine.translation(3, 3), 1e-6)
    with pytest.raises(SceneError, match="not inside the scene of 4 x 3 px"):
        twice.part(Window(0, 0, 4, 4))


def test_scene_part_cuts_its_lookup_too():
    height, width = 4, 5
    rows, columns = np.indices((height, width))
    table = CubeReader(np.stack([columns + 1, rows + 1]).astype(np.int32), (1, width))
    scene, reader = make_scene(places(height, width))
    lookup = Lookup(table, scene.grid, (height, width))
    scene = Scene(reader=reader, grid=scene.grid, bands=scene.bands, name="x", lookup=lookup)
    part = scene.part(Window(1, 2, 3, 2))
    rows, columns = part.lookup.read()
    inside = rows >= 0
    assert inside.sum() == 6
    assert np.array_equal(part.read()[:, rows[inside], columns[inside]], scene.read()[:, inside])


def test_scene_sorted_by_wavelength_ascends_and_finds_back():
    known = np.array([700.0, 500.0, 600.0])
    bands = Bands(known, None, np.ones(3, bool), None)
    scene, _ = make_scene(places(4, 5), bands=bands)
    ordered = scene.sorted_by_wavelength()
    assert ordered.wavelengths_nm.tolist() == [500, 600, 700]
    back = columns_of(scene.bands_used, ordered.bands_used)
    assert torch.equal(ordered.spectra()[:, back], scene.spectra())
    bare, _ = make_scene(places(2, 2), bands=Bands(None, None, np.ones(3, bool), None))
    with pytest.raises(SceneError, match="no wavelengths to sort"):
        bare.sorted_by_wavelength()


def test_scene_with_good_marks_bands_and_keeps_the_order_of_the_rest():
    scene, _ = make_scene(places(4, 5))
    chosen = scene.with_bands([2, 0, 1]).with_good([1, 0, 1])
    assert chosen.bands_used.tolist() == [2, 0]
    assert chosen.bands.good.tolist() == [True, False, True]
    assert scene.bands.good.all()
    with pytest.raises(SceneError, match="of 3 bands in use none is good"):
        scene.with_good([0, 0, 0])


def test_scene_is_read_by_another_process(tmp_path, write_envi, small_cube):
    scene = open_scene(write_envi(tmp_path, small_cube / 1000)).part(Window(1, 1, 2, 3))
    scene = scene.with_source(scene.source.with_padding(7))
    with get_context("spawn").Pool(1) as pool:
        assert np.array_equal(pool.apply(scene.read), scene.read(), equal_nan=True)


def test_opening_and_reading_a_scene_loads_no_torch(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube / 1000)
    code = (
        "import sys; from scenes import open_scene; "
        f"scene = open_scene({str(data)!r}); scene.read(); scene.valid_mask(); "
        "print('torch' in sys.modules, 'rasterio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]
