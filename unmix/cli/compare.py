"""``unmix compare``: how far two results agree, or a result and a reference."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from unmix.cli.compare_tables import classes_table, maps_table
from unmix.cli.options import say_json
from unmix.cli.talk import at_work
from unmix.errors import UnmixError

if TYPE_CHECKING:
    from unmix.bundle.compared_maps import Compared
    from unmix.class_comparison import ClassSums
    from unmix.comparison import MapSums, Pair
    from unmix.unmixer import Unmixer


@click.command("compare")
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("reference", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--plots",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Draw a picture: for abundances how often which fractions meet, for classes the mean "
    "fraction of each material in each class.",
)
@click.option("--overwrite", is_flag=True, help="Replace the picture if it is there.")
def command(out: Path, reference: Path, as_json: bool, plots: Path | None, overwrite: bool) -> None:
    """Compare the run in OUT with REFERENCE: another run, a raster of abundances, or of classes.

    Two runs are matched by the spectra of their endmembers, a run and a raster by how their maps
    correlate. Differences are OUT less REFERENCE, over the pixels that both have. One band of whole
    numbers is a map of classes, 0 meaning none: the dominant materials of the run are matched with
    them by the pixels they share. The maps must lie on one grid.
    """
    _check_picture(plots, overwrite)
    with at_work():
        from unmix.bundle.compared_maps import Compared

        first, second = Compared.of(out), Compared.of(reference)
        if first.model is None:
            raise UnmixError(f"{out} is not the folder of a run. Name the run first.")
        of_classes = second.values is not None
        said = (compared_with_classes if of_classes else compared)(first, second, plots)
    if as_json:
        say_json(said)
    else:
        click.echo("\n".join((classes_table if of_classes else maps_table)(said)))


def compared(first: "Compared", second: "Compared", plots: Path | None = None) -> dict[str, Any]:
    """Everything that can be said of two sides with abundances."""
    from unmix.bundle.compared_maps import check_grids

    check_grids(first, second)
    sums = _sums(first, second)
    if second.model is None:
        pairs, angles, n_bands = sums.match(), None, None
    else:
        pairs, angles, n_bands = _by_spectra(first.model, second.model)
    agreements = [_plain(sums.agreement(pair)._asdict()) for pair in pairs]
    if plots is not None:
        _draw(plots, first, second, pairs, agreements)
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
                **agreements[k],
            }
            for k, pair in enumerate(pairs)
        ],
        "only_in_out": _others(first.names, [pair.first for pair in pairs]),
        "only_in_reference": _others(second.names, [pair.second for pair in pairs]),
    }


def compared_with_classes(
    first: "Compared", second: "Compared", plots: Path | None = None
) -> dict[str, Any]:
    """Everything that can be said of abundances beside a map of classes."""
    from unmix.bundle.compared_maps import check_grids

    check_grids(first, second)
    sums = _class_sums(first, second)
    pairs = sums.match()
    if plots is not None:
        from unmix.report.agreement import draw_matrix

        title = f"mean fractions of {first.path.name} in classes of {second.path.name}"
        draw_matrix(plots, sums.mean_fractions, second.names, first.names, title)
    return {
        "out": str(first.path),
        "reference": str(second.path),
        "matched_by": "overlap",
        "n_pixels": sums.n_pixels,
        "accuracy": sums.accuracy(),
        "purity": sums.purity(),
        **_plain({"kappa": sums.kappa()}),
        "classes": [
            {
                "out": first.names[score.pair.first],
                "reference": second.names[score.pair.second],
                "n_pixels": score.n_pixels,
                **_plain({k: v for k, v in score._asdict().items() if isinstance(v, float)}),
            }
            for score in sums.scores()
        ],
        "materials": first.names,
        "reference_classes": second.names,
        "confusion": sums.confusion.tolist(),
        "mean_fractions": [
            [value if np.isfinite(value) else None for value in row]
            for row in sums.mean_fractions.tolist()
        ],
        "only_in_out": _others(first.names, [pair.first for pair in pairs]),
        "only_in_reference": _others(second.names, [pair.second for pair in pairs]),
    }


def _check_picture(path: Path | None, overwrite: bool) -> None:
    """Refuse a picture that cannot be drawn before anything is computed."""
    if path is None:
        return
    if path.suffix.lower() != ".png":
        raise click.UsageError(f"--plots draws PNG pictures. Give a name that ends in .png: {path}")
    if path.exists() and not overwrite:
        raise UnmixError(f"{path} already exists. Name another file, or replace it by --overwrite.")


def _draw(
    path: Path,
    first: "Compared",
    second: "Compared",
    pairs: list["Pair"],
    agreements: list[dict[str, float | None]],
) -> None:
    from unmix.bundle.compared_maps import strips_of_both
    from unmix.comparison import PairHistograms
    from unmix.report.agreement import draw_histograms

    histograms = PairHistograms(pairs)
    for one, other in strips_of_both(first, second):
        histograms.add(one, other)
    titles = [
        f"{first.names[pair.first]} | {second.names[pair.second]}\n"
        + ", ".join(f"{key} {_short(found[key])}" for key in ("rmse", "r2", "bias"))
        for pair, found in zip(pairs, agreements, strict=True)
    ]
    draw_histograms(path, histograms, titles)


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


def _sums(first: "Compared", second: "Compared") -> "MapSums":
    """Over all pixels, strip by strip."""
    from unmix.bundle.compared_maps import strips_of_both
    from unmix.comparison import MapSums

    sums = MapSums()
    for one, other in strips_of_both(first, second):
        sums.add(one, other)
    _check_common(sums.n_pixels, first, second)
    return sums


def _class_sums(first: "Compared", second: "Compared") -> "ClassSums":
    """The same beside classes."""
    from unmix.bundle.compared_maps import strips_with_classes
    from unmix.class_comparison import ClassSums

    sums = ClassSums(len(first.names), len(second.names))
    for one, other in strips_with_classes(first, second):
        sums.add(one, other)
    _check_common(sums.n_pixels, first, second)
    return sums


def _check_common(n_pixels: int, first: "Compared", second: "Compared") -> None:
    if n_pixels == 0:
        raise UnmixError(
            f"{first.maps} and {second.maps} have no pixel with data in common, so there is "
            "nothing to compare."
        )


def _others(names: Sequence[str], matched: Sequence[int]) -> list[str]:
    return [name for k, name in enumerate(names) if k not in matched]


def _plain(numbers: dict[str, float]) -> dict[str, float | None]:
    """Numbers as JSON has them: NaN becomes null."""
    return {name: value if np.isfinite(value) else None for name, value in numbers.items()}


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
