"""Products of several files: an image, and a metadata file in XML that describes its bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from scenes.bands import Bands, FloatArray
from scenes.envi_header import is_envi_header, read_header
from scenes.errors import SceneError, SceneFileError
from scenes.formats.contents import Calibration, Contents
from scenes.formats.envi import read_envi
from scenes.formats.envi_files import find_header
from scenes.formats.geotiff import read_geotiff

_IMAGE = "-SPECTRAL_IMAGE"
_METADATA = "-METADATA"
_TIFF_SUFFIXES = (".tif", ".tiff")
_RAW_SUFFIXES = (".bsq", ".bil", ".bip")


@dataclass(frozen=True)
class BandTable:
    """Where the XML describes a band, and in which words."""

    path: str
    """To the elements that describe one band each."""
    wavelength_nm: str
    fwhm_nm: str
    gain: str
    offset: str


@dataclass(frozen=True)
class Product:
    """The two files of a product."""

    metadata: Path
    image: Path


def is_product(path: Path, mission: str) -> bool:
    """Whether a path belongs to a product of a mission: folder, metadata or image.

    Parameters
    ----------
    path : Path
    mission : str
        How the names of its files begin, such as ``ENMAP``.
    """
    if path.is_dir():
        return any(_is_metadata(entry, mission) for entry in entries_of(path))
    if _is_metadata(path, mission):
        return True
    is_image = path.suffix.lower() in (*_TIFF_SUFFIXES, *_RAW_SUFFIXES)
    return is_image and _begins(path, mission) and _metadata_of(path) is not None


def find_product(path: Path, mission: str) -> Product:
    """Find the metadata and the image of a product from its folder or one of them.

    Raises
    ------
    SceneFileError
        If there is no image, or a folder holds several products.
    """
    if path.is_dir():
        found = [entry for entry in entries_of(path) if _is_metadata(entry, mission)]
        if len(found) != 1:
            names = ", ".join(entry.name for entry in found[:3])
            raise SceneFileError(
                f"{path} holds {len(found)} products ({names}, ...). Give one of these files."
            )
        path = found[0]
    if not _is_metadata(path, mission):
        metadata = _metadata_of(path)
        assert metadata is not None  # it was recognised
        return Product(metadata, path)
    images = _images_of(path)
    if not images:
        raise SceneFileError(
            f"{path} describes {_base(path)}{_IMAGE}.TIF (or .BSQ, .BIL, .BIP), which is not "
            "beside it. Put the image into the same folder."
        )
    return Product(path, images[0])


def entries_of(folder: Path) -> list[Path]:
    """List a folder, sorted by name.

    Raises
    ------
    SceneFileError
        If it may not be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise SceneFileError(f"the folder {folder} cannot be listed: {error.strerror}.") from None


def read_xml(path: Path) -> ElementTree.Element:
    """Read a metadata file.

    Raises
    ------
    SceneFileError
        If it cannot be read, or is no XML.
    """
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise SceneFileError(f"{path} cannot be read as XML: {error}.") from None


def read_image(product: Product) -> Contents:
    """Read what the image says about itself, be it a TIFF or plain numbers with a header.

    Raises
    ------
    SceneFileError
        If it cannot be opened, or plain numbers have no header.
    """
    image = product.image
    if image.suffix.lower() in _TIFF_SUFFIXES:
        return read_geotiff(image)
    header = find_header(image)
    if header is None or not is_envi_header(header):
        raise SceneFileError(f"{image} has no ENVI header beside it ({image.stem}.HDR).")
    return read_envi(header, read_header(header), image)


def described(contents: Contents, product: Product, table: BandTable) -> Contents:
    """Replace what the image says of its bands and scale by what the metadata say.

    Raises
    ------
    SceneError
        If the metadata do not describe each band of the image.
    """
    root = read_xml(product.metadata)
    elements = root.findall(table.path)
    n_bands = contents.reader.n_bands
    if len(elements) != n_bands:
        raise SceneError(
            f"{product.metadata} describes {len(elements)} bands ({table.path}), but "
            f"{product.image.name} has {n_bands}. The files do not belong together."
        )
    bands = Bands(
        wavelengths_nm=_numbers(elements, table.wavelength_nm, product.metadata),
        fwhm_nm=_numbers(elements, table.fwhm_nm, product.metadata),
        good=contents.bands.good,
        names=contents.bands.names,
        listed=contents.bands.listed,
    )
    calibration = Calibration(
        _numbers(elements, table.gain, product.metadata),
        _numbers(elements, table.offset, product.metadata),
        contents.calibration.nodata,
    )
    mission = product.metadata.name.partition("-")[0]
    metadata = dict(contents.metadata) | {"sensor type": mission} | _times(root)
    return replace(
        contents, bands=bands, calibration=calibration, metadata=metadata, says_scale=True
    )


def _times(root: ElementTree.Element) -> dict[str, str]:
    """When the image was taken, under the names of CF attributes."""
    paths = {
        "time_coverage_start": "base/temporalCoverage/startTime",
        "time_coverage_end": "base/temporalCoverage/stopTime",
    }
    found = {name: (root.findtext(path) or "").strip() for name, path in paths.items()}
    return {name: text for name, text in found.items() if text}


def _numbers(elements: Sequence[ElementTree.Element], tag: str, path: Path) -> FloatArray:
    texts = [(element.findtext(tag) or "").strip() for element in elements]
    if "" in texts:
        raise SceneError(
            f"{path}: band {texts.index('') + 1} has no {tag!r}. The metadata are incomplete."
        )
    try:
        return np.array([float(text) for text in texts])
    except ValueError as error:
        raise SceneError(f"{path}: {tag!r} of a band is no number ({error}).") from None


def _begins(path: Path, mission: str) -> bool:
    return path.name.upper().startswith(mission)


def _is_metadata(path: Path, mission: str) -> bool:
    is_xml = path.suffix.lower() == ".xml" and path.stem.upper().endswith(_METADATA)
    return is_xml and _begins(path, mission) and path.is_file()


def _base(path: Path) -> str:
    """What the names of all files of a product begin with."""
    upper = path.name.upper()
    ends = [upper.rfind(mark) for mark in (_IMAGE, _METADATA)]
    return path.name[: max(ends)] if max(ends) > 0 else ""


def _metadata_of(image: Path) -> Path | None:
    base = _base(image).upper()
    if not base or _IMAGE not in image.name.upper():
        return None
    wanted = f"{base}{_METADATA}.XML"
    return next((e for e in entries_of(image.parent) if e.name.upper() == wanted), None)


def _images_of(metadata: Path) -> list[Path]:
    """Images of a product, GeoTIFF first."""
    begin = f"{_base(metadata)}{_IMAGE}".upper()
    suffixes = (*_TIFF_SUFFIXES, *_RAW_SUFFIXES)
    found = [
        entry
        for entry in entries_of(metadata.parent)
        if entry.name.upper().startswith(begin) and entry.suffix.lower() in suffixes
    ]
    return sorted(found, key=lambda entry: suffixes.index(entry.suffix.lower()))
