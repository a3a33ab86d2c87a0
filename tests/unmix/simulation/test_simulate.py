"""The simulated scene: one truth, however it is cut into blocks."""

import ast
import dataclasses
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unmix.simulation
from unmix.errors import UnmixError
from unmix.simulation import SENSORS, Sensor, Simulation, Target, demo_simulation
from unmix.simulation.simulate import BAD_BAND_SIGMA

EVEN = Sensor.evenly_spaced(40)
FOUR = ("water", "sand", "green vegetation", "kaolinite")


def simulation(**changes) -> Simulation:
    settings = {"height": 60, "width": 70, "materials": FOUR, "sensor": EVEN, "seed": 3}
    return Simulation(**{**settings, **changes})


RICH = simulation(
    targets=(Target("blue tarp", 5.5), Target("asphalt", 0.3)),
    nodata_border=8,
    variability=0.1,
    purity=0.8,
)


def test_same_settings_give_the_same_scene_and_another_seed_another():
    first, again = simulation().block(), simulation().block()
    np.testing.assert_array_equal(first.cube, again.cube)
    np.testing.assert_array_equal(first.abundances, again.abundances)
    assert not np.array_equal(first.abundances, simulation(seed=4).block().abundances)


@settings(max_examples=20, deadline=None)
@given(row=st.integers(0, 59), height=st.integers(1, 60))
def test_a_block_is_bit_for_bit_part_of_the_whole(row, height):
    height = min(height, 60 - row)
    whole, part = RICH.block(), RICH.block(row, height)
    np.testing.assert_array_equal(part.cube, whole.cube[:, row : row + height])
    np.testing.assert_array_equal(part.abundances, whole.abundances[:, row : row + height])


@pytest.mark.parametrize("max_bytes", [1, 100_000, 10**9])
def test_blocks_of_any_size_make_up_the_scene(max_bytes):
    blocks = list(RICH.blocks(max_bytes=max_bytes))
    assert [b.row for b in blocks] == list(np.cumsum([0, *(b.cube.shape[1] for b in blocks[:-1])]))
    np.testing.assert_array_equal(
        np.concatenate([b.cube for b in blocks], axis=1), RICH.block().cube
    )


def test_blocks_at_emit_size_are_exact_too():
    scene = simulation(sensor="emit", width=301, height=9)
    whole = scene.block()
    for row in (0, 4, 8):
        np.testing.assert_array_equal(scene.block(row, 1).cube[:, 0], whole.cube[:, row])


def test_without_noise_a_pixel_is_its_lit_mixture():
    scene = simulation(snr_db=np.inf, terrain=0.0)
    block = scene.block()
    mixture = np.einsum("khw,kb->bhw", block.abundances, scene.endmembers)
    np.testing.assert_allclose(block.cube, mixture, rtol=1e-5, atol=1e-7)
    hilly = simulation(snr_db=np.inf, terrain=0.4).block()
    ratio = hilly.cube / mixture
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1], ratio.shape), rtol=1e-4)
    assert ratio[0].mean() == pytest.approx(1, abs=0.01)
    assert ratio[0].std() > 0.1


def test_each_material_has_its_own_smooth_brightness_when_asked():
    flat = simulation(snr_db=np.inf, terrain=0.0)
    varied = dataclasses.replace(flat, variability=0.1)
    abundances = flat.block().abundances
    rows, columns = np.arange(60), np.arange(70)
    factors = varied.landscape.brightness(rows, columns)
    mixture = np.einsum("khw,khw,kb->bhw", abundances, factors, flat.endmembers)
    np.testing.assert_allclose(varied.block().cube, mixture, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(varied.block().abundances, abundances)


@pytest.mark.parametrize("snr_db", [10.0, 30.0, 50.0])
@pytest.mark.parametrize("sensor", [EVEN, "enmap"])
def test_the_snr_asked_for_is_the_snr_found(snr_db, sensor):
    noisy = simulation(snr_db=snr_db, sensor=sensor, nodata_border=5)
    clean = dataclasses.replace(noisy, snr_db=np.inf)
    good = noisy.sensor_bands.good
    signal = clean.block().cube[good].astype(float)
    noise = noisy.block().cube[good] - signal
    found_db = 10 * np.log10(np.nanmean(signal**2) / np.nanmean(noise**2))
    assert found_db == pytest.approx(snr_db, abs=0.1)
    sigmas = np.nanstd(noise, axis=(1, 2))
    np.testing.assert_allclose(sigmas, noisy.noise_sigma, rtol=0.08)  # the same in each band


def test_the_noise_of_a_large_scene_is_known_from_a_sample():
    large = simulation(height=250, width=230, snr_db=30.0)
    clean = dataclasses.replace(large, snr_db=np.inf).block().cube.astype(float)
    expected = np.sqrt(np.mean(clean**2) / 1000)
    assert large.noise_sigma == pytest.approx(expected, rel=0.02)


def test_noise_is_white_across_rows_columns_and_bands():
    noise = simulation(snr_db=20.0).block().cube - simulation(snr_db=np.inf).block().cube
    noise /= noise.std()
    assert abs(noise.mean()) < 0.01
    for axis in range(3):
        a, b = np.delete(noise, 0, axis=axis), np.delete(noise, -1, axis=axis)
        assert abs(np.mean(a * b)) < 0.01


def test_bad_bands_hold_hardly_any_signal_and_heavy_noise():
    scene = simulation(sensor="emit")
    bad = ~SENSORS["emit"].good
    cube = scene.block().cube
    assert np.abs(cube[bad].mean(axis=(1, 2))).max() < 0.02
    assert cube[bad].std(axis=(1, 2)).mean() == pytest.approx(BAD_BAND_SIGMA, rel=0.05)
    assert cube[~bad].mean() > 0.1


def test_target_abundances_sum_to_their_areas_and_the_rest_gives_way():
    areas = (25, 9, 4, 1, 0.5, 0.1)
    scene = simulation(targets=tuple(Target("blue tarp", a) for a in areas), nodata_border=6)
    assert scene.names == (*FOUR, "blue tarp")
    assert scene.endmembers.shape == (5, 40)
    abundances = scene.block().abundances
    assert np.nansum(abundances[4], dtype=float) == pytest.approx(sum(areas), rel=1e-6)
    sums = abundances.sum(axis=0, dtype=float)
    np.testing.assert_allclose(sums[np.isfinite(sums)], 1, atol=2e-6)
    for target in scene.placed_targets:
        row, column = (int(x) for x in target.centre)
        reach = int(np.ceil(target.side_px / 2)) + 1
        around = abundances[4, max(row - reach, 0) : row + reach + 1]
        around = around[:, max(column - reach, 0) : column + reach + 1]
        assert np.nansum(around, dtype=float) >= target.area_px * (1 - 1e-6)


def test_a_target_of_a_landscape_material_adds_no_endmember():
    scene = simulation(targets=(Target("Sand", 4, 30, 30),))
    assert scene.names == FOUR
    np.testing.assert_array_equal(scene.block().abundances[1, 29:31, 29:31], 1)


def test_wedges_without_data_are_nan_in_cube_and_truth_alike():
    block = simulation(nodata_border=10).block()
    valid = np.isfinite(block.cube).all(axis=0)
    np.testing.assert_array_equal(valid, np.isfinite(block.cube).any(axis=0))
    np.testing.assert_array_equal(valid, np.isfinite(block.abundances).all(axis=0))
    assert not valid[0, 0]
    assert valid[0, -1]  # the swath leans to the right at the top
    assert valid[-1, 0]
    assert not valid[-1, -1]
    n_per_row = valid.sum(axis=1)
    assert n_per_row.min() >= 59
    assert n_per_row.max() <= 61


def test_slopes_facing_the_sun_are_bright_also_on_the_map_of_a_turned_image():
    for rotation_deg in (0.0, 90.0, -35.0):
        scene = simulation(
            materials=("sand", "dry soil"), snr_db=np.inf, rotation_deg=rotation_deg, terrain=0.2
        )
        rows, columns = np.arange(scene.height), np.arange(scene.width)
        down, across = scene.landscape._height.slopes(rows, columns)
        a, b, _, d, e, _ = scene.transform
        sun_on_map = np.array([np.sin(np.deg2rad(150)), np.cos(np.deg2rad(150))])  # east, north
        column_step, row_step = np.linalg.solve([[a, b], [d, e]], sun_on_map)
        rise_towards_sun = across * column_step + down * row_step
        light = scene.landscape.illumination(rows, columns)
        assert np.corrcoef(rise_towards_sun.ravel(), light.ravel())[0, 1] < -0.9


def test_transform_is_a_rotation_of_square_pixels():
    scene = simulation(rotation_deg=30.0, pixel_size=60.0, origin=(500_000.0, 4_000_000.0))
    np.testing.assert_allclose(
        scene.transform, (51.961524, 30.0, 500_000.0, 30.0, -51.961524, 4_000_000.0)
    )
    assert simulation(epsg=None).transform == (1, 0, 0, 0, 1, 0)


def test_a_simulation_survives_pickling():
    again = pickle.loads(pickle.dumps(simulation(seed=9)))
    np.testing.assert_array_equal(again.block(5, 2).cube, simulation(seed=9).block(5, 2).cube)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": 3}, "at least 4 x 4 pixels. Got 3 x 70"),
        ({"height": 60.0}, "`height` must be a whole number of pixels. Got 60.0"),
        ({"materials": ("water",)}, "2 or more different materials. Got water"),
        ({"materials": ("water", "Water")}, "2 or more different materials"),
        ({"materials": ("water", "jelly")}, "no material 'jelly'"),
        ({"sensor": "hyperion"}, "no sensor 'hyperion'"),
        ({"snr_db": np.nan}, "`snr_db` must lie between -20 and inf"),
        ({"terrain": -0.1}, "`terrain` must lie between 0 and 2"),
        ({"purity": 0.25}, "`purity` must be above 1 / 4"),
        ({"purity": 1.1}, "`purity` must lie between 0 and 1"),
        ({"mixing": 0}, "`mixing` must lie between 0.01 and 10"),
        ({"variability": 0.5}, "`variability` must lie between 0 and 0.3"),
        ({"seed": -1}, "`seed` must lie between 0 and"),
        ({"seed": 1.5}, "`seed` must be an integer"),
        ({"pixel_size": 0}, "`pixel_size` must lie between"),
        ({"cover": (0.5, 0.5)}, "`cover` must be 4 positive shares"),
        ({"cover": (0.5, 0.5, 0.5, 0.5)}, "sum to 2"),
        ({"patch_px": 0.5}, "`patch_px` must be 2 pixels or more"),
        ({"nodata_border": 35}, "less than half the width"),
        ({"targets": (Target("snow", 1, 100, 5),)}, "reaches out of the scene"),
    ],
)
def test_settings_out_of_range_are_refused(changes, message):
    with pytest.raises(UnmixError, match=message):
        simulation(**changes)


@pytest.mark.parametrize(("row", "height"), [(-1, 2), (59, 2), (0, 0), (70, None)])
def test_rows_outside_the_scene_are_refused(row, height):
    with pytest.raises(UnmixError, match="but the scene has rows 0 to 59"):
        simulation().block(row, height)


def test_the_demo_has_six_materials_of_very_different_brightness():
    scene = demo_simulation()
    good = scene.sensor_bands.good
    brightness = scene.endmembers[:, good].mean(axis=1)
    assert len(scene.names) == 6
    assert brightness.max() > 20 * brightness.min()
    abundances = scene.block().abundances
    assert (abundances == 1).any(axis=(1, 2)).all()
    assert 0.02 < np.isnan(abundances[0]).mean() < 0.2


def imported_by(path: Path) -> set[str]:
    """Return the top-level packages a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
    return found


def test_only_reading_and_writing_needs_more_than_numpy():
    folder = Path(unmix.simulation.__file__).parent
    allowed = {"numpy", "unmix", *sys.stdlib_module_names}
    heavy = {path.name for path in folder.glob("*.py") if imported_by(path) - allowed}
    assert heavy == {"contents.py", "drawn.py", "truth.py", "write.py"}
