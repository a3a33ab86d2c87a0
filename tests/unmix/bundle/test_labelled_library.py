"""Candidate endmembers from labelled places."""

import json

import numpy as np
import pytest

from scenes import open_scene
from unmix.bundle.labelled_library import library_of_labels


@pytest.fixture
def places(flight_lines, tmp_path):
    """Points in the middle of six pixels of two classes."""
    scene = open_scene(flight_lines[0])
    features = []
    for number, (row, column) in enumerate(((2, 3), (9, 9), (20, 12), (5, 25), (7, 7), (12, 2))):
        point = list(scene.grid.transform @ (column + 0.5, row + 0.5))
        geometry = {"type": "Point", "coordinates": point}
        name = ("a", "b")[number % 2]
        features.append({"type": "Feature", "geometry": geometry, "properties": {"k": name}})
    crs = {"type": "name", "properties": {"name": scene.grid.crs.to_string()}}
    path = tmp_path / "places.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return scene, path


def test_spectra_are_those_of_the_places(places):
    scene, path = places
    library = library_of_labels(scene, path)
    assert sorted(library.classes) == ["a"] * 3 + ["b"] * 3
    assert sorted(library.names) == ["a 1", "a 2", "a 3", "b 1", "b 2", "b 3"]
    cube = scene.read()
    rows, columns = (np.array(library.attributes[key], int) for key in ("row", "column"))
    assert np.array_equal(library.spectra, cube[:, rows, columns].T)
    assert np.array_equal(library.wavelengths_nm, scene.wavelengths_nm)


def test_at_most_so_many_of_each_class_are_taken(places):
    library = library_of_labels(*places, field="k", most_per_class=2)
    assert sorted(library.classes) == ["a"] * 2 + ["b"] * 2
