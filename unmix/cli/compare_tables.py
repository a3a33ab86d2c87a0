"""What ``unmix compare`` prints for people."""

from collections.abc import Sequence
from typing import Any

from unmix.errors import counted

_OF_MAPS = ("angle_rad", "rmse", "bias", "correlation", "r2")
_OF_CLASSES = ("n_pixels", "producer_accuracy", "user_accuracy", "overlap", "mean_inside",
               "mean_outside")  # fmt: skip
_SHORT = {"producer_accuracy": "producer", "user_accuracy": "user"}


def maps_table(said: dict[str, Any]) -> list[str]:
    """One line for each pair of maps, and what has no partner."""
    kept = [c for c in _OF_MAPS if c != "angle_rad" or said["n_bands"] is not None]
    lines = _table(said["endmembers"], ("out", "reference"), kept)
    bands = "" if said["n_bands"] is None else f" and {counted(said['n_bands'], 'band')}"
    matched = f"{bands} in common, matched by {said['matched_by']}"
    return [*lines, *_without_partner(said), counted(said["n_pixels"], "pixel") + matched]


def classes_table(said: dict[str, Any]) -> list[str]:
    """One line for each class with its material, what has no partner, and the whole."""
    lines = _table(said["classes"], ("out", "reference"), _OF_CLASSES)
    kappa = "-" if said["kappa"] is None else f"{said['kappa']:.4f}"
    whole = f"accuracy {said['accuracy']:.4f}, kappa {kappa}, purity {said['purity']:.4f}"
    n_pixels = f"{counted(said['n_pixels'], 'pixel')} of classes, matched by overlap"
    return [*lines, "", *_confusion(said), "", *_without_partner(said), whole, n_pixels]


def _confusion(said: dict[str, Any]) -> list[str]:
    """Pixels of each class (rows) by their dominant material (columns)."""
    materials, classes = said["materials"], said["reference_classes"]
    width = max(len(name) for name in (*classes, "reference")) + 2
    widths = [max(len(name), 8) + 2 for name in materials]
    titles = "".join(f"{name:>{w}}" for name, w in zip(materials, widths, strict=True))
    lines = [f"{'reference':<{width}}{titles}"]
    for name, counts in zip(classes, said["confusion"], strict=True):
        numbers = "".join(f"{count:>{w}}" for count, w in zip(counts, widths, strict=True))
        lines.append(f"{name:<{width}}{numbers}")
    return lines


def _table(rows: list[dict[str, Any]], names: Sequence[str], columns: Sequence[str]) -> list[str]:
    width = max(len(row[name]) for row in rows for name in names)
    width = max(width, len("reference")) + 2
    titles = [_SHORT.get(column, column) for column in columns]
    lines = ["".join([*(f"{name:<{width}}" for name in names), *(f"{t:>13}" for t in titles)])]
    for row in rows:
        numbers = "".join(f"{_cell(row[column]):>13}" for column in columns)
        lines.append("".join(f"{row[name]:<{width}}" for name in names) + numbers)
    return lines


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def _without_partner(said: dict[str, Any]) -> list[str]:
    return [
        f"only in {side}: {', '.join(said[f'only_in_{side}'])}"
        for side in ("out", "reference")
        if said[f"only_in_{side}"]
    ]
