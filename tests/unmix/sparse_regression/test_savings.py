"""What members are worth to a pixel."""

import math

import torch

from unmix.products import products
from unmix.sparse_regression import solve_active_set
from unmix.sparse_regression.savings import saved_by_each


def test_what_a_member_saves_is_lost_without_it(planted):
    found = products(planted.spectra[:5], planted.library[planted.members])
    codes = solve_active_set(found.gram, found.cross, math.inf)
    saved = saved_by_each(found.gram, codes)
    for pixel in range(5):
        support = (codes[pixel] > 0).nonzero()[:, 0].tolist()
        for member in support:
            others = planted.library[[planted.members[k] for k in support if k != member]]
            own = planted.library[[planted.members[k] for k in support]]
            target = planted.spectra[pixel][:, None]
            left, before = (
                float((target - e.T @ torch.linalg.lstsq(e.T, target).solution).square().sum())
                for e in (others, own)
            )
            assert math.isclose(float(saved[pixel, member]), left - before, rel_tol=1e-5)
    assert saved[codes == 0].isinf().all()
