"""``unmix info``: what is in a scene."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.options import nodata_option, say_json, scale_option, scene_argument
from unmix.cli.talk import at_work

if TYPE_CHECKING:
    from scenes import Grid, Scene


@click.command("info")
@scene_argument
@scale_option
@nodata_option
@click.option("--list-bands", is_flag=True, help="List every band.")
@click.option("--check", is_flag=True, help="List what is odd about the scene, and the cure.")
@click.option("--json", "as_json", is_flag=True, help="JSON for --check, too.")
def command(
    scene: Path,
    list_bands: bool,
    check: bool,
    as_json: bool,
    **file_options: float | None,
) -> None:
    """Show what is in SCENE, as JSON: grid, bands, scale and nodata.

    With --check, look the file over before a run: units, bands, nodata, scale and place, and the
    numbers of a few thousand pixels. Ends with 1 if the scene cannot be unmixed.
    """
    if check:
        raise click.exceptions.Exit(_check(scene, as_json, **file_options))
    with at_work():
        from scenes import open_scene

        opened = open_scene(scene, **file_options)
    described = describe(opened)
    if list_bands:
        described["band_list"] = _band_list(opened)
    say_json(described)


def _check(scene: Path, as_json: bool, **file_options: float | None) -> int:
    """Print the preflight report; 1 if there is an error among its findings."""
    from scenes.preflight import preflight
    from scenes.preflight.finding import report_text

    with at_work():
        findings = preflight(scene, **file_options)
    if as_json:
        say_json({"scene": str(scene), "findings": [asdict(found) for found in findings]})
    else:
        click.echo(report_text(findings))
    return int(any(found.severity == "error" for found in findings))


def describe(scene: "Scene") -> dict[str, Any]:
    """What is known of a scene without reading its pixels."""
    known, scaling = scene.wavelengths_nm, scene.source.scaling
    return {
        "name": scene.name,
        "path": str(scene.path),
        **_grid(scene.grid),
        "lookup": None if scene.lookup is None else _grid(scene.lookup.grid),
        "n_bands": len(scene.bands),
        "n_good_bands": scene.n_bands,
        "wavelengths_nm": None if known is None else [float(known.min()), float(known.max())],
        "unit": scene.unit,
        "gain": [float(scaling.gain.min()), float(scaling.gain.max())],
        "offset": [float(scaling.offset.min()), float(scaling.offset.max())],
        "nodata": scaling.nodata if scaling.nodata is None else _number(scaling.nodata),
        "metadata": scene.metadata,
    }


def _grid(grid: "Grid") -> dict[str, Any]:
    return {
        "height": grid.height,
        "width": grid.width,
        "crs": None if grid.crs is None else grid.crs.to_string(),
        "transform": list(grid.transform)[:6],
    }


def _number(value: float) -> float | str:
    """A number as JSON has it; NaN and infinity, which it has not, as text."""
    return value if math.isfinite(value) else str(value)


def _band_list(scene: "Scene") -> list[dict[str, Any]]:
    bands = scene.bands
    columns = {
        "name": bands.names,
        "wavelength_nm": None if bands.wavelengths_nm is None else bands.wavelengths_nm.tolist(),
        "fwhm_nm": None if bands.fwhm_nm is None else bands.fwhm_nm.tolist(),
        "good": bands.good.tolist(),
    }
    return [
        {"band": k + 1, **{key: values[k] for key, values in columns.items() if values is not None}}
        for k in range(len(bands))
    ]
