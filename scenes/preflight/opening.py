"""Warnings and refusals while a scene is opened, as findings."""

from __future__ import annotations

import re

from scenes.preflight.finding import Finding

_KINDS = (
    (r"names no scale", "scale-missing", "Say what the numbers mean: --scale 10000, or a field "
     "`reflectance scale factor` in the header."),
    (r"reflectance scale factor|data gain values", "scale-odd", "Correct the scale in the header, "
     "or give --scale."),
    (r"nodata value|data ignore value|names no nodata", "nodata-impossible", "Give --nodata, or "
     "correct the value in the file."),
    (r"have no unit|have the unit|cannot be in|are not understood", "wavelength-units", "Write "
     "`wavelength units = Nanometers` (or Micrometers) into the header."),
    (r"bbl marks all", "band-list", "Set `bbl` to 1 for the bands that are good."),
    (r"wavelength|fwhm|bands\)|bbl|list of", "band-list", "Correct the list in the header: one "
     "entry for each band."),
    (r"ground control points|placed by", "gcp-only", "Warp the maps, not the scene."),
    (r"coordinate system|map info|datum|EPSG|CRS", "crs-odd", "Correct `map info` and "
     "`coordinate system string` in the header; they must name one and the same system."),
    (r"has no `byte order`", "byte-order-missing", "Write `byte order = 0` into the header, or 1 "
     "if the numbers look like noise."),
    (r"bytes more than|compressed", "size-odd", "Check samples, lines, bands, data "
     "type and header offset in the header."),
)  # fmt: skip
_NO_CURE = "Mend what the sentence names, or leave it if what was assumed is right."


def finding_of_warning(message: str) -> Finding:
    """Turn a warning of the readers into a finding; its kind is told by its words.

    Examples
    --------
    >>> finding_of_warning("a.hdr: the wavelengths have no unit; they are taken as nm.").code
    'wavelength-units'
    """
    for pattern, code, cure in _KINDS:
        if re.search(pattern, message):
            return Finding(code, "warning", message, cure=cure)
    return Finding("opening", "warning", message, cure=_NO_CURE)


def finding_of_refusal(message: str) -> Finding:
    """Turn a refusal to open or read a scene into a finding."""
    return Finding("cannot-open", "error", message, action="Nothing: the scene is not read.")
