import json
import math

import numpy as np
import pytest
import rasterio
from affine import Affine

from scenes import Grid
from unmix.errors import UnmixError
from unmix.report.contents import MOST_PIXELS, read_contents, thinned_shape


@pytest.mark.parametrize("n_maps", [3, 8, 40])
@pytest.mark.parametrize("shape", [(40, 56), (3000, 1000), (20_000, 30_000), (5, 90_000)])
def test_thinned_maps_keep_their_shape_and_stay_small(shape, n_maps):
    height, width = thinned_shape(Grid(None, Affine.identity(), *shape), n_maps)
    assert max(height, width) <= max(600, 1)
    assert n_maps * height * width <= 1.05 * MOST_PIXELS
    if min(height, width) > 1:
        assert height / width == pytest.approx(shape[0] / shape[1], rel=0.03)


def test_small_maps_are_read_as_they_are(bundle):
    contents = read_contents(bundle)
    with rasterio.open(bundle / "abundances.tif") as dataset:
        expected = dataset.read(masked=True).filled(np.nan)
    np.testing.assert_array_equal(contents.abundances, expected)
    assert np.isnan(contents.abundances).any()
    assert (
        contents.names == json.loads((bundle / "run.json").read_text())["model"]["endmember_names"]
    )
    assert math.isclose(contents.grid.transform.c, 500_000, rel_tol=1)


@pytest.mark.parametrize(
    ("lost", "message"),
    [("run.json", "not the result of a run"), ("quality.tif", "lacks quality.tif")],
)
def test_a_folder_without_a_file_is_refused(bundle, lost, message):
    (bundle / lost).unlink()
    with pytest.raises(UnmixError, match=message):
        read_contents(bundle)


@pytest.mark.parametrize(("text", "message"), [("{", "is no JSON"), ("[]", "does not describe")])
def test_a_damaged_record_is_refused(bundle, text, message):
    (bundle / "run.json").write_text(text)
    with pytest.raises(UnmixError, match=message):
        read_contents(bundle)


def test_maps_of_another_run_are_refused(bundle, renamed):
    with rasterio.open(bundle / "quality.tif") as dataset:
        profile, values = dataset.profile, dataset.read()
    (bundle / "abundances.tif").unlink()
    with rasterio.open(bundle / "abundances.tif", "w", **profile) as dataset:
        dataset.write(values)
    with pytest.raises(UnmixError, match="4 bands, but the model beside it 3 endmembers"):
        read_contents(bundle)
