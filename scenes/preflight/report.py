"""Putting the preflight report together."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scenes.errors import SceneError, SceneWarning
from scenes.formats import open_scene
from scenes.preflight.axis import axis_findings
from scenes.preflight.finding import SEVERITIES, Finding
from scenes.preflight.headers import header_findings
from scenes.preflight.numbers import number_findings
from scenes.preflight.opening import finding_of_refusal, finding_of_warning
from scenes.preflight.place import place_findings
from scenes.preparation import look_past_padding
from scenes.scene import Scene


@dataclass(frozen=True)
class _Opened:
    """A scene, if it could be opened, and what was said on the way."""

    scene: Scene | None
    findings: tuple[Finding, ...]


def preflight(
    path: str | Path, *, scale: float | None = None, nodata: float | None = None
) -> list[Finding]:
    """Look a file over before anything is made of it.

    The headers are read in full, and a few thousand pixels from all over the scene.

    Parameters
    ----------
    path : str or Path
        As for `scenes.open_scene`.
    scale, nodata : float, optional
        As for `scenes.open_scene`.

    Returns
    -------
    list of Finding
        The worst first; a single one of severity ``ok`` where nothing is odd. A file that cannot
        be opened is a finding, too.

    Examples
    --------
    >>> [finding.code for finding in preflight("no such file.hdr")]
    ['cannot-open']
    """
    path = Path(path)
    opened = _open(path, scale, nodata)
    findings = [*opened.findings, *header_findings(path, opened.scene)]
    if opened.scene is not None:
        findings += _findings_of_scene(opened.scene)
    if not findings:
        findings = [Finding("nothing-odd", "ok", "Header, bands, place and numbers agree.")]
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def _open(path: Path, scale: float | None, nodata: float | None) -> _Opened:
    """Open a scene; warnings and refusals become findings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SceneWarning)
        scene, refused = None, None
        try:
            scene = open_scene(path, scale=scale, nodata=nodata)
        except SceneError as error:
            refused = finding_of_refusal(str(error))
    said = dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, SceneWarning))
    findings = [finding_of_warning(message) for message in said]
    return _Opened(scene, tuple(([] if refused is None else [refused]) + findings))


def _findings_of_scene(scene: Scene) -> Iterator[Finding]:
    """What the scene itself shows; a file that breaks off is a finding, not an end."""
    yield from axis_findings(scene)
    yield from place_findings(scene)
    try:
        inside, look, padding = look_past_padding(scene)
    except SceneError as error:
        yield finding_of_refusal(str(error))
        return
    yield from number_findings(inside, look, padding)
