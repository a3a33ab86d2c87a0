"""The program that QGIS runs: where it is found, what is heard of it, and how it ends."""

import doctest
import json
import os
import sys

import pytest

from unmix.qgis_plugin import program
from unmix.qgis_plugin.program import (
    COMMAND_NAME,
    FOREIGN,
    VARIABLE,
    Canceled,
    ProgramError,
    environment,
    file_of,
    find_program,
    run_program,
)


@pytest.fixture
def python_says(monkeypatch):
    """Run lines of Python as the program; the answer and what was heard."""

    def run(code, is_canceled=lambda: False, **settings):
        shares, texts = [], []
        answer = run_program(
            [sys.executable, "-c", code],
            lambda *share: shares.append(share),
            texts.append,
            is_canceled,
            **settings,
        )
        return answer, shares, texts

    return run


def test_program_is_heard_line_by_line(python_says):
    code = """
import sys
print('{"stage": "mapping", "share": 0.5}', file=sys.stderr)
print("Warning: {odd}", file=sys.stderr)
print('{"stage": 1}', file=sys.stderr)
print("é" * 300000)
"""
    answer, shares, texts = python_says(code)
    assert answer.strip() == "é" * 300000  # more than a pipe holds
    assert shares == [("mapping", 0.5)]
    assert texts == ["Warning: {odd}", '{"stage": 1}']


def test_failure_is_the_sentence_of_the_program(python_says):
    code = (
        "import sys; print('Usage: ...\\nError: no bands are left.', file=sys.stderr); sys.exit(1)"
    )
    with pytest.raises(ProgramError, match=r"^no bands are left\.$"):
        python_says(code)


def test_failure_without_a_sentence_tells_the_code_and_the_last_lines(python_says):
    code = "import sys; print('one\\ntwo', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ProgramError, match=r"unmix ended with 3\. It said last: one / two"):
        python_says(code)


def test_exit_codes_that_are_accepted_are_success(python_says):
    assert python_says("print(1); raise SystemExit(1)", accepted=(0, 1))[0].strip() == "1"


@pytest.mark.skipif(os.name == "nt", reason="process ids are asked for otherwise there")
def test_cancel_ends_the_process_at_once(python_says, tmp_path):
    mark = tmp_path / "pid"
    code = f"""
import os, pathlib, time
pathlib.Path({str(mark)!r}).write_text(str(os.getpid()))
time.sleep(600)
"""
    with pytest.raises(Canceled):
        python_says(code, is_canceled=lambda: mark.exists() and mark.read_text() != "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_program_that_cannot_be_started_is_named(tmp_path):
    (tmp_path / "unmix").write_text("no program")
    with pytest.raises(ProgramError, match="cannot be started"):
        run_program([str(tmp_path / "unmix")], print, print, lambda: False)


def test_find_program_prefers_what_the_user_says(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    (tmp_path / COMMAND_NAME).write_text(json.dumps([sys.executable, "-m", "unmix"]))
    assert find_program("", tmp_path) == [sys.executable, "-m", "unmix"]
    monkeypatch.setenv(VARIABLE, f"{sys.executable} -m other")
    assert find_program("", tmp_path) == [sys.executable, "-m", "other"]
    assert find_program(sys.executable, tmp_path) == [sys.executable]


def test_find_program_says_how_to_install(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramError, match=r"'unmix' is not there\. .*pip install unmix"):
        find_program("", tmp_path)


def test_find_program_takes_a_path_with_blanks(tmp_path, monkeypatch):
    found = tmp_path / "my programs" / "unmix.exe"
    found.parent.mkdir()
    found.write_text("")
    found.chmod(0o755)
    assert find_program(str(found)) == [str(found)]


def test_environment_has_nothing_of_the_python_and_gdal_of_qgis(monkeypatch):
    for name in FOREIGN:
        monkeypatch.setenv(name, "/usr/share/qgis")
    found = environment()
    assert not set(FOREIGN) & found.keys()
    assert found["UNMIX_PROGRESS"] == "json"
    assert found["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ('NETCDF:"/data/a b.nc":reflectance', "/data/a b.nc"),
        ("HDF5:/data/x.h5://A/B", "/data/x.h5"),
        ('HDF5:"C:/data/x.he5"://HDFEOS/SWATHS', "C:/data/x.he5"),
        ("/data/scene.img", "/data/scene.img"),
        ("/data/mask.gpkg|layername=mask", "/data/mask.gpkg"),
    ],
)
def test_file_of_a_layer(source, file):
    assert file_of(source) == file


def test_examples_of_the_plugin_are_true():
    found = doctest.testmod(program)  # pytest itself cannot import the modules beside it
    assert found.attempted >= 4
    assert found.failed == 0
