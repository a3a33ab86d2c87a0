"""Real files against an independent reading: plain numpy or rasterio."""

import gzip
import shutil
import warnings

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning

from scenes import open_scene
from scenes.errors import SceneError, SceneFileError, SceneWarning

IMAGES = [
    "scenes/aviris_tiny/ort_img",
    "scenes/aviris_tiny/ort_glt",
    "scenes/berlin/EnMAP02_Berlin_Urban_Gradient_2009.bsq",
    "scenes/berlin/HyMap02_Berlin_Urban_Gradient_2009.bsq",
    "scenes/emit_crop/emit20250324t221005_jpl_unmix_ex",
    "scenes/enmap_potsdam/enmap_potsdam_tile_128_128.tif",
    "scenes/jasper_ridge/jasper_ridge.bil",
    "scenes/jasper_ridge/jasper_ridge_224.bil",
    "scenes/salton_sea_rotated/salton_sea_rot34_bil_be_int16.bil",
    "scenes/samson/samson_1.img",
    "wild/enmapbox/cubus_gamsberg_subset",
    "wild/hylite/Radiometric_2x2_1x1.dat",
    "wild/hylite/Radiometric_4x2_1x1.dat",
    "wild/hylite/Radiometric_8x2_1x1.dat",
    "wild/plantcv/corn-kernel-hyperspectral.raw",
    "wild/qps/enmap.tif",
    "wild/qps/enmapbox_envidomain_bandlevel.tif",
    "wild/qps/envi",
    "wild/qps/envi_wl_fwhm.bsq",
    "wild/qps/envi_wl_implicit_nm.bsq",
    "wild/qps/envi_wl_implicit_um.bsq",
    "wild/qps/hymap.tif",
    "wild/rasterio_tif/RGBA.uint16.tif",
]


def quietly(path, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SceneWarning)
        return open_scene(path, **arguments)


def rasterio_reading(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            factor = float(dataset.tags(ns="ENVI").get("reflectance_scale_factor", 1))
            scales = np.array(dataset.scales)[:, None, None] / factor
            return dataset.read(), scales, dataset.nodata, dataset.transform, dataset.crs


@pytest.mark.parametrize("name", IMAGES)
def test_real_scene_is_what_rasterio_reads(shared_data, name):
    scene = quietly(shared_data / name)
    raw, scales, nodata, transform, crs = rasterio_reading(shared_data / name)
    valid = np.ones(raw.shape[1:], dtype=bool)
    if nodata is not None:
        valid &= (raw[scene.bands_used] != nodata).all(axis=0)
    if name.endswith("RGBA.uint16.tif"):
        valid &= raw[3] > 0
    cube = scene.read()
    assert np.array_equal(scene.valid_mask(), valid)
    assert np.allclose(cube[:, valid], (raw * scales)[scene.bands_used][:, valid], rtol=1e-6)
    assert np.array_equal(scene.to_map(scene.spectra()), cube, equal_nan=True)
    assert scene.grid.transform.almost_equals(transform, 1e-6)
    assert scene.grid.crs == (CRS.from_epsg(32610) if "samson" in name else crs)


def test_samson_takes_its_crs_from_map_info(shared_data):
    with pytest.warns(SceneWarning) as seen:
        scene = open_scene(shared_data / "scenes/samson/samson_1.img.hdr")
    assert any("contradicts `map info` (ellipsoid radius 637813" in str(w.message) for w in seen)
    assert any("int16 numbers and names no scale" in str(w.message) for w in seen)
    assert scene.grid.crs == CRS.from_epsg(32610)
    assert scene.grid.transform == Affine(1, 0, 612730.91, 0, -1, 4074488.708)
    assert scene.wavelengths_nm[0] == 400.938721


def test_jasper_ridge_bad_bands_leave_the_198_band_scene(shared_data):
    """bbl of the 224-band file gives the 198-band file, numbers and wavelengths, unsorted."""
    all_bands = open_scene(shared_data / "scenes/jasper_ridge/jasper_ridge_224.hdr")
    chosen = open_scene(shared_data / "scenes/jasper_ridge/jasper_ridge.hdr")
    assert all_bands.n_bands == 198
    assert np.array_equal(all_bands.read(), chosen.read())
    assert np.array_equal(all_bands.wavelengths_nm, chosen.wavelengths_nm)
    assert (np.diff(chosen.wavelengths_nm) < 0).any()
    again = all_bands.bands.nearest(chosen.wavelengths_nm)
    assert np.array_equal(again, all_bands.bands_used)


def test_salton_sea_needs_its_bad_bands_first(shared_data):
    """Big-endian BIL, rotated, micrometres, 20 bands that are nodata as a whole."""
    path = shared_data / "scenes/salton_sea_rotated/salton_sea_rot34_bil_be_int16.bil"
    scene = open_scene(path)
    raw = np.fromfile(path, ">i2").reshape(51, 224, 56).transpose(1, 0, 2)
    assert scene.n_bands == 204
    assert scene.valid_mask().all()
    assert np.allclose(scene.read(), raw[scene.bands_used] / 1e4, rtol=1e-6)
    assert tuple(scene.grid.transform)[:6] == pytest.approx(
        (14.0107, 9.4504, 579717.18, 9.4504, -14.0107, 3714550.7), abs=1e-4
    )
    assert not scene.with_bands(np.arange(224)).valid_mask().any()
    assert scene.wavelengths_nm[0] == pytest.approx(365.914, abs=1e-9)


def test_enmap_potsdam_has_scale_nodata_and_bad_bands(shared_data):
    scene = open_scene(shared_data / "scenes/enmap_potsdam/enmap_potsdam_tile_128_128.tif")
    assert np.flatnonzero(~scene.bands.good).tolist() == [129, 130, 131, 132, 133, 134]
    assert scene.valid_mask().all()
    assert scene.read().max() == pytest.approx(0.5234)
    assert scene.wavelengths_nm[[0, -1]] == pytest.approx([418.24, 2445.53], abs=0.01)
    assert scene.fwhm_nm is not None


def test_emit_crop_bands_of_a_constant_are_left_out(shared_data):
    with pytest.warns(SceneWarning, match="have no unit.*taken as nanometres"):
        scene = open_scene(shared_data / "scenes/emit_crop/emit20250324t221005_jpl_unmix_ex.hdr")
    assert scene.n_bands == 244
    assert scene.read().min() > -0.01
    assert scene.wavelengths_nm[0] == 381.0055927
    assert scene.fwhm_nm[0] == 8.415000000000001


@pytest.mark.parametrize("name", ["EnMAP02", "HyMap02"])
def test_berlin_wavelengths_come_from_the_band_names(shared_data, name):
    path = shared_data / f"scenes/berlin/{name}_Berlin_Urban_Gradient_2009.bsq"
    wavelengths = open_scene(path).wavelengths_nm
    assert 420 < wavelengths[0] < 460
    assert 2440 < wavelengths[-1] < 2450


def test_gzip_compressed_enmap_is_refused_with_a_cure_that_works(shared_data, tmp_path):
    name = "EnMAP_BerlinUrbanGradient"
    with pytest.raises(SceneError, match=r"compressed .*Unpack the data file with gzip"):
        open_scene(shared_data / f"scenes/berlin/{name}.bsq")
    assert not (shared_data / f"scenes/berlin/{name}.bsq.properties").exists()
    with gzip.open(shared_data / f"scenes/berlin/{name}.bsq") as packed:
        (tmp_path / "x.bsq").write_bytes(packed.read())
    header = (shared_data / f"scenes/berlin/{name}.hdr").read_text()
    (tmp_path / "x.hdr").write_text(header.replace("file compression = 1\n", ""))
    scene = open_scene(tmp_path / "x.hdr", scale=10000)
    assert repr(scene) == "Scene(177 bands 460-2409 nm, 80 x 60 px, EPSG:32633)"
    assert scene.read().max() == pytest.approx(0.5218)


def test_berlin_images_of_one_flight_lie_on_one_grid(shared_data, tmp_path):
    """`x start` and `y start` move nothing: equal pixels lie at equal places."""
    small = quietly(shared_data / "wild/qps/enmap.tif")
    name = shared_data / "scenes/berlin/EnMAP_BerlinUrbanGradient"
    shutil.copy(name.with_suffix(".hdr"), tmp_path / "x.hdr")
    text = (tmp_path / "x.hdr").read_text().replace("file compression = 1\n", "")
    (tmp_path / "x.hdr").write_text(text)
    with gzip.open(name.with_suffix(".bsq")) as packed:
        (tmp_path / "x.bsq").write_bytes(packed.read())
    large = quietly(tmp_path / "x.bsq")
    column, row = ~large.grid.transform @ small.grid.transform @ (0, 3)
    assert (round(row), round(column)) == (0, 29)
    assert np.array_equal(large.read()[:, 0:4, 29:39], small.read()[:, 3:7])


def test_qps_envi_believes_its_header_and_not_the_aux_file(shared_data):
    scene = quietly(shared_data / "wild/qps/envi")
    assert scene.wavelengths_nm[[0, -1]] == pytest.approx([460, 2409])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("envi_wl_fwhm", [500]), ("envi_wl_implicit_nm", [400, 500]),
     ("envi_wl_implicit_um", [400, 500])],
)  # fmt: skip
def test_qps_wavelengths_in_every_unit(shared_data, name, expected):
    scene = quietly(shared_data / f"wild/qps/{name}.bsq")
    assert scene.wavelengths_nm.tolist() == expected
    assert scene.grid.crs == CRS.from_epsg(4326)
    if name == "envi_wl_fwhm":
        assert scene.fwhm_nm.tolist() == [20]


def test_corn_kernel_without_byte_order_is_read(shared_data):
    with pytest.warns(SceneWarning, match="no `byte order`"):
        scene = open_scene(shared_data / "wild/plantcv/corn-kernel-hyperspectral.hdr", scale=4095)
    assert scene.n_bands == 580
    assert scene.wavelengths_nm[0] == pytest.approx(366.6, abs=0.1)


@pytest.mark.parametrize("name", ["image.hdr", "hypercloud.hdr"])
def test_hylite_headers_without_data_say_what_is_missing(shared_data, name):
    with pytest.raises(SceneFileError, match=f"{name} has no data file beside it: looked for"):
        open_scene(shared_data / "wild/hylite" / name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("scenes/berlin/library_berlin.sli", "describes a spectral library"),
        ("libraries/usgs_minerals", "describes a spectral library"),
        ("wild/rasterio_tif/rotated.tif", "has 1 band"),
        ("wild/rasterio_tif/float_nan.tif", "has 1 band"),
        ("scenes/berlin/landcover_berlin_point.shp", "no raster that can be read"),
        ("scenes/samson/truth.npz", "no raster that can be read"),
        ("scenes/aviris_tiny/ort_img.prj", "no raster that can be read"),
    ],
)
def test_real_files_that_are_no_scene_are_refused(shared_data, name, message):
    with pytest.raises(SceneError, match=message):
        open_scene(shared_data / name)
