"""Facts of a run as a page tells them: what it is, its value, and how to read it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from scenes import Grid
from unmix.report import words
from unmix.report.contents import Contents
from unmix.report.place import degrees_text, lonlat
from unmix.report.residuals import ResidualSummary


def day_of(record: dict[str, Any]) -> str:
    """When the run was made, for people."""
    try:
        return datetime.fromisoformat(str(record.get("created"))).strftime("%d %B %Y, %H:%M UTC")
    except ValueError:
        return "at an unknown time"


def tiles_of(contents: Contents) -> list[tuple[str, str, str]]:
    """Key numbers: value, what it is, how to read it."""
    scores = contents.record.get("scores", {})
    known = [s for s in contents.record["model"].get("stability", []) if s is not None]
    lowest = min(known) if known else None
    mapped, valid = scores.get("mapped_pixels", 0), scores.get("valid_pixels", 0)
    total = contents.grid.height * contents.grid.width
    deviations = scores.get("mean_uncertainty", [])
    typical = sum(deviations) / len(deviations) if deviations else None
    return [
        (str(len(contents.names)), "materials", "found in the scene itself"),
        (
            words.count_text(mapped),
            "pixels mapped",
            f"of {words.count_text(valid)} valid and {words.count_text(total)} in all",
        ),
        (
            words.short(scores.get("residual_rmse")),
            "left unexplained",
            f"root mean square, in units of {contents.model.unit_}",
        ),
        ("±" + words.short(typical), "typical uncertainty", "of a fraction between 0 and 1"),
        (
            "-" if lowest is None else f"{lowest:.2f}",
            "lowest stability",
            words.stability_text(lowest),
        ),
    ]


def card_of(contents: Contents) -> list[tuple[str, str]]:
    """What is known of the scene."""
    given, grid = contents.record["input"], contents.grid
    known = contents.model.wavelengths_nm_
    bands = f"{contents.model.n_features_in_} used"
    if known is not None:
        bands += f", {known.min():.0f} to {known.max():.0f} nm"
    taken = contents.acquisition
    x_size, y_size = grid.pixel_size
    rows = [
        ("Acquired", None if taken.start is None else f"{taken.start:%d %B %Y, %H:%M UTC}"),
        ("Sensor", taken.instrument or taken.platform),
        ("Size", f"{words.count_text(grid.width)} x {words.count_text(grid.height)} pixels"),
        (
            "Pixel",
            f"{x_size:.4g} x {y_size:.4g} {unit_of(grid)}" if grid.is_georeferenced else None,
        ),
        ("Map system", grid.crs_name if grid.crs is not None else "none: not georeferenced"),
        ("Bands", bands),
        ("Unit", contents.model.unit_),
        ("File", None if given.get("path") is None else Path(given["path"]).name),
    ]
    return [(name, value) for name, value in rows if value]


def unit_of(grid: Grid) -> str:
    """What the coordinates of a map are counted in."""
    if grid.crs is None or not (grid.crs.is_geographic or grid.crs.is_projected):
        return "map units"
    if grid.crs.is_geographic:
        return "degrees"
    return "m" if grid.crs.linear_units in ("metre", "meter") else str(grid.crs.linear_units)


def worst_places(contents: Contents, residuals: ResidualSummary) -> list[dict[str, Any]]:
    """The places that are explained worst, for a table and for marks on the map."""
    grid, rows = contents.grid, []
    for number, pixel in enumerate(residuals.worst):
        t, column, row = grid.transform, pixel.column + 0.5, pixel.row + 0.5
        place = lonlat(grid, np.array([column]), np.array([row]))
        rows.append(
            {
                "number": number + 1,
                "row": pixel.row + 1,
                "column": pixel.column + 1,
                "x": f"{t.a * column + t.b * row + t.c:.1f}",
                "y": f"{t.d * column + t.e * row + t.f:.1f}",
                "degrees": None
                if place is None
                else f"{degrees_text(place[1][0], 'NS', 5)}, {degrees_text(place[0][0], 'EW', 5)}",
                "residual": words.short(pixel.residual),
                "times": f"{pixel.residual / residuals.median:.1f}" if residuals.median else "-",
                "left": 100 * column / grid.width,
                "top": 100 * row / grid.height,
            }
        )
    return rows


def parameters_of(contents: Contents) -> list[tuple[str, str, str]]:
    """What the run was told and what it learned: name, value, meaning."""
    model = contents.record["model"]
    spread = model.get("brightness_spread")
    fitted_on = str((model.get("fitted_on") or {}).get("scene", "an array"))
    return [
        ("Endmembers", str(model["n_endmembers"]), "how many materials are told apart"),
        ("Reading", str(model.get("reading")), "how fractions are read from a pixel"),
        ("Seed", str(model.get("seed")), "the same seed gives the same maps"),
        ("Refits", str(model.get("n_refits")), "times learning was repeated to see what stays"),
        ("Learned from", fitted_on, "the scene whose pixels gave the spectra"),
        (
            "Spread of brightness",
            "not known" if spread is None else f"{100 * spread:.1f} %",
            "how far light varies from pixel to pixel; learned",
        ),
        ("Noise", words.short(model.get("noise")), "standard deviation in a band; learned"),
    ]
