"""What the plugin says of unmix without importing it; it runs where there is no unmix."""

import ast
import configparser
from importlib.metadata import version
from pathlib import Path

import pytest

from unmix.cli.qgis import SOURCE
from unmix.cli.run import command as run_command
from unmix.readings import READINGS

FILES = sorted(SOURCE.glob("*.py"))


def constant(path: Path, name: str):
    """The value that a module gives to a name."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{path.name} has no {name}")


def test_metadata_names_the_version_of_the_package():
    parser = configparser.ConfigParser()
    parser.read(SOURCE / "metadata.txt", encoding="utf-8")
    said = parser["general"]
    assert said["version"] == version("unmix")
    assert said["hasProcessingProvider"] == "yes"
    assert {"name", "description", "about", "qgisMinimumVersion", "author"} <= said.keys()


def test_readings_are_those_of_the_command():
    assert constant(SOURCE / "parameters.py", "READINGS") == list(READINGS)
    default = next(p.default for p in run_command.params if p.name == "reading")
    assert default == READINGS[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_plugin_imports_neither_unmix_nor_what_qgis_lacks(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    found = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    found |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level}
    packages = {name.partition(".")[0] for name in found}
    assert not packages & {"unmix", "scenes", "torch", "numpy", "rasterio", "click"}
