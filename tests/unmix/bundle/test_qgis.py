"""The bundle in QGIS itself: names, colours, and every pixel in its place."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rasterio

from scenes.export.colour import colours_for
from unmix.save_options import SaveOptions

PROBE = Path(__file__).with_name("qgis_probe.py")
TIMEOUT_S = 120


@pytest.fixture
def asked(qgis_python, qgis_home):
    """What QGIS says of the rasters of a folder, and of points in them."""

    def ask(folder, points):
        file = Path(qgis_home["HOME"]) / "points.json"
        file.write_text(json.dumps(points))
        done = subprocess.run(
            [qgis_python, str(PROBE), str(folder), str(file)],
            env=qgis_home, capture_output=True, text=True, timeout=TIMEOUT_S,
        )  # fmt: skip
        answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
        assert answers, done.stderr
        return json.loads(answers[0].removeprefix("ANSWER"))

    return ask


def middles(path, n=40):
    """Middles of some valid pixels, in map coordinates."""
    with rasterio.open(path) as dataset:
        rows, columns = np.nonzero(dataset.read_masks(1))
        chosen = np.random.default_rng(0).permutation(len(rows))[:n]
        pairs = zip(rows[chosen].tolist(), columns[chosen].tolist(), strict=True)
        return [dataset.transform @ (column + 0.5, row + 0.5) for row, column in pairs]


def values_at(path, place):
    """Values of the pixel that a place lies in; None without one, or at its very edge."""
    with rasterio.open(path) as dataset:
        column, row = ~dataset.transform @ place
        edge = min(column % 1, row % 1, 1 - column % 1, 1 - row % 1)
        inside = 0 <= row < dataset.height and 0 <= column < dataset.width
        if edge < 0.15 or not inside or not dataset.read_masks(1)[int(row), int(column)]:
            return None
        return dataset.read()[:, int(row), int(column)].tolist()


@pytest.mark.parametrize("name", ["north up", "rotated", "in degrees"])
def test_qgis_opens_the_bundle_named_styled_and_in_place(unmixing_on, grids, asked, tmp_path, name):
    run = unmixing_on(name)
    out = run.save(tmp_path / "out", options=SaveOptions(residuals=True))
    files = ("abundances.tif", "dominant.tif")
    points = [[file, *place] for file in files for place in middles(out / file)]
    answer = asked(out, points)
    names = run.model.endmember_names_
    colours = colours_for(names)

    layers = answer["layers"]
    assert all(layer["valid"] for layer in layers.values())
    assert {layer["crs"] for layer in layers.values()} == {grids[name].crs.to_string()}
    maps = layers["abundances.tif"]
    assert maps["bands"] == [f"Band {k}: {text}" for k, text in enumerate(names, start=1)]
    assert maps["renderer"] == "singlebandpseudocolor"
    assert maps["items"] == [[0, "0", "#ffffff"], [1, "1", colours[0].hex]]
    classes = [[k, text, colours[k - 1].hex] for k, text in enumerate(names, start=1)]
    assert layers["dominant.tif"]["renderer"] == "paletted"
    assert layers["dominant.tif"]["items"] == classes
    assert layers["composite.tif"]["items"] == layers["quicklook.tif"]["items"] == [2, 1, 255]
    assert layers["residuals.tif"]["renderer"] == "multibandcolor"
    assert layers["uncertainty.tif"]["items"][-1][0] == pytest.approx(0.2)

    pairs = [(file, place) for (file, *_), place in zip(points, answer["points"], strict=True)]
    known = [(file, p, values_at(out / file, p["place"])) for file, p in pairs]
    compared = [(file, place, values) for file, place, values in known if values is not None]
    assert len(compared) > len(points) / 4
    for file, place, values in compared:
        assert place["values"] == pytest.approx(values, abs=1e-6)
        shown = colours[0].tint(values[0]) if file == files[0] else colours[values[0] - 1]
        assert np.abs(np.array(place["argb"]) - [255, *shown]).max() <= 2
