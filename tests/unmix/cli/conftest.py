"""Small scenes on disk for the commands."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unmix.cli import main
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene


@pytest.fixture(scope="session")
def small_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated ENVI scene: rotated, with wedges without data, 3 materials."""
    simulation = Simulation(
        height=40,
        width=56,
        materials=("green vegetation", "sand", "kaolinite"),
        sensor="enmap",
        nodata_border=4,
        rotation_deg=20.0,
        seed=1,
    )
    folder = tmp_path_factory.mktemp("scene")
    return write_simulated_scene(simulation, folder / "small.hdr").scene


@pytest.fixture
def unmix_command():
    """Run the command line in this process."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)

    return run
