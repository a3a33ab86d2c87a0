"""Anomalies of a scene in the geometry of its sensor lie on its map."""

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize

from scenes import Bands, Grid, Lookup, Scene
from scenes.array_pixels import ArrayPixels
from scenes.vector_features import read_features
from unmix import Unmixer
from unmix.bundle.anomaly_maps import write_anomalies
from unmix.uses.anomalies import AnomalyDetector

HEIGHT, WIDTH, N_BANDS = 40, 50, 40
ODD = ((10, 5), (30, 41))


def mirrored_scene():
    """Two materials and two foreign pixels; the map shows the scene in a mirror."""
    rng = np.random.default_rng(0)
    axis = np.linspace(0, 1, N_BANDS)
    materials = np.stack([0.3 + 0.2 * axis, 0.5 - 0.4 * axis**2, 0.2 + 0.3 * np.sin(5 * axis) ** 2])
    fractions = np.zeros((HEIGHT, WIDTH, 3))
    fractions[..., :2] = rng.dirichlet([0.4, 0.4], (HEIGHT, WIDTH))
    for place in ODD:
        fractions[place] = 0, 0.3, 0.7
    cube = fractions @ materials + 0.003 * rng.standard_normal((HEIGHT, WIDTH, N_BANDS))
    rows, columns = np.indices((HEIGHT, WIDTH))
    table = np.stack([WIDTH - columns, rows + 1]).astype(np.int32)
    on_map = Grid(CRS.from_epsg(32633), Affine(20, 0, 4e5, 0, -20, 5e6), HEIGHT, WIDTH)
    return Scene(
        reader=ArrayPixels(np.moveaxis(cube, 2, 0).astype(np.float32)),
        grid=Grid(None, Affine.identity(), HEIGHT, WIDTH),
        bands=Bands(400 + 40 * np.arange(N_BANDS, dtype=float), None, np.ones(N_BANDS, np.bool_)),
        name="mirrored",
        lookup=Lookup(ArrayPixels(table), on_map, (HEIGHT, WIDTH)),
    )


def test_polygons_lie_on_the_map_of_the_lookup_table(tmp_path, quick):
    scene = mirrored_scene()
    model = Unmixer(2, settings=quick, n_refits=0).fit(scene)
    detector = AnomalyDetector(model, false_alarm=1e-5).fit(scene)
    said = write_anomalies(scene, tmp_path, detector, record={"input": "mirrored"})
    with rasterio.open(tmp_path / "anomalies.tif") as dataset:
        assert (dataset.crs, dataset.transform) == (scene.lookup.grid.crs,
                                                    scene.lookup.grid.transform)  # fmt: skip
        marked, transform = dataset.read(1), dataset.transform
    assert all(marked[row, WIDTH - 1 - column] == 1 for row, column in ODD)
    file = read_features(tmp_path / said["polygons"])
    assert file.crs == scene.lookup.grid.crs
    shapes = [each.geometry for each in file.features]
    assert np.array_equal(
        rasterize(shapes, out_shape=marked.shape, transform=transform) == 1, marked == 1
    )
    assert min(file.values("area_m2")) == 400
