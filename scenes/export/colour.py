"""Colours that tell things apart on a map, also for people who are colour-blind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Colour(NamedTuple):
    """Red, green and blue, each from 0 to 255."""

    red: int
    green: int
    blue: int

    @property
    def hex(self) -> str:
        """As in HTML, ``#0072b2``."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    def tint(self, share: float) -> Colour:
        """A mixture with white: 0 is white, 1 the colour itself.

        Examples
        --------
        >>> Colour(0, 114, 178).tint(0.5).hex
        '#80b8d8'
        """
        red, green, blue = (round(255 + share * (value - 255)) for value in self)
        return Colour(red, green, blue)


WHITE = Colour(255, 255, 255)

PALETTE = tuple(
    Colour(*rgb)
    for rgb in (
        (230, 159, 0),
        (86, 180, 233),
        (0, 158, 115),
        (213, 94, 0),
        (0, 114, 178),
        (204, 121, 167),
        (135, 0, 240),
        (120, 45, 30),
        (60, 45, 165),
        (90, 60, 90),
        (150, 180, 90),
        (150, 135, 255),
        (150, 105, 60),
        (120, 15, 120),
        (0, 225, 150),
        (180, 15, 0),
        (135, 225, 75),
        (150, 90, 255),
        (60, 105, 75),
        (210, 15, 180),
    )
)
"""Twenty colours, the first six from Okabe and Ito, "Color Universal Design" (2008); each later one
is, of a grid of steps of 15 in every channel, the farthest from those before it in CIELAB, in
normal vision and with each dichromacy simulated (Machado et al. 2009, doi:10.1109/TVCG.2009.113).
Any two differ by 15 or more in each of the four."""


FAMILIAR = {
    4: ("water", "lake", "river", "sea", "ocean"),
    1: ("snow", "ice"),
    2: ("vegetation", "grass", "tree", "trees", "forest", "leaf", "leaves", "crop", "pv"),
    12: ("soil", "soils", "dirt", "clay", "loam"),
    9: ("asphalt", "road", "roads", "tar"),
}
"""Words in names, and the place of the colour in `PALETTE` that people expect of them."""


def distinct_colours(n_colours: int) -> list[Colour]:
    """Colours for things that are numbered; the k-th is the same whatever their number.

    Parameters
    ----------
    n_colours : int
        From 21 on they repeat.

    Examples
    --------
    >>> [colour.hex for colour in distinct_colours(2)]
    ['#e69f00', '#56b4e9']
    """
    return [PALETTE[k % len(PALETTE)] for k in range(n_colours)]


def colours_for(names: Sequence[str]) -> list[Colour]:
    """Colours for things that have names: blue for water, green for plants; else as they come.

    Parameters
    ----------
    names : sequence of str
        Of several that mean the same, the first gets its colour.

    Returns
    -------
    list of Colour
        All different for up to 20 names; `distinct_colours` if no name is known.

    Examples
    --------
    >>> [colour.hex for colour in colours_for(["kaolinite", "lake water"])]
    ['#e69f00', '#0072b2']
    """
    of_word = {word: place for place, words in FAMILIAR.items() for word in words}
    taken: dict[int, int] = {}  # by the number of the name
    for k, name in enumerate(names):
        known = [of_word[word] for word in re.findall("[a-z]+", name.lower()) if word in of_word]
        if known and known[-1] not in taken.values():
            taken[k] = known[-1]
    if len(names) > len(PALETTE):
        taken = {}
    free = (place for place in range(len(names) + len(taken)) if place not in taken.values())
    places = [taken[k] if k in taken else next(free) for k in range(len(names))]
    return [PALETTE[place % len(PALETTE)] for place in places]
