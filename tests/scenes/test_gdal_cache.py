"""GDAL's cache is limited, and given back."""

import pytest
import rasterio
from rasterio.env import get_gdal_config

from scenes.gdal_cache import SMALL, limited_cache


def size() -> int:
    return int(get_gdal_config("GDAL_CACHEMAX"))


@pytest.fixture(params=[False, True], ids=["bare", "in an Env"])
def before(request):
    """Size of the cache, in an environment of rasterio or without one."""
    if not request.param:
        yield size()
        return
    with rasterio.Env():
        yield size()


def test_the_cache_is_small_inside_and_as_before_afterwards(before):
    with limited_cache():
        assert size() == SMALL
        with limited_cache(2 * SMALL):
            assert size() == SMALL
        with limited_cache(SMALL // 2):
            assert size() == SMALL // 2
    assert size() == before


def test_the_cache_is_given_back_after_an_error(before):
    with pytest.raises(RuntimeError), limited_cache():
        raise RuntimeError
    assert size() == before
