"""Fixtures shared by all tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real scenes, which are not ours to redistribute."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real scenes (../shared/data) are not on this machine")
    return SHARED_DATA


@pytest.fixture(scope="session")
def qgis_python() -> str:
    """A Python that has the modules of QGIS, which are often those of the system's."""
    for python in (sys.executable, "/usr/bin/python3"):
        command = [python, "-c", "import qgis.core"]
        if Path(python).exists() and not subprocess.run(command, capture_output=True).returncode:
            return python
    pytest.skip("QGIS with its Python modules is not on this machine")


@pytest.fixture
def qgis_home(tmp_path: Path, qgis_python: str) -> dict[str, str]:
    """Variables for a QGIS without a screen that has a home of its own, ``HOME``.

    The Python inside QGIS takes its modules from beside the first ``python3`` of the path.
    """
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    own = {"HOME": str(home), "XDG_DATA_HOME": str(home / "share"), "XDG_RUNTIME_DIR": str(home)}
    path = os.pathsep.join([str(Path(qgis_python).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, **own, "PATH": path, "QT_QPA_PLATFORM": "offscreen"}
