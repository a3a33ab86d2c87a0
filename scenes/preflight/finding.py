"""One finding of the preflight report, as data and as text for people."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note", "ok"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note", "ok")
"""From what stops everything to what is well. A note is about a choice that is made silently."""

_WIDTH = 96


@dataclass(frozen=True)
class Finding:
    """Something that a file says, or that its numbers show.

    Parameters
    ----------
    code : str
        Short name of the kind of finding, for machines.
    severity : {"error", "warning", "note", "ok"}
        An error stops the run, a warning may spoil it, a note tells what is done.
    odd : str
        What is odd, a sentence.
    claim : str
        What the file claims; empty where it says nothing about it.
    action : str
        What unmix does about it by default.
    cure : str
        What would mend it; empty where nothing needs to be done.
    """

    code: str
    severity: Severity
    odd: str
    claim: str = ""
    action: str = ""
    cure: str = ""


def report_text(findings: Sequence[Finding]) -> str:
    """Write findings for people, the worst first.

    Examples
    --------
    >>> print(report_text([Finding("rotated", "note", "Rows do not run east.", cure="None.")]))
    note: rotated
      Rows do not run east.
      cure: None.
    """
    return "\n".join(line for finding in findings for line in _lines(finding))


def _lines(finding: Finding) -> list[str]:
    parts = {"": finding.odd, "file": finding.claim, "unmix": finding.action, "cure": finding.cure}
    lines = [f"{finding.severity}: {finding.code}"]
    for name, text in parts.items():
        if text:
            said = f"{name}: {text}" if name else text
            lines += textwrap.wrap(said, _WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines
