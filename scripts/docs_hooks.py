"""What mkdocs.yml asks of a build beyond its plugins: lists that nobody has to keep.

Commands are written here and not by mkdocs-click, which loses the names of what an option takes
(``COLUMN,ROW,WIDTH,HEIGHT``) and shows click's own marks where there is no default (0.9).
"""

import ast
import inspect
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
FACES = ("scenes", "unmix")
PACKAGES = "<!-- packages -->"
"""Stands in docs/reference/parts.md for all packages that name what is public in them."""
COMMANDS = "<!-- commands -->"
"""Stands in docs/reference/commands.md for all commands."""
OPTIONS = "\n    options:\n      "
DOI = re.compile(r"(?<=[\s(])doi:(10\.\d{4,}/[^\s<]+)")
NOTHING_SAID = re.compile(r"\u2013\s*<div class=\"doc-md-description\">\s*</div>")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Write the lists where a page has a place for them."""
    if PACKAGES in markdown:
        found = packages().items()
        entries = [entry for name, public in found for entry in entries_of(name, public)]
        return markdown.replace(PACKAGES, "\n".join(entries))
    if COMMANDS in markdown:
        return markdown.replace(COMMANDS, "\n".join(described_commands()))
    return markdown


def on_page_content(html: str, **_: object) -> str:
    """Make links of DOIs, and leave out dashes that no description follows."""
    return DOI.sub(_linked, NOTHING_SAID.sub("", html))


def _linked(found: re.Match[str]) -> str:
    doi = found[1].rstrip(".,;:")
    if doi.count("(") < doi.count(")"):
        doi = doi[: doi.rindex(")")]
    rest = found[1][len(doi) :]
    return f'<a href="https://doi.org/{doi}">doi:{doi}</a>{rest}'


def described_commands() -> Iterator[str]:
    """Markdown of every command, as its own ``--help`` says it."""
    from unmix.cli import main

    context = main.make_context("unmix", ["--help"], resilient_parsing=True)
    names = main.list_commands(context)
    yield from (f"- [`unmix {name}`](#unmix-{name})" for name in names)
    yield from described(main, "unmix")
    for name in names:
        command = main.get_command(context, name)
        if command is not None:
            yield from described(command, f"unmix {name}")


def described(command: click.Command, name: str) -> Iterator[str]:
    """Markdown of one command: what it does, how it is called, and its options."""
    with click.Context(command, info_name=name) as context:
        anchor = name.replace(" ", "-")
        yield f"\n## {name} {{: #{anchor} }}\n"
        yield as_text(inspect.cleandoc(command.help or ""))
        yield f"\n```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record is not None and record[1]:
                yield f"`{record[0]}`\n:   {as_text(record[1])}\n"


def as_text(words: str) -> str:
    """Words as they stand, whatever they would mean in Markdown."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]#" else escape(letter) for letter in words)


def packages() -> dict[str, list[str]]:
    """Packages below the faces with their public names, found without importing them."""
    found = {}
    for face in FACES:
        for path in sorted((ROOT / face).rglob("__init__.py")):
            package = path.parent.relative_to(ROOT)
            names = public_names(path.read_text(encoding="utf-8"))
            if names and package.parts != (face,):
                found[".".join(package.parts)] = names
    return found


def public_names(source: str) -> list[str]:
    """What a module lists in ``__all__``."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


def entries_of(package: str, public: list[str]) -> list[str]:
    """What mkdocstrings is to write of a package.

    A function that is called like its module is hidden behind it, and so gets an entry of its own.
    """
    folder = ROOT / package.replace(".", "/")
    hidden = [name for name in public if (folder / f"{name}.py").is_file()]
    shown = [name for name in public if name not in hidden]
    alone = [f"::: {package}.{name}.{name}{OPTIONS}heading_level: 3" for name in hidden]
    return [f"::: {package}{OPTIONS}members: {shown}", *alone]
