"""Spectral libraries as the contents of files: ENVI, CSV and GeoJSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scenes.envi_header import envi_code, format_header
from scenes.export.envi_names import claim_header
from scenes.export.staging import Staging
from scenes.libraries.profiles import SCALE_KEY
from scenes.libraries.table import Table


def sli_files(table: Table, path: Path) -> dict[Path, bytes]:
    """The numbers of an ENVI spectral library, and its header."""
    header = claim_header(path)
    n_spectra, n_bands = table.spectra.shape
    fields: dict[str, object] = {
        "samples": n_bands,
        "lines": n_spectra,
        "bands": 1,
        "header offset": 0,
        "file type": "ENVI Spectral Library",
        "data type": envi_code(table.spectra.dtype),
        "interleave": "bsq",
        "byte order": 0,
        "reflectance scale factor": 1,
        "spectra names": list(table.names),
        "wavelength units": None if table.wavelengths_nm is None else "Nanometers",
        "wavelength": table.wavelengths_nm,
        "fwhm": table.fwhm_nm,
    }
    numbers = table.spectra.astype(table.spectra.dtype.newbyteorder("<"))
    return {path: numbers.tobytes(), header: format_header(fields).encode()}


def csv_files(table: Table, path: Path) -> dict[Path, bytes]:
    """A table with one row for each spectrum."""
    head = [f"band {i + 1}" for i in range(table.spectra.shape[1])]
    if table.wavelengths_nm is not None:
        head = [repr(wavelength) for wavelength in table.wavelengths_nm.tolist()]
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(["name", *table.attributes, *head])
    columns = [table.names, *table.attributes.values()]
    for about, spectrum in zip(zip(*columns, strict=True), table.spectra.tolist(), strict=True):
        rows.writerow([*about, *map(repr, spectrum)])
    return {path: text.getvalue().encode()}


def geojson_files(table: Table, path: Path) -> dict[Path, bytes]:
    """A FeatureCollection without geometries, which QGIS and the EnMAP-Box open."""
    axis: dict[str, object] = {}
    if table.wavelengths_nm is not None:
        axis = {"x": table.wavelengths_nm.tolist(), "xUnit": "nm"}
    if table.fwhm_nm is not None:
        axis["fwhm"] = table.fwhm_nm.tolist()
    features = []
    for i, (name, spectrum) in enumerate(zip(table.names, table.spectra, strict=True)):
        known = np.isfinite(spectrum)
        y = [value if ok else None for value, ok in zip(spectrum.tolist(), known, strict=True)]
        about = {key: values[i] for key, values in table.attributes.items()}
        properties = {"name": name, **about, "profiles": {**axis, "y": y}}
        features.append({"type": "Feature", "geometry": None, "properties": properties})
    content = {"type": "FeatureCollection", "name": path.stem, SCALE_KEY: 1, "features": features}
    return {path: json.dumps(content, ensure_ascii=False, allow_nan=False).encode()}


def write_whole(contents: Mapping[Path, bytes]) -> None:
    """Write some files next to each other: all of them or none."""
    targets = list(contents)
    with Staging(targets[0], sum(map(len, contents.values()))) as staging:
        for target, content in contents.items():
            try:
                staging.file(target).write_bytes(content)
            except OSError as error:
                raise staging.failure(error) from error
        staging.move_into_place(targets)
