"""Every code block of README and docs runs, in the order it is read."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from unmix.cli import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN_ONLY = {"", "sh", "text", "toml", "json"}
"""Languages of blocks that are not run: drawings, and set-up itself."""


def commands(block: str) -> list[list[str]]:
    """Arguments of every ``$ unmix ...`` line."""
    lines = [line.split("  #")[0] for line in block.splitlines() if line.startswith("$ ")]
    return [shlex.split(line[2:]) for line in lines]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_blocks_run_as_they_stand(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for language, block in BLOCK.findall(document.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(block, str(document), "exec"), {})
        elif language == "console":
            for program, *arguments in commands(block):
                assert program == "unmix"
                result = CliRunner().invoke(main, arguments, catch_exceptions=False)
                assert result.exit_code == 0, result.stderr
        else:
            assert language in SHOWN_ONLY, f"a block in {language} that nothing runs"


def test_links_between_documents_lead_somewhere():
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_commands_finds_what_is_typed():
    assert commands("$ unmix run a -o b   # why\nsaid\n") == [["unmix", "run", "a", "-o", "b"]]
