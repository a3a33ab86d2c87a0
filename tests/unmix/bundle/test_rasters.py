"""Every raster of a bundle: where it lies, what it says of itself, and its values."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate

from scenes import open_scene
from scenes.export.colour import colours_for
from unmix import UnmixError
from unmix.bundle.pictures import bytes_of, dominant_of, largest_three, split_name
from unmix.save_options import SaveOptions

ALWAYS = {"abundances", "uncertainty", "quality", "dominant", "composite", "quicklook"}
EVERYTHING = SaveOptions(split=True, residuals=True, reconstruction=True)
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def read(path):
    """All bands, NaN where there is no value."""
    with rasterio.open(path) as dataset:
        return np.ma.filled(dataset.read(masked=True).astype(np.float32), np.nan)


@pytest.fixture(scope="module")
def whole(unmixing_on, tmp_path_factory):
    """A bundle with all that can be asked for, and its run."""
    run = unmixing_on("rotated")
    return run.save(tmp_path_factory.mktemp("whole") / "out", options=EVERYTHING), run


def test_rasters_keep_grid_crs_and_mask_of_the_scene(unmixing_on, grids, tmp_path, any_grid):
    run, grid = unmixing_on(any_grid), grids[any_grid]
    out = run.save(tmp_path / "out")
    valid = run.scene.valid_mask()
    assert {path.stem for path in out.glob("*.tif")} == ALWAYS
    for path in out.glob("*.tif"):
        assert cog_validate(path, strict=True) == (True, [], []), path.name
        with rasterio.open(path) as dataset:
            assert dataset.crs == grid.crs
            assert dataset.transform == grid.transform
            assert dataset.shape == grid.shape
            assert bool(dataset.overviews(1)) == (max(dataset.shape) > 512)
            for band in dataset.indexes:
                assert np.array_equal(dataset.read_masks(band) > 0, valid), path.name


def test_rasters_say_what_they_hold(whole):
    out, run = whole
    for path in [*out.glob("*.tif"), *out.glob("abundances/*.tif")]:
        with rasterio.open(path) as dataset:
            assert all(dataset.descriptions), path.name
            assert json.loads(dataset.tags(ns="UNMIX")["run"])["input"]["name"] == run.scene.name
            picture = path.stem in ("composite", "quicklook")
            assert picture == (dataset.colorinterp[0].name == "red")
            assert dataset.nodatavals == (
                (0,) * 3 if picture else (dataset.nodata,) * dataset.count
            )
            if dataset.dtypes[0] == "float32":
                assert dataset.nodata == -9999
                assert all(dataset.units), path.name
                assert "STATISTICS_MEAN" in dataset.tags(1)


def test_dominant_is_the_largest_abundance_in_the_colours_of_the_palette(whole):
    out = whole[0]
    abundances, dominant = read(out / "abundances.tif"), read(out / "dominant.tif")[0]
    known = np.isfinite(dominant)
    assert np.array_equal(dominant[known], abundances[:, known].argmax(axis=0) + 1)
    with rasterio.open(out / "dominant.tif") as dataset:
        assert (dataset.dtypes, dataset.nodata) == (("uint8",), 255)
        found = [dataset.colormap(1)[value][:3] for value in (1, 2, 3)]
    names = ["green vegetation", 'soil, "dry" <é>', "water"]
    assert found == [tuple(colour) for colour in colours_for(names)]
    text = (out / "dominant.tif.aux.xml").read_text(encoding="utf-8")
    assert "<Category>green vegetation</Category>" in text


def test_composite_shows_the_three_most_abundant_as_bytes(whole):
    out, run = whole
    abundances, composite = read(out / "abundances.tif"), read(out / "composite.tif")
    order = np.argsort(-np.nanmean(abundances, axis=(1, 2)))
    with rasterio.open(out / "composite.tif") as dataset:
        names = [run.model.endmember_names_[k] for k in order]
        assert list(dataset.descriptions) == names
    assert np.nanmax(np.abs((composite - 1) / 254 - abundances[order])) <= 0.5 / 254 + 1e-6


def test_quicklook_has_the_scene_s_red_green_and_blue(whole):
    out, run = whole
    with rasterio.open(out / "quicklook.tif") as dataset:
        assert dataset.descriptions == ("660.00 nm", "560.00 nm", "480.00 nm")
    picture, cube = read(out / "quicklook.tif"), run.scene.read()[[2, 1, 0]]
    for shown, band in zip(picture, cube, strict=True):
        known = np.isfinite(band)
        assert np.nanmin(shown) == 1
        assert np.nanmax(shown) == 255
        order = np.argsort(band[known])
        assert (np.diff(shown[known][order]) >= 0).all()


def test_split_files_are_the_bands_of_the_abundances(whole):
    out, run = whole
    abundances = read(out / "abundances.tif")
    files = sorted((out / "abundances").glob("*.tif"))
    assert [path.stem for path in files] == ["01_green_vegetation", "02_soil_dry", "03_water"]
    for path, band, name in zip(files, abundances, run.model.endmember_names_, strict=True):
        assert np.array_equal(read(path)[0], band, equal_nan=True)
        assert cog_validate(path, strict=True) == (True, [], [])
        with rasterio.open(path) as dataset:
            assert dataset.descriptions == (name,)


def test_reconstruction_and_residuals_add_up_to_the_scene(whole):
    out, run = whole
    residuals, mixtures = read(out / "residuals.tif"), read(out / "reconstruction.tif")
    cube = run.scene.read()
    assert np.allclose(residuals + mixtures, cube, atol=1e-6, equal_nan=True)
    rmse = read(out / "quality.tif")[0]
    found = np.sqrt(np.square(residuals.astype(float)).mean(axis=0))
    assert np.allclose(found, rmse, atol=2e-6, equal_nan=True)


@pytest.mark.parametrize("name", ["residuals", "reconstruction"])
def test_cubes_open_as_scenes_with_their_wavelengths(whole, name):
    out, run = whole
    scene = open_scene(out / f"{name}.tif")
    assert np.array_equal(scene.wavelengths_nm, run.scene.wavelengths_nm)
    assert np.array_equal(scene.fwhm_nm, run.scene.fwhm_nm)
    assert np.array_equal(scene.valid_mask(), run.scene.valid_mask())
    sidecar = json.loads((out / f"{name}.tif.stac.json").read_text(encoding="utf-8"))
    centres = [band["center_wavelength"] for band in sidecar["properties"]["eo:bands"]]
    assert np.allclose(np.array(centres) * 1000, run.scene.wavelengths_nm, rtol=1e-8)


def test_gdal_shows_names_units_statistics_and_classes(whole):
    program = shutil.which("gdalinfo")
    if program is None:
        pytest.skip("gdalinfo is not on this machine")

    def said(name):
        command = [program, str(whole[0] / name)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    maps = said("abundances.tif")
    for text in ("Description = green vegetation", "Unit Type: fraction", "NoData Value=-9999"):
        assert text in maps
    assert "STATISTICS_MEAN" in maps
    assert "Unit Type: reflectance" in said("quality.tif")
    assert '2: soil, "dry" <é>' in said("dominant.tif")
    assert "wavelength=1600.3333333333333" in said("residuals.tif")


def test_envi_copies_hold_the_same_as_the_cogs(unmixing_on, tmp_path, any_grid):
    if any_grid in ("sheared", "upwards"):
        return  # refused below
    out = unmixing_on(any_grid).save(tmp_path / "out", options=SaveOptions(map_format="envi"))
    for kind in ("abundances", "uncertainty", "quality"):
        assert np.array_equal(read(out / f"{kind}.img"), read(out / f"{kind}.tif"), equal_nan=True)
        cog, copy = open_scene(out / f"{kind}.tif"), open_scene(out / f"{kind}.hdr")
        assert copy.grid.crs == cog.grid.crs
        assert copy.grid.transform.almost_equals(cog.grid.transform, 1e-9 * cog.grid.pixel_size[0])
        assert copy.bands.names == tuple(name.replace(",", ";") for name in cog.bands.names)
    assert np.array_equal(read(out / "dominant.img"), read(out / "dominant.tif"), equal_nan=True)
    header = (out / "dominant.hdr").read_text(encoding="utf-8")
    assert "file type = ENVI Classification" in header
    assert "classes = 4" in header


def test_envi_copies_of_cubes_keep_wavelengths(unmixing_on, tmp_path):
    options = SaveOptions(map_format="envi", residuals=True)
    run = unmixing_on("north up")
    out = run.save(tmp_path / "out", options=options)
    scene = open_scene(out / "residuals.hdr")
    assert np.array_equal(scene.wavelengths_nm, run.scene.wavelengths_nm)
    assert np.array_equal(read(out / "residuals.img"), read(out / "residuals.tif"), equal_nan=True)


@pytest.mark.parametrize(
    ("grid", "reason"), [("sheared", "shear"), ("upwards", "rows run upwards")]
)
def test_envi_copies_are_refused_where_envi_cannot_express_it(unmixing_on, tmp_path, grid, reason):
    with pytest.raises(
        UnmixError, match=f"`map_format` is 'envi', which is not possible .*{reason}"
    ):
        unmixing_on(grid).save(tmp_path / "out", options=SaveOptions(map_format="envi"))
    assert list(tmp_path.iterdir()) == []


def test_save_options_know_their_formats():
    with pytest.raises(UnmixError, match=r"`map_format` must be one of cog, envi\. Got 'png'"):
        SaveOptions(map_format="png")


def test_dominant_of_ties_is_the_first_and_of_nothing_nothing():
    block = np.array([[[0.4, np.nan, 0.0]], [[0.4, np.nan, 0.0]], [[0.2, np.nan, 1.0]]])
    found = dominant_of(block)
    assert found.shape == (1, 1, 3)
    assert np.array_equal(found[0, 0], [1, np.nan, 3], equal_nan=True)


def test_largest_three_of_two_are_two():
    assert largest_three([0.3, 0.7]) == [1, 0]


def test_bytes_of_never_gives_the_nodata_of_a_picture():
    values = np.linspace(-1, 2, 31).reshape(1, 1, 31).repeat(3, axis=0)
    found = bytes_of(values, [0, 0, 1], [1, 0, 1])
    assert found.min() == 1
    assert found.max() == 255


def test_split_name_is_a_file_name_whatever_the_material_is_called():
    assert split_name(12, "../é/\\:") == "12"
    assert split_name(1, "Sand") == "01_sand"
