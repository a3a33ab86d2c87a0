"""Options of reading, from the command line to what is unmixed; and the preflight report."""

import json

import numpy as np
import pytest
import rasterio

from scenes import open_scene


@pytest.fixture
def run_on(small_scene, unmix_command, tmp_path):
    """Run on the small scene with some options; its record and its abundances."""

    def run(*options):
        out = tmp_path / "out"
        result = unmix_command(
            "run", small_scene, "-o", out, "-n", 3, "--refits", 0, "--overwrite", *options
        )
        assert result.exit_code == 0, result.stderr
        with rasterio.open(out / "abundances.tif") as dataset:
            return json.loads((out / "run.json").read_text()), dataset.read(masked=True), dataset

    return run


def test_run_drops_bands_and_keeps_others(run_on, small_scene):
    scene = open_scene(small_scene)
    record, _, _ = run_on("--drop", "500:600", "--drop", "1-3", "--bands", "400:2400")
    known = scene.bands.wavelengths_nm
    expected = scene.bands.good & (known <= 2400) & ~((known >= 500) & (known <= 600))
    expected[:3] = False
    assert record["input"]["bands_used"] == np.flatnonzero(expected).tolist()


def test_run_maps_a_window_in_its_place(run_on, small_scene):
    _, maps, dataset = run_on("--window", "10,5,30,20")
    expected = open_scene(small_scene).grid
    assert maps.shape == (3, 20, 30)
    assert dataset.transform.almost_equals(
        expected.part(rasterio.windows.Window(10, 5, 30, 20)).transform, 1e-6
    )


def test_run_maps_what_the_masks_leave(run_on, small_scene, tmp_path):
    scene = open_scene(small_scene)
    inside = np.zeros(scene.grid.shape, np.uint8)
    inside[5:30, 8:50] = 1
    clouds = np.zeros(scene.grid.shape, np.uint8)
    clouds[10:12] = 1
    described = {"crs": scene.grid.crs, "transform": scene.grid.transform, "count": 1}
    for name, numbers in (("a", inside), ("b", clouds)):
        size = {"height": scene.height, "width": scene.width, "dtype": "uint8"}
        with rasterio.open(tmp_path / f"{name}.tif", "w", **size, **described) as dataset:
            dataset.write(numbers, 1)
    _, maps, _ = run_on("--mask", tmp_path / "a.tif", "--exclude", tmp_path / "b.tif")
    assert np.array_equal(
        ~np.ma.getmaskarray(maps[0]), (inside == 1) & (clouds == 0) & scene.valid_mask()
    )


def test_apply_and_count_take_a_window_too(run_on, small_scene, unmix_command, tmp_path):
    run_on()
    model = tmp_path / "out" / "model"
    window = ("--window", "10,5,30,20")
    result = unmix_command("apply", small_scene, "--model", model, "-o", tmp_path / "m", *window)
    assert result.exit_code == 0, result.stderr
    with rasterio.open(tmp_path / "m" / "abundances.tif") as dataset:
        assert dataset.shape == (20, 30)
    result = unmix_command("count", small_scene, "--max", 3, "--json", *window, "--drop", "1-20")
    said = json.loads(result.stdout)
    assert said["n_pixels"] <= 600
    assert said["n_bands"] == (np.flatnonzero(open_scene(small_scene).bands.good) >= 20).sum()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--window", "1,2,3"), 2, "four numbers: COLUMN,ROW,WIDTH,HEIGHT"),
        (("--bounds", "a,b,c,d"), 2, "four numbers: LEFT,BOTTOM,RIGHT,TOP"),
        (("--window", "0,0,900,900"), 1, "is not inside the scene"),
        (("--drop", "red"), 1, "names no bands"),
        (("--mask", "no-such-file.tif"), 1, "does not exist"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_a_sentence(
    small_scene, unmix_command, tmp_path, options, code, message
):
    result = unmix_command("run", small_scene, "-o", tmp_path / "out", *options)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_check_is_text_for_people_and_json_for_machines(small_scene, unmix_command):
    result = unmix_command("info", small_scene, "--check")
    assert result.exit_code == 0
    assert "note: rotated" in result.stdout
    assert result.stderr == ""
    said = json.loads(unmix_command("info", small_scene, "--check", "--json").stdout)
    assert [found["code"] for found in said["findings"]] == ["detector-overlap", "rotated"]
    assert {found["severity"] for found in said["findings"]} == {"note"}


def test_check_of_a_scene_that_cannot_be_unmixed_ends_with_one(unmix_command, tmp_path):
    result = unmix_command("info", tmp_path / "none.hdr", "--check")
    assert result.exit_code == 1
    assert result.stdout.startswith("error: cannot-open")
