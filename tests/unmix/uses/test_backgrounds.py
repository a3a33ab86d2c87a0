import numpy as np
import pytest
import torch

from unmix.uses.backgrounds import Background, Group, learn_background
from unmix.uses.tails import gaussian_surprise

N_PATTERNS = 8
ONE = torch.eye(N_PATTERNS, dtype=torch.float64)


def gaussian(n, scale, centre, seed):
    noise = np.random.default_rng(seed).standard_normal((n, N_PATTERNS))
    return torch.from_numpy(centre + scale * noise)


@pytest.fixture(scope="module")
def calm_and_rough():
    """A group of small scatter around 0, one of large scatter around 50, and their background."""
    calm, rough = gaussian(3000, 1.0, 0.0, 0), gaussian(2000, 6.0, 50.0, 1)
    rows = torch.cat([calm, rough])
    return calm, rough, learn_background(rows, ONE, rows[:, :2])


def surprise(background, rows):
    return gaussian_surprise(background.squared_distance(rows).numpy(), N_PATTERNS)


def test_what_is_odd_in_a_calm_group_is_usual_in_a_rough_one(calm_and_rough):
    calm, rough, background = calm_and_rough
    step = 4 * torch.tensor([[1.0, -1.0]], dtype=torch.float64).repeat(1, N_PATTERNS // 2)
    usual = np.quantile(surprise(background, torch.cat([calm, rough])), 0.999)
    assert surprise(background, calm.mean(dim=0) + step)[0] > usual
    assert surprise(background, rough.mean(dim=0) + step)[0] < usual


def test_between_two_groups_is_less_odd_than_beside_them(calm_and_rough):
    calm, _, background = calm_and_rough
    towards = torch.ones(1, N_PATTERNS, dtype=torch.float64)
    aside = towards.clone()
    aside[:, ::2] *= -1
    centre = calm.mean(dim=0)
    beside, between = (surprise(background, centre + 4 * step)[0] for step in (aside, towards))
    assert between < beside - 10


def test_distance_is_that_of_the_nearest_group_and_the_rarest_of_its_parts(calm_and_rough):
    calm, rough, background = calm_and_rough
    rows = torch.cat([calm[:20], rough[:20], 3 * calm[:20]])
    slow = []
    for row in rows:
        of_groups = []
        for group in background.groups:
            inverse = torch.linalg.inv(group.white).T  # its square is the scatter
            scatter = inverse @ inverse.T
            apart = row - group.mean
            parts = [
                gaussian_surprise(
                    float(apart[:n] @ torch.linalg.solve(scatter[:n, :n], apart[:n])), n
                )
                for n in (2, 4, 8)
            ]
            of_groups.append(max(parts))
        slow.append(min(of_groups))
    assert np.allclose(surprise(background, rows), slow, rtol=1e-6, atol=1e-9)


def test_a_broad_feature_is_odder_than_its_distance_in_all_patterns():
    group = Group(1000.0, torch.zeros(N_PATTERNS, dtype=torch.float64), ONE)
    broad, narrow = torch.zeros(2, 1, N_PATTERNS, dtype=torch.float64)
    broad[0, 0], narrow[0, -1] = 5.0, 5.0
    background = Background(ONE, (group,))
    assert background.squared_distance(broad) > background.squared_distance(narrow)
    assert background.squared_distance(narrow) == pytest.approx(25.0)


def test_outliers_do_not_widen_the_scatter(calm_and_rough):
    calm = calm_and_rough[0]
    outliers = gaussian(6, 1.0, 100.0, 2)
    rows = torch.cat([calm, outliers])
    codes = torch.zeros(len(rows), 1)
    with_them = learn_background(rows, ONE, codes)
    without = learn_background(calm, ONE, codes[: len(calm)])
    ratio = with_them.squared_distance(calm) / without.squared_distance(calm)
    assert 0.9 < float(ratio.median()) < 1.1
    assert (with_them.squared_distance(outliers) > 100).all()


def test_pixels_learned_from_are_as_far_as_fresh_ones():
    codes = torch.zeros(200, 1)
    seen, fresh = gaussian(200, 1.0, 0.0, 3), gaussian(20_000, 1.0, 0.0, 4)
    background = learn_background(seen, ONE, codes)
    mean_of_fresh = float(background.squared_distance(fresh).mean())
    mean_of_seen = float(background.squared_distance(seen, learned_from=True).mean())
    assert mean_of_seen == pytest.approx(mean_of_fresh, rel=0.1)
    assert background.squared_distance(seen).mean() < mean_of_seen


def test_groups_that_are_too_small_are_dissolved(calm_and_rough):
    rows = torch.cat([calm_and_rough[0], gaussian(20, 1.0, 50.0, 5)])
    background = learn_background(rows, ONE, (rows[:, :1] > 25).double())
    assert len(background.groups) == 1
