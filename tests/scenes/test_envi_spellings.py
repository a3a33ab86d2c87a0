"""One scene, its header spelled in all the ways that are met: it is always the same scene."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from scenes import open_scene
from scenes.errors import SceneError, SceneWarning

N_BANDS, HEIGHT, WIDTH = 4, 2, 3
NM = [990.5, 1000.25, 995.125, 1400.0]  # two detectors overlap
GOOD = [True, True, True, False]
UNITS = {
    "Nanometers": 1.0, "nm": 1.0, "NANOMETERS": 1.0, "nanometer": 1.0, "Unknown": 1.0, "": 1.0,
    "Micrometers": 1e-3, "um": 1e-3, "µm": 1e-3, "microns": 1e-3, "Angstroms": 10.0,
}  # fmt: skip
BBL = [
    "{1, 1, 1, 0}",
    "{1.0,1.0,1.0,0.0}",
    '"{ 1 , 1 , 1 , 0 }"',
    '{"1", "1", "1", "0"}',
    "1,1,1,0",
]
NODATA = ["-9999", "-9999.0", "-9.99900000e+003", "-9999D0", " -9999 ", "{-9999}", '"-9999"']
ENCODINGS = ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le-bom"]


@st.composite
def headers(draw):
    """A header as bytes, all of which mean the same."""
    unit = draw(st.sampled_from(sorted(UNITS)))
    values = [repr(nm * UNITS[unit]) for nm in NM]
    fields = {
        "samples": WIDTH, "lines": HEIGHT, "bands": N_BANDS, "header offset": 0,
        "file type": "ENVI Standard", "data type": 2,
        "interleave": draw(st.sampled_from(["bsq", "BSQ"])),
        "byte order": 0, "data ignore value": draw(st.sampled_from(NODATA)),
        "reflectance scale factor": draw(st.sampled_from(["10000", "1e4", "10000.0", "{10000}"])),
        "bbl": draw(st.sampled_from(BBL)),
        "wavelength": draw(lists(values)),
        "fwhm": draw(lists([repr(8.415 * UNITS[unit])] * N_BANDS)),
        "map info": "{ UTM , 1.5, 1.5, 500015, 4099985, 30 ,30, 11, North,WGS-84, units=Meters}",
        "description": "{a file of Café\n samples = 7 }",
    }  # fmt: skip
    if unit:
        fields["wavelength units"] = unit
    order = draw(st.permutations(sorted(fields)))
    equals = draw(st.sampled_from(["=", " = ", "= ", "   =\t"]))
    case = draw(st.sampled_from([str.lower, str.title, str.upper]))
    lines = [f"{case(key)}{equals}{fields[key]}" for key in order]
    for place in draw(st.lists(st.integers(0, len(lines)), max_size=3)):
        lines.insert(place, draw(st.sampled_from(["; a comment = {", "", "no field", ";"])))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = "\n".join(["ENVI", *lines, ""]).replace("\n", end)
    encoding = draw(st.sampled_from(ENCODINGS))
    if encoding == "utf-16-le-bom":
        return b"\xff\xfe" + text.encode("utf-16-le")
    return text.encode(encoding, errors="replace" if unit != "µm" else "strict")


def lists(values):
    """A list in braces, in one line or several, with or without a comma at its end."""
    spelled = st.tuples(
        st.sampled_from(["{", "{\n", "{ ", "\n{"]),
        st.sampled_from([",", ", ", ",\n", " ,\n  "]),
        st.sampled_from(["}", ",}", "\n}", "} ; end"]),
    )
    return spelled.map(lambda marks: marks[0] + marks[1].join(values) + marks[2])


@given(headers())
def test_a_header_means_the_same_however_it_is_spelled(tmp_path_factory, header):
    folder = tmp_path_factory.mktemp("spelled")
    raw = np.arange(N_BANDS * HEIGHT * WIDTH, dtype="<i2").reshape(N_BANDS, HEIGHT, WIDTH) * 10
    raw[1, 0, 2] = -9999
    raw[3, 1, 1] = -9999  # in a band that is not used
    (folder / "x.hdr").write_bytes(header)
    (folder / "x").write_bytes(raw.tobytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SceneWarning)
        scene = open_scene(folder / "x")
    assert scene.bands.wavelengths_nm == pytest.approx(NM, rel=1e-12)
    assert scene.bands.fwhm_nm == pytest.approx([8.415] * N_BANDS, rel=1e-12)
    assert scene.bands.good.tolist() == GOOD
    assert scene.grid.crs == CRS.from_epsg(32611)
    assert tuple(scene.grid.transform)[:6] == (30, 0, 500000, 0, -30, 4100000)
    expected = (raw[:3] / 1e4).astype(np.float32)
    expected[:, 0, 2] = np.nan
    assert np.allclose(scene.read(), expected, rtol=1e-6, equal_nan=True)


@given(st.data())
def test_sizes_that_no_file_has_are_refused_at_once(tmp_path_factory, write_envi, data):
    """Whatever a header claims: no memory is taken and no list is made."""
    sizes = {
        key: data.draw(st.sampled_from([1, 10**9, 2**31, 2**63, 10**300]))
        for key in ("samples", "lines", "bands")
    }
    if all(size == 1 for size in sizes.values()):
        sizes["bands"] = 10**9
    folder = tmp_path_factory.mktemp("claims")
    path = write_envi(folder, np.ones((2, 3, 4)), sizes)
    with pytest.raises(SceneError, match=r"has 96 bytes, but its header promises \d+"):
        open_scene(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Micrometers", 550.0), ("Nanometers", 550.0)],
)
def test_a_unit_that_contradicts_its_numbers_is_corrected_with_a_warning(
    tmp_path, write_envi, small_cube, text, expected
):
    values = "{450, 550, 650, 750}" if text == "Micrometers" else "{0.45, 0.55, 0.65, 0.75}"
    fields = {"wavelength": values, "wavelength units": text}
    with pytest.warns(SceneWarning, match="cannot be in"):
        assert open_scene(write_envi(tmp_path, small_cube, fields)).wavelengths_nm[1] == expected
