import numpy as np

from scenes.look import look_at


def test_look_at_a_small_scene_sees_all_of_it(ground, open_ground):
    scene = open_ground(ground)
    look = look_at(scene)
    expected = {tuple(row) for row in np.round(ground.reshape(105, -1).T * 10000).tolist()}
    assert {tuple(row) for row in look.raw.tolist()} == expected
    assert look.n_pixels == 720
    assert look.present.all()
    assert np.allclose(look.spectra, look.raw / 10000)


def test_look_at_takes_no_more_than_it_was_asked_for_and_the_same_again(ground, open_ground):
    scene = open_ground(ground)
    first, again = look_at(scene, 100), look_at(scene, 100)
    assert first.n_pixels == 100
    assert np.array_equal(first.raw, again.raw)


def test_look_at_sees_pixels_of_which_any_band_has_a_number(ground, open_ground):
    cube = ground.copy()
    cube[3] = -0.9999
    cube[:, :6] = -0.9999
    look = look_at(open_ground(cube, {"data ignore value": -9999}))
    assert look.n_pixels == 18 * 30
    assert not look.present[:, 3].any()
    assert look.present[:, :3].all() and look.present[:, 4:].all()


def test_look_at_respects_mask_and_padding(ground, open_ground):
    class Left:
        def read_mask(self, row, column, height, width):
            return np.tile(np.arange(column, column + width) < 10, height)

    cube = ground.copy()
    cube[:, :2] = 0
    scene = open_ground(cube)
    source = scene.source.with_padding(0).with_mask(Left())
    assert look_at(scene.with_source(source)).n_pixels == 22 * 10


def test_look_at_an_empty_scene_sees_nothing(ground, open_ground):
    scene = open_ground(np.full_like(ground, -0.9999), {"data ignore value": -9999})
    assert look_at(scene).n_pixels == 0
