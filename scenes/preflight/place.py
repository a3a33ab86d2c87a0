"""What is odd about where the pixels lie."""

from __future__ import annotations

from collections.abc import Iterator

from affine import Affine

from scenes.preflight.finding import Finding
from scenes.scene import Scene


def place_findings(scene: Scene) -> Iterator[Finding]:
    """Look over the grid: that of the map, for a scene in the geometry of its sensor."""
    grid = scene.grid if scene.lookup is None else scene.lookup.grid
    transform = grid.transform
    if not grid.is_georeferenced:
        yield Finding(
            "place-missing",
            "note",
            "The scene has no place on a map.",
            action="Maps get none either.",
            cure="Add `map info` to the header if its place is known.",
        )
        return
    if grid.crs is None:
        yield Finding(
            "crs-missing",
            "warning",
            "Pixels have coordinates, but nothing says in which system.",
            claim=f"upper left corner at ({transform.c:.8g}, {transform.f:.8g})",
            action="Maps get the coordinates and no system; a GIS will ask for it.",
            cure="Add `coordinate system string` to the header, or a projection to `map info`.",
        )
    if transform.b != 0 or transform.d != 0:
        yield Finding(
            "rotated",
            "note",
            "Rows do not run east: the image is rotated or sheared on the map.",
            action="Keeps the whole transform; maps lie where the scene lies.",
            cure="Nothing here. Tools that show maps north-up only should warp the maps.",
        )
    elif transform != Affine.identity() and transform.e > 0:
        yield Finding(
            "south-up",
            "note",
            "Rows run north: the first row is the southernmost.",
            action="Keeps the transform as it is.",
        )
