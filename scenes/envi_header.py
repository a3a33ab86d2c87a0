"""The text of an ENVI header: parsing, formatting, and the table of data types.

Reference: "ENVI Header Files", NV5 Geospatial Software documentation.
"""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from scenes.errors import SceneError, SceneFileError, SceneWarning

ENVI_DTYPES: Mapping[int, np.dtype[np.generic]] = MappingProxyType(
    {
        1: np.dtype(np.uint8),
        2: np.dtype(np.int16),
        3: np.dtype(np.int32),
        4: np.dtype(np.float32),
        5: np.dtype(np.float64),
        6: np.dtype(np.complex64),
        9: np.dtype(np.complex128),
        12: np.dtype(np.uint16),
        13: np.dtype(np.uint32),
        14: np.dtype(np.int64),
        15: np.dtype(np.uint64),
    }
)
"""ENVI's ``data type`` codes and what they mean (in the byte order of this machine)."""

_LINE_LENGTH = 100
_LONGEST_QUOTE = 60
_LONGEST_LINE = 1000  # GDAL stops reading a header at a line of 10 000 characters
_BRACED = frozenset({"description", "map info", "projection info", "coordinate system string"})
_IDL_EXPONENT = re.compile(r"(?<=[\d.])[dD](?=[+-]?\d+$)")
_NEXT_FIELD = re.compile(r"^[A-Za-z][\w ]*=\s*\{")


def envi_code(dtype: np.dtype[np.generic] | type | str) -> int:
    """ENVI's ``data type`` code of a numpy type, whatever its byte order.

    Raises
    ------
    SceneError
        If ENVI has no such type (int8, float16, bool, ...).

    Examples
    --------
    >>> envi_code(">i2"), envi_code(np.float32)
    (2, 4)
    """
    wanted = np.dtype(dtype).newbyteorder("=")
    for code, known in ENVI_DTYPES.items():
        if known == wanted:
            return code
    names = ", ".join(str(known) for known in ENVI_DTYPES.values())
    raise SceneError(f"ENVI has no data type for {wanted}. Convert to one of {names}.")


def parse_header(text: str) -> dict[str, str]:
    r"""Read the fields of an ENVI header.

    Field names come out in lower case with single blanks; values as written, without their
    braces, lines joined by a line break. Comment lines (``;``) are skipped. Of a field given
    twice the last one counts; a list that was never closed ends where the next one begins.

    Parameters
    ----------
    text : str
        The whole header.

    Returns
    -------
    dict of str to str
        In the order of the header.

    Raises
    ------
    SceneError
        If the first line is not ``ENVI``.

    Warns
    -----
    SceneWarning
        If a field is given twice with different values, or a brace is missing.

    Examples
    --------
    >>> parse_header('ENVI\nbands = 2\nWavelength = {\n 450.0,\n 550.0}\n')
    {'bands': '2', 'wavelength': '450.0,\n550.0'}
    """
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip().upper() != "ENVI":
        found = lines[0].strip()[:40] if lines else ""
        raise SceneError(f"an ENVI header begins with the line 'ENVI'. Got {found!r} instead.")
    fields: dict[str, str] = {}
    position = 1
    while position < len(lines):
        key, equals, value = lines[position].strip().partition("=")
        position += 1
        if not equals or key.startswith(";") or not key.strip():
            continue
        key, value = " ".join(key.split()).lower(), value.strip()
        if not value and position < len(lines) and lines[position].lstrip().startswith("{"):
            value, position = lines[position].strip(), position + 1
        if value.startswith(('"{', "'{")):
            value = value[1:]
        if value.startswith("{"):
            value, position = _braced_value(key, value, lines, position)
        if fields.get(key, value) != value:
            _warn(f"the header gives `{key}` twice, differently; the last one is used.")
        fields[key] = value
    return fields


def _braced_value(key: str, value: str, lines: list[str], position: int) -> tuple[str, int]:
    """Collect the lines of a list up to its closing brace; return it and where to go on."""
    collected = [value.removeprefix("{").strip()]
    while not _closes(collected[-1]):
        if position == len(lines) or _NEXT_FIELD.match(lines[position]):
            _warn(f"the header opens `{key}` with {{ and never closes it; the end was assumed.")
            break
        if not lines[position].startswith(";"):
            collected.append(lines[position].strip())
        position += 1
    if _closes(collected[-1]):
        collected[-1] = collected[-1][: collected[-1].rindex("}")].rstrip()
    return "\n".join(collected).strip(), position


def _closes(line: str) -> bool:
    """Whether a line ends a list: its last thing is a brace, or a brace before a comment."""
    return line.endswith(("}", '}"', "}'")) or re.search(r"\}\s*;[^{}]*$", line) is not None


def is_envi_header(path: Path) -> bool:
    """Whether a file begins with the line ``ENVI`` that every ENVI header has.

    Raises
    ------
    SceneFileError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror}.") from None
    return _decoded(start).lstrip().partition("\n")[0].strip().upper() == "ENVI"


def peek_file_type(path: Path) -> str:
    """Look up the field ``file type`` of an ENVI header, in lower case, and warn of nothing.

    Raises
    ------
    SceneFileError
        If the file cannot be read, or is not an ENVI header.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SceneWarning)  # they come when the header is read
        return read_header(path).get("file type", "").lower()


def read_header(path: str | Path) -> dict[str, str]:
    """Read an ENVI header file in UTF-8, in UTF-16 or, failing these, in latin-1.

    Raises
    ------
    SceneFileError
        If the file is missing, cannot be read, or is not an ENVI header.

    See Also
    --------
    parse_header : what the result looks like.
    """
    path = Path(path)
    if not path.is_file():
        raise SceneFileError(f"the ENVI header {path} does not exist.")
    if not is_envi_header(path):
        raise SceneFileError(f"{path} is not an ENVI header: its first line is not 'ENVI'.")
    return parse_header(_text(path).lstrip())


def _text(path: Path) -> str:
    try:
        return _decoded(path.read_bytes())
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror}.") from None


def _decoded(content: bytes) -> str:
    """Decode the bytes of a header; line ends of every system become line feeds."""
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split_list(value: str) -> list[str]:
    r"""Split the value of a list at its commas; a trailing comma adds nothing.

    Examples
    --------
    >>> split_list(" 1.0 ,\n 0, 1,")
    ['1.0', '0', '1']
    """
    items = [item.strip() for item in value.split(",")]
    if items[-1] == "":
        items.pop()
    return items


def parse_number(text: str) -> float:
    """Read a number as headers write it: plain, in quotes, or with IDL's exponent ``d``.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parse_number("-9.99900000e+003"), parse_number('"1.0"'), parse_number("-9999.0d0")
    (-9999.0, 1.0, -9999.0)
    """
    return float(_IDL_EXPONENT.sub("e", text.strip(" \t\n\"'")))


def quoted(value: str | None) -> str:
    """Quote a value of a header in a message; a long one is cut off.

    Examples
    --------
    >>> quoted("tile"), quoted(None)
    ("'tile'", 'None')
    """
    if value is None or len(value) <= _LONGEST_QUOTE:
        return repr(value)
    return f"{value[:_LONGEST_QUOTE]!r}..."


def format_header(fields: Mapping[str, object]) -> str:
    """Write the text of an ENVI header that every reader can read back.

    Lists are broken into short lines (GDAL loses everything after a line of 10 000 characters),
    floats keep all their digits. ENVI knows no quoting: braces become parentheses, and commas
    inside an entry of a list become semicolons.

    Parameters
    ----------
    fields : mapping of str to str, number, or sequence of these
        In the order in which they are to be written; None is left out.

    Examples
    --------
    >>> print(format_header({"bands": 2, "wavelength": [450.0, 550.0]}), end="")
    ENVI
    bands = 2
    wavelength = {
     450.0, 550.0}
    """
    parts = ["ENVI\n"]
    for key, value in fields.items():
        if value is None:
            continue
        if isinstance(value, str):
            written = _format_text(key.strip().lower(), value)
        elif isinstance(value, Iterable):
            written = _format_list([_format_item(item) for item in value])
        else:
            written = _format_item(value)
        parts.append(f"{key} = {written}\n")
    return "".join(parts)


def write_header(path: str | Path, fields: Mapping[str, object]) -> None:
    """Write an ENVI header file (UTF-8).

    Raises
    ------
    SceneFileError
        If the file cannot be written.
    """
    try:
        Path(path).write_text(format_header(fields), encoding="utf-8", newline="\n")
    except OSError as error:
        raise SceneFileError(f"{path} cannot be written: {error.strerror}.") from None


def _format_text(key: str, value: str) -> str:
    text = value.replace("{", "(").replace("}", ")").strip()
    if key not in _BRACED and not any(mark in text for mark in ",\n\r"):
        return text
    lines = []
    for line in text.splitlines():
        lines += textwrap.wrap(line.strip(), _LONGEST_LINE, break_long_words=False) or [""]
    joined = "\n ".join(lines)
    return f"{{\n {joined}}}" if len(lines) > 1 or key == "description" else f"{{{joined}}}"


def _format_list(items: list[str]) -> str:
    """Pack the entries of a list into lines of moderate length."""
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) > _LINE_LENGTH:
            lines.append("")
        lines[-1] += f" {item},"
    return "{\n" + "\n".join(lines).rstrip(",") + "}"


def _format_item(value: object) -> str:
    """Write one number with all its digits, or one name without what would break the list."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return repr(float(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    return bare_name(str(value))


def bare_name(name: str) -> str:
    """A name as it can stand in a list: ENVI knows no quoting.

    Examples
    --------
    >>> bare_name("Kaolinite,  ordered {KGa-1}")
    'Kaolinite; ordered (KGa-1)'
    """
    text = " ".join(name.split())
    return text.replace("{", "(").replace("}", ")").replace(",", ";")


def _warn(message: str) -> None:
    warnings.warn(message, SceneWarning, stacklevel=3)
