"""Lets tests import the scripts, which are run rather than installed."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))


@pytest.fixture(scope="module")
def truth():
    """A noise-free mixture of 4 materials under varying light, with pure pixels."""
    from accuracy.known_scenes import KnownScene

    rng = np.random.default_rng(3)
    endmembers = rng.uniform(0.05, 0.9, (4, 12))
    abundances = rng.dirichlet(np.full(4, 0.5), 300)
    abundances[:40] = np.repeat(np.eye(4), 10, axis=0)
    light = rng.uniform(0.7, 1.3, (300, 1))
    return KnownScene(
        torch.from_numpy(light * (abundances @ endmembers)).float(),
        torch.from_numpy(endmembers),
        torch.from_numpy(abundances),
    )
