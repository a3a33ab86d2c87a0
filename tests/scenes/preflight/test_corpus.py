"""Every defect is planted in a clean scene, and found; the clean scene gives no warning."""

import gzip
import json
from dataclasses import FrozenInstanceError, asdict

import numpy as np
import pytest
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

from scenes.array_pixels import ArrayPixels
from scenes.grid import Grid
from scenes.lookup import Lookup
from scenes.preflight import Finding, preflight
from scenes.preflight.finding import SEVERITIES, report_text
from scenes.preflight.place import place_findings
from scenes.scene import Scene


def codes(path, *severities, **options):
    wanted = severities or SEVERITIES
    return [found.code for found in preflight(path, **options) if found.severity in wanted]


def listed(values):
    return "{" + ", ".join(str(value) for value in values) + "}"


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<u2", "<f4"])
def test_a_clean_envi_scene_has_nothing_odd(plant, interleave, dtype):
    nodata = {"data ignore value": 65535} if dtype == "<u2" else {}
    path = plant(nodata, interleave=interleave, dtype=dtype)
    assert codes(path) == ["nothing-odd"]
    assert codes(path.with_suffix(".hdr")) == ["nothing-odd"]


def test_a_clean_geotiff_has_nothing_odd(plant_tiff):
    assert codes(plant_tiff()) == ["nothing-odd"]


def in_fields(ground, air_nm):
    """Defects of the header: what is changed, and what is found."""
    turned = np.concatenate([air_nm[:50], air_nm[45:100]])
    wet = ((air_nm >= 1340) & (air_nm <= 1450)) | ((air_nm >= 1790) & (air_nm <= 1960))
    return {
        "wavelength-units": {"wavelength units": None},
        "wavelengths-missing": {"wavelength": None},
        "band-list": {"wavelength": listed(air_nm[:-1])},
        "wavelengths-unsorted": {"wavelength": listed(air_nm[::-1])},
        "wavelengths-twice": {"wavelength": listed(np.repeat(air_nm, 2)[:105])},
        "detector-overlap": {"wavelength": listed(turned)},
        "bbl-missing": {"bbl": None},
        "bbl-inverted": {"bbl": listed(wet.astype(int))},
        "nodata-impossible": {"data ignore value": 1e20},
        "scale-missing": {"reflectance scale factor": None},
        "scale-odd": {"reflectance scale factor": -1},
        "scale-implausible": {"reflectance scale factor": 100},
        "place-missing": {"map info": None},
        "crs-missing": {"map info": "{Arbitrary, 1, 1, 100, 200, 30, 30}"},
        "crs-odd": {"map info": "{UTM, 1, 1, 500000}"},
        "rotated": {
            "map info": "{UTM, 1, 1, 500000, 4100000, 30, 30, 11, North, WGS-84, rotation=20}"
        },
        "line-too-long": {"description": "{" + "x" * 10_000 + "}"},
        "byte-order-missing": {"byte order": None},
        "cannot-open": {"lines": 25},
    }


ALL_IN_FIELDS = list(in_fields(None, np.arange(400.0, 2500.0, 20.0)))


@pytest.mark.parametrize("code", ALL_IN_FIELDS)
def test_a_defect_of_the_header_is_found(plant, ground, air_nm, code):
    found = codes(plant(in_fields(ground, air_nm)[code]))
    assert code in found
    assert "nothing-odd" not in found


@pytest.mark.parametrize("code", ALL_IN_FIELDS)
def test_a_defect_of_the_header_gives_no_other_warning(plant, ground, air_nm, code):
    """But for those of which one follows from the other."""
    follows = {
        "band-list": {"wavelengths-missing"},
        "scale-odd": {"scale-missing"},
        "crs-odd": {"place-missing"},
        "nodata-impossible": set(),
    }
    warned = codes(plant(in_fields(ground, air_nm)[code]), "warning", "error")
    assert set(warned) <= {code} | follows.get(code, set())


def test_a_corrupt_coordinate_system_is_found(plant):
    """As in a scene that is passed around: a false easting that lacks a digit."""
    text = CRS.from_epsg(32611).to_wkt(version="WKT1_ESRI").replace("500000.0", "50000.0")
    assert "50000.0" in text
    assert codes(plant({"coordinate system string": f"{{{text}}}"}), "warning") == ["crs-odd"]


def test_a_unit_that_cannot_be_is_found(plant):
    path = plant({"wavelength units": "Micrometers"})
    assert codes(path, "warning") == ["wavelength-units"]


def test_rows_that_run_north_are_found(plant_tiff):
    path = plant_tiff(transform=Affine(30, 0, 5e5, 0, 30, 4.1e6))
    assert codes(path) == ["south-up"]


def test_a_scene_in_sensor_geometry_has_the_place_of_its_map(ground, open_ground):
    on_map = open_ground(ground)
    table = np.stack([np.ones((6, 7)), np.ones((6, 7))]).astype(np.int32)
    turned = Affine.translation(5e5, 4e6) @ Affine.rotation(20) @ Affine.scale(30, -30)
    lookup = Lookup(ArrayPixels(table), Grid(CRS.from_epsg(32611), turned, 6, 7), on_map.grid.shape)
    sensed = Scene(
        reader=on_map.source.reader,
        grid=Grid(None, Affine.identity(), 24, 30),
        bands=on_map.bands,
        name="swath",
        lookup=lookup,
    )
    assert [found.code for found in place_findings(sensed)] == ["rotated"]


def in_numbers(ground):
    """Defects of the numbers: the cube, and what is found."""
    rng = np.random.default_rng(0)
    empty, constant, noisy, padded, full, partly, dark, negative = (
        ground.copy() for _ in "12345678"
    )
    empty[7] = -0.9999
    constant[8] = 0.1
    noisy[50] += rng.normal(0, 0.3, (24, 30))
    padded[:, :, :4] = 0
    full[20:30, 3:6, 3:9] = 3.2767
    partly[60, 14:, :] = -0.9999
    dark *= 1e-3
    negative[:, :3] -= 1
    return {
        "bands-empty": empty,
        "bands-constant": constant,
        "bands-noisy": noisy,
        "nodata-undeclared": padded,
        "saturated": full,
        "nodata-partial": partly,
        "scale-implausible": dark,
        "negative": negative,
        "blank": np.full_like(ground, 0.5),
        "no-pixels": np.full_like(ground, -0.9999),
    }


@pytest.mark.parametrize(
    "code",
    ["bands-empty", "bands-constant", "bands-noisy", "nodata-undeclared", "saturated",
     "nodata-partial", "scale-implausible", "negative", "blank", "no-pixels"],
)  # fmt: skip
def test_a_defect_of_the_numbers_is_found_and_no_other(plant, ground, code):
    fields = {"bbl": None} if code == "bands-constant" else {}
    found = codes(plant(fields, in_numbers(ground)[code]))
    assert set(found) == {code} | ({"bbl-missing"} if fields else set())


def test_opaque_air_is_found(plant, ground, air_nm):
    cube = ground.copy()
    wet = (air_nm >= 1340) & (air_nm <= 1450)
    cube[wet] = np.random.default_rng(0).normal(0.05, 0.02, (wet.sum(), 24, 30))
    assert set(codes(plant({"bbl": None}, cube))) == {"bbl-missing", "bands-water-vapour"}


def test_bands_without_signal_are_found(plant, ground):
    cube = ground.copy()
    cube[104] = np.random.default_rng(0).normal(0.005, 0.05, (24, 30))
    assert set(codes(plant({"bbl": None}, cube), "note")) == {"bbl-missing", "bands-no-signal"}


def test_padding_with_another_number_than_the_declared_one_is_found(plant, ground):
    cube = ground.copy()
    cube[:, :5] = -3.2768
    (found,) = preflight(plant({}, cube))
    assert found.code == "nodata-undeclared"
    assert "-32768" in found.odd and "-9999" in found.claim and "-32768" in found.cure


def test_a_truncated_file_is_an_error_with_both_sizes(plant):
    path = plant()
    path.write_bytes(path.read_bytes()[:-100])
    (found,) = preflight(path)
    assert (found.code, found.severity) == ("cannot-open", "error")
    assert "151100 bytes" in found.odd and "151200" in found.odd


def test_a_longer_file_than_its_header_says_is_found(plant):
    path = plant()
    path.write_bytes(path.read_bytes() + bytes(10))
    assert codes(path) == ["size-odd"]


def test_a_compressed_file_is_found(plant):
    path = plant({"file compression": 1})
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert "compressed" in codes(path)


@pytest.mark.parametrize(
    "fields",
    [
        {"bands": 104},
        {"wavelength": None},
        {"map info": "{UTM, 1, 1, 500000, 4100060, 30, 30, 11}"},
    ],
)
def test_a_header_beside_a_tiff_that_describes_another_image_is_found(
    plant, plant_tiff, air_nm, fields
):
    if "wavelength" in fields:
        fields = {"wavelength": listed(air_nm + 5)}
    plant(fields, data="other.bin").unlink()
    found = codes(plant_tiff(), "warning")
    assert "sidecar-disagrees" in found


def test_a_header_beside_a_tiff_that_agrees_is_nothing_odd(plant, plant_tiff):
    plant(data="other.bin").unlink()
    assert codes(plant_tiff()) == ["nothing-odd"]


def test_a_tiff_placed_by_points_only_is_found(plant_tiff):
    corners = [(0, 0), (0, 30), (24, 0), (24, 30)]
    points = [
        GroundControlPoint(row, col, 5e5 + 30 * col, 4.1e6 - 30 * row) for row, col in corners
    ]
    path = plant_tiff(transform=None, gcps=points)
    assert "gcp-only" in codes(path, "warning")


def test_what_the_user_says_is_taken_into_account(plant):
    path = plant({"reflectance scale factor": None})
    assert codes(path, scale=10000) == ["nothing-odd"]


def test_findings_are_frozen_complete_and_make_json(plant):
    (found,) = preflight(plant({"wavelength": None}))
    with pytest.raises(FrozenInstanceError):
        found.code = "another"
    assert all(asdict(found)[key] for key in ("code", "severity", "odd", "action", "cure"))
    assert json.loads(json.dumps(asdict(found))) == asdict(found)


def test_the_worst_comes_first(plant, ground):
    cube = ground.copy()
    cube[:, :5] = 0
    findings = preflight(plant({"map info": None, "bbl": None}, cube))
    ranks = [SEVERITIES.index(found.severity) for found in findings]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 1


def test_text_has_every_word_of_a_finding_and_short_lines():
    found = Finding("a-code", "warning", "odd " * 40, "claim", "action", "cure " * 40)
    lines = report_text([found, found]).splitlines()
    assert max(map(len, lines)) <= 96
    assert " ".join(" ".join(lines).split()).count("odd") == 80
    assert lines.count("warning: a-code") == 2
    assert "  file: claim" in lines and "  unmix: action" in lines


def test_negative_numbers_that_are_one_number_are_suspected_to_be_nodata(plant, ground):
    cube = ground.copy()
    cube[:, 8:12, 9:14] = -0.8888
    path = plant({}, cube)
    (found,) = preflight(path)
    assert found.code == "nodata-suspected"
    assert "-8888" in found.odd and "--nodata -8888" in found.cure
    assert [found.code for found in preflight(path, nodata=-8888)] == ["nothing-odd"]


def test_bands_all_marked_as_bad_get_the_right_cure(plant, air_nm):
    found = next(found for found in preflight(plant({"bbl": listed([0] * air_nm.size)})))
    assert found.code == "band-list" and "`bbl` to 1" in found.cure


def test_a_name_that_no_file_can_have_is_a_finding():
    assert codes("x" * 5000) == ["cannot-open"]


@pytest.mark.filterwarnings("error")
def test_a_scene_in_the_water_windows_only_is_looked_over(plant, ground, air_nm):
    wet = (air_nm >= 1340) & (air_nm <= 1450)
    fields = {"wavelength": listed(air_nm[wet]), "bbl": listed([1] * int(wet.sum()))}
    assert "cannot-open" not in codes(plant(fields, ground[wet]))
