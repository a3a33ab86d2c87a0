"""What a page says in words: numbers, and what they mean."""

import math
import re
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from unmix.stability import LOST, VARIES

SURE = 0.95
THIN_SPACE = "\u202f"
READING_MEANS = {
    "reflectance": "Shares of the pixel's area. Brightness may vary as far as it does in this "
    "scene, as the run learned it.",
    "nnls": "Shares of the pixel's area. Brightness may vary at will from pixel to pixel.",
    "fcls": "Shares of the pixel's area, all pixels being lit alike.",
    "peak": "Shares in units of each spectrum's maximum, as in benchmarks. They do not mean area.",
    "l2": "Shares in units of each spectrum's length, as in benchmarks. They do not mean area.",
}


def count_text(number: int) -> str:
    """A whole number with its digits in threes.

    Examples
    --------
    >>> count_text(44800).replace(THIN_SPACE, " ")
    '44 800'
    """
    return f"{number:,}".replace(",", THIN_SPACE)


def short(value: float | None) -> str:
    """A measured number with three significant digits.

    Examples
    --------
    >>> short(0.0039251), short(None)
    ('0.00393', 'not known')
    """
    if value is None or math.isnan(value):
        return "not known"
    return f"{value:.3g}" if abs(value) < 1000 else count_text(round(value))


def duration(seconds: float) -> str:
    """A time span.

    Examples
    --------
    >>> duration(23.54), duration(200)
    ('24 s', '3 min 20 s')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def stability_text(score: float | None) -> str:
    """What the stability of an endmember means.

    Examples
    --------
    >>> stability_text(0.99)
    'found again every time'
    """
    if score is None or math.isnan(score):
        return "not known: learned once"
    if score < LOST:
        return "not found again"
    if score < VARIES:
        return "varies"
    return "found again" if score < SURE else "found again every time"


def north_text(angle: float | None) -> str:
    """Which way north is in the maps.

    Examples
    --------
    >>> north_text(12.2)
    'North is 12° to the right of up.'
    """
    if angle is None:
        return "The scene does not say where it lies, so north is not known."
    if abs(angle) < 0.5:
        return "North is up."
    if abs(angle) > 179.5:
        return "North is down."
    return f"North is {abs(angle):.0f}° to the {'right' if angle > 0 else 'left'} of up."


def region_of(values: NDArray[np.floating[Any]]) -> str:
    """In which ninth of a map its values are highest on average.

    Examples
    --------
    >>> region_of(np.eye(3)[:, ::-1] * [[0], [0], [1]])
    'at the lower left'
    """
    best, where = -math.inf, "nowhere"
    for part, down in zip(np.array_split(values, 3, axis=0), ("upper", "", "lower"), strict=True):
        columns = np.array_split(part, 3, axis=1)
        for cell, across in zip(columns, ("left", "", "right"), strict=True):
            known = cell[np.isfinite(cell)]
            if 4 * known.size > cell.size and known.mean() > best:
                best = float(known.mean())
                words = f"{down} {across}".strip()
                edge = {"upper": "upper edge", "lower": "lower edge"}.get(words, words)
                where = f"at the {edge}" if words else "in the middle"
    return where


def choice_text(described: dict[str, Any]) -> str:
    """Who chose the number of endmembers, and why.

    Parameters
    ----------
    described : dict
        ``model`` of a record.
    """
    n = described["n_endmembers"]
    if described.get("n_endmembers_auto"):
        return f"unmix chose {n}: {described['n_endmembers_reason']}."
    return (
        f"{n} was asked for. The number is a choice that no method makes for certain: "
        "`unmix count` on the scene shows what the data say."
    )


def with_code(text: str) -> Markup:
    """A sentence for a page: safe, and what stands in backticks as code.

    Examples
    --------
    >>> with_code("<b> & `unmix count`")
    Markup('&lt;b&gt; &amp; <code>unmix count</code>')
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
