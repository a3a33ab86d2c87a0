"""``unmix compare``: how far two results agree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from unmix.cli.options import say_json
from unmix.cli.talk import at_work
from unmix.errors import UnmixError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scenes import Grid
    from unmix.comparison import MapSums, Pair
    from unmix.unmixer import Unmixer

ROWS_AT_ONCE = 256
GRID_TOLERANCE = 0.01
"""Of a pixel: corners that lie nearer together are the same."""


@dataclass(frozen=True)
class Compared:
    """One side of a comparison."""

    path: Path
    maps: Path
    """The raster of abundances."""
    names: list[str]
    """Of its bands."""
    grid: "Grid"
    model: "Unmixer | None"
    """None for a reference, which has no spectra."""

    @classmethod
    def of(cls, path: Path) -> "Compared":
        """The folder of a run, or a raster of reference abundances.

        Raises
        ------
        UnmixError
            If it is neither.
        """
        from unmix.report.contents import read_grid, read_record
        from unmix.report.rasters import opened
        from unmix.unmixer import Unmixer

        if path.is_dir():
            read_record(path)
            model = Unmixer.load(path / "model")
            maps = path / "abundances.tif"
            return cls(path, maps, model.endmember_names_, read_grid(maps), model)
        if not path.is_file():
            raise UnmixError(f"There is no {path}. Name the folder of a run, or a raster.")
        with opened(path) as dataset:
            names = [name or f"band {k}" for k, name in enumerate(dataset.descriptions, 1)]
        return cls(path, path, names, read_grid(path), None)


@click.command("compare")
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("reference", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(out: Path, reference: Path, as_json: bool) -> None:
    """Compare the run in OUT with REFERENCE: the folder of another run, or a raster of abundances.

    Two runs are matched by the spectra of their endmembers, a run and a raster by how their maps
    correlate. Differences are OUT less REFERENCE, over the pixels that both have. The maps must lie
    on one grid.
    """
    with at_work():
        first, second = Compared.of(out), Compared.of(reference)
        if first.model is None:
            raise UnmixError(f"{out} is not the folder of a run. Name the run first.")
        said = compared(first, second)
    if as_json:
        say_json(said)
    else:
        click.echo("\n".join(_table(said)))


def compared(first: Compared, second: Compared) -> dict[str, Any]:
    """Everything that can be said of two sides."""
    check_grids(first, second)
    sums = _sums(first, second)
    if second.model is None:
        pairs, angles, n_bands = sums.match(), None, None
    else:
        pairs, angles, n_bands = _by_spectra(first.model, second.model)
    return {
        "out": str(first.path),
        "reference": str(second.path),
        "matched_by": "correlation" if angles is None else "spectral angle",
        "n_bands": n_bands,
        "n_pixels": sums.n_pixels,
        "endmembers": [
            {
                "out": first.names[pair.first],
                "reference": second.names[pair.second],
                "angle_rad": None if angles is None else angles[k],
                **_plain(sums.agreement(pair)._asdict()),
            }
            for k, pair in enumerate(pairs)
        ],
        "only_in_out": _others(first.names, [pair.first for pair in pairs]),
        "only_in_reference": _others(second.names, [pair.second for pair in pairs]),
    }


def check_grids(first: Compared, second: Compared) -> None:
    """Refuse maps that do not lie on each other, pixel by pixel.

    Raises
    ------
    UnmixError
        If their grids differ.
    """
    a, b = first.grid, second.grid
    corners = [np.array([grid.transform @ p for p in _corners(a)]) for grid in (a, b)]
    reach = GRID_TOLERANCE * min(a.pixel_size)
    if a.shape != b.shape or a.crs != b.crs or np.abs(corners[0] - corners[1]).max() > reach:
        raise UnmixError(
            f"{first.maps} and {second.maps} lie on different grids ({a!r} and {b!r}), so their "
            "pixels cannot be compared. Bring one to the grid of the other first, with "
            "`gdalwarp` or `rio warp`."
        )


def _corners(grid: "Grid") -> list[tuple[float, float]]:
    return [(0, 0), (grid.width, 0), (0, grid.height), (grid.width, grid.height)]


def _by_spectra(
    first: "Unmixer | None", second: "Unmixer"
) -> tuple[list["Pair"], list[float], int]:
    import torch

    from unmix.comparison import match_spectra, shared_bands

    assert first is not None
    n_bands = (first.n_features_in_, second.n_features_in_)
    bands = shared_bands(first.wavelengths_nm_, second.wavelengths_nm_, n_bands)
    pairs, angles = match_spectra(
        torch.as_tensor(first.endmembers_[:, bands[0]]),
        torch.as_tensor(second.endmembers_[:, bands[1]]),
    )
    return pairs, [float(angles[pair]) for pair in pairs], len(bands[0])


def _sums(first: Compared, second: Compared) -> "MapSums":
    """Over all pixels, strip by strip."""
    from unmix.comparison import MapSums

    sums = MapSums()
    for one, other in zip(_strips(first.maps), _strips(second.maps), strict=True):
        sums.add(one, other)
    if sums.n_pixels == 0:
        raise UnmixError(
            f"{first.maps} and {second.maps} have no pixel with data in common, so there is "
            "nothing to compare."
        )
    return sums


def _strips(path: Path) -> "Iterator[NDArray[np.float32]]":
    from rasterio.windows import Window

    from unmix.report.rasters import opened

    with opened(path) as dataset:
        for row in range(0, dataset.height, ROWS_AT_ONCE):
            window = Window(0, row, dataset.width, min(ROWS_AT_ONCE, dataset.height - row))
            yield dataset.read(window=window, masked=True).astype(np.float32).filled(np.nan)


def _others(names: Sequence[str], matched: Sequence[int]) -> list[str]:
    return [name for k, name in enumerate(names) if k not in matched]


def _plain(numbers: dict[str, float]) -> dict[str, float | None]:
    """Numbers as JSON has them: NaN becomes null."""
    return {name: value if np.isfinite(value) else None for name, value in numbers.items()}


def _table(said: dict[str, Any]) -> list[str]:
    """One line for each pair, and what has no partner."""
    columns = ("angle_rad", "rmse", "bias", "correlation", "r2")
    kept = [c for c in columns if c != "angle_rad" or said["n_bands"] is not None]
    width = max(len(pair[side]) for pair in said["endmembers"] for side in ("out", "reference"))
    width = max(width, len("reference")) + 2
    lines = ["".join([f"{'out':<{width}}{'reference':<{width}}", *(f"{c:>13}" for c in kept)])]
    for pair in said["endmembers"]:
        numbers = "".join(f"{'-' if pair[c] is None else f'{pair[c]:.4f}':>13}" for c in kept)
        lines.append(f"{pair['out']:<{width}}{pair['reference']:<{width}}{numbers}")
    for side in ("out", "reference"):
        if said[f"only_in_{side}"]:
            lines.append(f"only in {side}: {', '.join(said[f'only_in_{side}'])}")
    bands = "" if said["n_bands"] is None else f" and {said['n_bands']} bands"
    lines.append(f"{said['n_pixels']} pixels{bands} in common, matched by {said['matched_by']}")
    return lines
