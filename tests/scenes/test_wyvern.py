import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.crs import CRS

from scenes.formats import open_scene
from scenes.formats.wyvern import FORMAT

NAME = "wyvern_dragonette-001_20240701T101530_108f5a68"
NM = [503.0, 510.0, 799.0]
TRANSFORM = Affine(5.8e-5, 0, 4.5, 0, -4.5e-5, 52.1)


def write_wyvern(folder, name=NAME):
    """A COG of three bands with the tags that the product guide lists."""
    cube = np.random.default_rng(0).random((3, 20, 30)).astype(np.float32)
    cube[:, 4, 5] = -9999
    path, plain = folder / f"{name}.tiff", folder / "plain.tif"
    with rasterio.open(
        plain, "w", driver="GTiff", count=3, height=20, width=30, dtype="float32", nodata=-9999,
        crs="EPSG:4326", transform=TRANSFORM, photometric="MINISBLACK",
    ) as dataset:  # fmt: skip
        dataset.write(cube)
        for i, wavelength in enumerate(NM, start=1):
            dataset.set_band_description(i, f"Band_{wavelength:.0f}")
            dataset.update_tags(i, Wavelength=wavelength, FWHM=20.5, Wavelength_Units="Nanometers")
    rasterio.shutil.copy(plain, path, driver="COG", compress="LZW")
    return path, np.where(cube == -9999, np.nan, cube)


def test_wyvern_reads_what_was_written(tmp_path, reads_like):
    path, expected = write_wyvern(tmp_path)
    scene = open_scene(path)
    reads_like(scene, expected)
    assert FORMAT.recognises(path)
    assert scene.bands.wavelengths_nm.tolist() == NM
    assert scene.bands.fwhm_nm.tolist() == [20.5] * 3
    assert scene.bands.names[0].startswith("Band_503")
    assert scene.grid.crs == CRS.from_epsg(4326)
    assert scene.grid.transform.almost_equals(TRANSFORM)


@pytest.mark.parametrize(
    ("level", "unit"), [("", "radiance"), ("_l1b", "radiance"), ("_l2a", "reflectance")]
)
def test_wyvern_unit_is_that_of_its_level(tmp_path, level, unit):
    scene = open_scene(write_wyvern(tmp_path, f"{NAME}{level}")[0])
    assert scene.unit.split(" ")[0] == unit


@pytest.mark.parametrize("name", [f"{NAME}_data_mask", f"{NAME}_preview", "dragonette"])
def test_wyvern_masks_and_previews_are_not_taken_for_scenes(tmp_path, name):
    assert not FORMAT.recognises(write_wyvern(tmp_path, name)[0])
