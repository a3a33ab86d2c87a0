"""Libraries that are map layers: GeoJSON and GeoPackage."""

import json
import sqlite3

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from scenes import SceneError, SceneFileError, SceneWarning, SpectralLibrary

PROFILE = {"y": [0.1, None, 0.3], "x": [0.45, 0.55, 2.2], "xUnit": "μm", "bbl": [1, 1, 1]}
EXPECTED = SpectralLibrary(
    ("sand",), np.array([[0.1, np.nan, 0.3]]), [450.0, 550.0, 2200.0], None, {"site": ("A",)}
)


def close(found, expected):
    return (
        found.names == expected.names
        and found.attributes == expected.attributes
        and np.allclose(found.spectra, expected.spectra, rtol=1e-15, equal_nan=True)
        and np.allclose(found.wavelengths_nm, expected.wavelengths_nm, rtol=1e-12)
    )


def write_geojson(path, *profiles, **more):
    features = [
        {"type": "Feature", "geometry": None, "properties": {"name": "sand", "site": "A", **p}}
        for p in profiles
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}))
    return path


def write_gpkg(path, *values):
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)")
    database.execute("INSERT INTO gpkg_contents VALUES ('my \"lib\"', 'features')")
    database.execute('CREATE TABLE "my ""lib""" (fid INT, geom BLOB, name, site, profiles)')
    for value in values:
        database.execute(
            'INSERT INTO "my ""lib""" VALUES (1, ?, ?, ?, ?)', (b"GP\0", "sand", "A", value)
        )
    database.commit()
    database.close()
    return path


@pytest.mark.parametrize("value", [PROFILE, json.dumps(PROFILE)])
def test_profiles_of_geojson_are_read(tmp_path, value):
    found = SpectralLibrary.read(write_geojson(tmp_path / "a.geojson", {"profiles": value}))
    assert close(found, EXPECTED)


@pytest.mark.parametrize("value", [json.dumps(PROFILE), json.dumps(PROFILE).encode()])
def test_profiles_of_a_geopackage_are_read(tmp_path, value):
    found = SpectralLibrary.read(write_gpkg(tmp_path / "a.gpkg", value))
    assert close(found, EXPECTED)


def test_profiles_that_are_pickled_are_refused_and_never_run(tmp_path):
    bomb = b"cos\nsystem\n(S'touch ran'\ntR."
    with pytest.raises(SceneError, match=r"could run code\. Export the library as GeoJSON"):
        SpectralLibrary.read(write_gpkg(tmp_path / "a.gpkg", bomb))


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "a.gpkg").write_bytes(b"no database at all, but long enough to be looked at" * 40)
    with pytest.raises(SceneFileError, match="cannot be read as a GeoPackage"):
        SpectralLibrary.read(tmp_path / "a.gpkg")


def test_bad_bands_of_a_profile_are_gaps(tmp_path):
    profile = PROFILE | {"bbl": [0, 1, 1]}
    found = SpectralLibrary.read(write_geojson(tmp_path / "a.json", {"profiles": profile}))
    assert np.isnan(found.spectra).tolist() == [[True, True, False]]


def test_only_one_field_of_profiles_is_read_with_a_warning(tmp_path):
    path = write_geojson(tmp_path / "a.json", {"one": PROFILE, "two": PROFILE}, {"two": PROFILE})
    with pytest.warns(SceneWarning, match="profiles in one, two; those in two are read"):
        assert len(SpectralLibrary.read(path)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON file"),
        ("[]", "no GeoJSON FeatureCollection"),
        ('{"features": [{"properties": {"name": "a"}}]}', "no field of its features"),
        ('{"features": [{"properties": {"p": {"y": [1, "much"]}}}]}', "value that is no number"),
    ],
)
def test_other_json_is_refused(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SceneError, match=message):
        SpectralLibrary.read(tmp_path / "a.json")


@st.composite
def libraries(draw):
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 4)))
    width = draw(st.sampled_from([32, 64]))
    number = st.floats(-(2.0**99), 2.0**99, width=width) | st.just(np.nan)
    names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
    axis = npst.arrays(np.float64, shape[1], elements=st.floats(100, 20000))
    wavelengths_nm = draw(st.none() | axis)
    return SpectralLibrary(
        names=draw(st.lists(names, min_size=shape[0], max_size=shape[0])),
        spectra=draw(npst.arrays(f"f{width // 8}", shape, elements=number)),
        wavelengths_nm=wavelengths_nm,
        fwhm_nm=None if wavelengths_nm is None else draw(st.none() | axis),
        attributes={"class": [draw(st.text(max_size=3)) for _ in range(shape[0])]},
    )


@given(libraries())
def test_library_in_json_comes_back_exactly(tmp_path_factory, library):
    path = tmp_path_factory.mktemp("library") / "library.json"
    library.write_json(path)
    assert SpectralLibrary.read(path) == library


def test_library_in_json_is_plain_geojson(tmp_path):
    EXPECTED.write_json(tmp_path / "a.json")
    content = json.loads((tmp_path / "a.json").read_text())
    (feature,) = content["features"]
    assert content["type"] == "FeatureCollection"
    assert feature["geometry"] is None
    assert feature["properties"]["name"] == "sand"
    assert feature["properties"]["profiles"]["y"] == [0.1, None, 0.3]
