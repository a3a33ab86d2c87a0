import numpy as np
import pytest
import rasterio

from unmix.report import residuals
from unmix.report.residuals import N_WORST, summarize_residuals

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture
def quality(tmp_path):
    def write(values):
        path = tmp_path / "quality.tif"
        height, width = values.shape
        with rasterio.open(
            path, "w", driver="GTiff", height=height, width=width, count=1, dtype="float32",
            nodata=-9999,
        ) as dataset:  # fmt: skip
            dataset.write(np.nan_to_num(values, nan=-9999).astype("float32"), 1)
        return path

    return write


def test_histogram_counts_every_valid_pixel_once(quality, monkeypatch):
    monkeypatch.setattr(residuals, "ROWS_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    values = rng.gamma(2.0, 0.01, (50, 40))
    values[:5] = np.nan
    found = summarize_residuals(quality(values))
    assert found.counts.sum() + found.n_beyond == np.isfinite(values).sum()
    assert found.n_beyond == pytest.approx(0.002 * 45 * 40, abs=3)
    assert found.median == pytest.approx(np.nanmedian(values))


def test_worst_places_lie_apart_and_begin_with_the_largest(quality, monkeypatch):
    monkeypatch.setattr(residuals, "ROWS_AT_ONCE", 16)
    values = np.full((100, 80), 0.01)
    values[20:23, 30:33] = 0.5
    values[21, 31] = 0.6
    values[90, 5] = 0.3
    values[0, 0] = np.nan
    found = summarize_residuals(quality(values)).worst
    assert (found[0].row, found[0].column) == (21, 31)
    assert found[0].residual == pytest.approx(0.6)
    assert (90, 5) in {(pixel.row, pixel.column) for pixel in found}
    for k, one in enumerate(found):
        for other in found[:k]:
            assert max(abs(one.row - other.row), abs(one.column - other.column)) >= 3


def test_a_map_without_data_has_no_worst_place(quality):
    found = summarize_residuals(quality(np.full((4, 4), np.nan)))
    assert found.worst == []
    assert found.counts.sum() == 0


def test_even_residuals_have_places_all_the_same(quality):
    assert len(summarize_residuals(quality(np.full((60, 60), 0.01))).worst) == N_WORST
