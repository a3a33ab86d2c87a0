"""The memory in which GDAL keeps tiles, which is one for the whole process."""

from collections.abc import Iterator
from contextlib import contextmanager

from rasterio.env import get_gdal_config, set_gdal_config

SMALL = 64 << 20
"""Bytes that are enough where every tile is read once."""


@contextmanager
def limited_cache(n_bytes: int = SMALL) -> Iterator[None]:
    """Limit GDAL's block cache, and give it back.

    Unless it is told, GDAL keeps tiles of up to 5 % of the machine's memory after they were read.

    Parameters
    ----------
    n_bytes : int
        It is never enlarged.
    """
    before = int(get_gdal_config("GDAL_CACHEMAX"))
    set_gdal_config("GDAL_CACHEMAX", min(n_bytes, before))
    try:
        yield
    finally:
        set_gdal_config("GDAL_CACHEMAX", before)
