"""What is said of a whole scene, gathered block by block."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import Scene
from unmix.errors import UnmixError, counted
from unmix.mapping import UnmixedBlock
from unmix.quality import QUALITY_BANDS
from unmix.report.quicklook import Quicklook


@dataclass
class Summary:
    """What is said of a whole scene, gathered block by block."""

    look: Quicklook
    n_valid: int = 0
    n_mapped: int = 0
    sums: NDArray[np.float64] | float = 0.0
    deviation_sums: NDArray[np.float64] | float = 0.0
    squared_residual: float = 0.0
    quality_sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(QUALITY_BANDS)))

    def add(self, block: UnmixedBlock) -> None:
        """Take a block into account."""
        self.look.add(block.window, block.spectra, block.valid)
        mapped = np.isfinite(block.abundances[0])
        self.sums += _sums(block.abundances, mapped)
        self.deviation_sums += _sums(block.uncertainty, mapped)
        self.quality_sums += _sums(block.quality, mapped)
        self.squared_residual += float(_sums(np.square(block.quality[:1]), mapped)[0])
        self.n_valid += int(block.valid.sum())
        self.n_mapped += int(mapped.sum())

    def scores(self) -> dict[str, Any]:
        """Scores of the run, as they stand in the record: means over the mapped pixels."""
        mean = self.quality_sums / self.n_mapped
        return {
            "valid_pixels": self.n_valid,
            "mapped_pixels": self.n_mapped,
            "mean_abundances": np.atleast_1d(self.sums / self.n_mapped).tolist(),
            "mean_uncertainty": np.atleast_1d(self.deviation_sums / self.n_mapped).tolist(),
            "residual_rmse": math.sqrt(self.squared_residual / self.n_mapped),
            "mean_residual_angle_rad": float(mean[1]),
            "mean_brightness": float(mean[2]),
            "mean_share_outside_unit_interval": float(mean[3]),
        }


def _sums(maps: NDArray[np.float32], mapped: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of each of the maps (n_maps, height, width), over the mapped pixels."""
    sums: NDArray[np.float64] = maps.sum(axis=(1, 2), dtype=np.float64, where=mapped)
    return sums


def check_mapped(summary: Summary, scene: Scene) -> None:
    """Refuse a result without a single pixel in it."""
    if summary.n_mapped:
        return
    n_pixels = scene.height * scene.width
    if summary.n_valid == 0:
        raise UnmixError(
            f"Of {counted(n_pixels, 'pixel')} of {scene.name} none is valid on the {scene.n_bands} "
            "bands used, so there is nothing to map: check its mask, bad bands and nodata value."
        )
    raise UnmixError(
        f"The endmembers explain none of {counted(summary.n_valid, 'valid pixel')} of {scene.name} "
        f"({n_pixels} in all): check its unit and scale, and whether it is black or negative."
    )
