import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneError
from scenes.formats import open_scene

NAME = "DESIS-HSI-L2A-DT0483531728_001-20200812T154132-V0210"
NM = [401.0, 403.5, 999.5]
FWHM = [3.5, 3.5, 3.75]
TRANSFORM = Affine(30, 0, 600000, 0, -30, 4100000)


@pytest.fixture
def cube():
    cube = np.random.default_rng(0).integers(-200, 9000, (3, 12, 9)).astype(np.int16)
    cube[:, 3, 3] = -32768
    return cube


def write_metadata(folder, name=NAME, gains=(1e-4,) * 3, offsets=(0,) * 3):
    rows = zip(range(1, 4), NM, FWHM, gains, offsets, strict=True)
    bands = "".join(
        f"<band><bandNumber>{n}</bandNumber><wavelengthCenterOfBand>{nm}</wavelengthCenterOfBand>"
        f"<wavelengthWidthOfBand>{fwhm}</wavelengthWidthOfBand><gainOfBand>{gain}</gainOfBand>"
        f"<offsetOfBand>{offset}</offsetOfBand></band>"
        for n, nm, fwhm, gain, offset in rows
    )
    other = "<interiorOrientation><band><bandNumber>1</bandNumber></band></interiorOrientation>"
    path = folder / f"{name}-METADATA.xml"
    path.write_text(
        f"<hsi_doc><specific><bandCharacterisation>{bands}</bandCharacterisation>{other}"
        "</specific></hsi_doc>",
        encoding="utf-8",
    )
    return path


def write_tiff(folder, cube, name=NAME):
    path = folder / f"{name}-SPECTRAL_IMAGE.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=12, width=9, dtype="int16",
        crs="EPSG:32618", transform=TRANSFORM, photometric="MINISBLACK",
    ) as dataset:  # fmt: skip
        dataset.write(cube)
    return path


def test_desis_reflectance_reads_what_was_written(tmp_path, cube, reads_like):
    write_metadata(tmp_path)
    expected = cube.astype(np.float32) / 10000
    expected[:, 3, 3] = np.nan
    for given in (write_tiff(tmp_path, cube), tmp_path / f"{NAME}-METADATA.xml", tmp_path):
        scene = open_scene(given)
        reads_like(scene, expected)
    assert scene.grid.crs == CRS.from_epsg(32618)
    assert scene.grid.transform == TRANSFORM
    assert scene.bands.wavelengths_nm.tolist() == NM
    assert scene.bands.fwhm_nm.tolist() == FWHM
    assert scene.unit == "reflectance"


def test_desis_l1c_has_a_gain_and_an_offset_for_every_band(tmp_path, cube):
    name = NAME.replace("L2A", "L1C")
    gains, offsets = np.array([1e-3, 2e-3, 3e-3]), np.array([0.1, 0.2, 0.3])
    write_metadata(tmp_path, name, gains, offsets)
    scene = open_scene(write_tiff(tmp_path, cube, name))
    expected = cube * gains[:, None, None] + offsets[:, None, None]
    expected[:, 3, 3] = np.nan
    assert np.allclose(scene.read(), expected, rtol=1e-6, equal_nan=True)
    assert scene.unit.startswith("radiance")


def test_desis_without_metadata_takes_the_header_beside_it(tmp_path, cube):
    path = write_tiff(tmp_path, cube)
    path.with_suffix(".hdr").write_text(
        "ENVI\nsamples = 9\nlines = 12\nbands = 3\ndata type = 2\ninterleave = bsq\n"
        "file type = TIFF\nbyte order = 0\ndata ignore value = -32768\n"
        f"wavelength units = Nanometers\nwavelength = {{{', '.join(map(str, NM))}}}\n"
        "data gain values = {0.0001, 0.0001, 0.0001}\ndata offset values = {0, 0, 0}\n",
        encoding="utf-8",
    )
    scene = open_scene(path)
    assert scene.bands.wavelengths_nm.tolist() == NM
    assert not scene.valid_mask()[3, 3]
    assert np.allclose(scene.read()[:, 0, 0], cube[:, 0, 0] / 10000)


def test_desis_metadata_without_a_gain_are_refused(tmp_path, cube):
    path = write_metadata(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("gainOfBand", "gain"))
    with pytest.raises(SceneError, match="band 1 has no 'gainOfBand'"):
        open_scene(write_tiff(tmp_path, cube))


def test_desis_l1b_is_refused(tmp_path, cube):
    name = NAME.replace("L2A", "L1B")
    write_metadata(tmp_path, name)
    with pytest.raises(SceneError, match="DESIS L1B, which lies on no map"):
        open_scene(write_tiff(tmp_path, cube, name))
