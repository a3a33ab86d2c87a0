"""The STAC item of a bundle, and what the EnMAP-Box reads beside its cubes."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from scenes.acquisition import Acquisition
from scenes.export.stac import file_asset, raster_asset, spectral_sidecar, stac_item
from unmix.bundle.classes import classes_of
from unmix.bundle.layers import CUBES, spectral_axis, spectral_names
from unmix.bundle.pictures import SPLIT_FOLDER
from unmix.bundle.run import Run
from unmix.staging import RECORD_NAME

ITEM_NAME = "item.json"
_RASTERS = {
    "abundances": ("Abundance of each endmember", ("data",)),
    "uncertainty": ("Standard deviation of each abundance", ("data", "uncertainty")),
    "quality": ("How well each pixel is explained", ("data", "quality")),
    "dominant": ("Endmember with the largest abundance", ("data", "classification")),
    "composite": ("The three most abundant endmembers as red, green, blue", ("visual",)),
    "quicklook": ("The scene in colours", ("visual", "overview")),
    "residuals": ("Spectra less the best nonnegative mixture", ("data",)),
    "reconstruction": ("Best nonnegative mixture of every pixel", ("data",)),
}
_FILES = {
    "endmembers.sli": ("Endmember spectra, an ENVI spectral library", ("data",)),
    "endmembers.hdr": ("Header of the ENVI spectral library", ("metadata",)),
    "endmembers.csv": ("Endmember spectra, a table", ("data",)),
    "endmembers.json": ("Endmember spectra: range, stability, matches", ("data",)),
    "matches.sli": ("Spectra of a library that endmembers look like", ("data",)),
    "matches.hdr": ("Header of that spectral library", ("metadata",)),
    "preview.png": ("The maps at a glance", ("thumbnail",)),
    "report.html": ("Report of the run", ("overview",)),
    RECORD_NAME: ("Record of the run: versions, parameters, scores", ("metadata",)),
    "model/model.json": ("The fitted model: parameters and provenance", ("metadata",)),
    "model/model.safetensors": ("The fitted model: arrays", ("data",)),
}


def write_catalogue(run: Run, folder: Path, record: dict[str, Any]) -> None:
    """Write ``item.json``, and ``<raster>.stac.json`` beside every cube.

    Parameters
    ----------
    run : Run
    folder : Path
        With all files but these.
    record : dict
        What ``run.json`` holds.
    """
    for name in CUBES:
        if (folder / f"{name}.tif").exists():
            sidecar = spectral_sidecar(spectral_axis(run.scene), spectral_names(run.scene))
            _write(folder / f"{name}.tif.stac.json", sidecar)
    name, version = record["software"].split()
    item = stac_item(
        f"{run.scene.name}-{name}",
        run.map_grid,
        _assets(run, folder),
        acquisition=Acquisition.of(run.scene.metadata),
        created=datetime.fromisoformat(record["created"]),
        software={name: version},
    )
    _write(folder / ITEM_NAME, item)


def _assets(run: Run, folder: Path) -> dict[str, Any]:
    """Every file of the bundle that somebody may want."""
    classes = classes_of(run.model.endmember_names_)
    assets: dict[str, Any] = {}
    for name, (title, roles) in _RASTERS.items():
        path = folder / f"{name}.tif"
        if path.exists():
            known = classes if name == "dominant" else None
            assets[name] = raster_asset(path, title, roles, classes=known)
        if path.with_suffix(".img").exists():
            for suffix in (".img", ".hdr"):
                copy = path.with_suffix(suffix)
                assets[copy.name] = file_asset(copy, f"{title}, ENVI", roles)
    for path in sorted((folder / SPLIT_FOLDER).glob("*.tif")):
        href = f"{SPLIT_FOLDER}/{path.name}"
        asset = raster_asset(path, "Abundance", href=href)
        asset["title"] = f"Abundance of {asset['bands'][0]['name']}"
        assets[f"{SPLIT_FOLDER}-{path.stem}"] = asset
    for href, (title, roles) in _FILES.items():
        if (folder / href).exists():
            assets[Path(href).name] = file_asset(folder / href, title, roles, href=href)
    return assets


def _write(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")
