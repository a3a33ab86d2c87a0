"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real scenes, which are not ours to redistribute."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real scenes (../shared/data) are not on this machine")
    return SHARED_DATA
