"""The lie of the land: simplex, purity, cover, light."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.errors import UnmixError
from unmix.simulation.landscape import Landscape, project_to_capped_simplex


def landscape(**changes) -> Landscape:
    settings = {
        "height": 90,
        "width": 110,
        "n_materials": 5,
        "seed": 1,
        "patch_px": 20.0,
        "mixing": 0.5,
        "purity": 1.0,
        "cover": (0.2,) * 5,
        "terrain": 0.3,
        "rotation_deg": 0.0,
        "variability": 0.0,
    }
    return Landscape(**{**settings, **changes})


def everywhere(land: Landscape) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(land.height), np.arange(land.width)


def slow_projection(point: np.ndarray, cap: float) -> np.ndarray:
    """Bisection on the threshold of clip(point - threshold, 0, cap)."""
    low, high = point.min() - 2, point.max()
    for _ in range(100):
        middle = (low + high) / 2
        total = np.clip(point - middle, 0, cap).sum()
        low, high = (middle, high) if total > 1 else (low, middle)
    return np.clip(point - low, 0, cap)


@settings(max_examples=150, deadline=None)
@given(
    scores=st.lists(st.floats(-8, 8, width=32), min_size=2, max_size=9),
    share=st.floats(0.02, 1.0),
)
def test_capped_projection_agrees_with_bisection(scores, share):
    cap = 1 / len(scores) + share * (1 - 1 / len(scores))
    column = np.array(scores, dtype=np.float32)[:, None]
    found = project_to_capped_simplex(column, cap)[:, 0]
    assert found.min() >= 0
    assert found.max() <= cap + 1e-6
    assert found.sum(dtype=np.float64) == pytest.approx(1, abs=2e-6)
    expected = slow_projection(column[:, 0].astype(float), cap)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_projection_of_many_columns_is_that_of_each_one():
    scores = np.random.default_rng(0).normal(0, 2, (7, 500)).astype(np.float32)
    for cap in (1.0, 0.7, 0.3):
        whole = project_to_capped_simplex(scores, cap)
        for i in (0, 17, 499):
            np.testing.assert_array_equal(
                project_to_capped_simplex(scores[:, i : i + 1], cap), whole[:, i : i + 1]
            )


@pytest.mark.parametrize("n_materials", [2, 5, 12])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_abundances_lie_on_the_simplex_and_every_material_is_pure_somewhere(n_materials, seed):
    land = landscape(
        n_materials=n_materials, seed=seed, cover=(1 / n_materials,) * n_materials, patch_px=12.0
    )
    abundances = land.abundances(*everywhere(land))
    assert abundances.dtype == np.float32
    assert abundances.min() >= 0
    np.testing.assert_allclose(abundances.sum(axis=0, dtype=np.float64), 1, atol=1e-6)
    assert (abundances == 1).any(axis=(1, 2)).all()
    n_present = (abundances > 0).sum(axis=0)
    assert 0.1 < (n_present == 1).mean() < 0.9  # pure pixels, and mixed ones


@pytest.mark.parametrize("purity", [0.45, 0.7, 0.9])
def test_purity_is_the_largest_abundance_and_pixels_stay_on_faces(purity):
    land = landscape(purity=purity)
    abundances = land.abundances(*everywhere(land))
    assert abundances.max() == pytest.approx(purity, abs=1e-6)
    np.testing.assert_allclose(abundances.sum(axis=0, dtype=np.float64), 1, atol=1e-6)
    assert (abundances.max(axis=(1, 2)) > purity - 1e-6).all()  # every material reaches it
    assert (abundances == 0).any(axis=0).mean() > 0.9


def test_cover_is_the_share_in_which_a_material_leads():
    cover = (0.5, 0.25, 0.15, 0.07, 0.03)
    land = landscape(cover=cover, height=96, width=96, patch_px=12.0)
    leaders = land.abundances(*everywhere(land)).argmax(axis=0)
    found = np.bincount(leaders.ravel(), minlength=5) / leaders.size
    np.testing.assert_allclose(found, cover, atol=0.02)


def test_more_mixing_leaves_fewer_pure_pixels():
    pure = []
    for mixing in (0.1, 0.5, 1.0):
        land = landscape(mixing=mixing)
        pure.append((land.abundances(*everywhere(land)) == 1).any(axis=0).mean())
    assert pure[0] > 0.8
    assert pure[0] > pure[1] > pure[2] > 0


def test_however_mixed_every_material_is_pure_somewhere():
    land = landscape(mixing=10.0)
    assert (land.abundances(*everywhere(land)) == 1).any(axis=(1, 2)).all()


def test_neighbours_resemble_each_other():
    land = landscape()
    abundances = land.abundances(*everywhere(land))
    shuffled = np.random.default_rng(0).permutation(abundances.reshape(5, -1).T).T
    near = np.abs(np.diff(abundances, axis=2)).mean()
    far = np.abs(np.diff(shuffled, axis=1)).mean()
    assert near < 0.25 * far


def test_light_has_mean_1_and_grows_rougher_with_the_terrain():
    spreads = []
    for terrain in (0.0, 0.1, 0.3, 0.6):
        land = landscape(terrain=terrain)
        light = land.illumination(*everywhere(land))
        assert light.mean() == pytest.approx(1, abs=0.01)
        assert light.min() > 0
        spreads.append(light.std())
    assert spreads[0] == 0
    assert spreads == sorted(spreads)
    assert 0.1 < spreads[2] < 0.4


def test_brightness_factors_have_the_spread_asked_for():
    land = landscape(variability=0.1, height=300, width=300)
    factors = land.brightness(*everywhere(land))
    assert factors.shape == (5, 300, 300)
    assert factors.mean() == pytest.approx(1, abs=0.03)
    assert factors.std() == pytest.approx(0.1, rel=0.2)
    flat = landscape()
    assert (flat.brightness(*everywhere(flat)) == 1).all()


def test_more_materials_than_room_is_refused():
    land = landscape(n_materials=20, cover=(0.05,) * 20, height=4, width=4, patch_px=50.0)
    with pytest.raises(UnmixError, match="20 materials in patches of 50 px do not all find"):
        land.abundances(*everywhere(land))
