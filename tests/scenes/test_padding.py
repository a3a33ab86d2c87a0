import numpy as np
import pytest

from scenes.padding import find_padding


def framed(ground, value):
    """The image turned on its grid: corners are outside."""
    rows, columns = np.indices(ground.shape[1:])
    outside = (rows + columns < 8) | (rows + columns > 44)
    return np.where(outside, np.float32(value / 10000), ground), ~outside


@pytest.mark.parametrize("value", [0, -9999, 12345])
@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
def test_padding_is_the_number_around_the_image(ground, open_ground, value, interleave):
    cube, inside = framed(ground, value)
    scene = open_ground(cube, interleave=interleave)
    assert find_padding(scene) == value
    masked = scene.with_source(scene.source.with_padding(value))
    assert np.array_equal(masked.valid_mask(), inside)


def test_padding_that_is_declared_is_nodata(ground, open_ground):
    cube, _ = framed(ground, -9999)
    assert find_padding(open_ground(cube, {"data ignore value": -9999})) is None


def test_an_image_to_its_edge_has_no_padding(ground, open_ground):
    scene = open_ground(ground)
    assert find_padding(scene) is None


def test_a_pond_of_zeros_inside_is_no_padding(ground, open_ground):
    cube = ground.copy()
    cube[:, 8:12, 9:14] = 0
    assert find_padding(open_ground(cube)) is None


def test_padding_in_some_bands_only_is_image(ground, open_ground):
    cube, _ = framed(ground, 0)
    cube[40] = ground[40] + 0.01
    scene = open_ground(cube)
    assert find_padding(scene) is None
    rest = np.delete(np.arange(105), 40)
    assert find_padding(scene, rest) == 0
    assert find_padding(scene, rest[:3]) is None
