import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.envi_header import (
    ENVI_DTYPES,
    envi_code,
    format_header,
    is_envi_header,
    parse_header,
    read_header,
    split_list,
    write_header,
)
from scenes.errors import SceneError, SceneFileError, SceneWarning

NAMES = st.text("abzÄµ;=()[]#'\"-_.:/019", min_size=1, max_size=8)


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=600))
def test_header_floats_come_back_bit_for_bit(numbers):
    fields = parse_header(format_header({"wavelength": numbers}))
    assert [float(item) for item in split_list(fields["wavelength"])] == numbers


@given(st.lists(NAMES, min_size=1, max_size=50))
def test_header_names_come_back(names):
    fields = parse_header(format_header({"band names": names}))
    assert split_list(fields["band names"]) == names


@given(st.dictionaries(st.sampled_from(["lines", "sensor type", "a b", "x"]), NAMES))
def test_header_texts_come_back(fields):
    assert parse_header(format_header(fields)) == fields


def test_header_never_has_a_line_that_gdal_would_stop_at():
    """Pitfall 7: GDAL loses everything after a line of 10 000 characters."""
    fields = {
        "wavelength": [400 + i / 7 for i in range(3000)],
        "description": "word " * 5000,
        "band names": [f"a long name of band {i}" for i in range(3000)],
    }
    text = format_header(fields)
    assert max(map(len, text.splitlines())) < 1100
    assert len(split_list(parse_header(text)["band names"])) == 3000


def test_header_line_length_trap_is_no_trap_for_our_parser():
    text = "ENVI\nwavelength = {" + ",".join(str(i / 3) for i in range(9000)) + "}\nbands = 9000\n"
    assert parse_header(text)["bands"] == "9000"


@pytest.mark.parametrize(
    "text",
    ["wavelength={1,2}", "wavelength= {1,2}", "Wavelength  =  { 1 , 2 }", "WAVELENGTH =\n{1,\n2}",
     "wavelength = {\n1,\n2\n}", "wavelength = {1,2,}", "  wavelength\t= {1,\r\n2 }"],
)  # fmt: skip
def test_header_syntax_odd_spacing_and_trailing_comma(text):
    """Pitfall 9."""
    fields = parse_header(f"ENVI\n{text}\nbands = 2\n")
    assert split_list(fields["wavelength"]) == ["1", "2"]
    assert fields["bands"] == "2"


def test_header_comments_are_skipped():
    text = "ENVI\n; samples = 7\n  ; lines = 7\nsamples = 5\nbbl = {1,\n; not this\n0} ; or this\n"
    assert parse_header(text) == {"samples": "5", "bbl": "1,\n0"}


def test_header_keys_are_lower_case_with_single_blanks():
    assert parse_header("ENVI\nStart  Time = UTC: 1=2\n") == {"start time": "UTC: 1=2"}


def test_header_list_that_is_never_closed_ends_at_the_next_one():
    with pytest.warns(SceneWarning, match="opens `wavelength` with { and never closes it"):
        fields = parse_header("ENVI\nwavelength = {1, 2\nfwhm = {3, 4}\n")
    assert fields == {"wavelength": "1, 2", "fwhm": "3, 4"}


def test_header_field_given_twice_counts_the_last_time():
    with pytest.warns(SceneWarning, match="gives `bands` twice"):
        assert parse_header("ENVI\nbands = 2\nbands = 3\n") == {"bands": "3"}
    assert parse_header("ENVI\nbands = 2\nbands = 2\n") == {"bands": "2"}


@pytest.mark.parametrize("text", ["", "ENVIRONMENT\n", "NROWS 7\n", "\n\nENVI"])
def test_header_must_begin_with_envi(text):
    with pytest.raises(SceneError, match="begins with the line 'ENVI'"):
        parse_header(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_header_is_read_in_utf8_or_latin1(tmp_path, encoding):
    path = tmp_path / "x.hdr"
    path.write_bytes("ENVI\ndescription = {Überflug Zürich}\n".encode(encoding))
    assert is_envi_header(path)
    assert read_header(path) == {"description": "Überflug Zürich"}


def test_header_file_comes_back(tmp_path):
    path = tmp_path / "x.hdr"
    write_header(path, {"samples": np.int64(5), "fwhm": np.array([0.1, 2.0]), "none": None})
    assert read_header(path) == {"samples": "5", "fwhm": "0.1, 2.0"}


def test_header_file_trouble_is_one_sentence(tmp_path):
    with pytest.raises(SceneFileError, match="does not exist"):
        read_header(tmp_path / "x.hdr")
    with pytest.raises(SceneFileError, match="cannot be written"):
        write_header(tmp_path / "no" / "x.hdr", {})
    (tmp_path / "x.hdr").write_bytes(bytes(range(256)))
    with pytest.raises(SceneFileError, match="its first line is not 'ENVI'"):
        read_header(tmp_path / "x.hdr")


def test_format_header_replaces_what_envi_cannot_quote():
    fields = {"band names": ["a, b", "{c}\nd"], "description": "x {y}", "ok": True}
    text = format_header(fields)
    assert parse_header(text) == {"band names": "a; b, (c) d", "description": "x (y)", "ok": "1"}


@pytest.mark.parametrize(("code", "dtype"), ENVI_DTYPES.items())
def test_envi_code_undoes_the_table_in_both_byte_orders(code, dtype):
    assert envi_code(dtype) == code
    assert envi_code(dtype.newbyteorder(">")) == code


def test_envi_code_refuses_types_that_envi_lacks():
    with pytest.raises(SceneError, match="no data type for float16"):
        envi_code(np.float16)
