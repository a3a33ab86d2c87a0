import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    """The script, with an environment folder of its own and commands that are only noted."""
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "stamp.txt")
    monkeypatch.setattr(module.venv, "create", lambda folder, **how: folder.mkdir(exist_ok=True))
    module.commands = []
    module.codes = {}

    def run(python, *command):
        module.commands.append(command)
        return next((code for word, code in module.codes.items() if word in command), 0)

    monkeypatch.setattr(module, "run", run)
    return module


def installed(commands):
    return [command[-1] for command in commands if command[:3] == ("-m", "pip", "install")]


def test_set_up_installs_torch_before_the_package_and_only_once(bootstrap):
    assert bootstrap.main(["test"]) == 0
    packages = installed(bootstrap.commands)
    assert packages.index("torch") == 1
    assert "pyproject.toml:test" in packages[2]
    assert bootstrap.commands[-1][:2] == ("-m", "pytest")
    assert bootstrap.main(["test"]) == 0
    assert installed(bootstrap.commands) == packages


def test_set_up_starts_anew_when_what_is_wanted_changes(bootstrap, monkeypatch):
    bootstrap.main(["test"])
    monkeypatch.setattr(bootstrap, "_wanted", lambda: "something else")
    bootstrap.main(["test"])
    assert len(installed(bootstrap.commands)) == 6


def test_further_groups_are_added_once_and_stay(bootstrap):
    bootstrap.main(["test"])
    before = installed(bootstrap.commands)
    bootstrap.main(["--group", "browser", "test", "--", "-k", "page"])
    assert bootstrap.commands[-1][-2:] == ("-k", "page")
    (added,) = installed(bootstrap.commands)[len(before) :]
    assert added.endswith("pyproject.toml:browser")
    bootstrap.main(["--group", "browser", "test"])
    bootstrap.main(["check"])
    assert len(installed(bootstrap.commands)) == len(before) + 1


def test_demo_runs_the_main_job(bootstrap):
    assert bootstrap.main(["demo", "--", "--seed", "3"]) == 0
    assert bootstrap.commands[-1][:3] == ("-m", "unmix", "demo")
    assert bootstrap.commands[-1][-2:] == ("--seed", "3")


def test_check_runs_every_check_and_fails_when_one_does(bootstrap):
    bootstrap.codes["ruff"] = 1
    assert bootstrap.main(["check"]) == 1
    assert [command[1] for command in bootstrap.commands[-3:]] == ["ruff", "ruff", "mypy"]


def test_a_failed_installation_is_one_sentence_and_no_stamp(bootstrap):
    bootstrap.codes["torch"] = 1
    with pytest.raises(SystemExit, match="Installing torch failed"):
        bootstrap.main(["test"])
    assert not bootstrap.STAMP.exists()


def test_docs_install_their_tools_and_build_strictly(bootstrap):
    assert bootstrap.main(["docs"]) == 0
    assert any(name.endswith("pyproject.toml:docs") for name in installed(bootstrap.commands))
    assert bootstrap.commands[-1] == ("-m", "mkdocs", "build", "--strict")
