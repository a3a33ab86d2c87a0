"""What mkdocstrings does not understand in numpydoc, said in a way that it does."""

import re

try:
    from griffe import Extension, Object
except ImportError:  # the tools of the site are not installed; what follows works without
    Extension = Object = object

SECTION = re.compile(r"^\w+\n-{3,}$", re.MULTILINE)
NAMES = re.compile(r"^(\w+(?:, \w+)+)( : .+)?\n((?:    .*\n|\n(?=    ))*)", re.MULTILINE)
"""Several parameters that are described together, whatever their type, and the description."""
DOCTEST = re.compile(r"(?:^>>> .*\n(?:^(?!\n).+\n)*)+", re.MULTILINE)


class Docstrings(Extension):
    """Rewrites docstrings before they are parsed."""

    def on_instance(self, *, obj: Object, **_: object) -> None:
        """Rewrite one."""
        if obj.docstring is not None:
            obj.docstring.value = rewritten(obj.docstring.value)


def rewritten(docstring: str) -> str:
    """A docstring with one entry for each parameter, and examples outside sections as code.

    Of ``gain, offset : float`` both would have the type and the default of ``gain`` otherwise.
    """
    text = f"{docstring}\n"
    first = SECTION.search(text)
    start = len(text) if first is None else first.start()
    words = DOCTEST.sub(lambda found: f"```pycon\n{found[0]}```\n", text[:start])
    return (words + NAMES.sub(_apart, text[start:])).rstrip("\n")


def _apart(found: re.Match[str]) -> str:
    names, kind, description = found[1], found[2] or "", found[3]
    return "".join(f"{name}{kind}\n{description}" for name in names.split(", "))
