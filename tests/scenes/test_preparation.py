import json
import warnings

import numpy as np
import pytest
from rasterio.warp import transform

from scenes.errors import SceneError, SceneWarning
from scenes.preparation import Preparation, bands_text


def prepared(scene, **wanted):
    """The prepared scene, and what was said."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = Preparation(**wanted).apply(scene)
    assert all(issubclass(w.category, SceneWarning) for w in caught)
    return result, [str(w.message) for w in caught]


def test_a_clean_scene_is_prepared_in_silence_and_stays_the_same(ground, open_ground):
    scene = open_ground(ground)
    result, said = prepared(scene)
    assert said == []
    assert np.array_equal(result.read(), scene.read())
    assert np.array_equal(result.bands_used, scene.bands_used)


def test_what_spoils_a_scene_is_left_out_and_said(ground, air_nm, open_ground):
    wet = (air_nm >= 1790) & (air_nm <= 1960)
    cube = ground.copy()
    cube[wet] = np.random.default_rng(0).normal(0.05, 0.03, (wet.sum(), 24, 30))
    cube[11] = 0.4
    cube[:, :, :5] = 0
    cube[7] = -0.9999
    result, said = prepared(open_ground(cube, {"data ignore value": -9999}))
    expected = ~wet
    expected[[7, 11]] = False
    assert np.array_equal(result.bands_used, np.flatnonzero(expected))
    assert np.array_equal(result.bands.good, expected)
    assert result.valid_mask()[:, 5:].all() and not result.valid_mask()[:, :5].any()
    assert len(said) == 4
    assert "pixels at the edge hold 0 in all bands" in said[0]
    assert "1 band (8; 540 nm) left out: no number" in said[1]
    assert "1 band (12; 620 nm) left out: the same number" in said[2]
    assert "9 bands (71-79; 1800-1960 nm) left out: nothing but noise" in said[3]


def test_bad_bands_and_padding_can_be_kept(ground, open_ground):
    cube = ground.copy()
    cube[11] = 0.4
    cube[:, :, :5] = 0
    scene = open_ground(cube)
    result, said = prepared(scene, keep_bad_bands=True, keep_padding=True)
    assert said == []
    assert np.array_equal(result.read(), scene.read())


def test_an_empty_band_is_left_out_whatever_is_kept(ground, open_ground):
    cube = ground.copy()
    cube[7] = -0.9999
    result, said = prepared(open_ground(cube, {"data ignore value": -9999}), keep_bad_bands=True)
    assert len(said) == 1 and "keep_bad_bands" not in said[0]
    assert result.valid_mask().all()


def test_bands_are_chosen_by_wavelength_and_by_number(ground, air_nm, open_ground):
    scene = open_ground(ground)
    result, _ = prepared(scene, bands=("400:1000", "1500:2450"), drop=("1600:1700,1-2", "5"))
    expected = (air_nm <= 1000) | ((air_nm >= 1500) & (air_nm <= 2450))
    expected &= ~((air_nm >= 1600) & (air_nm <= 1700))
    expected[[0, 1, 4]] = False
    assert np.array_equal(result.bands_used, np.flatnonzero(expected))
    with pytest.raises(SceneError, match="of 105 bands in use none is good"):
        Preparation(bands=("390:395",)).apply(scene)


def test_dropping_by_hand_does_not_stop_the_search_for_water_vapour(ground, air_nm, open_ground):
    wet = (air_nm >= 1340) & (air_nm <= 1450)
    cube = ground.copy()
    cube[wet] = np.random.default_rng(0).normal(0.05, 0.03, (wet.sum(), 24, 30))
    result, said = prepared(open_ground(cube), drop=("1",))
    assert not np.isin(np.flatnonzero(wet), result.bands_used).any()
    assert len(said) == 1


def test_noisy_bands_and_overlap_are_left_out_when_asked_for(ground, air_nm, open_ground):
    cube = ground.copy()
    cube[50] += np.random.default_rng(0).normal(0, 0.3, (24, 30))
    result, said = prepared(open_ground(cube), drop_noisy=True)
    assert said == [] and 50 not in result.bands_used
    stepped = np.concatenate([air_nm[:50], air_nm[45:100]])
    fields = {"wavelength": "{" + ", ".join(f"{value:g}" for value in stepped) + "}"}
    result, said = prepared(open_ground(ground, fields), drop_overlap=True)
    assert said == [] and (np.diff(result.wavelengths_nm) > 0).all()


def test_masks_window_and_bounds_cut_the_same_part(tmp_path, ground, open_ground):
    scene = open_ground(ground)
    left, bottom, right, top = 500060, 4099700, 500300, 4099880
    ring = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
    shape = {"type": "Polygon", "coordinates": [ring]}
    crs = {"properties": {"name": "EPSG:32611"}}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({**shape, "crs": crs}))
    part, _ = prepared(scene, window=(2, 4, 8, 6))
    placed, _ = prepared(scene, bounds=(left, bottom, right, top))
    x, y = transform("EPSG:32611", "EPSG:4326", [left + 1, right - 1], [bottom + 1, top - 1])
    degrees, _ = prepared(scene, bounds=(x[0], y[0], x[1], y[1]), bounds_lonlat=True)
    for cut in (part, placed, degrees):
        assert np.array_equal(cut.read(), scene.read()[:, 4:10, 2:10])
        assert cut.grid == part.grid
    masked, _ = prepared(scene, masks=(path,))
    excluded, _ = prepared(scene, exclude=(path,))
    inside = np.zeros((24, 30), bool)
    inside[4:10, 2:10] = True
    assert np.array_equal(masked.valid_mask(), inside)
    assert np.array_equal(excluded.valid_mask(), ~inside)
    both, _ = prepared(scene, masks=(path,), window=(0, 0, 5, 24))
    assert np.array_equal(both.valid_mask(), inside[:, :5])
    with pytest.raises(SceneError, match="Give one"):
        Preparation(window=(0, 0, 2, 2), bounds=(left, bottom, right, top)).apply(scene)


def test_saturated_pixels_are_left_out_when_asked_for(ground, open_ground):
    cube = ground.copy()
    cube[3, 2, 5] = 3.2767
    scene = open_ground(cube)
    assert prepared(scene)[0].valid_mask().all()
    left = ~prepared(scene, drop_saturated=True)[0].valid_mask()
    assert np.argwhere(left).tolist() == [[2, 5]]


def test_pixels_alone_can_be_prepared(ground, open_ground):
    """For a model that knows its bands."""
    cube = ground.copy()
    cube[11] = 0.4
    cube[:, :, :5] = 0
    scene = open_ground(cube)
    with pytest.warns(SceneWarning, match="pixels at the edge"):
        result = Preparation().apply_to_pixels(scene)
    assert np.array_equal(result.bands_used, scene.bands_used)
    assert result.valid_mask().sum() == 24 * 25


def test_a_scene_without_a_usable_band_is_refused(ground, open_ground):
    cube = ground.copy()
    cube[7] = -0.9999
    scene = open_ground(cube, {"data ignore value": -9999})
    with (
        pytest.warns(SceneWarning, match="no number"),
        pytest.raises(SceneError, match="no band left"),
    ):
        Preparation(bands=("8",)).apply(scene)


def test_a_scene_of_one_band_is_refused(ground, open_ground):
    with pytest.raises(SceneError, match="has 1 band left"):
        Preparation(bands=("8",)).apply(open_ground(ground))


def test_a_blank_scene_is_left_as_it_is(ground, open_ground):
    """All its bands are constant, so that none is worse than the others."""
    scene = open_ground(np.full_like(ground, 0.5))
    result, said = prepared(scene)
    assert said == [] and result.n_bands == 105


def test_bands_are_named_by_number_and_wavelength(ground, open_ground):
    scene = open_ground(ground)
    assert bands_text(scene, np.array([0, 1, 2, 9])) == "4 bands (1-3, 10; 400-580 nm)"
    assert bands_text(scene, np.arange(0, 20, 2)) == "10 bands (1, 3, 5, 7, 9, ...; 400-760 nm)"


def test_what_was_done_is_on_record(ground, open_ground):
    cube = ground.copy()
    cube[11] = 0.4
    cube[:, :, :5] = 0
    scene = open_ground(cube)
    result, _ = prepared(scene, drop=("1-2",), window=(0, 0, 20, 24))
    assert scene.preparation == {}
    assert result.preparation == {
        "drop": ["1-2"],
        "window": [0, 0, 20, 24],
        "padding": 0.0,
        "bad_bands": {"constant": [12]},
    }
    assert json.loads(json.dumps(result.preparation)) == result.preparation
    clean = open_ground(ground)
    assert prepared(clean)[0].preparation == {}
    assert prepared(clean, keep_padding=True)[0].preparation == {"keep_padding": True}
    assert clean.preparation == {}
