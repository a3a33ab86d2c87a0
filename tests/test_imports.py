"""What is loaded when; every check is shown to be able to fail."""

import subprocess
import sys

import pytest

from unmix.cli import COMMANDS

HEAVY = ("torch", "matplotlib", "sklearn", "scipy")
LIGHT = ["unmix", "unmix.errors", "unmix.cli", "scenes", "scenes.errors"]

REPORT = """
import sys
loaded = sorted({{name.partition('.')[0] for name in sys.modules}} & set({heavy!r}))
print('loaded:', *loaded, file=sys.stderr)
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh process, with warnings as errors."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def loaded_by(code: str) -> set[str]:
    """Which of the heavy packages are there after the code has run."""
    ended = run(code + REPORT.format(heavy=HEAVY))
    assert ended.returncode == 0, ended.stderr
    return set(ended.stderr.splitlines()[-1].split()[1:])


def command_line(*arguments: str) -> str:
    """Code that does what ``python -m unmix`` does, and survives its end."""
    return f"""
import runpy, sys
sys.argv = ['unmix', *{arguments!r}]
try:
    runpy.run_module('unmix', run_name='__main__', alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code
"""


@pytest.mark.parametrize("module", LIGHT)
def test_importing_loads_neither_torch_nor_matplotlib(module):
    assert loaded_by(f"import {module}\n") & {"torch", "matplotlib"} == set()


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_of_a_command_loads_neither_torch_nor_matplotlib(command):
    loaded = loaded_by(command_line(command, "--help"))
    assert loaded & {"torch", "matplotlib"} == set()


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_of_the_program_loads_neither_torch_nor_matplotlib(option):
    assert loaded_by(command_line(option)) & {"torch", "matplotlib"} == set()


def test_errors_can_be_caught_without_loading_anything():
    code = "from unmix import ModelFileError, OutputError, UnmixError\n"
    assert loaded_by(code) == set()


def test_the_check_can_fail():
    """A planted import is seen, also inside a function; so is torch, where it is needed."""
    assert loaded_by("def f():\n    import scipy\nf()\n") == {"scipy"}
    assert "matplotlib" in loaded_by("import unmix\nimport matplotlib\n")


def test_the_check_of_the_command_line_can_fail():
    assert "matplotlib" in loaded_by(command_line("--help") + "import matplotlib\n")
    with pytest.raises(AssertionError):
        loaded_by(command_line("no-such-command"))


def test_the_whole_package_leaves_the_world_alone_and_fits_without_matplotlib():
    code = """
import random, warnings
import numpy as np, torch
import rasterio, scipy.optimize, sklearn.base  # what they do is not ours to mend

def world():
    states = torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()
    return warnings.filters[:], torch.get_num_threads(), torch.get_default_dtype(), *states

before = world()
import unmix
assert set(unmix.__all__) <= set(dir(unmix))
from unmix import *
for name in unmix.__all__:
    assert getattr(unmix, name) is globals()[name], name
spectra = np.random.default_rng(0).random((60, 8))
Unmixer(2, settings=FitSettings(n_points=20, n_steps=3, n_starts=2)).fit(spectra)
assert world() == before
"""
    assert loaded_by(code) & {"torch", "matplotlib"} == {"torch"}


def test_a_name_that_is_not_there_is_an_attribute_error():
    import unmix

    with pytest.raises(AttributeError, match=r"module 'unmix' has no attribute 'Unmixxer'"):
        _ = unmix.Unmixxer
