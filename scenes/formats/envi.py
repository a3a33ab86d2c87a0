"""ENVI images: a text header, which is the authority, and a file of plain numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from scenes.envi_header import is_envi_header, parse_number, quoted, read_header, split_list
from scenes.errors import SceneError, counted
from scenes.formats.contents import Calibration, Contents, warn
from scenes.formats.entry import Format
from scenes.formats.envi_files import find_data, find_header
from scenes.formats.envi_gdal import warn_of_differences
from scenes.formats.envi_layout import pixels_from_fields, promised_bytes
from scenes.formats.envi_packed import PackedPixels, is_gzip
from scenes.formats.sidecars import axis_from_sidecars
from scenes.formats.spectral_axis import AxisText, bands_from_text, wavelengths_in_names
from scenes.map_info import grid_from_map_info
from scenes.pixels import PixelReader

_LARGEST = 1e30
_CONTAINERS = ("nitf", "hdf", "netcdf", "jpeg", "jp2", "virtual", "meta file")


def read_envi(header: Path, fields: Mapping[str, str], data: Path | None = None) -> Contents:
    """Read what an ENVI image says about itself; not yet its pixels.

    Parameters
    ----------
    header : Path
        The header file.
    fields : mapping of str to str
        Its fields, as `scenes.envi_header.read_header` gives them.
    data : Path, optional
        The data file; looked for beside the header if not given.

    Raises
    ------
    SceneFileError
        If the data file is missing or shorter than the header promises.
    SceneError
        If the header lacks a field, or describes something that is not read here.

    Warns
    -----
    SceneWarning
        If something was assumed or left out.
    """
    _refuse_what_is_no_scene(fields, header)
    if data is None:
        n_bytes = 0 if _says_packed(fields) else promised_bytes(fields)
        data = find_data(header, fields.get("interleave", "").strip().lower(), n_bytes)
    pixels = _pixels(fields, header, data)
    calibration, says_scale = calibration_from_fields(fields, pixels.n_bands, header.name)
    contents = Contents(
        path=data,
        reader=pixels,
        grid=grid_from_map_info(fields, pixels.height, pixels.width),
        bands=bands_from_text(_axis(fields, data, pixels.n_bands), pixels.n_bands, header.name),
        calibration=calibration,
        metadata=fields,
        says_scale=says_scale,
    )
    if not isinstance(pixels, PackedPixels):
        warn_of_differences(contents, header)
    return contents


def _axis(fields: Mapping[str, str], data: Path, n_bands: int) -> AxisText:
    """Take the bands from the header; wavelengths that it has not, from files beside it."""
    text = axis_from_fields(fields)
    if text.wavelengths or wavelengths_in_names(text.names)[0] is not None:
        return text
    beside = next(axis_from_sidecars(data, n_bands), text)
    return replace(beside, bbl=text.bbl or beside.bbl, names=text.names or beside.names)


def axis_from_fields(fields: Mapping[str, str]) -> AxisText:
    """Collect what the fields of an ENVI header say about the bands."""
    return AxisText(
        wavelengths=split_list(fields.get("wavelength", "")),
        unit=fields.get("wavelength units", ""),
        fwhm=split_list(fields.get("fwhm", "")),
        bbl=split_list(fields.get("bbl", "")),
        names=split_list(fields.get("band names", "")),
    )


def calibration_from_fields(
    fields: Mapping[str, str], n_bands: int, file: str
) -> tuple[Calibration, bool]:
    """Read scale and nodata from the fields of an ENVI header.

    Returns
    -------
    calibration : Calibration
    says_scale : bool
        Whether the header names a scale, be it 1.

    Raises
    ------
    SceneError
        If there are gains or offsets, but not one for each band.
    """
    gain = _per_band(fields, "data gain values", n_bands, file)
    offset = _per_band(fields, "data offset values", n_bands, file)
    check_magnitude((*(gain or ()), *(offset or ())), file)
    nodata = _number(fields, "data ignore value", file)
    factor = _number(fields, "reflectance scale factor", file)
    if factor is not None and not 1 / _LARGEST <= factor <= _LARGEST:
        warn(f"{file}: `reflectance scale factor` is {factor:g}; it is ignored.")
        factor = None
    with_gains = Calibration(
        1.0 if gain is None else gain, 0.0 if offset is None else offset, nodata
    )
    if with_gains.is_declared:
        if factor is not None and factor != 1:
            warn(
                f"{file} has `data gain values` and `reflectance scale factor` = {factor:g}; "
                "only the gains are used. Pass `scale=` if that is wrong."
            )
        return with_gains, True
    says_scale = factor is not None or gain is not None
    return Calibration(1 / (factor or 1.0), 0.0, nodata), says_scale


def check_magnitude(numbers: Iterable[float], file: str) -> None:
    """Refuse gains and offsets with which reflectance is no float32 number any more.

    Raises
    ------
    SceneError
        If one is not finite, or not 0 and beyond 1e-30 to 1e30.
    """
    for number in numbers:
        if number != 0 and not 1 / _LARGEST <= abs(number) <= _LARGEST:
            raise SceneError(
                f"{file} has {number:g} among its gains and offsets, which no reflectance needs. "
                "Correct it, or delete the gains and pass `scale=`."
            )


def _refuse_what_is_no_scene(fields: Mapping[str, str], header: Path) -> None:
    file_type = fields.get("file type", "").lower()
    if "spectral library" in file_type:
        raise SceneError(
            f"{header} describes a spectral library, not an image. "
            "Read it with `scenes.SpectralLibrary.read`."
        )
    if "classification" in file_type:
        raise SceneError(
            f"{header} describes a classification: its numbers are classes, not reflectance. "
            "Open the image it was made from."
        )
    container = next((name for name in _CONTAINERS if name in file_type), None)
    if container is not None:
        raise SceneError(
            f"{header} has `file type` = {quoted(fields['file type'])}: its data are not plain "
            "numbers. Save the image as ENVI Standard or GeoTIFF."
        )
    for field in ("major frame offsets", "minor frame offsets"):
        if any(item not in ("", "0") for item in split_list(fields.get(field, ""))):
            raise SceneError(
                f"{header} has `{field}`: bytes between the lines, which are not read here. "
                "Save the image again in ENVI without them."
            )


def _says_packed(fields: Mapping[str, str]) -> bool:
    return fields.get("file compression", "0").strip() not in ("", "0")


def _pixels(fields: Mapping[str, str], header: Path, data: Path) -> PixelReader:
    """Make the reader of the data file, compressed or not, after a look at the file's size."""
    pixels = pixels_from_fields(fields, header, data)
    if _says_packed(fields):
        if is_gzip(data):
            return PackedPixels(pixels)
        warn(f"{header.name} says that {data.name} is compressed, but it is no gzip file.")
    pixels.check_size()
    return pixels


def _number(fields: Mapping[str, str], key: str, file: str) -> float | None:
    items = set(split_list(fields.get(key, "")))
    if not items:
        return None
    try:
        (number,) = {parse_number(item) for item in items}
    except ValueError:
        warn(f"{file}: `{key}` = {quoted(fields[key])} is not one number; it is ignored.")
        return None
    return number


def _per_band(fields: Mapping[str, str], key: str, n_bands: int, file: str) -> list[float] | None:
    items = split_list(fields.get(key, ""))
    if not items:
        return None
    try:
        numbers = [parse_number(item) for item in items]
    except ValueError:
        raise SceneError(
            f"{file}: `{key}` = {quoted(fields[key])} cannot be read. Correct it, or delete the "
            "field and pass `scale=`."
        ) from None
    if len(numbers) not in (1, n_bands):
        raise SceneError(
            f"{file}: `{key}` has {counted(len(numbers), 'entry')} for {counted(n_bands, 'band')}. "
            "Give one for each band, or delete the field and pass `scale=`."
        )
    return numbers


def _recognises(path: Path) -> bool:
    if path.is_dir():
        return False
    header = path if path.suffix.lower() == ".hdr" else find_header(path)
    return header is not None and is_envi_header(header)


def _read(path: Path) -> Contents:
    """Read an image of which the header or the data file is given."""
    if path.suffix.lower() == ".hdr":
        return read_envi(path, read_header(path))
    header = find_header(path)
    assert header is not None  # it was recognised
    return read_envi(header, read_header(header), path)


FORMAT = Format("ENVI", _recognises, _read)
