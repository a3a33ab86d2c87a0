"""The lists of the documentation that nobody has to keep."""

from importlib import import_module

import click
import docs_hooks
import pytest

from unmix.cli import COMMANDS, main


@pytest.fixture(scope="module")
def described():
    """The page of commands as Markdown."""
    return docs_hooks.on_page_markdown(f"# Commands\n\n{docs_hooks.COMMANDS}\n")


def test_every_command_is_described_with_every_option(described):
    for name in COMMANDS:
        section = described.split(f"{{: #unmix-{name} }}")[1].split("\n## ")[0]
        assert f"unmix {name} [OPTIONS]" in section
        for parameter in main.get_command(None, name).params:
            for option in parameter.opts:
                assert option in section or parameter.param_type_name == "argument"


def test_what_an_option_takes_and_its_default_are_said(described):
    window = click.Option(["--window"], metavar="COLUMN,ROW", help="A part.")
    number = click.Option(["-n", "--number"], default=5, show_default=True, help="How many.")
    command = click.Command("cut", params=[window, number], help="Cut a part out.")
    said = "".join(docs_hooks.described(command, "unmix cut"))
    assert "`--window COLUMN,ROW`\n:   A part.\n" in said
    assert "`-n, --number INTEGER`\n:   How many.  \\[default: 5\\]" in said
    assert "UNSET" not in described


def test_words_of_a_help_are_not_taken_for_markdown():
    assert docs_hooks.as_text("<stem>_glt, *.tif [x]") == "&lt;stem&gt;\\_glt, \\*.tif \\[x\\]"


def test_packages_are_those_that_python_finds():
    found = docs_hooks.packages()
    assert {"unmix.endmembers", "unmix.simulation", "scenes.export"} <= set(found)
    assert not {"unmix", "scenes"} & set(found)
    for name, public in found.items():
        assert list(import_module(name).__all__) == public


def test_public_names_are_those_of_the_list():
    assert docs_hooks.public_names("a = 1\n__all__ = ['b', 'c']\n") == ["b", "c"]
    assert docs_hooks.public_names("import a\n") == []


def test_a_function_named_as_its_module_has_an_entry_of_its_own():
    entries = docs_hooks.entries_of("unmix.endmembers", ["vca", "project_on_signal"])
    assert [entry.split()[1] for entry in entries] == [
        "unmix.endmembers",
        "unmix.endmembers.vca.vca",
    ]


def test_pages_without_a_list_stay_as_they_are():
    assert docs_hooks.on_page_markdown("# Limits\n") == "# Limits\n"


def test_dois_become_links_once():
    said = "<p>Roberts (1998), doi:10.1016/S0034-4257(98)00037-6; Luo (doi:10.1109/LGRS.2012).</p>"
    linked = docs_hooks.on_page_content(said)
    assert '<a href="https://doi.org/10.1016/S0034-4257(98)00037-6">' in linked
    assert '(<a href="https://doi.org/10.1109/LGRS.2012">doi:10.1109/LGRS.2012</a>).</p>' in linked
    assert docs_hooks.on_page_content(linked) == linked


def test_a_dash_stands_only_before_a_description():
    empty = '<b>x</b> \u2013\n <div class="doc-md-description">\n </div>'
    assert docs_hooks.on_page_content(empty) == "<b>x</b> "
    full = empty.replace("\n </div>", "Why.</div>")
    assert docs_hooks.on_page_content(full) == full
