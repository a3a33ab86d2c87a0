import os
import pickle
import threading
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rasterio.rpc import RPC

from scenes.errors import SceneError, SceneFileError, SceneWarning
from scenes.formats import open_scene
from scenes.formats.geotiff import read_geotiff

TURNED = Affine.translation(5e5, 4e6) @ Affine.rotation(34) @ Affine.scale(17, -17)
INTEGERS = "names no scale, so they are used as they are"


def write_tiff(path, cube, tags=(), *, dataset_tags=(), descriptions=None, scales=None, **profile):
    """Write a cube; `tags` is a list of (namespace, list of one dictionary for each band)."""
    n_bands, height, width = cube.shape
    profile = {"crs": "EPSG:32611", "transform": TURNED, "dtype": cube.dtype.name} | profile
    with rasterio.open(
        path, "w", driver="GTiff", count=n_bands, height=height, width=width,
        photometric="MINISBLACK", **profile,
    ) as dataset:  # fmt: skip
        dataset.write(cube)
        for namespace, band_tags in tags:
            for i, one in enumerate(band_tags, start=1):
                dataset.update_tags(i, ns=namespace, **one)
        for namespace, one in dataset_tags:
            dataset.update_tags(ns=namespace, **one)
        if descriptions:
            dataset.descriptions = descriptions
        if scales:
            dataset.scales, dataset.offsets = scales
    return path


@pytest.fixture
def reflectance(small_cube):
    return (small_cube / 1000).astype(np.float32)


@pytest.mark.parametrize("interleave", ["pixel", "band"])
@pytest.mark.parametrize("tiled", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_geotiff_of_every_layout_and_type_reads_the_same(tmp_path, interleave, tiled, dtype):
    cube = np.random.default_rng(0).integers(0, 200, (3, 40, 50)).astype(dtype)
    layout = {"tiled": True, "blockxsize": 16, "blockysize": 16} if tiled else {"blockysize": 8}
    path = write_tiff(
        tmp_path / "x.tif", cube, interleave=interleave, compress="deflate",
        scales=((2.0, 2.0, 2.0), (0.0, 0.0, 0.0)), **layout,
    )  # fmt: skip
    scene = open_scene(path)
    assert np.array_equal(scene.read(), 2.0 * cube)
    assert np.array_equal(scene.to_map(scene.spectra()), 2.0 * cube)
    blocks = list(scene.blocks(max_bytes=16 * 16 * 3 * 50))
    assert len(blocks) > 1
    for block in blocks:
        part = cube[(slice(None), *block.window.toslices())]
        assert np.array_equal(block.to_map(block.spectra), 2.0 * part)


def test_geotiff_keeps_a_rotated_transform_whole(tmp_path, reflectance):
    grid = open_scene(write_tiff(tmp_path / "x.tif", reflectance)).grid
    assert grid.transform == TURNED
    assert grid.crs == CRS.from_epsg(32611)
    assert grid.shape == (5, 3)


def test_geotiff_without_georeference_opens_without_a_warning(tmp_path, reflectance):
    path = tmp_path / "x.tif"
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        write_tiff(path, reflectance, crs=None, transform=Affine.identity())
    scene = open_scene(path)
    assert not scene.grid.is_georeferenced
    assert np.array_equal(scene.read(), reflectance)


def test_geotiff_band_scales_offsets_and_nodata_mask_first(tmp_path, small_cube):
    cube = small_cube.copy()
    cube[1, 2, 2] = -32768
    scales = ((1e-4, 2e-4, 1e-4, 1.0), (0.0, 0.0, 0.5, 0.0))
    path = write_tiff(tmp_path / "x.tif", cube, nodata=-32768, scales=scales)
    scene = open_scene(path)
    expected = cube * np.array(scales[0])[:, None, None] + np.array(scales[1])[:, None, None]
    valid = np.ones((5, 3), dtype=bool)
    valid[2, 2] = False
    assert np.array_equal(scene.valid_mask(), valid)
    assert np.allclose(scene.read()[:, valid], expected[:, valid], rtol=1e-6)


def tags_of(key, unit_key, unit, values, **more):
    return [
        {key: str(value), unit_key: unit, **{k: str(v[i]) for k, v in more.items()}}
        for i, value in enumerate(values)
    ]


NM = [400.9387211, 500.5, 600.25, 2480.125]
UM = [value / 1000 for value in NM]


@pytest.mark.parametrize(
    "places",
    [
        {"tags": [(None, tags_of("wavelength", "wavelength_units", "Nanometers", NM))]},
        {"tags": [(None, tags_of("Wavelength", "Wavelength_Units", "nm", NM))]},
        {"tags": [(None, tags_of("WAVELENGTH", "WAVELENGTH_UNITS", "Micrometers", UM))]},
        {"tags": [("ENVI", tags_of("wavelength", "wavelength_units", "um", UM))]},
        {"dataset_tags": [("ENVI", {"wavelength": "{" + ", ".join(map(str, NM)) + "}",
                                    "wavelength_units": "Nanometers"})]},
        {"dataset_tags": [(None, {"wavelength": ",".join(map(str, UM)),
                                  "wavelength_units": "Micrometers"})]},
        {"tags": [("IMAGERY", [{"CENTRAL_WAVELENGTH_UM": str(value)} for value in UM])]},
        {"descriptions": [f"band {i} ({value} Nanometers)" for i, value in enumerate(NM)]},
    ],
    ids=["plain", "capital", "upper", "envi", "dataset", "list", "imagery", "descriptions"],
)  # fmt: skip
def test_geotiff_wavelengths_are_found_wherever_they_stand(tmp_path, reflectance, places):
    """Pitfall 17."""
    scene = open_scene(write_tiff(tmp_path / "x.tif", reflectance, **places))
    assert scene.wavelengths_nm == pytest.approx(NM, rel=1e-12)


def test_geotiff_wavelengths_of_the_band_tags_win_over_rounded_imagery(tmp_path, reflectance):
    """Pitfall 4."""
    rounded = [{"CENTRAL_WAVELENGTH_UM": f"{value:.3f}", "FWHM_UM": "0.006"} for value in UM]
    exact = tags_of("wavelength", "wavelength_units", "nm", NM, fwhm=[5.59, 6, 7, 8])
    path = write_tiff(tmp_path / "x.tif", reflectance, [("IMAGERY", rounded), (None, exact)])
    scene = open_scene(path)
    assert scene.wavelengths_nm.tolist() == NM
    assert scene.fwhm_nm.tolist() == [5.59, 6, 7, 8]


def test_geotiff_fwhm_and_bbl_are_found_beside_the_wavelengths(tmp_path, reflectance):
    plain = tags_of("wavelength", "wavelength_units", "um", UM, FWHM=[0.01, 0.01, 0.02, 0.02])
    dataset = [("ENVI", {"bbl": "{1, 0, 1, 1}"})]
    path = write_tiff(tmp_path / "x.tif", reflectance, [(None, plain)], dataset_tags=dataset)
    scene = open_scene(path)
    assert scene.bands.good.tolist() == [True, False, True, True]
    assert scene.bands.fwhm_nm == pytest.approx([10, 10, 20, 20])


def test_geotiff_list_of_good_bands_only_is_a_list(tmp_path, reflectance):
    for tags in ([], [("ENVI", [{"bbl": "1"}] * 4)]):
        bands = open_scene(write_tiff(tmp_path / "x.tif", reflectance, tags)).bands
        assert bands.listed is bool(tags)


def test_geotiff_damaged_units_are_guessed_with_a_warning(tmp_path, reflectance):
    pairs = zip(NM, "nmnm", strict=True)
    tags = [{"wavelength": str(nm), "wavelength_units": unit} for nm, unit in pairs]
    path = write_tiff(tmp_path / "x.tif", reflectance, [("ENVI", tags)])
    with pytest.warns(SceneWarning, match="have no unit.*taken as nanometres"):
        assert open_scene(path).wavelengths_nm.tolist() == NM


def test_geotiff_wavelengths_on_some_bands_only_are_none(tmp_path, reflectance):
    tags = [{"wavelength": "400", "wavelength_units": "nm"}, {}, {}, {}]
    scene = open_scene(write_tiff(tmp_path / "x.tif", reflectance, [(None, tags)]))
    assert scene.wavelengths_nm is None


def test_geotiff_sidecar_header_gives_wavelengths_and_scale(tmp_path, write_envi, small_cube):
    """Pitfall 17: DESIS has its wavelengths in a header beside the TIFF."""
    gains = "{1e-4, 1e-4, 1e-4, 1e-4}"
    fields = {"wavelength": "{400, 500, 600, 700}", "wavelength units": "nm", "bbl": "{1,1,1,0}"}
    write_envi(tmp_path, small_cube, fields | {"data gain values": gains}, header="x.hdr")
    path = write_tiff(tmp_path / "x.tif", small_cube)
    for given in (path, tmp_path / "x.TIF"):
        path = path.rename(given)
        scene = open_scene(path)
        assert scene.wavelengths_nm.tolist() == [400, 500, 600]
        assert np.allclose(scene.read(), small_cube[:3] * 1e-4)


def test_geotiff_sidecar_header_of_another_image_is_not_used(tmp_path, write_envi, reflectance):
    fields = {"wavelength": "{400, 500, 600}", "wavelength units": "nm"}
    write_envi(tmp_path, reflectance[:3], fields, header="x.hdr", data="x.img")
    assert open_scene(write_tiff(tmp_path / "x.tif", reflectance)).wavelengths_nm is None


def test_geotiff_scale_factor_in_the_envi_namespace_divides(tmp_path, small_cube):
    """Pitfall 17: GDAL leaves it there when it copies an ENVI file with its tags."""
    tags = [("ENVI", {"reflectance_scale_factor": "10000"})]
    scene = open_scene(write_tiff(tmp_path / "x.tif", small_cube, dataset_tags=tags))
    assert np.array_equal(scene.read(), small_cube.astype(np.float32) / np.float32(10000))


def test_envi_header_of_type_tiff_is_read_as_geotiff(tmp_path, write_envi, reflectance):
    write_envi(tmp_path, reflectance, {"file type": "TIFF"}, data="other")
    path = write_tiff(tmp_path / "scene.tif", reflectance)
    for given in (path, tmp_path / "scene.hdr"):
        assert np.array_equal(open_scene(given).read(), reflectance)


def test_geotiff_mask_band_is_respected(tmp_path, reflectance):
    path = write_tiff(tmp_path / "x.tif", reflectance)
    mask = np.full((5, 3), 255, dtype=np.uint8)
    mask[1] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK="YES"), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(mask)
    scene = open_scene(path)
    assert np.array_equal(scene.valid_mask(), mask > 0)
    assert len(scene.sample(7)) == 7


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_geotiff_alpha_is_a_mask_and_no_band(tmp_path, small_cube, dtype):
    cube = (small_cube % 99).astype(dtype)
    cube[3] = 255
    cube[3, 0] = 0
    path = write_tiff(tmp_path / "x.tif", cube, alpha="UNSPECIFIED")
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = (*dataset.colorinterp[:3], ColorInterp.alpha)
    with pytest.warns(SceneWarning, match=INTEGERS):
        scene = open_scene(path)
    assert scene.bands.good.tolist() == [True, True, True, False]
    assert np.array_equal(scene.valid_mask(), cube[3] > 0)


def test_geotiff_alpha_with_a_wavelength_is_a_band(tmp_path, small_cube):
    """A fourth band becomes alpha when a writer leaves the photometric to its default."""
    cube = small_cube.astype(np.uint8)
    tags = [(None, tags_of("wavelength", "wavelength_units", "nm", NM))]
    path = write_tiff(tmp_path / "x.tif", cube, tags, scales=((0.01,) * 4, (0.0,) * 4))
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = (*dataset.colorinterp[:3], ColorInterp.alpha)
    scene = open_scene(path)
    assert scene.n_bands == 4
    assert scene.valid_mask().all()


def test_geotiff_nodata_of_a_masked_band_is_not_the_dataset_mask(tmp_path, reflectance):
    """Pitfall 10: GDAL calls a pixel valid when any band is."""
    cube = reflectance.copy()
    cube[2, 0, 0] = -9999
    path = write_tiff(tmp_path / "x.tif", cube, nodata=-9999)
    with rasterio.open(path) as dataset:
        assert dataset.dataset_mask()[0, 0] == 255
    assert not open_scene(path).valid_mask()[0, 0]


def test_geotiff_truncated_file_is_an_error_and_never_zeros(tmp_path):
    cube = np.random.default_rng(0).random((3, 64, 64)).astype(np.float32)
    path = write_tiff(tmp_path / "x.tif", cube)
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(SceneFileError, match=r"x\.tif .*truncated"):
        open_scene(path).read()


def test_geotiff_with_control_points_only_says_so(tmp_path, reflectance):
    corners = [(0, 0), (0, 2), (4, 0), (4, 2)]
    points = [GroundControlPoint(r, c, 5e5 + c, 4e6 - r) for r, c in corners]
    path = write_tiff(tmp_path / "x.tif", reflectance)
    with rasterio.open(path, "r+") as dataset:
        dataset.gcps = (points, CRS.from_epsg(32611))
    with pytest.warns(SceneWarning, match="placed by 4 ground control points"):
        assert not open_scene(path).grid.is_georeferenced


def test_geotiff_with_rational_polynomials_only_says_so(tmp_path, reflectance):
    with pytest.warns(NotGeoreferencedWarning):
        path = write_tiff(tmp_path / "x.tif", reflectance, crs=None, transform=Affine.identity())
    with rasterio.open(path, "r+") as dataset:
        dataset.rpcs = RPC(
            height_off=1, height_scale=1, lat_off=1, lat_scale=1, line_den_coeff=[1.0] * 20,
            line_num_coeff=[1.0] * 20, line_off=1, line_scale=1, long_off=1, long_scale=1,
            samp_den_coeff=[1.0] * 20, samp_num_coeff=[1.0] * 20, samp_off=1, samp_scale=1,
            err_bias=None, err_rand=None,
        )  # fmt: skip
    with pytest.warns(SceneWarning, match=r"rational polynomials \(RPC\) only, which are not used"):
        assert not open_scene(path).grid.is_georeferenced


def test_geotiff_names_in_another_encoding_are_left_out(tmp_path, reflectance):
    path = write_tiff(tmp_path / "x.tif", reflectance)
    with rasterio.open(path, "r+") as dataset:
        dataset.set_band_description(1, "caf_")
    path.write_bytes(path.read_bytes().replace(b"caf_", b"caf\xe9"))
    with pytest.warns(SceneWarning, match="names of the bands are not in UTF-8"):
        assert open_scene(path).bands.names is None


@pytest.mark.parametrize("gain", [1e-320, 1e-31, 1e31, float("inf"), float("nan")])
def test_geotiff_gains_that_no_reflectance_needs_are_refused(tmp_path, reflectance, gain):
    path = write_tiff(tmp_path / "x.tif", reflectance)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = [gain] * dataset.count
    with pytest.raises(SceneError, match=r"among its gains and offsets.*pass `scale=`"):
        open_scene(path)


def test_geotiff_of_complex_numbers_is_refused(tmp_path):
    path = write_tiff(tmp_path / "x.tif", np.zeros((2, 3, 3), dtype=np.complex64))
    with pytest.raises(SceneError, match="complex64 numbers"):
        open_scene(path)


def test_geotiff_scene_that_was_read_can_be_pickled(tmp_path, reflectance):
    """rasterio datasets cannot."""
    scene = open_scene(write_tiff(tmp_path / "x.tif", reflectance))
    scene.read()
    assert np.array_equal(pickle.loads(pickle.dumps(scene)).read(), reflectance)


def test_geotiff_scene_that_was_read_is_opened_anew_after_a_fork(tmp_path, reflectance):
    pixels = read_geotiff(write_tiff(tmp_path / "x.tif", reflectance)).reader
    n_bands, height, width = reflectance.shape
    expected = reflectance.reshape(n_bands, -1).T
    assert np.array_equal(pixels.read(0, 0, height, width, np.arange(n_bands)), expected)
    opened = pixels._local.dataset
    with mock.patch("os.getpid", return_value=os.getpid() + 1):
        assert np.array_equal(pixels.read(0, 0, height, width, np.arange(n_bands)), expected)
    assert pixels._local.dataset is not opened


def test_geotiff_scene_is_read_by_several_threads_at_once(tmp_path):
    cube = np.random.default_rng(0).random((4, 200, 100)).astype(np.float32)
    scene = open_scene(write_tiff(tmp_path / "x.tif", cube, compress="deflate"))
    found = []
    threads = [threading.Thread(target=lambda: found.append(scene.read())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(one, cube) for one in found)


def test_geotiff_reading_writes_nothing_beside_the_data(tmp_path, reflectance):
    scene = open_scene(write_tiff(tmp_path / "x.tif", reflectance, nodata=-9999))
    scene.spectra()
    assert [path.name for path in Path(tmp_path).iterdir()] == ["x.tif"]


def test_reading_leaves_the_cache_of_gdal_as_it_was(tmp_path, reflectance):
    with rasterio.Env():
        before = rasterio.env.getenv().get("GDAL_CACHEMAX")
        open_scene(write_tiff(tmp_path / "x.tif", reflectance)).read()
        assert rasterio.env.getenv().get("GDAL_CACHEMAX") == before
