"""Docstrings as mkdocstrings is to see them."""

from docs_docstrings import rewritten

SCALED = """Scale numbers.

Parameters
----------
numbers : array
    What is scaled.
gain, offset : float
    Applied in this order.

    Never twice.
first, last
    See `Scene`.

Returns
-------
array
    Sorted, finite, scaled."""


def test_parameters_described_together_get_an_entry_each():
    sections = rewritten(SCALED).split("\n\nReturns\n")
    described = "    Applied in this order.\n\n    Never twice.\n"
    assert f"gain : float\n{described}offset : float\n{described}" in sections[0]
    assert sections[0].endswith("first\n    See `Scene`.\nlast\n    See `Scene`.")
    assert sections[1] == SCALED.split("\n\nReturns\n")[1]


def test_an_example_outside_sections_becomes_code():
    said = "Count things.\n\n>>> for k in (1, 2):\n...     print(k)\n1\n2\n>>> 3\n3\n\nThe end."
    code = ">>> for k in (1, 2):\n...     print(k)\n1\n2\n>>> 3\n3\n"
    assert rewritten(said) == f"Count things.\n\n```pycon\n{code}```\n\nThe end."
    assert rewritten("A.\n\n>>> 1\n1") == "A.\n\n```pycon\n>>> 1\n1\n```"


def test_sections_of_examples_and_plain_words_stay():
    for said in ("Words, more\nwords.", "A.\n\nExamples\n--------\n>>> 1\n1", ""):
        assert rewritten(said) == said
