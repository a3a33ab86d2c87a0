import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from scenes.acquisition import Acquisition, iso_text
from scenes.errors import SceneError, SceneFileError
from scenes.formats import open_scene

NAME = "ENMAP01-____L2A-DT0000001867_20220724T104526Z_008_V010302_20230628T165614Z"
NM = [418.416, 993.064, 902.252, 1391.57, 2445.53]  # VNIR, then SWIR from 902 nm on
FWHM = [6.99, 8.1, 11.5, 12.9, 9.25]
SHAPE = (12, 10)
TRANSFORM = Affine(30, 0, 366015, 0, -30, 5806125)


@pytest.fixture
def cube():
    cube = np.random.default_rng(0).integers(0, 6000, (5, *SHAPE)).astype(np.int16)
    cube[:, 4, 5] = -32768
    cube[3] = -32768  # within the absorption of water vapour
    return cube


START, STOP = "2022-07-24T10:45:26.250Z", "2022-07-24T10:45:30Z"


def band_xml(number, wavelength, fwhm, gain, offset):
    return (
        f'<bandID number="{number}"><wavelengthCenterOfBand>{wavelength}</wavelengthCenterOfBand>'
        f"<FWHMOfBand>{fwhm}</FWHMOfBand><GainOfBand>{gain}</GainOfBand>"
        f"<OffsetOfBand>{offset}</OffsetOfBand></bandID>"
    )


def write_metadata(folder, name=NAME, gains=(1e-4,) * 5, offsets=(0,) * 5, bands=5):
    described = zip(range(1, bands + 1), NM, FWHM, gains, offsets, strict=False)
    text = "".join(band_xml(*band) for band in described)
    level = name[12:15]
    path = folder / f"{name}-METADATA.XML"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><level_X xmlns:xsi="http://www.w3.org/2001/'
        f'XMLSchema-instance"><base><level>{level}</level><temporalCoverage><startTime>{START}'
        f"</startTime><stopTime>{STOP}</stopTime></temporalCoverage></base><specific>"
        "<vnirProductQuality><expectedChannelsList>1,2</expectedChannelsList></vnirProductQuality>"
        f"<bandCharacterisation>{text}</bandCharacterisation></specific></level_X>",
        encoding="utf-8",
    )
    return path


def write_tiff(folder, cube, name=NAME, suffix="-SPECTRAL_IMAGE.TIF", nodata=-32768, **options):
    path = folder / f"{name}{suffix}"
    with rasterio.open(
        path, "w", driver="GTiff", count=len(cube), height=SHAPE[0], width=SHAPE[1],
        dtype=cube.dtype, crs="EPSG:32633", transform=TRANSFORM, nodata=nodata,
        photometric="MINISBLACK", **options,
    ) as dataset:  # fmt: skip
        dataset.write(cube)
    return path


def expected_of(cube):
    expected = cube.astype(np.float32) / 10000
    expected[:, 4, 5] = np.nan
    return expected[[0, 1, 2, 4]]


@pytest.mark.parametrize("given", ["folder", "metadata", "image"])
def test_enmap_reads_what_was_written(tmp_path, cube, reads_like, given):
    paths = {"folder": tmp_path, "metadata": write_metadata(tmp_path)}
    paths["image"] = write_tiff(tmp_path, cube)
    scene = open_scene(paths[given])
    reads_like(scene, expected_of(cube))
    assert scene.grid.crs == CRS.from_epsg(32633)
    assert scene.grid.transform == TRANSFORM
    assert scene.unit == "reflectance"


def test_enmap_tells_when_it_was_taken_and_by_what(tmp_path, cube):
    write_metadata(tmp_path)
    found = Acquisition.of(open_scene(write_tiff(tmp_path, cube)).metadata)
    assert (iso_text(found.start), iso_text(found.end)) == ("2022-07-24T10:45:26.250000Z", STOP)
    assert found.instrument == "ENMAP01"


def test_enmap_bands_keep_the_order_of_the_detectors(tmp_path, cube):
    write_metadata(tmp_path)
    bands = open_scene(write_tiff(tmp_path, cube)).bands
    assert bands.wavelengths_nm.tolist() == NM
    assert bands.fwhm_nm.tolist() == FWHM
    assert bands.good.tolist() == [True, True, True, False, True]  # found by a look at the pixels


def test_enmap_nodata_is_known_where_the_image_does_not_say(tmp_path, cube):
    write_metadata(tmp_path)
    scene = open_scene(write_tiff(tmp_path, cube, nodata=None))
    assert np.allclose(scene.read(), expected_of(cube), equal_nan=True)


def test_enmap_reflectance_without_a_gain_is_times_10000(tmp_path, cube):
    write_metadata(tmp_path, gains=(1,) * 5)
    scene = open_scene(write_tiff(tmp_path, cube))
    assert np.allclose(scene.read(), expected_of(cube), equal_nan=True)


def test_enmap_l1c_is_radiance_with_gains_and_offsets(tmp_path, cube):
    name = NAME.replace("L2A", "L1C")
    gains, offsets = np.arange(1, 6) * 1e-6, np.arange(5) / 100
    write_metadata(tmp_path, name, gains, offsets)
    scene = open_scene(write_tiff(tmp_path, cube, name))
    expected = cube * gains[:, None, None] + offsets[:, None, None]
    expected[:, 4, 5] = np.nan
    assert np.allclose(scene.read(), expected[[0, 1, 2, 4]], rtol=1e-6, equal_nan=True)
    assert scene.unit.startswith("radiance")


def test_enmap_cloud_optimized_image_is_found(tmp_path, cube):
    write_tiff(tmp_path, cube, suffix="-SPECTRAL_IMAGE_COG.TIFF", tiled=True, blockxsize=16,
               blockysize=16)  # fmt: skip
    scene = open_scene(write_metadata(tmp_path))
    assert np.allclose(scene.read(), expected_of(cube), equal_nan=True)


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
def test_enmap_plain_numbers_with_an_envi_header_read_the_same(
    tmp_path, cube, write_envi, interleave
):
    base = f"{NAME}-SPECTRAL_IMAGE"
    info = "{UTM, 1, 1, 366015, 5806125, 30, 30, 33, North, WGS-84}"
    image = write_envi(
        tmp_path, cube, {"map info": info, "data ignore value": -32768}, dtype="<i2",
        interleave=interleave, data=f"{base}.{interleave.upper()}", header=f"{base}.HDR",
    )  # fmt: skip
    metadata = write_metadata(tmp_path)
    for given in (image, metadata):
        scene = open_scene(given)
        assert np.allclose(scene.read(), expected_of(cube), equal_nan=True)
        assert scene.bands.wavelengths_nm.tolist() == NM
        assert scene.grid.transform == TRANSFORM


def test_enmap_plain_numbers_without_a_header_are_refused(tmp_path, cube):
    write_metadata(tmp_path)
    path = tmp_path / f"{NAME}-SPECTRAL_IMAGE.BSQ"
    path.write_bytes(cube.tobytes())
    with pytest.raises(SceneFileError, match="has no ENVI header beside it"):
        open_scene(path)


def test_enmap_metadata_without_an_image_say_what_is_missing(tmp_path):
    with pytest.raises(SceneFileError, match=r"-SPECTRAL_IMAGE\.TIF .* is not beside it"):
        open_scene(write_metadata(tmp_path))


def test_enmap_metadata_of_another_image_are_refused(tmp_path, cube):
    write_metadata(tmp_path, bands=4)
    with pytest.raises(SceneError, match=r"describes 4 bands .* has 5"):
        open_scene(write_tiff(tmp_path, cube))


@pytest.mark.parametrize("tag", ["wavelengthCenterOfBand", "FWHMOfBand", "GainOfBand"])
def test_enmap_metadata_with_a_missing_number_name_it(tmp_path, cube, tag):
    path = write_metadata(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"<{tag}>", "<x>").replace(f"</{tag}>", "</x>"), encoding="utf-8")
    with pytest.raises(SceneError, match=f"band 1 has no '{tag}'"):
        open_scene(write_tiff(tmp_path, cube))


def test_enmap_metadata_that_are_no_numbers_are_refused(tmp_path, cube):
    write_metadata(tmp_path, gains=("one", 1, 1, 1, 1))
    with pytest.raises(SceneError, match="'GainOfBand' of a band is no number"):
        open_scene(write_tiff(tmp_path, cube))


def test_enmap_metadata_that_were_cut_off_are_refused(tmp_path, cube):
    path = write_metadata(tmp_path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(SceneFileError, match="cannot be read as XML"):
        open_scene(write_tiff(tmp_path, cube))


def test_enmap_folder_of_two_products_is_refused(tmp_path, cube):
    write_metadata(tmp_path)
    write_metadata(tmp_path, NAME.replace("_008_", "_009_"))
    with pytest.raises(SceneFileError, match="holds 2 products"):
        open_scene(tmp_path)


def test_enmap_l1b_is_refused(tmp_path, cube):
    name = NAME.replace("L2A", "L1B")
    write_metadata(tmp_path, name)
    path = write_tiff(tmp_path, cube, name, "-SPECTRAL_IMAGE_VNIR.TIF")
    with pytest.raises(SceneError, match="two detectors that do not lie on each other"):
        open_scene(path)
