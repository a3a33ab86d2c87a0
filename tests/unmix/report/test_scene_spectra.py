import json
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from scenes import Grid, Scene, open_scene
from scenes.array_pixels import ArrayPixels
from scenes.lookup import Lookup
from unmix import Unmixer, unmix_scene
from unmix.report import scene_spectra
from unmix.report.contents import read_contents
from unmix.report.residuals import WorstPixel, summarize_residuals
from unmix.report.scene_spectra import measured_pixels


def spectra_of(folder):
    contents = read_contents(folder)
    worst = summarize_residuals(folder / "quality.tif").worst
    return contents, worst, *measured_pixels(contents, worst)


def test_spectra_are_those_of_the_scene_at_the_worst_pixels(bundle):
    contents, worst, pixels, reason = spectra_of(bundle)
    scene = open_scene(contents.record["input"]["path"])
    cube = scene.with_bands(contents.record["input"]["bands_used"]).read()
    assert reason == ""
    assert len(pixels) == len(worst) > 2
    for pixel, place in zip(pixels, worst, strict=True):
        np.testing.assert_array_equal(pixel.measured, cube[:, place.row, place.column])
        rmse = np.sqrt(np.square(pixel.measured - pixel.mixture).mean())
        assert rmse == pytest.approx(place.residual, rel=1e-3)


def test_spectra_of_a_part_of_a_scene_are_found_by_their_place(bundle, tmp_path):
    from scenes.preparation import Preparation

    path = read_contents(bundle).record["input"]["path"]
    part = Preparation(window=(10, 5, 30, 25)).apply(open_scene(path))
    model = Unmixer.load(bundle / "model")
    folder = unmix_scene(part, model).save(tmp_path / "part")
    _, worst, pixels, reason = spectra_of(folder)
    assert reason == ""
    cube = part.read()
    for pixel, place in zip(pixels, worst, strict=True):
        np.testing.assert_array_equal(pixel.measured, cube[:, place.row, place.column])


def test_spectra_of_a_scene_in_sensor_geometry_are_found_through_its_lookup_table(
    bundle, tmp_path, monkeypatch
):
    """A table that mirrors the scene: a map's first column shows the last of the scene."""
    opened = open_scene(read_contents(bundle).record["input"]["path"])
    rows, columns = np.indices(opened.grid.shape)
    table = ArrayPixels(np.stack([opened.width - columns, rows + 1]))
    scene = Scene(
        reader=opened.source.reader,
        grid=Grid(None, Affine.identity(), *opened.grid.shape),
        bands=opened.bands,
        name="sensor",
        path=opened.path,
        gain=opened.source.scaling.gain,
        offset=opened.source.scaling.offset,
        nodata=opened.source.scaling.nodata,
        lookup=Lookup(table, opened.grid, opened.grid.shape),
    )
    folder = unmix_scene(scene, Unmixer.load(bundle / "model")).save(tmp_path / "turned")
    monkeypatch.setattr(scene_spectra, "open_scene", lambda path: scene)
    _, worst, pixels, reason = spectra_of(folder)
    assert reason == ""
    cube = scene.read()
    for pixel, place in zip(pixels, worst, strict=True):
        mirrored = scene.width - 1 - place.column
        np.testing.assert_array_equal(pixel.measured, cube[:, place.row, mirrored])


def test_a_lost_scene_is_said(bundle):
    record = json.loads((bundle / "run.json").read_text())
    record["input"]["path"] = str(Path(record["input"]["path"]).with_name("gone.img"))
    (bundle / "run.json").write_text(json.dumps(record))
    _, _, pixels, reason = spectra_of(bundle)
    assert pixels == []
    assert "no longer where it was" in reason


def test_a_scene_that_gives_other_spectra_is_said(bundle):
    contents = read_contents(bundle)
    other = [WorstPixel(20, 20, 123.0)]
    pixels, reason = measured_pixels(contents, other)
    assert pixels == []
    assert "does not give the same ones" in reason
