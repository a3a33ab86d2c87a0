import math

import matplotlib.image
import numpy as np
import pytest
import rasterio
import torch

from unmix.report.preview import columns_of, draw_preview, endmember_colours
from unmix.report.quicklook import Quicklook


def test_colours_differ():
    for n in (2, 10, 20):
        assert len(set(endmember_colours([f"endmember {k}" for k in range(n)]))) == n


def test_columns_leave_at_most_one_row_unfilled_and_few_places_empty():
    for n_panels in range(4, 40):
        n_columns = columns_of(n_panels)
        assert 3 <= n_columns <= 5
        assert math.ceil(n_panels / n_columns) * n_columns - n_panels <= 2
    assert [columns_of(n_panels) for n_panels in (6, 8)] == [3, 4]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("names", [[r"a $\frac$ b", "$", "_hidden"], ["水", "\u0627 $x", "é"]])
def test_preview_shows_names_as_they_stand(tmp_path, known_model, names):
    look = Quicklook(bands=(2, 1, 0), step=1, picture=np.ones((30, 20, 3), dtype="float32"))
    model = known_model(torch.from_numpy(np.random.default_rng(0).random((3, 9), dtype="f4")))
    model.endmember_names_ = names
    for name in ("abundances", "uncertainty"):
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", driver="GTiff", height=30, width=20, count=3,
            dtype="float32", nodata=-9999,
        ) as dataset:  # fmt: skip
            dataset.write(np.full((3, 30, 20), 0.3, dtype="float32"))
    draw_preview(tmp_path / "preview.png", tmp_path, model, look)
    assert (tmp_path / "preview.png").stat().st_size > 10_000


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("n", [2, 3, 4, 6, 20])
def test_preview_shows_maps_and_their_uncertainty(tmp_path, known_model, n):
    """Warnings are errors here, so that a layout that does not fit fails."""
    rng = np.random.default_rng(0)
    maps = rng.dirichlet([1.0] * n, size=(30, 20)).transpose(2, 0, 1).astype("float32")
    maps[:, :4] = -9999
    look = Quicklook(bands=(2, 1, 0), step=1, picture=rng.random((30, 20, 3)).astype("float32"))
    model = known_model(torch.from_numpy(rng.random((n, 9)).astype("float32")))

    def drawn(deviation):
        for name, values in (("abundances", maps), ("uncertainty", deviation * maps)):
            with rasterio.open(
                tmp_path / f"{name}.tif", "w", driver="GTiff", height=30, width=20, count=n,
                dtype="float32", nodata=-9999,
            ) as dataset:  # fmt: skip
                dataset.write(np.where(maps == -9999, maps, values))
        draw_preview(tmp_path / "preview.png", tmp_path, model, look)
        return matplotlib.image.imread(tmp_path / "preview.png")

    even = drawn(np.full((1, 30, 1), 0.1, dtype="float32"))
    uneven = drawn(np.linspace(0.01, 0.1, 30, dtype="float32").reshape(1, 30, 1))
    assert not np.array_equal(even, uneven)
