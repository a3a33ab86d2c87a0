"""``unmix qgis``: into a profile of QGIS and out of it again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmix.cli import qgis
from unmix.cli.qgis import PLUGIN, default_profile, settings_of, with_plugin

SETTINGS = "[core]\nname=é ü\n\n[PythonPlugins]\nother=true\n\n[qgis]\nx=%20\\n\n"


@pytest.fixture
def installed(unmix_command, tmp_path):
    result = unmix_command("qgis", "--install", "--profile", tmp_path)
    assert result.exit_code == 0
    return Path(json.loads(result.stdout)["plugin"])


def test_install_copies_the_plugin_with_the_command_that_runs_it(installed, tmp_path):
    assert installed == tmp_path / "python" / "plugins" / PLUGIN
    assert {"__init__.py", "metadata.txt", "provider.py"} <= {p.name for p in installed.iterdir()}
    assert not list(installed.rglob("__pycache__"))
    command = json.loads((installed / "command.json").read_text())
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.startswith("unmix, version")


def test_install_renews_what_an_earlier_one_left(installed, unmix_command, tmp_path):
    (installed / "old.py").write_text("")
    unmix_command("qgis", "--install", "--profile", tmp_path)
    assert not (installed / "old.py").exists()
    assert [path.name for path in installed.parent.iterdir()] == [PLUGIN]


def test_remove_leaves_the_profile_as_it_was(unmix_command, tmp_path):
    ini = settings_of(tmp_path)
    ini.parent.mkdir(parents=True)
    ini.write_text(SETTINGS, encoding="utf-8")
    unmix_command("qgis", "--install", "--profile", tmp_path)
    assert f"[PythonPlugins]\n{PLUGIN}=true\nother=true\n" in ini.read_text(encoding="utf-8")
    result = unmix_command("qgis", "--remove", "--profile", tmp_path)
    assert json.loads(result.stdout)["installed"] is False
    assert ini.read_text(encoding="utf-8") == SETTINGS
    assert list((tmp_path / "python" / "plugins").iterdir()) == []


def test_without_a_job_nothing_changes(unmix_command, tmp_path):
    result = unmix_command("qgis", "--profile", tmp_path)
    assert json.loads(result.stdout)["installed"] is False
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_somebody_else_is_not_replaced(unmix_command, tmp_path):
    mine = tmp_path / "python" / "plugins" / PLUGIN / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("keep")
    for job in ("--install", "--remove"):
        result = unmix_command("qgis", job, "--profile", tmp_path)
        assert result.exit_code == 1
        assert "is not the plugin of unmix" in result.stderr
    assert mine.read_text() == "keep"


def test_profile_that_cannot_be_written_is_one_sentence(unmix_command, tmp_path):
    (tmp_path / "python").write_text("a file")
    result = unmix_command("qgis", "--install", "--profile", tmp_path)
    assert result.exit_code == 1
    assert "cannot be changed" in result.stderr


@given(st.lists(st.sampled_from([*SETTINGS.splitlines(), "[other]", f"{PLUGIN}=false"])))
def test_with_plugin_and_back_changes_nothing_else(lines):
    text = "".join(f"{line}\n" for line in lines)
    others = [line for line in lines if not line.startswith(PLUGIN)]
    enabled = with_plugin(text, True)
    assert enabled.count(f"[PythonPlugins]\n{PLUGIN}=true\n") == 1
    assert with_plugin(enabled, True) == enabled
    back = with_plugin(enabled, False).splitlines()
    assert back in (others, [*others, "[PythonPlugins]"])


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="of Linux")
def test_default_profile_is_that_of_the_qgis_that_is_there(monkeypatch, tmp_path):
    monkeypatch.setattr(qgis.Path, "home", lambda: tmp_path)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    usual = tmp_path / ".local/share/QGIS/QGIS3/profiles/default"
    assert default_profile() == usual
    flatpak = tmp_path / ".var/app/org.qgis.qgis/data/QGIS/QGIS3/profiles/default"
    flatpak.mkdir(parents=True)
    assert default_profile() == flatpak
    usual.mkdir(parents=True)
    assert default_profile() == usual
