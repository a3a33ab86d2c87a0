"""A small bundle on disk, as a run writes it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from unmix import FitSettings, Unmixer, unmix_scene
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene


@pytest.fixture(scope="session")
def original_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a simulated scene: rotated, with wedges without data, 3 materials."""
    simulation = Simulation(
        height=40,
        width=56,
        materials=("green vegetation", "sand", "kaolinite"),
        sensor="enmap",
        nodata_border=4,
        rotation_deg=20.0,
        seed=1,
    )
    folder = tmp_path_factory.mktemp("report")
    scene = write_simulated_scene(simulation, folder / "small.hdr").scene
    quick = FitSettings(n_starts=2, n_steps=300, n_points=150)
    model = Unmixer(3, settings=quick, n_refits=1)
    return unmix_scene(scene, model).save(folder / "out")


@pytest.fixture
def bundle(original_bundle: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(original_bundle, tmp_path / "out"))


@pytest.fixture
def renamed(bundle: Path) -> Callable[[list[str]], Path]:
    """The same bundle with other names of its endmembers."""

    def rename(names: list[str]) -> Path:
        model = Unmixer.load(bundle / "model")
        model.endmember_names_ = names
        model.save(bundle / "model", overwrite=True)
        return bundle

    return rename


@pytest.fixture
def matched(bundle: Path) -> Path:
    """The same bundle as after a library, in which the last endmember had no match at all."""
    path = bundle / "endmembers.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    for k, one in enumerate(known["endmembers"]):
        candidates = [
            {
                "name": f"<i>sample {k}-{rank}</i> & more",
                "score": 0.01 * (rank + 1),
                "angle_rad": 0.02,
                "band_angle_rad": 0.03,
                "spectrum": [None, *(0.5 * v for v in one["spectrum"][1:])],
            }
            for rank in range(3 if k < 2 else 0)
        ]
        one["match"] = {"name": None, "reason": f"reason {k} <b>", "candidates": candidates}
    path.write_text(json.dumps(known), encoding="utf-8")
    return bundle
