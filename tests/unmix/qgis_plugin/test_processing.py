"""The algorithms in QGIS itself, run by ``qgis_process`` and from Python; skipped without QGIS."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rasterio

from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene

PROBE = Path(__file__).with_name("processing_probe.py")
PROCESS = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
"""Debian's script ``qgis_process`` adds an option that the program itself does not know."""
TIMEOUT_S = 300
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    simulation = Simulation(
        height=40, width=50, materials=("sand", "water"), sensor="enmap", rotation_deg=20.0
    )
    return write_simulated_scene(simulation, tmp_path_factory.mktemp("scene") / "a b.hdr").scene


@pytest.fixture
def plugins(qgis_python, qgis_home):
    """The folder of plugins of a fresh profile, into which the plugin was installed."""
    command = [sys.executable, "-m", "unmix", "qgis", "--install"]
    done = subprocess.run(command, env=qgis_home, capture_output=True, text=True, check=True)
    return Path(json.loads(done.stdout)["plugin"]).parent


@pytest.fixture
def processed(plugins, qgis_home):
    """Run ``qgis_process``."""
    if PROCESS is None:
        pytest.skip("qgis_process is not on this machine")

    def run(*words):
        return subprocess.run(
            [PROCESS, *map(str, words)],
            env=qgis_home, capture_output=True, text=True, timeout=TIMEOUT_S,
        )  # fmt: skip

    return run


@pytest.fixture
def probed(plugins, qgis_python, qgis_home, tmp_path):
    """Run an algorithm from Python, and perhaps cancel it."""

    def run(algorithm, parameters, cancel_at=None):
        order = {"algorithm": algorithm, "parameters": parameters, "cancel_at": cancel_at}
        (tmp_path / "order.json").write_text(json.dumps(order))
        done = subprocess.run(
            [qgis_python, str(PROBE), str(plugins), str(tmp_path / "order.json")],
            env=qgis_home, capture_output=True, text=True, timeout=TIMEOUT_S,
        )  # fmt: skip
        answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
        assert answers, done.stderr
        return json.loads(answers[0].removeprefix("ANSWER"))

    return run


def test_installed_plugin_is_enabled_and_lists_its_algorithms(processed):
    listed = processed("list").stdout
    for name in ("run", "apply", "count", "info"):
        assert f"unmix:{name}\t" in listed


def test_run_and_apply_make_bundles_through_qgis_process(processed, scene, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    done = processed(
        "run", "unmix:run", f"--INPUT={scene}", "--N_ENDMEMBERS=2", "--REFITS=0",
        "--MORE=--residuals", f"--OUTPUT={first}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "N_MATERIALS:\t2" in done.stdout
    assert (first / "residuals.tif").is_file()
    assert len(list((first / "abundances").glob("*.tif"))) == 2
    data = scene.with_suffix(".img")
    done = processed("run", "unmix:apply", f"--INPUT={data}", f"--MODEL={first}",
                     f"--OUTPUT={second}")  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (
        rasterio.open(first / "abundances.tif") as learned,
        rasterio.open(second / "abundances.tif") as applied,
    ):
        assert (learned.read() == applied.read()).all()
    again = processed("run", "unmix:apply", f"--INPUT={data}", f"--MODEL={first}",
                      f"--OUTPUT={second}")  # fmt: skip
    assert again.returncode != 0
    assert "already exists and is not empty" in again.stderr
    assert "Replace the maps of an earlier run" in again.stderr


def test_looking_at_a_scene_through_qgis_process(processed, scene):
    counted = processed("run", "unmix:count", f"--INPUT={scene}", "--MAX=3")
    assert "RECOMMENDED:\t2" in counted.stdout
    checked = processed("run", "unmix:info", f"--INPUT={scene}")
    assert "N_ERRORS:\t0" in checked.stdout


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"INPUT": "nowhere.img"}, "nowhere.img not found"),
        ({"N_ENDMEMBERS": 1}, "one material alone is not a mixture"),
        ({"N_ENDMEMBERS": -1}, "-1' is not possible"),
        ({"LIBRARY": "nowhere.sli"}, "nowhere.sli"),
    ],
)
def test_wrong_input_is_one_sentence(processed, scene, tmp_path, wrong, said):
    given = {"INPUT": scene, "OUTPUT": tmp_path / "out", **wrong}
    done = processed("run", "unmix:run", *(f"--{name}={value}" for name, value in given.items()))
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()


def test_missing_program_is_said_before_anything_starts(processed, scene, qgis_home, tmp_path):
    qgis_home["UNMIX_COMMAND"] = "/nowhere/unmix"
    done = processed("run", "unmix:run", f"--INPUT={scene}", f"--OUTPUT={tmp_path / 'out'}")
    assert done.returncode != 0
    assert "'/nowhere/unmix' is not there. Install unmix" in done.stdout + done.stderr


def around_the_first_pixels(scene):
    """GeoJSON of a square around 20 x 20 pixels, in the coordinates of the scene."""
    with rasterio.open(scene) as dataset:
        corners = [dataset.transform @ at for at in [(0, 0), (20, 0), (20, 20), (0, 20), (0, 0)]]
        crs = {"type": "name", "properties": {"name": dataset.crs.to_string()}}
    polygon = {"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]}
    feature = {"type": "Feature", "properties": {}, "geometry": polygon}
    return {"type": "FeatureCollection", "crs": crs, "features": [feature]}


def test_maps_inside_a_polygon_are_opened_with_styles_and_progress_grows(probed, scene, tmp_path):
    mask, out = tmp_path / "mask.geojson", tmp_path / "out"
    mask.write_text(json.dumps(around_the_first_pixels(scene)))
    given = {"INPUT": str(scene), "N_ENDMEMBERS": 2, "REFITS": 0, "LOAD": [0, 1, 2]}
    found = probed("unmix:run", given | {"MASK": str(mask), "OUTPUT": str(out)})
    assert found["fine"], found["log"]
    assert json.loads((out / "run.json").read_text())["scores"]["valid_pixels"] == 400
    assert found["told"] == sorted(found["told"])
    assert len(set(found["told"])) > 5
    assert {(name, kind) for name, kind in found["layers"]} == {
        ("quicklook", "multibandcolor"),
        ("dominant", "paletted"),
        ("endmember 1", "singlebandpseudocolor"),
        ("endmember 2", "singlebandpseudocolor"),
    }


def test_cancel_kills_the_program_and_leaves_nothing(probed, scene, tmp_path):
    out = tmp_path / "results" / "out"
    given = {"INPUT": str(scene), "N_ENDMEMBERS": 2, "REFITS": 100, "OUTPUT": str(out)}
    found = probed("unmix:run", given, cancel_at=0)
    assert found["alive"] == ""
    assert found["results"] == {}
    assert max(found["told"]) < 100
    assert "Stopped. Nothing was written." in found["log"]
    assert not out.parent.exists()
