"""Colours that can be told apart, proved with a model of colour vision."""

from itertools import combinations

import numpy as np
import pytest

from scenes.export.colour import PALETTE, WHITE, Colour, colours_for, distinct_colours

# Linear RGB as dichromats see it: Machado, Oliveira & Fernandes 2009, table 1, severity 1.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]
D65 = [0.95047, 1, 1.08883]


def lab(colour, vision):
    share = np.asarray(colour) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    x, y, z = XYZ @ np.clip(np.asarray(VISION[vision]) @ linear, 0, 1) / D65
    f = [np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_palette_can_be_told_apart(vision):
    seen = [lab(colour, vision) for colour in PALETTE]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15


def test_palette_stands_out_from_white():
    for colour in PALETTE:
        assert np.linalg.norm(lab(colour, "normal") - lab(WHITE, "normal")) > 40


def test_lab_of_white_black_and_red_is_that_of_the_books():
    assert np.allclose(lab(WHITE, "normal"), [100, 0, 0], atol=0.02)
    assert np.allclose(lab((0, 0, 0), "normal"), 0, atol=0.01)
    assert np.allclose(lab((255, 0, 0), "normal"), [53.24, 80.09, 67.20], atol=0.05)


def test_distinct_colours_do_not_depend_on_how_many_there_are():
    assert distinct_colours(25)[:7] == distinct_colours(7)
    assert len(set(distinct_colours(20))) == 20
    assert distinct_colours(0) == []


def test_tint_goes_from_white_to_the_colour():
    colour = Colour(10, 200, 90)
    assert colour.tint(0) == WHITE
    assert colour.tint(1) == colour
    assert colour.hex == "#0ac85a"


@pytest.mark.parametrize("n", [0, 3, 20, 25])
def test_names_that_mean_nothing_get_the_colours_in_their_order(n):
    assert colours_for([f"endmember {k}" for k in range(n)]) == distinct_colours(n)


def test_familiar_names_get_familiar_colours_and_all_differ():
    names = ["kaolinite", "Green Vegetation", "sand", "dry soil", "water", "salt water", "asphalt"]
    found = dict(zip(names, colours_for(names), strict=True))
    assert found["water"] == PALETTE[4]
    assert found["Green Vegetation"] == PALETTE[2]
    assert len(set(found.values())) == len(names)
    many = [f"tree {k}" for k in range(19)] + ["water"]
    assert len(set(colours_for(many))) == 20
    assert colours_for([*many, "more"]) == distinct_colours(21)
