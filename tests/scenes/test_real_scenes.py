"""Real files against an independent reading: plain numpy or rasterio."""

import gzip
import warnings

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning

from scenes import open_scene
from scenes.errors import SceneError, SceneWarning

FACTS = {
    # bands, in use, rows, columns, EPSG, first and last nm, FWHM?, valid pixels, least, largest
    "scenes/aviris_tiny/ort_img": (224, 224, 7, 7, 32611, None, False, 49, -1, 2986),
    "scenes/aviris_tiny/ort_glt": (2, 2, 7, 7, 32611, None, False, 49, -5083, 5084),
    "scenes/berlin/EnMAP02_Berlin_Urban_Gradient_2009.bsq": (
        244, 244, 30, 20, 32633, (424, 2446), False, 600, -0.0224, 0.3868),
    "scenes/berlin/EnMAP_BerlinUrbanGradient.bsq": (
        177, 177, 80, 60, 32633, (460, 2409), True, 4800, 21, 5218),
    "scenes/berlin/HyMap02_Berlin_Urban_Gradient_2009.bsq": (
        111, 111, 100, 67, 32633, (455.4, 2446.5), False, 6700, 0, 0.5206),
    "scenes/emit_crop/emit20250324t221005_jpl_unmix_ex": (
        285, 244, 10, 10, None, (381.006, 2492.924), True, 100, 0.016906, 0.39784),
    "scenes/enmap_potsdam/enmap_potsdam_tile_128_128.tif": (
        224, 218, 32, 32, 32633, (418.24, 2445.53), True, 1024, 0, 0.5234),
    "scenes/jasper_ridge/jasper_ridge.bil": (
        198, 198, 100, 100, None, (399.37, 2457.24), True, 10000, 0, 0.5437),
    "scenes/jasper_ridge/jasper_ridge_224.bil": (
        224, 198, 100, 100, None, (369.85, 2506.81), True, 10000, 0, 0.5437),
    "scenes/salton_sea_rotated/salton_sea_rot34_bil_be_int16.bil": (
        224, 204, 51, 56, 32611, (365.914, 2496.22), False, 2856, 0, 0.6944),
    "scenes/samson/samson_1.img": (
        156, 156, 95, 95, 32610, (400.939, 899.075), False, 9025, -17, 1402),
    "wild/enmapbox/cubus_gamsberg_subset": (
        189, 189, 25, 10, None, (426.82, 2324.91), True, 250, 0, 5837.2),
    "wild/hylite/Radiometric_2x2_1x1.dat": (
        624, 624, 1, 384, None, (377.35, 2503.73), True, 384, 0.0020907, 6.9416),
    "wild/hylite/Radiometric_4x2_1x1.dat": (
        450, 450, 1, 384, None, (378.19, 2503.73), True, 384, 0.002091, 6.537),
    "wild/hylite/Radiometric_8x2_1x1.dat": (
        363, 363, 1, 384, None, (379.87, 2503.73), True, 384, 0.00209, 6.1451),
    "wild/plantcv/corn-kernel-hyperspectral.raw": (
        580, 580, 31, 43, None, (366.551, 1048.421), False, 1333, 0, 2887),
    "wild/qps/enmap.tif": (177, 177, 7, 10, 32633, None, False, 70, 260, 2763),
    "wild/qps/enmapbox_envidomain_bandlevel.tif": (
        2, 1, 2, 5, 4326, (400, 500), False, 10, 10, 19),
    "wild/qps/envi": (177, 177, 7, 10, 32633, (460, 2409), False, 70, 260, 2763),
    "wild/qps/envi_wl_fwhm.bsq": (2, 1, 2, 5, 4326, (400, 500), True, 10, 10, 19),
    "wild/qps/envi_wl_implicit_nm.bsq": (2, 2, 2, 5, 4326, (400, 500), False, 10, 0, 19),
    "wild/qps/envi_wl_implicit_um.bsq": (2, 2, 2, 5, 4326, (400, 500), False, 10, 0, 19),
    "wild/qps/hymap.tif": (3, 3, 58, 83, 32633, None, False, 4813, 1, 255),
    "wild/rasterio_tif/RGBA.uint16.tif": (4, 3, 411, 634, 32612, None, False, 127316, 10000, 10000),
}  # fmt: skip
"""What ../shared/data/README.md says of every image, and what numpy finds in its bytes."""

REFUSED = {
    "scenes/berlin/library_berlin.sli": "describes a spectral library",
    "wild/qps/speclib.sli": "describes a spectral library",
    "libraries/usgs_minerals": "describes a spectral library",
    "libraries/roberts2017_urban.sli": "describes a spectral library",
    "wild/hylite/image.hdr": r"image\.hdr has no data file beside it: looked for",
    "wild/hylite/hypercloud.hdr": r"hypercloud\.hdr has no data file beside it: looked for",
    "wild/rasterio_tif/rotated.tif": "has 1 band",
    "wild/rasterio_tif/float_nan.tif": "has 1 band",
    "wild/rasterio_tif/float_raster_with_nodata.tif": "has 1 band",
    "wild/qps/envi.aux.xml": "no raster that can be read",
    "scenes/berlin/landcover_berlin_point.shp": "no raster that can be read",
    "scenes/samson/truth.npz": "no raster that can be read",
    "scenes/aviris_tiny/ort_img.prj": "no raster that can be read",
}
NO_RASTER = {".npz", ".py", ".prj", ".shp", ".shx", ".dbf", ".json", ".csv", ".xml"}


def quietly(path, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SceneWarning)
        return open_scene(path, **arguments)


def rasterio_reading(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        no_side_files = rasterio.Env(CPL_VSIL_GZIP_WRITE_PROPERTIES="NO")
        with no_side_files, rasterio.open(path) as dataset:
            factor = float(dataset.tags(ns="ENVI").get("reflectance_scale_factor", 1))
            scales = np.array(dataset.scales)[:, None, None] / factor
            return dataset.read(), scales, dataset.nodata, dataset.transform, dataset.crs


@pytest.mark.parametrize("name", FACTS)
def test_real_scene_has_the_facts_that_are_known_of_it(shared_data, name):
    scene = quietly(shared_data / name)
    n_bands, n_used, height, width, epsg, range_nm, has_fwhm, n_valid, least, largest = FACTS[name]
    assert (len(scene.bands), scene.n_bands, *scene.grid.shape) == (n_bands, n_used, height, width)
    assert scene.grid.crs == (None if epsg is None else CRS.from_epsg(epsg))
    if range_nm is None:
        assert scene.bands.wavelengths_nm is None
    else:
        assert scene.bands.wavelengths_nm[[0, -1]] == pytest.approx(range_nm, abs=0.06)
    assert (scene.fwhm_nm is not None) == has_fwhm
    assert scene.valid_mask().sum() == n_valid
    cube = scene.read()
    assert (np.nanmin(cube), np.nanmax(cube)) == pytest.approx((least, largest), rel=1e-4)


def test_every_real_raster_is_spoken_of(shared_data):
    """Header or data file: each is a scene with known facts, or refused with a known reason."""
    spoken_of = {shared_data / name for name in [*FACTS, *REFUSED]}
    spoken_of |= {path.with_suffix(".hdr") for path in spoken_of}
    spoken_of |= {path.with_name(f"{path.name}.hdr") for path in spoken_of}
    files = [path for folder in ("scenes", "wild") for path in (shared_data / folder).rglob("*")]
    rasters = {path for path in files if path.is_file() and path.suffix not in NO_RASTER}
    assert rasters - spoken_of == set()
    assert len(rasters) > 50


@pytest.mark.parametrize("name", FACTS)
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


def test_gzip_compressed_enmap_is_unpacked_and_leaves_nothing_beside_it(shared_data):
    path = shared_data / "scenes/berlin/EnMAP_BerlinUrbanGradient.bsq"
    scene = open_scene(path, scale=10000)
    with gzip.open(path) as packed:
        plain = np.frombuffer(packed.read(), "<i2").reshape(177, 80, 60)
    assert repr(scene) == "Scene(177 bands 460-2409 nm, 80 x 60 px, EPSG:32633)"
    assert np.allclose(scene.read(), plain / 1e4, rtol=1e-6)
    assert not path.with_name(f"{path.name}.properties").exists()


def test_berlin_images_of_one_flight_lie_on_one_grid(shared_data):
    """`x start` and `y start` move nothing: equal pixels lie at equal places."""
    small = quietly(shared_data / "wild/qps/enmap.tif")
    large = quietly(shared_data / "scenes/berlin/EnMAP_BerlinUrbanGradient.bsq")
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


@pytest.mark.parametrize(("name", "message"), REFUSED.items())
def test_real_files_that_are_no_scene_are_refused(shared_data, name, message):
    with pytest.raises(SceneError, match=message):
        open_scene(shared_data / name)
