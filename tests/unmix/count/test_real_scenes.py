"""Counts of real scenes whose materials vary, where statistical counts overshoot."""

import pytest

from scenes import open_scene
from unmix.count import count_endmembers


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::scenes.errors.SceneWarning")  # of Samson's header
@pytest.mark.parametrize(
    ("raster", "n"), [("samson/samson_1.img", 3), ("jasper_ridge/jasper_ridge.bil", 4)]
)
def test_count_is_what_is_known_to_be_there(shared_data, raster, n):
    counts = count_endmembers(open_scene(shared_data / "scenes" / raster).sample(20_000, 0))
    assert counts.recommended == n
    assert min(counts.hysime, *counts.hfc.values(), counts.likelihood) > n
