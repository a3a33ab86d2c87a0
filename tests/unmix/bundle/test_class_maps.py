"""A scene and the classes of a library, on the bands that both have."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from scenes import SpectralLibrary, open_scene
from unmix.bundle.class_maps import scene_and_bundles
from unmix.errors import UnmixError, UnmixWarning
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    path = tmp_path_factory.mktemp("class_maps") / "scene.hdr"
    write_simulated_scene(Simulation(height=4, width=5, materials=("sand", "water")), path)
    return open_scene(path)


def library(last_nm=2600.0):
    axis = np.arange(350.0, last_nm, 5.0)
    spectra = np.random.default_rng(0).random((2, axis.size))
    return SpectralLibrary(["a", "b"], spectra, axis, attributes={"kind": ["soil", "tree"]})


def test_the_scene_keeps_the_bands_that_the_library_covers(scene):
    with pytest.warns(UnmixWarning, match="the others are left out"):
        cut, bundles = scene_and_bundles(scene, library(1000.0), "kind")
    assert cut.n_bands == bundles.spectra.shape[1] < scene.n_bands
    assert cut.wavelengths_nm.max() < 1000
    assert np.array_equal(cut.wavelengths_nm, scene.wavelengths_nm[bundles.bands])
    whole, bundles = scene_and_bundles(scene, library(), "kind")
    assert whole.n_bands == bundles.spectra.shape[1] == scene.n_bands


def test_radiance_is_refused(scene):
    radiance = scene.with_bands(scene.bands_used)
    radiance.unit = "radiance in W/m2/sr/nm"
    with pytest.raises(UnmixError, match="holds radiance in W/m2/sr/nm, but a library holds"):
        scene_and_bundles(radiance, library(), "kind")


def test_a_scene_without_wavelengths_is_refused(scene, tmp_path):
    path = tmp_path / "plain.tif"
    place = {"crs": "EPSG:32611", "transform": Affine(30, 0, 0, 0, -30, 0)}
    with rasterio.open(path, "w", "GTiff", 3, 2, 4, dtype="float32", **place) as dataset:
        dataset.write(np.random.default_rng(0).random((4, 2, 3), np.float32))
    with pytest.raises(UnmixError, match="has no wavelengths, so a library cannot be brought"):
        scene_and_bundles(open_scene(path), library(), "kind")
