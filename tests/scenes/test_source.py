import pickle
from dataclasses import dataclass

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from scenes.masks import open_mask
from scenes.source import BothMasks, PartMask, PartReader


@dataclass
class Every:
    """Lets every n-th column through."""

    n: int

    def read_mask(self, row, column, height, width):
        return np.tile(np.arange(column, column + width) % self.n == 0, height)


def test_a_part_of_a_mask_counts_from_its_own_corner():
    part = PartMask(Every(3), Window(2, 5, 10, 10))
    assert part.read_mask(0, 0, 1, 5).tolist() == [False, True, False, False, True]
    assert part.read_mask(4, 1, 1, 3).tolist() == [True, False, False]


def test_both_masks_must_let_a_pixel_through():
    both = BothMasks(Every(2), Every(3)).read_mask(0, 0, 1, 13)
    assert np.flatnonzero(both).tolist() == [0, 6, 12]


def test_a_part_reader_keeps_type_bands_and_tiles(ground, open_ground):
    reader = open_ground(ground).source.reader
    part = PartReader(reader, Window(3, 4, 5, 6))
    assert (part.dtype, part.n_bands, part.block_shape) == (
        reader.dtype, reader.n_bands, reader.block_shape,
    )  # fmt: skip
    assert (part.height, part.width) == (6, 5)
    bands = np.array([7, 2])
    assert np.array_equal(part.read(1, 2, 3, 2, bands), reader.read(5, 5, 3, 2, bands))


@pytest.mark.parametrize("interleave", ["bil", "bip", "bsq"])
@pytest.mark.parametrize("n_bytes", [1, 24_000, 2**20])
def test_lines_read_a_few_at_a_time_are_those_read_at_once(
    monkeypatch, tmp_path, ground, write_envi, interleave, n_bytes
):
    from scenes import open_scene

    cube = (ground * 10000).astype(np.int16)
    cube[3, 5, 6], cube[2, 20, 7] = -9999, 32767
    fields = {"data ignore value": -9999, "reflectance scale factor": 10000}
    path = write_envi(tmp_path, cube, fields, dtype="<i2", interleave=interleave)
    source, bands = open_scene(path).source.with_saturation(), np.array([7, 2, 3])
    window = Window(4, 2, 21, 17)
    monkeypatch.setattr("scenes.source._CACHED_BYTES", 2**30)
    spectra, valid = source.read(window, bands)
    monkeypatch.setattr("scenes.source._CACHED_BYTES", n_bytes)
    found, also_valid = source.read(window, bands)
    assert np.array_equal(found, spectra) and np.array_equal(also_valid, valid)
    assert 0 < (~valid).sum() < 3


@pytest.mark.parametrize(("dtype", "largest"), [("<i2", 32767), (">u2", 65535), ("<f4", None)])
def test_saturation_is_the_largest_integer_and_real_numbers_have_none(
    tmp_path, ground, write_envi, dtype, largest
):
    from scenes import open_scene

    fields = {"reflectance scale factor": 10000}
    source = open_scene(write_envi(tmp_path, ground * 10000, fields, dtype=dtype)).source
    assert source.with_saturation().scaling.saturation == largest
    assert source.with_saturation(99).scaling.saturation == 99


def test_masks_survive_a_pickle(tmp_path, ground, open_ground):
    scene = open_ground(ground)
    marked = (np.indices((24, 30)).sum(axis=0) % 3 == 0).astype(np.uint8)
    described = {"crs": scene.grid.crs, "transform": scene.grid.transform, "count": 1}
    size = {"height": 24, "width": 30, "dtype": "uint8"}
    with rasterio.open(tmp_path / "mask.tif", "w", **size, **described) as dataset:
        dataset.write(marked, 1)
    (tmp_path / "a.geojson").write_text(
        '{"type": "Polygon", "crs": {"properties": {"name": "EPSG:32611"}}, "coordinates": '
        "[[[500000, 4100000], [500600, 4100000], [500000, 4099500], [500000, 4100000]]]}"
    )
    source = scene.source
    for name in ("mask.tif", "a.geojson"):
        source = source.with_mask(open_mask(tmp_path / name, scene.grid))
    masked = scene.with_source(source).part(Window(1, 2, 20, 20))
    again = pickle.loads(pickle.dumps(masked))
    valid = masked.valid_mask()
    assert 0 < valid.sum() < marked.sum()
    assert np.array_equal(again.valid_mask(), valid)
