"""Every block of README and docs runs, in the order it is read; every link leads somewhere."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from unmix.cli import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SHOWN_ONLY = {"", "sh", "text", "toml", "json"}
"""Languages of blocks that are not run: drawings, and set-up itself."""


def commands(block: str) -> list[list[str]]:
    """Arguments of every ``$ unmix ...`` line."""
    lines = [line.split("  #")[0] for line in block.splitlines() if line.startswith("$ ")]
    return [shlex.split(line[2:]) for line in lines]


def anchors(document: str) -> set[str]:
    """What links to headings are made of, on a forge as on the site."""
    headings = HEADING.findall(BLOCK.sub("", document))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


def broken_links(path: Path, document: str) -> list[str]:
    """Links of a document to a file, or to a heading of one, that is not there."""
    broken = []
    for link in LINK.findall(BLOCK.sub("", document)):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if ":" in name:
            continue
        if not target.exists() or (
            anchor and anchor not in anchors(target.read_text(encoding="utf-8"))
        ):
            broken.append(link)
    return broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
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


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_between_documents_lead_somewhere(document):
    assert broken_links(document, document.read_text(encoding="utf-8")) == []


def test_a_link_to_nowhere_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# How many?\n", encoding="utf-8")
    links = "[a](page.md) [b](page.md#how-many) [c](#how-many) [d](https://example.org/#x)"
    assert broken_links(page, links) == []
    assert broken_links(page, "[a](none.md) [b](page.md#few)") == ["none.md", "page.md#few"]


def test_the_citation_is_of_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", cited, re.MULTILINE) == [project["version"]]
    assert re.findall(r"^license: (.+)$", cited, re.MULTILINE) == [project["license"]]


def test_commands_finds_what_is_typed():
    assert commands("$ unmix run a -o b   # why\nsaid\n") == [["unmix", "run", "a", "-o", "b"]]
